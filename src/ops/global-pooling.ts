// Pools over a whole image: GlobalAveragePool, GlobalMaxPool, GlobalLpPool.

import type * as Tf from '@tensorflow/tfjs';
import { sequence } from './host.ts';
import {
  type AttrSchema,
  int,
  noMacs,
  noResize,
  notFolded,
  noWeights,
  type Operator,
  type OperatorRecord,
  operator,
  type RunView,
} from './op.ts';
import { root } from './pooling.ts';
import { SPATIAL } from './windows.ts';

const overImage = <S extends AttrSchema>(
  row: Pick<OperatorRecord<S>, 'name' | 'attrs' | 'coupling' | 'run'>,
): Operator =>
  operator<S>({
    ...row,
    shape: (view) => {
      const dims = view.shape(0);
      return [{ dtype: view.dtype(0), dims: dims.map((length, axis) => (axis < 2 ? length : 1)) }];
    },
    fold: notFolded,
    terms: (eq) => {
      const [batch, channels, ...spatial] = eq.axes(0);
      for (const axis of spatial) eq.fix(axis, SPATIAL);
      eq.out(0, [batch, channels, ...spatial.map(() => eq.fixed(1, SPATIAL))]);
    },
    resize: noResize,
    weights: noWeights,
    layout: 'axes',
    macs: noMacs,
  });

/** Where the spatial axes are in the present layout. */
const spatialAxes = (view: RunView<unknown>): number[] =>
  sequence(view.shape(0).length - 2, 2).map((axis) => view.axis(axis));

const GlobalAveragePool = overImage({
  name: 'GlobalAveragePool',
  attrs: {},
  coupling: 'averages over the image, each channel by itself',
  run: (view) => view.tf.mean(view.input(0), spatialAxes(view), true),
});

const GlobalMaxPool = overImage({
  name: 'GlobalMaxPool',
  attrs: {},
  coupling: 'takes the largest of the image, each channel by itself',
  run: (view) => view.tf.max(view.input(0), spatialAxes(view), true),
});

const GlobalLpPool = overImage({
  name: 'GlobalLpPool',
  attrs: { p: int(2) },
  coupling: 'takes a norm over the image, each channel by itself',
  run: (view): Tf.Tensor => {
    const { tf } = view;
    const powers = tf.pow(tf.abs(view.input(0)), view.attrs.p);
    return root(tf, tf.sum(powers, spatialAxes(view), true), view.attrs.p);
  },
});

export const globalPools: readonly Operator[] = [GlobalAveragePool, GlobalMaxPool, GlobalLpPool];
