// Operators that change the shape and keep every element: Reshape, Flatten, Squeeze, Unsqueeze, Transpose.
// Constants behind them keep their role (analysis/roles.ts looks through), so they claim none themselves.

import { elementCount } from '../graph/tensor.ts';
import { reshaped, sequence, transposed } from './host.ts';
import {
  type Axis,
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
  type RunView,
} from './op.ts';
import { transpose } from './rearrange.ts';
import { illShaped } from './refusal.ts';
import { restate } from './restate.ts';

// ---------------------------------------------------------------- which axes become which

/** Input axes [from, to) that become output axes [outFrom, outTo), row-major. */
export interface Block {
  readonly from: number;
  readonly to: number;
  readonly outFrom: number;
  readonly outTo: number;
}

/**
 * Cuts a reshape into the smallest independent blocks of equal element counts: [2, 6, 5] → [12, 5] gives
 * [2, 6] → [12] and [5] → [5]. Lone axes travel with a neighbour or, at the end, by themselves.
 * Both shapes hold the same, positive number of elements.
 */
export function alignAxes(dims: readonly number[], outDims: readonly number[]): Block[] {
  const blocks: Block[] = [];
  let [i, o] = [0, 0];
  while (i < dims.length && o < outDims.length) {
    const [from, outFrom] = [i, o];
    let size = dims[i++];
    let outSize = outDims[o++];
    while (size !== outSize) {
      if (size < outSize) size *= dims[i++];
      else outSize *= outDims[o++];
    }
    blocks.push({ from, to: i, outFrom, outTo: o });
  }
  if (i < dims.length || o < outDims.length)
    blocks.push({ from: i, to: dims.length, outFrom: o, outTo: outDims.length });
  return blocks;
}

/** The axes of a value seen in another shape. */
function reshapeAxes(eq: Equations<unknown>, axes: readonly Axis[], outDims: readonly number[]): Axis[] {
  const dims = axes.map((axis) => axis.length);
  if (elementCount(dims) === 0) {
    for (const axis of axes) eq.fix(axis, 'it holds nothing');
    return outDims.map((length) => eq.fixed(length, 'it holds nothing'));
  }
  return alignAxes(dims, outDims).flatMap(({ from, to, outFrom, outTo }) => {
    const parts = axes.slice(from, to);
    const lengths = outDims.slice(outFrom, outTo);
    if (parts.length === 1 && lengths.length === 1) return parts;
    const cutsLastAxis = to === axes.length && parts.filter((part) => part.length > 1).length === 1;
    return eq.split(eq.product(parts), lengths, cutsLastAxis ? 'heads' : undefined);
  });
}

/** What every operator of this file shares: the same elements in another shape. */
const sameElements = {
  weights: noWeights,
  layout: 'logical',
  macs: noMacs,
} as const;

/** `fold` and `run` of an operator that changes the shape only. */
const asShape = <A>(outDims: (view: NodeView<A>) => readonly number[]) => ({
  shape: (view: NodeView<A>) => [{ dtype: view.dtype(0), dims: outDims(view) }],
  fold: (view: NodeView<A>): HostTensor[] => [reshaped(view.known(0)!, outDims(view))],
  run: (view: RunView<A>) => view.tf.reshape(view.input(0), [...view.outShape(0)]),
});

// ---------------------------------------------------------------- Reshape, Flatten

type ReshapeView = NodeView<{ shape: readonly number[] | undefined; allowzero: number }>;

/** The target as written: 0 copies an axis (unless `allowzero`), -1 takes what is left. */
const reshapeTarget = (view: ReshapeView) => view.attrs.shape ?? view.numbers(1);

function reshapeDims(view: ReshapeView): number[] {
  const dims = view.shape(0);
  const copied = reshapeTarget(view).map((length, i) =>
    length === 0 && !view.attrs.allowzero ? dims[i] : length,
  );
  const stated = elementCount(copied.filter((length) => length !== -1));
  const rest = stated === 0 ? 0 : elementCount(dims) / stated;
  const out = copied.map((length) => (length === -1 ? rest : length));
  if (elementCount(out) !== elementCount(dims) || out.some((length) => !Number.isInteger(length)))
    throw illShaped(view, `cannot see [${dims}] as [${reshapeTarget(view)}]`);
  return out;
}

const Reshape = operator({
  name: 'Reshape',
  attrs: { shape: ints(), allowzero: int(0) },
  coupling: 'sees the same numbers in another shape, merging or cutting axes',
  ...sameElements,
  ...asShape(reshapeDims),
  terms: (eq) => eq.out(0, reshapeAxes(eq, eq.axes(0), eq.outShape(0))),
  resize: (view) => {
    const after = view.newOutShape(0);
    const resized = reshapeTarget(view).map((length, i) => {
      const copies = length === 0 && !view.attrs.allowzero && view.newShape(0)[i] === after[i];
      return length === -1 || copies ? length : after[i];
    });
    restate(view, 'shape', 1, resized);
  },
});

const Flatten = operator({
  name: 'Flatten',
  attrs: { axis: int(1) },
  coupling: 'flattens its input into rows',
  ...sameElements,
  ...asShape<{ axis: number }>((view) => {
    const dims = view.shape(0);
    const axis = positive(view.attrs.axis, dims.length);
    return [elementCount(dims.slice(0, axis)), elementCount(dims.slice(axis))];
  }),
  terms: (eq) => {
    const axes = eq.axes(0);
    const axis = positive(eq.attrs.axis, axes.length);
    eq.out(0, [eq.product(axes.slice(0, axis)), eq.product(axes.slice(axis))]);
  },
  resize: noResize,
});

// ---------------------------------------------------------------- Squeeze, Unsqueeze

type AxesView = NodeView<{ axes: readonly number[] | undefined }>;

/** Attribute before opset 13, input since. */
const statedAxes = (view: AxesView) => view.attrs.axes ?? (view.has(1) ? view.numbers(1) : undefined);

function squeezedAxes(view: AxesView): Set<number> {
  const dims = view.shape(0);
  const lone = sequence(dims.length).filter((axis) => dims[axis] === 1);
  const axes = statedAxes(view)?.map((axis) => positive(axis, dims.length)) ?? lone;
  for (const axis of axes)
    if (dims[axis] !== 1) throw illShaped(view, `drops axis ${axis} of [${dims}], which is longer than 1`);
  return new Set(axes);
}

const Squeeze = operator({
  name: 'Squeeze',
  attrs: { axes: ints() },
  coupling: 'drops axes of length 1',
  ...sameElements,
  ...asShape((view: AxesView) => {
    const dropped = squeezedAxes(view);
    return view.shape(0).filter((_, axis) => !dropped.has(axis));
  }),
  terms: (eq) => {
    const dropped = squeezedAxes(eq);
    for (const axis of dropped) eq.fix(eq.axes(0)[axis], 'it is dropped as an axis of length 1');
    eq.out(
      0,
      eq.axes(0).filter((_, axis) => !dropped.has(axis)),
    );
  },
  resize: noResize,
});

function unsqueezedAxes(view: AxesView): Set<number> {
  const axes = statedAxes(view);
  if (!axes) throw illShaped(view, 'does not say where its new axes go');
  const rank = view.shape(0).length + axes.length;
  const added = new Set(axes.map((axis) => positive(axis, rank)));
  const misplaced = [...added].some((axis) => axis < 0 || axis >= rank);
  if (misplaced || added.size < axes.length)
    throw illShaped(view, `cannot insert the axes [${axes}] into [${view.shape(0)}]`);
  return added;
}

/** Values of the old axes in order, with `fresh` where a new axis goes. */
function withNewAxes<T>(old: readonly T[], added: ReadonlySet<number>, fresh: () => T): T[] {
  let next = 0;
  return sequence(old.length + added.size).map((axis) => (added.has(axis) ? fresh() : old[next++]));
}

const Unsqueeze = operator({
  name: 'Unsqueeze',
  attrs: { axes: ints() },
  coupling: 'inserts axes of length 1',
  ...sameElements,
  ...asShape((view: AxesView) => withNewAxes(view.shape(0), unsqueezedAxes(view), () => 1)),
  terms: (eq) =>
    eq.out(
      0,
      withNewAxes(eq.axes(0), unsqueezedAxes(eq), () => eq.fixed(1, 'it is an inserted axis')),
    ),
  resize: noResize,
});

// ---------------------------------------------------------------- Transpose

/** The input axis at each output axis; without `perm` the axes are reversed. */
const order = (view: NodeView<{ perm: readonly number[] | undefined }>) =>
  view.attrs.perm ?? sequence(view.shape(0).length).reverse();

const Transpose = operator({
  name: 'Transpose',
  attrs: { perm: ints() },
  coupling: 'reorders the axes',
  ...sameElements,
  shape: (view) => {
    const dims = view.shape(0);
    if (order(view).length !== dims.length)
      throw illShaped(view, `reorders ${order(view).length} axes, but its input has [${dims}]`);
    if (dims.some((_, axis) => !order(view).includes(axis)))
      throw illShaped(view, `names some of its input's axes twice: [${order(view)}]`);
    return [{ dtype: view.dtype(0), dims: order(view).map((axis) => dims[axis]) }];
  },
  fold: (view) => [transposed(view.known(0)!, order(view))],
  terms: (eq) =>
    eq.out(
      0,
      order(eq).map((axis) => eq.axes(0)[axis]),
    ),
  resize: noResize,
  run: (view) => transpose(view.tf, view.input(0), order(view)),
});

export const reshaping: readonly Operator[] = [Reshape, Flatten, Squeeze, Unsqueeze, Transpose];
