// ScatterND and ScatterElements: a copy of the data with some elements replaced or added to.

import type * as Tf from '@tensorflow/tfjs';
import { elementCount } from '../graph/tensor.ts';
import { offsetsOf, sequence, stridesOf } from './host.ts';
import { elementAddresses, elementwiseBut, tupleRows } from './indexing.ts';
import { movedConstants } from './joining.ts';
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
import { scatterRows } from './rearrange.ts';
import { unsupported } from './refusal.ts';

const WRITTEN = 'elements are written to it by number';

type Reduction = { readonly reduction: string };

/** How an element that is already there and an update combine; `undefined` for what we do not compute. */
const combined: Readonly<Record<string, (old: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min,
};

/** Replaces or adds rows: data [size, inner], updates [n, inner], rows int32 [n]. */
function writeRows(
  view: RunView<Reduction>,
  data: Tf.Tensor2D,
  rows: Tf.Tensor1D,
  updates: Tf.Tensor2D,
): Tf.Tensor {
  const { tf, attrs } = view;
  const [size] = data.shape;
  const written = scatterRows(tf, updates, rows, size);
  if (attrs.reduction === 'add') return tf.add(data, written);
  if (attrs.reduction !== 'none') throw unsupported(view, `asks for the reduction '${attrs.reduction}'`);
  const hits = scatterRows(tf, tf.ones([rows.size, 1]), rows, size);
  return tf.where(tf.greater(hits, tf.scalar(0)), written, data);
}

/** The same on the host: `addresses` of the elements in `data`, one per update. */
function writeHost(
  view: NodeView<Reduction>,
  data: HostTensor,
  addresses: readonly number[],
  updates: HostTensor,
) {
  const combine = combined[view.attrs.reduction];
  if (!combine) throw unsupported(view, `asks for the reduction '${view.attrs.reduction}'`);
  const values = [...data.values];
  addresses.forEach((at, i) => {
    values[at] = combine(values[at], updates.values[i]);
  });
  return { ...data, values };
}

const ScatterND = operator({
  name: 'ScatterND',
  attrs: { reduction: string('none') },
  coupling: 'writes slices into a copy of its input',
  shape: (view) => [{ dtype: view.dtype(0), dims: view.shape(0) }],
  fold: (view) => {
    const [data, indices, updates] = [view.known(0)!, view.known(1)!, view.known(2)!];
    const depth = indices.dims[indices.dims.length - 1];
    const strides = stridesOf(data.dims);
    const starts = sequence(elementCount(indices.dims.slice(0, -1))).map((row) =>
      sequence(depth).reduce(
        (at, i) => at + positive(indices.values[row * depth + i], data.dims[i]) * strides[i],
        0,
      ),
    );
    const inner = sequence(elementCount(data.dims.slice(depth)));
    return [writeHost(view, data, offsetsOf([starts, inner]), updates)];
  },
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
  weights: movedConstants,
  layout: 'logical',
  run: (view) => {
    const { tf } = view;
    const [dims, indices] = [view.shape(0), view.shape(1)];
    const depth = indices[indices.length - 1];
    const tuples = elementCount(indices.slice(0, -1));
    const inner = elementCount(dims.slice(depth));
    const looked = dims.slice(0, depth);
    const rows = tupleRows(tf, tf.reshape(view.input(1), [tuples, depth]), looked);
    const data: Tf.Tensor2D = tf.reshape(view.input(0), [elementCount(looked), inner]);
    const updates: Tf.Tensor2D = tf.reshape(view.input(2), [tuples, inner]);
    return tf.reshape(writeRows(view, data, rows, updates), [...dims]);
  },
  macs: noMacs,
});

const scatterElements = (name: string) =>
  operator({
    name,
    attrs: { axis: int(0), reduction: string('none') },
    coupling: 'writes elements into a copy of its input along one axis',
    shape: (view) => [{ dtype: view.dtype(0), dims: view.shape(0) }],
    fold: (view) => {
      const [data, indices, updates] = [view.known(0)!, view.known(1)!, view.known(2)!];
      const axis = positive(view.attrs.axis, data.dims.length);
      const strides = stridesOf(data.dims);
      const base = offsetsOf(indices.dims.map((count, i) => sequence(count, 0, i === axis ? 0 : strides[i])));
      const addresses = indices.values.map((p, i) => base[i] + positive(p, data.dims[axis]) * strides[axis]);
      return [writeHost(view, data, addresses, updates)];
    },
    terms: (eq) => {
      elementwiseBut(eq, positive(eq.attrs.axis, eq.axes(0).length), [0, 1, 2], WRITTEN);
      eq.out(0, eq.axes(0));
    },
    resize: noResize,
    weights: movedConstants,
    layout: 'logical',
    run: (view) => {
      const { tf } = view;
      const [data, indices, updates] = [view.input(0), view.input(1), view.input(2)];
      const axis = positive(view.attrs.axis, data.rank);
      const rows = elementAddresses(tf, indices, data.shape, axis);
      const flat = (x: Tf.Tensor): Tf.Tensor2D => tf.reshape(x, [x.size, 1]);
      return tf.reshape(writeRows(view, flat(data), rows, flat(updates)), data.shape);
    },
    macs: noMacs,
  });

/** `Scatter` is what opset 9 and 10 called ScatterElements. */
export const scattering: readonly Operator[] = [
  ScatterND,
  scatterElements('ScatterElements'),
  scatterElements('Scatter'),
];
