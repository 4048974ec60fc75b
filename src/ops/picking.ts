// Operators whose choice of positions depends on numbers: TopK, Compress, NonZero, ReverseSequence.

import type * as Tf from '@tensorflow/tfjs';
import { elementCount } from '../graph/tensor.ts';
import { floatInputs } from './combinators.ts';
import { pickAlong, reshaped, sequence } from './host.ts';
import { gatherElements } from './indexing.ts';
import {
  type AttrsOf,
  type HostTensor,
  int,
  type NodeView,
  noMacs,
  noResize,
  notFolded,
  noWeights,
  type Operator,
  operator,
  positive,
} from './op.ts';
import { gatherRows, onHost, takeAlong, transpose } from './rearrange.ts';
import { dataDependent, illShaped } from './refusal.ts';

// ---------------------------------------------------------------- TopK

const topKAttrs = { axis: int(-1), largest: int(1), sorted: int(1), k: int() };
type TopKView = NodeView<AttrsOf<typeof topKAttrs>>;

/** An attribute before opset 10, an input since. */
const topCount = (view: TopKView) => view.attrs.k ?? view.numbers(1)[0];

const TopK = operator({
  name: 'TopK',
  attrs: topKAttrs,
  coupling: 'ranks its positions by value',
  shape: (view) => {
    const dims = view.shape(0);
    const axis = positive(view.attrs.axis, dims.length);
    if (topCount(view) > dims[axis])
      throw illShaped(view, `wants the top ${topCount(view)} of an axis of ${dims[axis]}`);
    const outDims = dims.with(axis, topCount(view));
    return [
      { dtype: view.dtype(0), dims: outDims },
      { dtype: 'int64', dims: outDims },
    ];
  },
  fold: notFolded,
  terms: (eq) => {
    const axes = eq.axes(0);
    const along = positive(eq.attrs.axis, axes.length);
    eq.fix(axes[along], 'its positions are ranked by value');
    for (const o of [0, 1]) eq.out(o, axes.with(along, eq.fixed(topCount(eq), 'it counts ranks')));
  },
  resize: noResize,
  weights: noWeights,
  layout: 'logical',
  run: (view) => {
    const { tf } = view;
    const x = view.input(0);
    const axis = positive(view.attrs.axis, x.rank);
    const rest = sequence(x.rank).filter((i) => i !== axis);
    const ranked = transpose(tf, view.attrs.largest ? x : tf.neg(x), [...rest, axis]);
    const { indices } = tf.topk(ranked, topCount(view), true);
    const back = transpose(tf, indices, sequence(x.rank - 1).toSpliced(axis, 0, x.rank - 1));
    return [gatherElements(tf, x, back, axis), back];
  },
  macs: noMacs,
});

// ---------------------------------------------------------------- Compress

const compressAttrs = { axis: int() };
type CompressView = NodeView<AttrsOf<typeof compressAttrs>>;

function chosen(view: CompressView): number[] {
  const condition = view.known(1);
  if (condition) return sequence(condition.values.length).filter((p) => condition.values[p] !== 0);
  throw dataDependent(view, 'keeps the positions for which a computed condition holds');
}

/** Dimensions and axis of the choice; without an axis the input is flattened. */
function compressed(view: CompressView): { dims: readonly number[]; axis: number } {
  const dims = view.shape(0);
  if (view.attrs.axis === undefined) return { dims: [elementCount(dims)], axis: 0 };
  return { dims, axis: positive(view.attrs.axis, dims.length) };
}

const Compress = operator({
  name: 'Compress',
  attrs: compressAttrs,
  coupling: 'keeps the positions that a condition names',
  shape: (view) => {
    const { dims, axis } = compressed(view);
    return [{ dtype: view.dtype(0), dims: dims.with(axis, chosen(view).length) }];
  },
  fold: (view) => {
    const { dims, axis } = compressed(view);
    return [pickAlong(reshaped(view.known(0)!, dims), axis, chosen(view))];
  },
  terms: (eq) => {
    const why = 'positions of it are kept by a condition';
    const { axis } = compressed(eq);
    const axes = eq.axes(0);
    const whole = eq.attrs.axis === undefined;
    for (const fixed of whole ? axes : [axes[axis]]) eq.fix(fixed, why);
    const left = eq.fixed(chosen(eq).length, why);
    eq.out(0, whole ? [left] : axes.with(axis, left));
  },
  resize: noResize,
  weights: (view) => floatInputs(view).slice(0, 1),
  layout: 'logical',
  run: (view) => {
    const { dims, axis } = compressed(view);
    return takeAlong(view.tf, view.tf.reshape(view.input(0), [...dims]), axis, chosen(view));
  },
  macs: noMacs,
});

// ---------------------------------------------------------------- NonZero

function nonZeroPositions(view: NodeView<unknown>): HostTensor {
  const input = view.known(0);
  if (!input) throw dataDependent(view, 'lists the non-zero elements of a computed value');
  const hits = sequence(input.values.length).filter((at) => input.values[at] !== 0);
  let stride = input.values.length;
  const coordinates = input.dims.flatMap((length) => {
    stride /= length;
    const step = stride;
    return hits.map((at) => Math.floor(at / step) % length);
  });
  return { dtype: 'int64', dims: [input.dims.length, hits.length], values: coordinates };
}

const listNonZero = (view: NodeView<unknown>) => [nonZeroPositions(view)];

const NonZero = operator({
  name: 'NonZero',
  attrs: {},
  coupling: 'lists where its input is not zero',
  shape: listNonZero,
  fold: listNonZero,
  terms: (eq) => {
    for (const axis of eq.axes(0)) eq.fix(axis, 'its positions are listed by number');
    eq.out(
      0,
      eq.outShape(0).map((length) => eq.fixed(length, 'it lists positions')),
    );
  },
  resize: noResize,
  weights: noWeights,
  layout: 'logical',
  run: onHost(listNonZero),
  macs: noMacs,
});

// ---------------------------------------------------------------- ReverseSequence

const ReverseSequence = operator({
  name: 'ReverseSequence',
  attrs: { batch_axis: int(1), time_axis: int(0) },
  coupling: 'reverses the beginning of each sequence',
  shape: (view) => [{ dtype: view.dtype(0), dims: view.shape(0) }],
  fold: notFolded,
  terms: (eq) => {
    const { batch_axis: batch, time_axis: time } = eq.attrs;
    const axes = eq.axes(0);
    eq.fix(axes[time], 'it is reversed up to a length');
    eq.same(axes[batch], eq.axes(1)[0]);
    eq.out(0, axes);
  },
  resize: noResize,
  weights: noWeights,
  layout: 'logical',
  run: (view) => {
    const { tf } = view;
    const { batch_axis: batch, time_axis: time } = view.attrs;
    const x = view.input(0);
    const front = [batch, time];
    const order = [...front, ...sequence(x.rank).filter((axis) => !front.includes(axis))];
    const moved = transpose(tf, x, order);
    const [batches, steps] = moved.shape;
    const lengths = tf.reshape(view.input(1), [batches, 1]);
    const step = tf.tensor2d(sequence(steps), [1, steps], 'int32');
    const mirrored = tf.sub(tf.sub(lengths, step), tf.scalar(1, 'int32'));
    const from = tf.where(tf.less(step, lengths), mirrored, tf.tile(step, [batches, 1]));
    const base = tf.tensor2d(sequence(batches, 0, steps), [batches, 1], 'int32');
    const rows: Tf.Tensor1D = tf.reshape(tf.add(from, base), [batches * steps]);
    const table: Tf.Tensor2D = tf.reshape(moved, [rows.size, x.size / rows.size]);
    const reversed = tf.reshape(gatherRows(tf, table, rows), moved.shape);
    return transpose(
      tf,
      reversed,
      sequence(x.rank).map((axis) => order.indexOf(axis)),
    );
  },
  macs: noMacs,
});

export const picking: readonly Operator[] = [TopK, Compress, NonZero, ReverseSequence];
