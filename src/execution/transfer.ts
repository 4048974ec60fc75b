// Elements between the host and the device. The device knows float32, int32 and bool: half and double precision become
// float32, 64-bit integers int32 (what does not fit is limited to the ends).

import type * as Tf from '@tensorflow/tfjs';
import { elementCount, isFloat, toFloat32, toNumbers } from '../graph/tensor.ts';
import type { DataType, Tensor } from '../graph/types.ts';
import { ModelError } from '../lib/errors.ts';
import { stridesOf } from '../ops/host.ts';
import { arranged, isStated, type Order } from './orders.ts';
import type { HostArray } from './types.ts';

/** What the device calls an element type. @throws ModelError `not-numeric` */
export function deviceType(dtype: DataType, where: string): 'float32' | 'int32' | 'bool' {
  if (dtype === 'string' || dtype === 'opaque')
    throw new ModelError({
      code: 'not-numeric',
      where,
      message: `"${where}" holds elements this program cannot compute with.`,
    });
  return isFloat(dtype) ? 'float32' : dtype === 'bool' ? 'bool' : 'int32';
}

/** An input as the network's caller gives it. @throws ModelError `bad-input` when the elements do not fill the shape */
export function upload(tf: typeof Tf, { dims, data }: HostArray, dtype: DataType, where: string): Tf.Tensor {
  if (data.length !== elementCount(dims))
    throw new ModelError({
      code: 'bad-input',
      where,
      message: `"${where}" has ${data.length.toLocaleString('en')} elements, which do not fill [${dims}].`,
    });
  const type = deviceType(dtype, where);
  const elements =
    type === 'float32'
      ? Float32Array.from(data)
      : type === 'bool'
        ? Uint8Array.from(data)
        : Int32Array.from(data);
  return tf.tensor(elements, [...dims], type);
}

/** A result on the host. */
export async function download(x: Tf.Tensor): Promise<HostArray> {
  return { dims: [...x.shape], data: (await x.data()) as HostArray['data'] };
}

const INT32 = [-(2 ** 31), 2 ** 31 - 1] as const;

/** A constant's elements, its axes in `order`. */
export function elementsOf(tensor: Tensor, order: Order): Float32Array | Int32Array | Uint8Array {
  const type = deviceType(tensor.dtype, tensor.name);
  if (type === 'float32') return permute(toFloat32(tensor), tensor.dims, order);
  const numbers = toNumbers(tensor);
  if (type === 'bool') return permute(Uint8Array.from(numbers), tensor.dims, order);
  const limited = numbers.map((value) => Math.max(INT32[0], Math.min(INT32[1], value)));
  return permute(Int32Array.from(limited), tensor.dims, order);
}

type Elements = Float32Array | Int32Array | Uint8Array;

/** Elements of an array of these dims with its axes in `order`; the same array where nothing moves. */
export function permute<T extends Elements>(data: T, dims: readonly number[], order: Order): T {
  if (isStated(order)) return data;
  const out = new (data.constructor as new (n: number) => T)(data.length);
  walk(dims, order, (at, from) => {
    out[at] = data[from];
  });
  return out;
}

/** Undoes `permute`. */
export function unpermute<T extends Elements>(data: T, dims: readonly number[], order: Order): T {
  if (isStated(order)) return data;
  const out = new (data.constructor as new (n: number) => T)(data.length);
  walk(dims, order, (at, from) => {
    out[from] = data[at];
  });
  return out;
}

/** Visits positions of the arranged array in order, with the position in the original one. */
function walk(dims: readonly number[], order: Order, visit: (at: number, from: number) => void): void {
  const lengths = arranged(dims, order);
  const strides = arranged(stridesOf(dims), order);
  const last = lengths.length - 1;
  const index = lengths.map(() => 0);
  const count = elementCount(dims);
  let base = 0;
  for (let at = 0; at < count; ) {
    for (let i = 0; i < lengths[last]; i++) visit(at++, base + i * strides[last]);
    for (let axis = last - 1; axis >= 0; axis--) {
      base += strides[axis];
      if (++index[axis] < lengths[axis]) break;
      base -= lengths[axis] * strides[axis];
      index[axis] = 0;
    }
  }
}
