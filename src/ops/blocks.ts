// DepthToSpace and SpaceToDepth: channels become blocks of pixels and back. The positions in a block are a factor of
// the channel axis that must stay; the channels beside it may go.
// Formulas: ONNX operators of these names; DCR and CRD say whether the block or the channel is the outer factor.

import type * as Tf from '@tensorflow/tfjs';
import {
  int,
  type NodeView,
  noMacs,
  noResize,
  notFolded,
  noWeights,
  type Operator,
  operator,
  string,
} from './op.ts';
import { transpose } from './rearrange.ts';
import { illShaped } from './refusal.ts';
import { SPATIAL } from './windows.ts';

const attrs = { blocksize: int(1), mode: string('DCR') };

const BLOCK = 'it is a place in a block of pixels';

/** Batch, channels, height, width. @throws ModelError for another rank. */
function imageOf(view: NodeView<unknown>): readonly [number, number, number, number] {
  const dims = view.shape(0);
  if (dims.length !== 4) throw illShaped(view, `works on images of 4 axes, not on [${dims}]`);
  return dims as unknown as readonly [number, number, number, number];
}

const DepthToSpace = operator({
  name: 'DepthToSpace',
  attrs,
  coupling: 'lays runs of channels out as blocks of pixels',
  shape: (view) => {
    const [batch, channels, height, width] = imageOf(view);
    const block = view.attrs.blocksize;
    if (channels % block ** 2 !== 0)
      throw illShaped(view, `cannot lay ${channels} channels out as blocks of ${block} by ${block}`);
    return [{ dtype: view.dtype(0), dims: [batch, channels / block ** 2, height * block, width * block] }];
  },
  fold: notFolded,
  terms: (eq) => {
    const [batch, depth, ...spatial] = eq.axes(0);
    const block = eq.attrs.blocksize;
    const inner = depth.length / block ** 2;
    const [channels, ...places] =
      eq.attrs.mode === 'CRD'
        ? eq.split(depth, [inner, block, block], 'blocks')
        : eq.split(depth, [block, block, inner], 'blocks').reverse();
    for (const place of places) eq.fix(place, BLOCK);
    for (const axis of spatial) eq.fix(axis, SPATIAL);
    eq.out(0, [batch, channels, ...spatial.map(({ length }) => eq.fixed(length * block, SPATIAL))]);
  },
  resize: noResize,
  weights: noWeights,
  layout: 'channels-last',
  run: (view): Tf.Tensor => {
    const { tf } = view;
    const [batch, height, width, depth] = view.input(0).shape;
    const block = view.attrs.blocksize;
    const inner = depth / block ** 2;
    const crd = view.attrs.mode === 'CRD';
    const cut = crd ? [inner, block, block] : [block, block, inner];
    const blocks = tf.reshape(view.input(0), [batch, height, width, ...cut]);
    const pixels = transpose(tf, blocks, crd ? [0, 1, 4, 2, 5, 3] : [0, 1, 3, 2, 4, 5]);
    return tf.reshape(pixels, [batch, height * block, width * block, inner]);
  },
  macs: noMacs,
});

const SpaceToDepth = operator({
  name: 'SpaceToDepth',
  attrs: { blocksize: attrs.blocksize },
  coupling: 'stacks blocks of pixels up as runs of channels',
  shape: (view) => {
    const [batch, channels, height, width] = imageOf(view);
    const block = view.attrs.blocksize;
    if (height % block !== 0 || width % block !== 0)
      throw illShaped(view, `cannot cut ${height} by ${width} pixels into blocks of ${block}`);
    return [{ dtype: view.dtype(0), dims: [batch, channels * block ** 2, height / block, width / block] }];
  },
  fold: notFolded,
  terms: (eq) => {
    const [batch, channels, ...spatial] = eq.axes(0);
    const block = eq.attrs.blocksize;
    for (const axis of spatial) eq.fix(axis, SPATIAL);
    const depth = eq.product([eq.fixed(block, BLOCK), eq.fixed(block, BLOCK), channels]);
    eq.out(0, [batch, depth, ...spatial.map(({ length }) => eq.fixed(length / block, SPATIAL))]);
  },
  resize: noResize,
  weights: noWeights,
  layout: 'channels-last',
  run: (view): Tf.Tensor => {
    const { tf } = view;
    const [batch, height, width, channels] = view.input(0).shape;
    const block = view.attrs.blocksize;
    const [rows, columns] = [height / block, width / block];
    const pixels = tf.reshape(view.input(0), [batch, rows, block, columns, block, channels]);
    const blocks = transpose(tf, pixels, [0, 1, 3, 2, 4, 5]);
    return tf.reshape(blocks, [batch, rows, columns, block ** 2 * channels]);
  },
  macs: noMacs,
});

export const blocks: readonly Operator[] = [DepthToSpace, SpaceToDepth];
