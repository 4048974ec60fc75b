// Gather, GatherElements, GatherND: elements looked up by number.

import type * as Tf from '@tensorflow/tfjs';
import { elementCount, isFloat } from '../graph/tensor.ts';
import { floatInputs } from './combinators.ts';
import { offsetsOf, pickAlong, ranksOf, reshaped, sequence, stridesOf, wrapped } from './host.ts';
import {
  type AttrsOf,
  type Axis,
  type Equations,
  type HostTensor,
  int,
  type NodeView,
  noMacs,
  noResize,
  type Operator,
  operator,
  positive,
} from './op.ts';
import { fromFront, gatherAlong, gatherRows, takeAlong } from './rearrange.ts';
import { illShaped } from './refusal.ts';

const LOOKED_UP = 'it is looked up by numbers that the network computes';

// ---------------------------------------------------------------- Gather

const gatherAttrs = { axis: int(0) };
type GatherView = NodeView<AttrsOf<typeof gatherAttrs>>;

const gatherAxis = (view: GatherView) => positive(view.attrs.axis, view.shape(0).length);

/** The axis replaced by those of the indices. */
const gatheredDims = <T>(dims: readonly T[], axis: number, indices: readonly T[]): T[] =>
  dims.toSpliced(axis, 1, ...indices);

/** What becomes of the gathered axis: a selection where the numbers are a known list, else fixed. */
function gatheredAxes(eq: Equations<AttrsOf<typeof gatherAttrs>>, data: Axis): readonly Axis[] {
  const indices = eq.known(1);
  if (!indices) {
    eq.fix(data, LOOKED_UP);
    return eq.axes(1);
  }
  if (indices.dims.length === 1 && indices.values.length > 1)
    return [eq.select(data, wrapped(indices.values, data.length))];
  eq.fix(data, 'positions of it are picked one by one');
  return indices.dims.map((length) => eq.fixed(length, 'it counts positions picked one by one'));
}

const Gather = operator({
  name: 'Gather',
  attrs: gatherAttrs,
  coupling: 'picks positions by number',
  shape: (view) => [
    { dtype: view.dtype(0), dims: gatheredDims(view.shape(0), gatherAxis(view), view.shape(1)) },
  ],
  fold: (view) => {
    const [data, indices] = [view.known(0)!, view.known(1)!];
    const axis = gatherAxis(view);
    const picked = pickAlong(data, axis, wrapped(indices.values, data.dims[axis]));
    return [reshaped(picked, gatheredDims(data.dims, axis, indices.dims))];
  },
  terms: (eq) => {
    const axis = gatherAxis(eq);
    const axes = eq.axes(0);
    eq.out(0, gatheredDims(axes, axis, gatheredAxes(eq, axes[axis])));
  },
  resize: (view) => {
    const axis = gatherAxis(view);
    const [length, kept] = [view.shape(0)[axis], view.kept(0, axis)];
    if (!kept) return;
    const indices = view.numbers(1);
    const ranks = ranksOf(kept, length);
    const survivors = view.keptOut(0, axis) ?? sequence(indices.length);
    view.setNumbers(
      1,
      Array.from(survivors, (p) => {
        const rank = ranks[positive(indices[p], length)];
        return indices[p] < 0 ? rank - kept.length : rank;
      }),
    );
  },
  weights: (view) => {
    if (!isFloat(view.dtype(0))) return [];
    return [{ input: 0, role: view.known(1) ? 'other' : 'table' }];
  },
  layout: 'logical',
  run: (view) => {
    const { tf } = view;
    const axis = gatherAxis(view);
    const length = view.shape(0)[axis];
    const indices = view.known(1)?.values;
    const taken = indices
      ? takeAlong(tf, view.input(0), axis, wrapped(indices, length))
      : gatherAlong(tf, view.input(0), axis, flat(tf, fromFront(tf, view.input(1), length)));
    return tf.reshape(taken, [...view.outShape(0)]);
  },
  macs: noMacs,
});

const flat = (tf: typeof Tf, x: Tf.Tensor): Tf.Tensor1D => tf.reshape(x, [x.size]);

// ---------------------------------------------------------------- GatherElements

/** Where each element lies with position 0 on `axis`: the part of its address the index does not say. */
const baseOffsets = (dims: readonly number[], counts: readonly number[], axis: number): number[] => {
  const strides = stridesOf(dims);
  return offsetsOf(counts.map((count, i) => sequence(count, 0, i === axis ? 0 : strides[i])));
};

/** Addresses, in `dims` flattened, of the elements that `indices` [counts] names along `axis`; int32 on the device. */
export function elementAddresses(
  tf: typeof Tf,
  indices: Tf.Tensor,
  dims: readonly number[],
  axis: number,
): Tf.Tensor1D {
  const base = tf.tensor1d(baseOffsets(dims, indices.shape, axis), 'int32');
  const stride = tf.scalar(stridesOf(dims)[axis], 'int32');
  return tf.add(base, tf.mul(flat(tf, fromFront(tf, indices, dims[axis])), stride)) as Tf.Tensor1D;
}

/** The same on the host. */
export function knownAddresses(indices: HostTensor, dims: readonly number[], axis: number): number[] {
  const base = baseOffsets(dims, indices.dims, axis);
  const stride = stridesOf(dims)[axis];
  return wrapped(indices.values, dims[axis]).map((p, i) => base[i] + p * stride);
}

/** The elements of `x` that `indices` names along `axis`, in the shape of `indices`. */
export function gatherElements(tf: typeof Tf, x: Tf.Tensor, indices: Tf.Tensor, axis: number): Tf.Tensor {
  const addresses = elementAddresses(tf, indices, x.shape, axis);
  return tf.reshape(gatherRows(tf, tf.reshape(x, [x.size, 1]), addresses), indices.shape);
}

/** Element by element along `axis`: the other axes go together where nothing is left out. */
export function elementwiseBut(
  eq: Equations<unknown>,
  axis: number,
  inputs: readonly number[],
  why: string,
): void {
  const [first, ...rest] = inputs.map((i) => eq.axes(i));
  first.forEach((a, i) => {
    for (const axes of rest)
      if (i !== axis && axes[i].length === a.length) eq.same(a, axes[i]);
      else {
        eq.fix(a, why);
        eq.fix(axes[i], why);
      }
  });
}

const GatherElements = operator({
  name: 'GatherElements',
  attrs: gatherAttrs,
  coupling: 'looks elements up by number along one axis',
  shape: (view) => {
    if (view.shape(0).length !== view.shape(1).length)
      throw illShaped(view, 'takes indices of another rank than its data');
    return [{ dtype: view.dtype(0), dims: view.shape(1) }];
  },
  fold: (view) => {
    const [data, indices] = [view.known(0)!, view.known(1)!];
    const addresses = knownAddresses(indices, data.dims, gatherAxis(view));
    const values = addresses.map((at) => data.values[at]);
    return [{ dtype: data.dtype, dims: indices.dims, values }];
  },
  terms: (eq) => {
    elementwiseBut(eq, gatherAxis(eq), [0, 1], LOOKED_UP);
    eq.out(0, eq.axes(1));
  },
  resize: noResize,
  weights: (view) => floatInputs(view).slice(0, 1),
  layout: 'logical',
  run: (view) => gatherElements(view.tf, view.input(0), view.input(1), gatherAxis(view)),
  macs: noMacs,
});

// ---------------------------------------------------------------- GatherND

/**
 * Row numbers for index tuples: `indices` [rows, depth] address the first `depth` axes of `dims`; `base` is added
 * to each row (the batch it belongs to).
 */
export function tupleRows(
  tf: typeof Tf,
  indices: Tf.Tensor,
  dims: readonly number[],
  base?: readonly number[],
): Tf.Tensor1D {
  const lengths = tf.tensor1d([...dims], 'int32');
  const strides = tf.tensor1d(stridesOf(dims), 'int32');
  const rows = tf.sum(tf.mul(fromFront(tf, indices, lengths), strides), 1);
  return (base ? tf.add(rows, tf.tensor1d([...base], 'int32')) : rows) as Tf.Tensor1D;
}

/** The same on the host, without a base. */
export function knownTupleRows(indices: readonly number[], dims: readonly number[]): number[] {
  const strides = stridesOf(dims);
  const depth = dims.length;
  return sequence(indices.length / depth).map((tuple) =>
    strides.reduce((row, stride, i) => row + positive(indices[tuple * depth + i], dims[i]) * stride, 0),
  );
}

const gatherNDAttrs = { batch_dims: int(0) };
type GatherNDView = NodeView<AttrsOf<typeof gatherNDAttrs>>;

/** How the axes of data and indices divide: batches, looked-up axes, what is copied whole. */
function tupleParts(view: GatherNDView) {
  const [dims, indices] = [view.shape(0), view.shape(1)];
  const batch = view.attrs.batch_dims;
  const depth = indices[indices.length - 1];
  return {
    batch,
    depth,
    batches: elementCount(dims.slice(0, batch)),
    looked: dims.slice(batch, batch + depth),
    copied: dims.slice(batch + depth),
    tuples: elementCount(indices.slice(batch, -1)),
  };
}

/** The row at which each tuple's batch begins. */
function batchRows({ batches, looked, tuples }: ReturnType<typeof tupleParts>): number[] {
  return offsetsOf([sequence(batches, 0, elementCount(looked)), new Array<number>(tuples).fill(0)]);
}

const GatherND = operator({
  name: 'GatherND',
  attrs: gatherNDAttrs,
  coupling: 'looks slices up by number',
  shape: (view) => [
    { dtype: view.dtype(0), dims: [...view.shape(1).slice(0, -1), ...tupleParts(view).copied] },
  ],
  fold: (view) => {
    const [data, indices] = [view.known(0)!, view.known(1)!];
    const parts = tupleParts(view);
    const base = batchRows(parts);
    const rows = knownTupleRows(indices.values, parts.looked).map((row, i) => base[i] + row);
    const inner = elementCount(parts.copied);
    const table: HostTensor = { ...data, dims: [data.values.length / inner, inner] };
    return [reshaped(pickAlong(table, 0, rows), [...indices.dims.slice(0, -1), ...parts.copied])];
  },
  terms: (eq) => {
    const { batch, depth } = tupleParts(eq);
    const [data, indices] = [eq.axes(0), eq.axes(1)];
    for (const axis of [...data.slice(batch, batch + depth), indices[indices.length - 1]])
      eq.fix(axis, LOOKED_UP);
    const batches = data.slice(0, batch).map((axis, i) => eq.same(axis, indices[i]));
    eq.out(0, [...batches, ...indices.slice(batch, -1), ...data.slice(batch + depth)]);
  },
  resize: noResize,
  weights: (view) => floatInputs(view).slice(0, 1),
  layout: 'logical',
  run: (view) => {
    const { tf } = view;
    const parts = tupleParts(view);
    const tuples = tf.reshape(view.input(1), [parts.batches * parts.tuples, parts.depth]);
    const rows = tupleRows(tf, tuples, parts.looked, batchRows(parts));
    const table: Tf.Tensor2D = tf.reshape(view.input(0), [
      parts.batches * elementCount(parts.looked),
      elementCount(parts.copied),
    ]);
    return tf.reshape(gatherRows(tf, table, rows), [...view.outShape(0)]);
  },
  macs: noMacs,
});

export const indexing: readonly Operator[] = [Gather, GatherElements, GatherND];
