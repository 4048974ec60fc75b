// SparseTensorProto: a constant stored as its non-zero elements. It is read as the dense one it stands for.

import { elementCount, elementSize, toNumbers } from '../../graph/tensor.ts';
import type { Tensor } from '../../graph/types.ts';
import type { Companions } from '../format.ts';
import { SPARSE } from './schema.ts';
import { checkDims, readTensor } from './tensor.ts';
import { Damage, fieldsOf, integers, type Message } from './wire.ts';

/** No sparse constant is spelled out beyond this many bytes. */
const LIMIT = 2 ** 30;

/** Named as its `values` are. Without bytes where it is too large to be spelled out. @throws Damage */
export function readSparseTensor(message: Message, companions: Companions): Tensor {
  let values: Tensor | undefined;
  let indices: Tensor | undefined;
  const dims: number[] = [];
  for (const field of fieldsOf(message)) {
    if (field.no === SPARSE.values) values = readTensor(field, companions);
    else if (field.no === SPARSE.indices) indices = readTensor(field, companions);
    else if (field.no === SPARSE.dims) for (const number of integers(field)) dims.push(number);
  }
  if (!values || !indices) throw new Damage('has a sparse constant without values or indices');
  const { name, dtype } = values;
  checkDims(name, dims);
  const size = elementSize(dtype);
  const length = elementCount(dims) * size;
  if (!values.bytes || !indices.bytes || length > LIMIT || size === 0) return { name, dtype, dims };
  const bytes = new Uint8Array(length);
  for (const [i, at] of flatIndices(name, indices, dims).entries()) {
    if (!(at >= 0 && (at + 1) * size <= length) || (i + 1) * size > values.bytes.length) throw outside(name);
    bytes.set(values.bytes.subarray(i * size, (i + 1) * size), at * size);
  }
  return { name, dtype, dims, bytes };
}

const damage = (name: string, what: string): Damage =>
  new Damage(`has the sparse constant "${name}" with ${what}`);
const outside = (name: string): Damage => damage(name, 'an element outside of it');

/** Row-major positions; indices are given so, or as one coordinate per axis. @throws Damage */
function flatIndices(name: string, indices: Tensor, dims: readonly number[]): number[] {
  const numbers = toNumbers(indices);
  if (indices.dims.length < 2) return numbers;
  const [, given] = indices.dims;
  const rank = dims.length;
  if (rank === 0 || given !== rank) throw damage(name, `${given} coordinates for ${rank} axes`);
  if (numbers.some((coordinate, i) => !(coordinate >= 0 && coordinate < dims[i % rank]))) throw outside(name);
  return Array.from({ length: numbers.length / rank }, (_, i) =>
    dims.reduce((at, dim, axis) => at * dim + numbers[i * rank + axis], 0),
  );
}
