// Reductions over axes. Their axes moved from an attribute to an input: ReduceSum at opset 13, the others at 18.

import type * as Tf from '@tensorflow/tfjs';
import { elementCount, isFloat } from '../graph/tensor.ts';
import { sequence, stridesOf } from './host.ts';
import {
  type Equations,
  type HostTensor,
  int,
  ints,
  type NodeView,
  noMacs,
  noResize,
  noWeights,
  type Operator,
  operator,
  positive,
} from './op.ts';
import { dataDependent } from './refusal.ts';

const LONE = 'it is a single position';
const reduceAttrs = { axes: ints(), keepdims: int(1), noop_with_empty_axes: int(0) };
type ReduceView = NodeView<{
  axes: readonly number[] | undefined;
  keepdims: number;
  noop_with_empty_axes: number;
}>;

/** Axes that are reduced, from the front, ascending. */
function reducedAxes(view: ReduceView): number[] {
  const rank = view.shape(0).length;
  if (view.has(1) && !view.known(1)) throw dataDependent(view, 'gets its axes from the running network');
  const stated = view.attrs.axes ?? view.known(1)?.values ?? [];
  if (stated.length === 0) return view.attrs.noop_with_empty_axes ? [] : sequence(rank);
  return stated.map((axis) => positive(axis, rank)).sort((a, b) => a - b);
}

/** Dims with the reduced ones dropped or left as 1. */
function reducedDims(dims: readonly number[], axes: readonly number[], keep: boolean): number[] {
  return dims.flatMap((length, i) => (axes.includes(i) ? (keep ? [1] : []) : [length]));
}

/** Axes that survive; a reduced one that is kept is a single position. */
function reduceTerms(eq: Equations<unknown>, axes: readonly number[], keep: boolean): void {
  eq.out(
    0,
    eq.axes(0).flatMap((axis, i) => (axes.includes(i) ? (keep ? [eq.fixed(1, LONE)] : []) : [axis])),
  );
}

function hostReduce(
  { dtype, dims, values }: HostTensor,
  axes: readonly number[],
  keep: boolean,
  combine: (values: number[]) => number,
): HostTensor {
  const outDims = reducedDims(dims, axes, true);
  const strides = stridesOf(dims);
  const outStrides = stridesOf(outDims);
  const buckets = sequence(elementCount(outDims)).map((): number[] => []);
  values.forEach((value, at) => {
    const place = dims.reduce(
      (sum, length, i) =>
        sum + (axes.includes(i) ? 0 : (Math.floor(at / strides[i]) % length) * outStrides[i]),
      0,
    );
    buckets[place].push(value);
  });
  const results = buckets.map(combine);
  return {
    dtype,
    dims: reducedDims(dims, axes, keep),
    values: isFloat(dtype) ? results : results.map(Math.trunc),
  };
}

type Reduce = (tf: typeof Tf, x: Tf.Tensor, axes: number[], keep: boolean) => Tf.Tensor;

/** `empty` is the result of reducing nothing. */
function reduction(
  name: string,
  verb: string,
  empty: number,
  run: Reduce,
  host?: (values: number[]) => number,
): Operator {
  return operator({
    name,
    attrs: reduceAttrs,
    coupling: `${verb} along its axes and passes the other channels on`,
    shape: (view) => {
      const dims = reducedDims(view.shape(0), reducedAxes(view), view.attrs.keepdims === 1);
      return [{ dtype: view.dtype(0), dims }];
    },
    fold: host
      ? (view) => [hostReduce(view.known(0)!, reducedAxes(view), view.attrs.keepdims === 1, host)]
      : 'not-folded',
    terms: (eq) => reduceTerms(eq, reducedAxes(eq), eq.attrs.keepdims === 1),
    resize: noResize,
    weights: noWeights,
    layout: (view) => (view.attrs.keepdims === 1 ? 'axes' : 'logical'),
    run: (view) => {
      const axes = reducedAxes(view).map((axis) => view.axis(axis));
      if (elementCount(view.shape(0)) === 0) return view.tf.fill([...view.outShape(0)], empty);
      if (axes.length === 0) return view.tf.clone(run(view.tf, view.input(0), [], true));
      return run(view.tf, view.input(0), axes, view.attrs.keepdims === 1);
    },
    macs: noMacs,
  });
}

const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** Reducing over no axis leaves each element as a sum of one. */
const sum: Reduce = (tf, x, axes, keep) => (axes.length === 0 ? x : tf.sum(x, axes, keep));

const reductions: Operator[] = [
  reduction('ReduceSum', 'sums', 0, sum, total),
  reduction(
    'ReduceMean',
    'averages',
    Number.NaN,
    (tf, x, axes, keep) => {
      if (axes.length === 0) return x;
      const mean = tf.mean(x, axes, keep);
      return x.dtype === 'int32' ? tf.cast(mean, 'int32') : mean;
    },
    (values) => total(values) / values.length,
  ),
  reduction(
    'ReduceMax',
    'takes the greatest',
    Number.NEGATIVE_INFINITY,
    (tf, x, axes, keep) => {
      if (axes.length === 0) return x;
      return x.dtype === 'bool' ? tf.any(x, axes, keep) : tf.max(x, axes, keep);
    },
    (values) => Math.max(...values),
  ),
  reduction(
    'ReduceMin',
    'takes the least',
    Number.POSITIVE_INFINITY,
    (tf, x, axes, keep) => {
      if (axes.length === 0) return x;
      return x.dtype === 'bool' ? tf.all(x, axes, keep) : tf.min(x, axes, keep);
    },
    (values) => Math.min(...values),
  ),
  reduction(
    'ReduceProd',
    'multiplies',
    1,
    (tf, x, axes, keep) => {
      if (axes.length === 0) return x;
      // The WebGPU backend drops the axes even where they are to be kept.
      const dims = x.shape.map((length, i) => (axes.includes(i) ? 1 : length));
      const y = tf.prod(x, axes);
      return keep ? tf.reshape(y, dims) : y;
    },
    (values) => values.reduce((a, b) => a * b, 1),
  ),
  reduction('ReduceL1', 'sums magnitudes', 0, (tf, x, axes, keep) => sum(tf, tf.abs(x), axes, keep)),
  reduction('ReduceL2', 'takes the norm', 0, (tf, x, axes, keep) =>
    tf.sqrt(sum(tf, tf.square(x), axes, keep)),
  ),
  reduction('ReduceSumSquare', 'sums squares', 0, (tf, x, axes, keep) => sum(tf, tf.square(x), axes, keep)),
  reduction('ReduceLogSum', 'sums', Number.NEGATIVE_INFINITY, (tf, x, axes, keep) =>
    tf.log(sum(tf, x, axes, keep)),
  ),
  reduction('ReduceLogSumExp', 'sums exponentials', Number.NEGATIVE_INFINITY, (tf, x, axes, keep) =>
    axes.length === 0 ? x : tf.logSumExp(x, axes, keep),
  ),
];

// ---------------------------------------------------------------- one axis, compared or accumulated

const COMPARED = 'every position along it is compared';

function arg(name: string, pick: (tf: typeof Tf, x: Tf.Tensor, axis: number) => Tf.Tensor): Operator {
  return operator({
    name,
    attrs: { axis: int(0), keepdims: int(1), select_last_index: int(0) },
    coupling: 'finds a position along its axis',
    shape: (view) => {
      const dims = view.shape(0);
      const axis = positive(view.attrs.axis, dims.length);
      return [{ dtype: 'int64', dims: reducedDims(dims, [axis], view.attrs.keepdims === 1) }];
    },
    fold: 'not-folded',
    terms: (eq) => {
      const axis = positive(eq.attrs.axis, eq.shape(0).length);
      eq.fix(eq.axes(0)[axis], COMPARED);
      reduceTerms(eq, [axis], eq.attrs.keepdims === 1);
    },
    resize: noResize,
    weights: noWeights,
    layout: 'logical',
    run: (view) => {
      const { tf, attrs } = view;
      const dims = view.shape(0);
      const axis = positive(attrs.axis, dims.length);
      const x = view.input(0);
      const found = attrs.select_last_index
        ? tf.sub(tf.scalar(dims[axis] - 1, 'int32'), pick(tf, tf.reverse(x, axis), axis))
        : pick(tf, x, axis);
      return tf.reshape(found, [...view.outShape(0)]);
    },
    macs: noMacs,
  });
}

const CumSum = operator({
  name: 'CumSum',
  attrs: { exclusive: int(0), reverse: int(0) },
  coupling: 'adds up along its axis',
  shape: (view) => [{ dtype: view.dtype(0), dims: view.shape(0) }],
  fold: 'not-folded',
  terms: (eq) => {
    const axes = eq.axes(0);
    const along = eq.known(1)?.values[0];
    if (along === undefined) for (const axis of axes) eq.fix(axis, 'it may be added up along');
    else eq.fix(axes[positive(along, axes.length)], 'each position adds up those before it');
    eq.out(0, axes);
  },
  resize: noResize,
  weights: noWeights,
  layout: 'axes',
  run: (view) => {
    const { exclusive, reverse } = view.attrs;
    return view.tf.cumsum(view.input(0), view.axis(view.numbers(1)[0]), exclusive === 1, reverse === 1);
  },
  macs: noMacs,
});

export const reducing: readonly Operator[] = [
  ...reductions,
  arg('ArgMax', (tf, x, axis) => tf.argMax(x, axis)),
  arg('ArgMin', (tf, x, axis) => tf.argMin(x, axis)),
  CumSum,
];
