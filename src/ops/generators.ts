// Values made from sizes and counts: Shape, Size, ConstantOfShape, Range, EyeLike, OneHot, Trilu.

import type * as Tf from '@tensorflow/tfjs';
import { elementCount, isFloat, toNumbers } from '../graph/tensor.ts';
import type { Tensor } from '../graph/types.ts';
import { elementTypeOf, filled, integers, reshaped, sequence, transposed } from './host.ts';
import {
  type AttrReader,
  type AttrsOf,
  type HostTensor,
  int,
  type NodeView,
  noMacs,
  noResize,
  noWeights,
  type Operator,
  operator,
  positive,
} from './op.ts';
import { onHost, toDevice } from './rearrange.ts';
import { illShaped } from './refusal.ts';

// ---------------------------------------------------------------- Shape, Size

const shapeAttrs = { start: int(0), end: int() };

/** The sizes from `start` to `end`, both clamped as a Python slice. */
const statedSizes = (view: NodeView<AttrsOf<typeof shapeAttrs>>) =>
  view.shape(0).slice(view.attrs.start, view.attrs.end);

const foldShape = (view: NodeView<AttrsOf<typeof shapeAttrs>>) => [integers(statedSizes(view))];

const Shape = operator({
  name: 'Shape',
  attrs: shapeAttrs,
  coupling: 'tells the sizes of its input',
  shape: (view) => [{ dtype: 'int64', dims: [statedSizes(view).length] }],
  fold: foldShape,
  foldsFromTypes: true,
  terms: (eq) => eq.out(0, [eq.fixed(statedSizes(eq).length, 'it lists sizes')]),
  resize: noResize,
  weights: noWeights,
  layout: 'logical',
  run: onHost(foldShape),
  macs: noMacs,
});

const foldSize = (view: NodeView<unknown>): HostTensor[] => [
  { dtype: 'int64', dims: [], values: [elementCount(view.shape(0))] },
];

const Size = operator({
  name: 'Size',
  attrs: {},
  coupling: 'counts the elements of its input',
  shape: () => [{ dtype: 'int64', dims: [] }],
  fold: foldSize,
  foldsFromTypes: true,
  terms: (eq) => eq.out(0, []),
  resize: noResize,
  weights: noWeights,
  layout: 'logical',
  run: onHost(foldSize),
  macs: noMacs,
});

// ---------------------------------------------------------------- ConstantOfShape, Range, EyeLike

const value: AttrReader<Tensor | undefined> = { kind: 'tensor', fallback: undefined };

const constantOfShape = (view: NodeView<{ value: Tensor | undefined }>) => ({
  dtype: view.attrs.value?.dtype ?? ('float32' as const),
  dims: view.numbers(0),
});

const ConstantOfShape = operator({
  name: 'ConstantOfShape',
  attrs: { value },
  coupling: 'makes equal numbers for every position',
  shape: (view) => [constantOfShape(view)],
  fold: (view) => [filled(constantOfShape(view), view.attrs.value ? toNumbers(view.attrs.value)[0] : 0)],
  terms: (eq) =>
    eq.out(
      0,
      eq.outShape(0).map((length) => eq.free(length)),
    ),
  resize: (view) => view.setNumbers(0, view.newOutShape(0)),
  weights: noWeights,
  layout: 'logical',
  run: (view) => {
    const constant = view.attrs.value ? toNumbers(view.attrs.value)[0] : 0;
    const { dtype } = constantOfShape(view);
    const type = isFloat(dtype) ? 'float32' : dtype === 'bool' ? 'bool' : 'int32';
    return view.tf.fill([...view.outShape(0)], constant, type);
  },
  macs: noMacs,
});

function foldRange(view: NodeView<unknown>): HostTensor[] {
  const [start, limit, delta] = [0, 1, 2].map((i) => view.numbers(i)[0]);
  if (delta === 0) throw illShaped(view, 'counts in steps of 0');
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  return [{ dtype: view.dtype(0), dims: [count], values: sequence(count, start, delta) }];
}

const Range = operator({
  name: 'Range',
  attrs: {},
  coupling: 'counts',
  shape: foldRange,
  fold: foldRange,
  terms: (eq) => eq.out(0, [eq.fixed(eq.outShape(0)[0], 'it is counted')]),
  resize: noResize,
  weights: noWeights,
  layout: 'logical',
  run: onHost(foldRange),
  macs: noMacs,
});

const eyeAttrs = { k: int(0), dtype: int() };

function foldEye(view: NodeView<AttrsOf<typeof eyeAttrs>>): HostTensor[] {
  const [rows, columns] = view.shape(0);
  const { k, dtype } = view.attrs;
  const values = sequence(rows * columns).map((at) =>
    (at % columns) - Math.floor(at / columns) === k ? 1 : 0,
  );
  return [
    { dtype: dtype === undefined ? view.dtype(0) : elementTypeOf(dtype), dims: [rows, columns], values },
  ];
}

const EyeLike = operator({
  name: 'EyeLike',
  attrs: eyeAttrs,
  coupling: 'makes an identity matrix',
  shape: (view) => {
    if (view.shape(0).length !== 2) throw illShaped(view, 'makes identity matrices of rank 2 only');
    const { dtype } = view.attrs;
    return [{ dtype: dtype === undefined ? view.dtype(0) : elementTypeOf(dtype), dims: view.shape(0) }];
  },
  fold: foldEye,
  foldsFromTypes: true,
  terms: (eq) => {
    for (const axis of eq.axes(0)) eq.fix(axis, 'an identity matrix has its size');
    eq.out(0, eq.axes(0));
  },
  resize: noResize,
  weights: noWeights,
  layout: 'logical',
  run: onHost(foldEye),
  macs: noMacs,
});

// ---------------------------------------------------------------- OneHot

type OneHotView = NodeView<{ axis: number }>;

/** Where the new axis goes in the output. */
const oneHotAxis = (view: OneHotView) => positive(view.attrs.axis, view.shape(0).length + 1);
const depth = (view: OneHotView) => Math.trunc(view.numbers(1)[0]);

const OneHot = operator({
  name: 'OneHot',
  attrs: { axis: int(-1) },
  coupling: 'turns numbers into positions of a new axis',
  shape: (view) => [
    { dtype: view.dtype(2), dims: view.shape(0).toSpliced(oneHotAxis(view), 0, depth(view)) },
  ],
  fold: (view) => {
    const [indices, levels] = [view.known(0)!, view.known(2)!];
    const [count, rank] = [depth(view), indices.dims.length];
    const values = indices.values.flatMap((index) =>
      sequence(count).map((p) => levels.values[positive(Math.trunc(index), count) === p ? 1 : 0]),
    );
    const last: HostTensor = { dtype: levels.dtype, dims: [...indices.dims, count], values };
    return [transposed(last, sequence(rank).toSpliced(oneHotAxis(view), 0, rank))];
  },
  terms: (eq) => {
    const hot = eq.fixed(depth(eq), 'its positions stand for numbers');
    eq.out(0, eq.axes(0).toSpliced(oneHotAxis(eq), 0, hot));
  },
  resize: noResize,
  weights: noWeights,
  layout: 'logical',
  run: (view) => {
    const { tf } = view;
    const count = depth(view);
    const indices = tf.expandDims(tf.cast(view.input(0), 'int32'), oneHotAxis(view));
    const positions = toDevice(tf, integers(sequence(count)));
    const shape = indices.shape.map((_, i) => (i === oneHotAxis(view) ? count : 1));
    const hot = tf.logicalOr(
      tf.equal(indices, tf.reshape(positions, shape)),
      tf.equal(indices, tf.reshape(tf.sub(positions, tf.scalar(count, 'int32')), shape)),
    );
    const [off, on] = tf.split(view.input(2), 2) as Tf.Tensor[];
    return tf.where(hot, tf.reshape(on, []), tf.reshape(off, []));
  },
  macs: noMacs,
});

// ---------------------------------------------------------------- Trilu

const triluAttrs = { upper: int(1) };

/** 1 where a [rows, columns] matrix keeps its element, 0 elsewhere. */
function triangle(view: NodeView<AttrsOf<typeof triluAttrs>>): HostTensor {
  const [rows, columns] = view.shape(0).slice(-2);
  const k = view.has(1) ? view.numbers(1)[0] : 0;
  const sign = view.attrs.upper ? 1 : -1;
  const values = sequence(rows * columns).map((at) =>
    sign * ((at % columns) - Math.floor(at / columns) - k) >= 0 ? 1 : 0,
  );
  return { dtype: 'bool', dims: [rows, columns], values };
}

const Trilu = operator({
  name: 'Trilu',
  attrs: triluAttrs,
  coupling: 'blanks a triangle of its last two axes',
  shape: (view) => [{ dtype: view.dtype(0), dims: view.shape(0) }],
  fold: (view) => {
    const input = view.known(0)!;
    const { values } = triangle(view);
    return [
      reshaped(
        { ...input, values: input.values.map((v, i) => (values[i % values.length] ? v : 0)) },
        input.dims,
      ),
    ];
  },
  terms: (eq) => {
    const axes = eq.axes(0);
    for (const axis of axes.slice(-2)) eq.fix(axis, 'a triangle is cut out of it by position');
    eq.out(0, axes);
  },
  resize: noResize,
  weights: noWeights,
  layout: 'logical',
  run: (view) => {
    const { tf } = view;
    const x = view.input(0);
    return tf.where(toDevice(tf, triangle(view)), x, tf.zerosLike(x));
  },
  macs: noMacs,
});

export const generators: readonly Operator[] = [Shape, Size, ConstantOfShape, Range, EyeLike, OneHot, Trilu];
