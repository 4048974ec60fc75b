// Reading and building the bytes of a tensor: one place that knows element sizes and half precision.

import { ModelError } from '../lib/errors.ts';
import type { DataType, Tensor } from './types.ts';

const elementSizes: Record<DataType, number> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int4: 1,
  int8: 1,
  int16: 2,
  int32: 4,
  int64: 8,
  uint4: 1,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  bool: 1,
  string: 0,
  opaque: 0,
};

/** Bytes per element; 0 for the types that are only carried through. */
export const elementSize = (dtype: DataType): number => elementSizes[dtype];

export const elementCount = (dims: readonly number[]): number => dims.reduce((n, d) => n * d, 1);

/** Bytes that so many elements take in a file, where those of 4 bits share one. */
export const storedBytes = (dtype: DataType, count: number): number =>
  isPacked(dtype) ? Math.ceil(count / 2) : count * elementSize(dtype);

/** Whether a file holds two elements in a byte. */
export const isPacked = (dtype: DataType): boolean => dtype === 'int4' || dtype === 'uint4';

export const isFloat = (dtype: DataType): boolean =>
  dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16' || dtype === 'float64';

export const isInteger = (dtype: DataType): boolean => /^u?int/.test(dtype) || dtype === 'bool';

/** The tensor's bytes. @throws ModelError `no-data` for a topology-only tensor. */
export function bytesOf(tensor: Tensor): Uint8Array {
  if (tensor.bytes) return tensor.bytes;
  throw new ModelError({
    code: 'no-data',
    where: tensor.name,
    message: `The tensor "${tensor.name}" has a shape but no values in this file.`,
    hint: 'Open a file that contains its weights.',
  });
}

function aligned(bytes: Uint8Array, size: number): Uint8Array {
  return bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
}

/** IEEE 754 binary16 bits as a number. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const scratch = new DataView(new ArrayBuffer(4));

/** The nearest binary16, ties to even, as bits. */
function numberToHalf(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Subnormal: count steps of 2^-24, ties to even.
    const steps = Math.abs(value) * 2 ** 24;
    const floor = Math.floor(steps);
    const rest = steps - floor;
    return sign | (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

/** The nearest bfloat16, ties to even, as bits. */
function numberToBfloat16(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** Elements as float32: a view where alignment and type allow, else a widened or narrowed copy. */
export function toFloat32(tensor: Tensor): Float32Array {
  const bytes = bytesOf(tensor);
  const count = elementCount(tensor.dims);
  switch (tensor.dtype) {
    case 'float32': {
      const source = aligned(bytes, 4);
      return new Float32Array(source.buffer, source.byteOffset, count);
    }
    case 'bfloat16':
    case 'float16': {
      const source = aligned(bytes, 2);
      const bits = new Uint16Array(source.buffer, source.byteOffset, count);
      const out = new Float32Array(count);
      if (tensor.dtype === 'float16') for (let i = 0; i < count; i++) out[i] = halfToNumber(bits[i]);
      else new Uint32Array(out.buffer).set(Uint32Array.from(bits, (b) => (b << 16) >>> 0));
      return out;
    }
    case 'int4':
    case 'int8':
      return new Float32Array(new Int8Array(bytes.buffer, bytes.byteOffset, count));
    case 'uint4':
    case 'uint8':
      return new Float32Array(bytes);
    default:
      return Float32Array.from(toNumbers(tensor));
  }
}

/** Elements as numbers (64-bit integers beyond 2^53 lose precision). */
export function toNumbers(tensor: Tensor): number[] {
  const bytes = bytesOf(tensor);
  const count = elementCount(tensor.dims);
  const source = aligned(bytes, Math.max(1, elementSize(tensor.dtype)));
  const { buffer, byteOffset } = source;
  switch (tensor.dtype) {
    case 'float32':
    case 'float16':
    case 'bfloat16':
      return Array.from(toFloat32(tensor));
    case 'float64':
      return Array.from(new Float64Array(buffer, byteOffset, count));
    case 'int4':
    case 'int8':
      return Array.from(new Int8Array(buffer, byteOffset, count));
    case 'int16':
      return Array.from(new Int16Array(buffer, byteOffset, count));
    case 'int32':
      return Array.from(new Int32Array(buffer, byteOffset, count));
    case 'int64':
      return wideNumbers(new Int32Array(buffer, byteOffset, 2 * count), (high) => high);
    case 'bool':
    case 'uint4':
    case 'uint8':
      return Array.from(new Uint8Array(buffer, byteOffset, count));
    case 'uint16':
      return Array.from(new Uint16Array(buffer, byteOffset, count));
    case 'uint32':
      return Array.from(new Uint32Array(buffer, byteOffset, count));
    case 'uint64':
      return wideNumbers(new Int32Array(buffer, byteOffset, 2 * count), (high) => high >>> 0);
    case 'string':
    case 'opaque':
      throw new ModelError({
        code: 'not-numeric',
        where: tensor.name,
        message: `The tensor "${tensor.name}" holds no numbers this program can compute with.`,
      });
  }
}

/** 64-bit integers from their halves, the lower one first. */
function wideNumbers(halves: Int32Array, upper: (high: number) => number): number[] {
  const out = new Array<number>(halves.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = upper(halves[2 * i + 1]) * 2 ** 32 + (halves[2 * i] >>> 0);
  return out;
}

/** The largest 64-bit integers are no exact numbers: 2^63 - 1, as exporters write for "to the end", reads as 2^63. */
function saturated(value: number, low: bigint, high: bigint): bigint {
  const whole = BigInt(Math.trunc(value));
  return whole < low ? low : whole > high ? high : whole;
}

/** Bytes of `values` in the element type `dtype`, little endian. */
export function encodeNumbers(dtype: DataType, values: ArrayLike<number>): Uint8Array {
  const count = values.length;
  const out = new Uint8Array(count * elementSize(dtype));
  const { buffer } = out;
  switch (dtype) {
    case 'float32':
      new Float32Array(buffer).set(values);
      return out;
    case 'float64':
      new Float64Array(buffer).set(values);
      return out;
    case 'float16': {
      const bits = new Uint16Array(buffer);
      for (let i = 0; i < count; i++) bits[i] = numberToHalf(values[i]);
      return out;
    }
    case 'bfloat16': {
      const bits = new Uint16Array(buffer);
      for (let i = 0; i < count; i++) bits[i] = numberToBfloat16(values[i]);
      return out;
    }
    case 'int64': {
      const words = new BigInt64Array(buffer);
      for (let i = 0; i < count; i++) words[i] = saturated(values[i], -(2n ** 63n), 2n ** 63n - 1n);
      return out;
    }
    case 'uint64': {
      const words = new BigUint64Array(buffer);
      for (let i = 0; i < count; i++) words[i] = saturated(values[i], 0n, 2n ** 64n - 1n);
      return out;
    }
    case 'int4':
    case 'int8':
      new Int8Array(buffer).set(values);
      return out;
    case 'int16':
      new Int16Array(buffer).set(values);
      return out;
    case 'int32':
      new Int32Array(buffer).set(values);
      return out;
    case 'uint16':
      new Uint16Array(buffer).set(values);
      return out;
    case 'uint32':
      new Uint32Array(buffer).set(values);
      return out;
    case 'bool':
    case 'uint4':
    case 'uint8':
      out.set(values);
      return out;
    case 'string':
    case 'opaque':
      throw new ModelError({
        code: 'not-numeric',
        where: dtype,
        message: `Cannot write numbers as ${dtype}.`,
      });
  }
}

/** A tensor of `values` in the type `dtype`. */
export function tensorOf(
  name: string,
  dtype: DataType,
  dims: readonly number[],
  values: ArrayLike<number>,
): Tensor {
  return { name, dtype, dims, bytes: encodeNumbers(dtype, values) };
}

/** The positions `keep` of one axis, in that order: a strided copy of bytes that works for every element type. */
export function gatherAxis(tensor: Tensor, axis: number, keep: ArrayLike<number>): Tensor {
  const dims = tensor.dims.map((d, i) => (i === axis ? keep.length : d));
  if (!tensor.bytes) return { ...tensor, dims };
  const inner = elementCount(tensor.dims.slice(axis + 1)) * elementSize(tensor.dtype);
  const outer = elementCount(tensor.dims.slice(0, axis));
  const length = tensor.dims[axis];
  const out = new Uint8Array(outer * keep.length * inner);
  let at = 0;
  for (let o = 0; o < outer; o++) {
    const base = o * length * inner;
    for (let k = 0; k < keep.length; ) {
      // Copy runs of neighbours at once.
      let run = 1;
      while (k + run < keep.length && keep[k + run] === keep[k] + run) run++;
      const from = base + keep[k] * inner;
      out.set(tensor.bytes.subarray(from, from + run * inner), at);
      at += run * inner;
      k += run;
    }
  }
  return { ...tensor, dims, bytes: out };
}
