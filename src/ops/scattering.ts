// ScatterND and ScatterElements: a copy of the data with some of its elements replaced, or combined with updates.
// Both see the data as rows (slices, or single elements) and the updates as one row each.

import type * as Tf from '@tensorflow/tfjs';
import { elementCount } from '../graph/tensor.ts';
import { floatInputs } from './combinators.ts';
import { offsetsOf, sequence } from './host.ts';
import { elementAddresses, elementwiseBut, knownAddresses, knownTupleRows, tupleRows } from './indexing.ts';
import {
  type HostTensor,
  int,
  type NodeView,
  noMacs,
  noResize,
  type Operator,
  operator,
  positive,
  type RunView,
  string,
} from './op.ts';
import { gatherRows, scatterRows, takeAlong } from './rearrange.ts';
import { unsupported } from './refusal.ts';

const WRITTEN = 'elements are written to it by number';

type Reduction = { readonly reduction: string };

/** How what is there and an update become one, on the host and on the device. */
interface Combination {
  readonly host: (old: number, update: number) => number;
  readonly device: (tf: typeof Tf, old: Tf.Tensor, update: Tf.Tensor) => Tf.Tensor;
}

const combinations: Readonly<Record<string, Combination>> = {
  none: { host: (_, update) => update, device: (_tf, _, update) => update },
  add: { host: (old, update) => old + update, device: (tf, old, update) => tf.add(old, update) },
  mul: { host: (old, update) => old * update, device: (tf, old, update) => tf.mul(old, update) },
  max: { host: Math.max, device: (tf, old, update) => tf.maximum(old, update) },
  min: { host: Math.min, device: (tf, old, update) => tf.minimum(old, update) },
};

function combinationOf(view: NodeView<Reduction>): Combination {
  const known = combinations[view.attrs.reduction];
  if (known) return known;
  throw unsupported(view, `asks for the reduction '${view.attrs.reduction}'`);
}

/** The numbers of the updates in rounds, none of which writes a row twice. */
function roundsOf(rows: readonly number[]): number[][] {
  const rounds: number[][] = [];
  const written = new Map<number, number>();
  rows.forEach((row, update) => {
    const round = written.get(row) ?? 0;
    written.set(row, round + 1);
    rounds[round] ??= [];
    rounds[round].push(update);
  });
  return rounds;
}

/** `data` [size, inner] with the named rows replaced by `updates` [n, inner]; no row is named twice. */
function replaceRows(tf: typeof Tf, data: Tf.Tensor2D, rows: Tf.Tensor1D, updates: Tf.Tensor2D): Tf.Tensor2D {
  const [size] = data.shape;
  const hit = tf.cast(scatterRows(tf, tf.ones([rows.size, 1]), rows, size), 'bool');
  return tf.where(hit, scatterRows(tf, updates, rows, size), data) as Tf.Tensor2D;
}

/** One update after the other, since several may meet in one row. */
function combineRows(
  tf: typeof Tf,
  data: Tf.Tensor2D,
  rows: Tf.Tensor1D,
  updates: Tf.Tensor2D,
  { device }: Combination,
): Tf.Tensor {
  const [size] = data.shape;
  const numbers = tf.reshape(tf.range(0, size, 1, 'int32'), [size, 1]);
  return sequence(rows.size).reduce<Tf.Tensor>((present, i) => {
    const hit = tf.equal(numbers, tf.slice(rows, [i], [1]));
    const combined = device(tf, present, tf.slice(updates, [i, 0], [1, -1]));
    return tf.where(tf.broadcastTo(hit, data.shape), combined, present);
  }, data);
}

/** Writes `updates` [n, inner] to rows of `data` [size, inner] that only the device knows. */
function writeComputed(
  view: RunView<Reduction>,
  data: Tf.Tensor2D,
  rows: Tf.Tensor1D,
  updates: Tf.Tensor2D,
): Tf.Tensor {
  const { tf, attrs } = view;
  if (attrs.reduction === 'add') return tf.add(data, scatterRows(tf, updates, rows, data.shape[0]));
  if (attrs.reduction === 'none') return replaceRows(tf, data, rows, updates);
  return combineRows(tf, data, rows, updates, combinationOf(view));
}

/** The same for rows known on the host, round by round. */
function writeKnown(
  view: RunView<Reduction>,
  data: Tf.Tensor2D,
  rows: readonly number[],
  updates: Tf.Tensor2D,
): Tf.Tensor {
  const { tf } = view;
  const { device } = combinationOf(view);
  return roundsOf(rows).reduce((written, round) => {
    const at = tf.tensor1d(
      round.map((update) => rows[update]),
      'int32',
    );
    const part = takeAlong(tf, updates, 0, round);
    const combined = device(tf, gatherRows(tf, written, at), part);
    return replaceRows(tf, written, at, combined as Tf.Tensor2D);
  }, data);
}

/** The same on the host, for rows of `inner` elements. */
function writeHost(view: NodeView<Reduction>, rows: readonly number[], inner: number): HostTensor[] {
  const { host } = combinationOf(view);
  const [data, updates] = [view.known(0)!, view.known(2)!];
  const values = [...data.values];
  offsetsOf([rows.map((row) => row * inner), sequence(inner)]).forEach((at, i) => {
    values[at] = host(values[at], updates.values[i]);
  });
  return [{ ...data, values }];
}

const copyShape = (view: NodeView<unknown>) => [{ dtype: view.dtype(0), dims: view.shape(0) }];

// ---------------------------------------------------------------- ScatterND

/** How many axes a tuple of indices addresses, which, and the elements it names. */
function tupleParts(view: NodeView<unknown>) {
  const [dims, indices] = [view.shape(0), view.shape(1)];
  const depth = indices[indices.length - 1];
  return { depth, looked: dims.slice(0, depth), inner: elementCount(dims.slice(depth)) };
}

const rowsOf = (view: NodeView<unknown>, indices: HostTensor) =>
  knownTupleRows(indices.values, tupleParts(view).looked);

const ScatterND = operator({
  name: 'ScatterND',
  attrs: { reduction: string('none') },
  coupling: 'writes slices into a copy of its input',
  shape: copyShape,
  fold: (view) => writeHost(view, rowsOf(view, view.known(1)!), tupleParts(view).inner),
  terms: (eq) => {
    const [data, indices, updates] = [eq.axes(0), eq.axes(1), eq.axes(2)];
    const rank = indices.length - 1;
    const depth = indices[rank].length;
    for (const axis of [...data.slice(0, depth), indices[rank]]) eq.fix(axis, WRITTEN);
    updates.forEach((axis, i) => {
      eq.same(i < rank ? indices[i] : data[depth + i - rank], axis);
    });
    eq.out(0, data);
  },
  resize: noResize,
  weights: floatInputs,
  layout: 'logical',
  run: (view) => {
    const { tf } = view;
    const { depth, looked, inner } = tupleParts(view);
    const tuples = elementCount(view.shape(1).slice(0, -1));
    const data: Tf.Tensor2D = tf.reshape(view.input(0), [elementCount(looked), inner]);
    const updates: Tf.Tensor2D = tf.reshape(view.input(2), [tuples, inner]);
    const known = view.known(1);
    const written = known
      ? writeKnown(view, data, rowsOf(view, known), updates)
      : writeComputed(view, data, tupleRows(tf, tf.reshape(view.input(1), [tuples, depth]), looked), updates);
    return tf.reshape(written, [...view.outShape(0)]);
  },
  macs: noMacs,
});

// ---------------------------------------------------------------- ScatterElements

type ElementsView = NodeView<{ readonly axis: number; readonly reduction: string }>;

const scatterAxis = (view: ElementsView) => positive(view.attrs.axis, view.shape(0).length);

const addressesOf = (view: ElementsView, indices: HostTensor) =>
  knownAddresses(indices, view.shape(0), scatterAxis(view));

const scatterElements = (name: string) =>
  operator({
    name,
    attrs: { axis: int(0), reduction: string('none') },
    coupling: 'writes elements into a copy of its input along one axis',
    shape: copyShape,
    fold: (view) => writeHost(view, addressesOf(view, view.known(1)!), 1),
    terms: (eq) => {
      elementwiseBut(eq, scatterAxis(eq), [0, 1, 2], WRITTEN);
      eq.out(0, eq.axes(0));
    },
    resize: noResize,
    weights: floatInputs,
    layout: 'logical',
    run: (view) => {
      const { tf } = view;
      const column = (x: Tf.Tensor): Tf.Tensor2D => tf.reshape(x, [x.size, 1]);
      const [data, updates] = [column(view.input(0)), column(view.input(2))];
      const known = view.known(1);
      const written = known
        ? writeKnown(view, data, addressesOf(view, known), updates)
        : writeComputed(
            view,
            data,
            elementAddresses(tf, view.input(1), view.shape(0), scatterAxis(view)),
            updates,
          );
      return tf.reshape(written, [...view.outShape(0)]);
    },
    macs: noMacs,
  });

/** `Scatter` is what opset 9 and 10 called ScatterElements. */
export const scattering: readonly Operator[] = [
  ScatterND,
  scatterElements('ScatterElements'),
  scatterElements('Scatter'),
];
