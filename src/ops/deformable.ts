// DeformConv: a convolution whose taps are moved by offsets that the network computes, and weighed by a mask.
// Dai et al. (arXiv 1703.06211), Zhu et al. (1811.11168). Everything about channels is what Conv says; offsets and mask
// stay. Computed in two dimensions, as the papers have it.

import type * as Tf from '@tensorflow/tfjs';
import { elementCount } from '../graph/tensor.ts';
import { convolutions } from './convolution.ts';
import { sequence } from './host.ts';
import { type AttrSchema, int, notFolded, type Operator, operator, type RunView } from './op.ts';
import { gatherRows, transpose } from './rearrange.ts';
import { unsupported } from './refusal.ts';
import { seenPlain } from './seen-plain.ts';
import { type WindowAttrs, windowsOf } from './windows.ts';

const [X, FILTER, OFFSETS, BIAS, MASK] = sequence(5);
const conv = convolutions.find(({ name }) => name === 'Conv') as Operator;
const plain = <V extends Parameters<typeof seenPlain>[0]>(view: V): V => seenPlain(view, [X, FILTER, BIAS]);

type Attrs = WindowAttrs & { readonly group: number; readonly offset_group: number };

/** The image read at fractional places: [N, offset groups, taps, height, width, channels of an offset group]. */
function read(view: RunView<Attrs>): Tf.Tensor {
  const { tf } = view;
  const [batch, channels, height, width] = view.shape(X);
  const { offset_group: groups } = view.attrs;
  const windows = windowsOf(view, [height, width], view.shape(FILTER).slice(2));
  const [[rows, columns], [down, across]] = [windows.map((w) => w.taps), windows.map((w) => w.count)];
  const grid = [batch, groups, rows * columns, down, across];
  const offsets = tf.reshape(view.input(OFFSETS), [batch, groups, rows * columns, 2, down, across]);
  const start = (axis: number, taps: number[]) => {
    const { stride, dilation, begin, count } = windows[axis];
    const places = sequence(count).map((i) => i * stride - begin);
    const shape = axis === 0 ? [1, 1, 1, count, 1] : [1, 1, 1, 1, count];
    const moved = taps.map((tap) => tap * dilation);
    return tf.add(tf.reshape(tf.tensor1d(moved), [1, 1, taps.length, 1, 1]), tf.reshape(places, shape));
  };
  const taps = sequence(rows * columns);
  const steps = [
    start(
      0,
      taps.map((k) => Math.floor(k / columns)),
    ),
    start(
      1,
      taps.map((k) => k % columns),
    ),
  ];
  const places = steps.map((step, axis) =>
    tf.add(step, tf.reshape(tf.slice(offsets, [0, 0, 0, axis, 0, 0], [-1, -1, -1, 1, -1, -1]), grid)),
  );
  const image = transpose(
    tf,
    tf.reshape(view.input(X), [batch, groups, channels / groups, height, width]),
    [0, 1, 3, 4, 2],
  );
  const flat = tf.reshape(image, [batch * groups * height * width, channels / groups]) as Tf.Tensor2D;
  const firstRows = tf.reshape(
    tf.mul(tf.range(0, batch * groups, 1, 'int32'), tf.scalar(height * width, 'int32')),
    [batch, groups, 1, 1, 1],
  );
  const corners = [0, 1].flatMap((i) => [0, 1].map((j) => [i, j]));
  const sums = corners.map((corner) => {
    const [y, x] = corner.map((offset, axis) => tf.add(tf.floor(places[axis]), offset));
    const lengths = [height, width];
    const inside = [y, x].map((at, axis) =>
      tf.logicalAnd(tf.greaterEqual(at, 0), tf.less(at, lengths[axis])),
    );
    const near = [y, x].map((at, axis) => tf.sub(1, tf.abs(tf.sub(places[axis], at))));
    const weight = tf.mul(tf.mul(near[0], near[1]), tf.cast(tf.logicalAnd(inside[0], inside[1]), 'float32'));
    const [top, left] = [y, x].map((at, axis) => tf.cast(tf.clipByValue(at, 0, lengths[axis] - 1), 'int32'));
    const row = tf.add(firstRows, tf.add(tf.mul(top, tf.scalar(width, 'int32')), left));
    const found = gatherRows(tf, flat, tf.reshape(row, [-1]) as Tf.Tensor1D);
    return tf.mul(found, tf.reshape(weight, [-1, 1]));
  });
  const sum = sums.reduce((a, b) => tf.add(a, b));
  const weighed = view.has(MASK) ? tf.mul(sum, tf.reshape(view.input(MASK), [-1, 1])) : sum;
  return tf.reshape(weighed, [...grid, channels / groups]);
}

function run(view: RunView<Attrs>): Tf.Tensor {
  const { tf, attrs, kernels } = view;
  if (view.shape(X).length !== 4) throw unsupported(view, 'moves its taps in other than two dimensions');
  const [out, perGroup] = view.shape(FILTER);
  const [batch, , height, width] = view.outShape(0);
  const taps = elementCount(view.shape(FILTER).slice(2));
  const columns = tf.reshape(transpose(tf, read(view), [1, 5, 2, 0, 3, 4]), [
    attrs.group,
    perGroup * taps,
    batch * height * width,
  ]);
  const filters = tf.reshape(view.input(FILTER), [attrs.group, out / attrs.group, perGroup * taps]);
  const product = tf.reshape(kernels.matMul(filters, columns), [out, batch, height, width]);
  const y = transpose(tf, product, [1, 0, 2, 3]);
  return view.has(BIAS) ? tf.add(y, tf.reshape(view.input(BIAS), [1, out, 1, 1])) : y;
}

const DeformConv = operator<AttrSchema>({
  name: 'DeformConv',
  attrs: { ...conv.attrs, offset_group: int(1) },
  coupling: conv.coupling,
  shape: (view) => conv.shape(plain(view)),
  fold: notFolded,
  terms: (eq) => {
    for (const i of [OFFSETS, MASK])
      if (eq.has(i)) for (const axis of eq.axes(i).slice(1)) eq.fix(axis, 'it says where each tap reads');
    if ((eq.attrs as unknown as Attrs).offset_group > 1)
      eq.fix(eq.axes(X)[1], 'runs of its channels share their offsets');
    conv.terms(plain(eq));
  },
  resize: (view) => conv.resize(plain(view)),
  weights: (view) =>
    conv.weights(plain(view)).map((use) => ({ ...use, input: [X, FILTER, BIAS][use.input] })),
  layout: 'logical',
  run: run as never,
  macs: (view) => conv.macs(plain(view)),
});

export const deformable: readonly Operator[] = [DeformConv];
