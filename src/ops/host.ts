// Small arrays on the host: the indexing half of shape arithmetic (gathers, transposes, joins), shared by `fold`
// facets. Element-wise arithmetic with broadcasting is in combinators.ts; nothing here touches weights.

import { elementCount } from '../graph/tensor.ts';
import type { DataType } from '../graph/types.ts';
import type { HostTensor, ValueType } from './op.ts';

/** Elements to step over per axis, row-major. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = dims.map(() => 1);
  for (let axis = dims.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * dims[axis + 1];
  return strides;
}

/** `count` numbers from `start` on, `step` apart. */
export function sequence(count: number, start = 0, step = 1): number[] {
  const out = new Array<number>(Math.max(0, count));
  for (let i = 0; i < out.length; i++) out[i] = start + i * step;
  return out;
}

export const filled = ({ dtype, dims }: ValueType, value: number): HostTensor => ({
  dtype,
  dims,
  values: new Array<number>(elementCount(dims)).fill(value),
});

/** A vector of integers, as sizes and indices are written. */
export const integers = (values: readonly number[]): HostTensor => ({
  dtype: 'int64',
  dims: [values.length],
  values,
});

/** Where the element at each position of a sub-array lies: offsets along each axis, added up row-major. */
export function offsetsOf(offsets: readonly (readonly number[])[]): number[] {
  let outer = [0];
  for (const inner of offsets) {
    const sums = new Array<number>(outer.length * inner.length);
    let at = 0;
    for (const o of outer) for (const i of inner) sums[at++] = o + i;
    outer = sums;
  }
  return outer;
}

/** The chosen positions of each axis; `undefined` keeps an axis whole. Repeats allowed. */
export function pick(tensor: HostTensor, positions: readonly (readonly number[] | undefined)[]): HostTensor {
  const strides = stridesOf(tensor.dims);
  const chosen = tensor.dims.map((length, axis) => positions[axis] ?? sequence(length));
  const offsets = offsetsOf(chosen.map((list, axis) => list.map((p) => p * strides[axis])));
  return {
    dtype: tensor.dtype,
    dims: chosen.map((list) => list.length),
    values: offsets.map((offset) => tensor.values[offset]),
  };
}

/** The chosen positions of one axis; repeats allowed. */
export function pickAlong(
  { dtype, dims, values }: HostTensor,
  axis: number,
  positions: readonly number[],
): HostTensor {
  const inner = elementCount(dims.slice(axis + 1));
  const block = inner * dims[axis];
  const out: number[] = [];
  for (let start = 0; start < values.length; start += block)
    for (const p of positions)
      for (let at = start + p * inner; at < start + (p + 1) * inner; at++) out.push(values[at]);
  return { dtype, dims: dims.with(axis, positions.length), values: out };
}

export function transposed(tensor: HostTensor, order: readonly number[]): HostTensor {
  const strides = stridesOf(tensor.dims);
  const offsets = offsetsOf(order.map((axis) => sequence(tensor.dims[axis], 0, strides[axis])));
  return {
    dtype: tensor.dtype,
    dims: order.map((axis) => tensor.dims[axis]),
    values: offsets.map((offset) => tensor.values[offset]),
  };
}

export const reshaped = (tensor: HostTensor, dims: readonly number[]): HostTensor => ({ ...tensor, dims });

/** One after the other along `axis`; ranks and other lengths agree. */
export function joined(parts: readonly HostTensor[], axis: number): HostTensor {
  const [first] = parts;
  const dims = first.dims.map((length, i) =>
    i === axis ? parts.reduce((sum, part) => sum + part.dims[i], 0) : length,
  );
  const outer = elementCount(dims.slice(0, axis));
  const blocks = parts.map((part) => elementCount(part.dims.slice(axis)));
  const values: number[] = [];
  for (let o = 0; o < outer; o++)
    parts.forEach((part, i) => {
      for (let at = o * blocks[i]; at < (o + 1) * blocks[i]; at++) values.push(part.values[at]);
    });
  return { dtype: first.dtype, dims, values };
}

/** Broadcast to `dims`, which the shape of `tensor` agrees with. */
export function expanded(tensor: HostTensor, dims: readonly number[]): HostTensor {
  const lead = dims.length - tensor.dims.length;
  const aligned = reshaped(tensor, [...new Array<number>(lead).fill(1), ...tensor.dims]);
  return pick(
    aligned,
    dims.map((length, axis) =>
      aligned.dims[axis] === length ? undefined : new Array<number>(length).fill(0),
    ),
  );
}

/** Positions counted from the front. */
export const wrapped = (positions: readonly number[], length: number): number[] =>
  positions.map((p) => (p < 0 ? p + length : p));

/** How many of the ascending `kept` come before each position, for renumbering what survives. */
export function ranksOf(kept: ArrayLike<number>, length: number): Int32Array {
  const ranks = new Int32Array(length + 1);
  let next = 0;
  for (let p = 0; p < length; p++) {
    ranks[p] = next;
    if (kept[next] === p) next++;
  }
  ranks[length] = next;
  return ranks;
}

/** ONNX's numbers for element types, as attributes name them (`to`, `dtype`, `output_dtype`). */
const elementTypes: Readonly<Record<number, DataType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
  21: 'uint4',
  22: 'int4',
};

/** The element type with this number in ONNX; `opaque` for those we only carry through. */
export const elementTypeOf = (code: number): DataType => elementTypes[code] ?? 'opaque';
