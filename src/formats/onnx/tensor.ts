// TensorProto to Tensor and back. Raw and packed little-endian fields stay views into the file; only integers written
// as varints are decoded.

import { elementCount, elementSize, isPacked, storedBytes } from '../../graph/tensor.ts';
import type { DataType, Tensor } from '../../graph/types.ts';
import { joinedBytes } from '../../lib/bytes.ts';
import { ModelError } from '../../lib/errors.ts';
import { counted } from '../../lib/text.ts';
import type { Companions } from '../format.ts';
import { dataTypes, ENTRY, TENSOR } from './schema.ts';
import {
  bigIntegers,
  Damage,
  type Field,
  fieldsOf,
  integer,
  integers,
  type Message,
  MessageWriter,
  text,
} from './wire.ts';

/** @throws Damage, ModelError `external-data` */
export function readTensor(message: Message, companions: Companions): Tensor {
  let name = '';
  let type = 0;
  let location = 0;
  const dims: number[] = [];
  const data: Field[] = [];
  const external: Field[] = [];
  for (const field of fieldsOf(message)) {
    if (field.no === TENSOR.dims) for (const number of integers(field)) dims.push(number);
    else if (field.no === TENSOR.dataType) type = integer(field);
    else if (field.no === TENSOR.name) name = text(field);
    else if (field.no === TENSOR.dataLocation) location = integer(field);
    else if (field.no === TENSOR.externalData) external.push(field);
    else if (dataFields.has(field.no)) data.push(field);
  }
  const dtype = dataTypes[type] ?? 'opaque';
  checkDims(name, dims);
  if (dtype === 'opaque' || dtype === 'string') return { name, dtype, dims };
  const count = elementCount(dims);
  const expected = storedBytes(dtype, count);
  const bytes =
    location === EXTERNAL ? externalBytes(name, external, expected, companions) : dataBytes(dtype, data);
  if (bytes === undefined || (bytes.length === 0 && expected > 0)) return { name, dtype, dims };
  if (bytes.length !== expected)
    throw new Damage(
      `the tensor "${name}" needs ${counted(expected)} bytes for [${dims}] and has ${counted(bytes.length)}`,
    );
  return { name, dtype, dims, bytes: isPacked(dtype) ? unpacked(dtype, bytes, count) : bytes };
}

/** Of two elements in a byte the first is the lower half. */
function unpacked(dtype: DataType, pairs: Uint8Array, count: number): Uint8Array {
  const out = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const bits = i % 2 === 0 ? pairs[i >> 1] & 15 : pairs[i >> 1] >> 4;
    out[i] = dtype === 'int4' && bits > 7 ? bits - 16 : bits;
  }
  return out;
}

function packed(elements: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil(elements.length / 2));
  for (let i = 0; i < elements.length; i++) out[i >> 1] |= (elements[i] & 15) << (4 * (i % 2));
  return out;
}

/** TensorProto.DataLocation. */
const EXTERNAL = 1;

/** Larger axes are damage: no memory holds them. */
const LONGEST = 2 ** 31;

/** @throws Damage where these cannot be the sizes of a tensor */
export function checkDims(name: string, dims: readonly number[]): void {
  if (dims.some((dim) => !(dim >= 0 && dim < LONGEST)) || !Number.isSafeInteger(elementCount(dims)))
    throw new Damage(`the tensor "${name}" has the dimensions [${dims}]`);
}

const dataFields = new Set<number>([
  TENSOR.floatData,
  TENSOR.int32Data,
  TENSOR.stringData,
  TENSOR.int64Data,
  TENSOR.rawData,
  TENSOR.doubleData,
  TENSOR.uint64Data,
]);

/** Fields whose payload already is the tensor's bytes. */
const plainFields = new Set<number>([TENSOR.rawData, TENSOR.floatData, TENSOR.doubleData]);

function dataBytes(dtype: DataType, data: readonly Field[]): Uint8Array | undefined {
  if (data.length === 0) return undefined;
  const [{ no }] = data;
  if (no === TENSOR.stringData) return undefined;
  if (!plainFields.has(no)) return integerBytes(dtype, data.flatMap(bigIntegers));
  return joinedBytes(data.map((field) => field.payload));
}

/** Integers in the width of their type; halves are written as the integers of their bits. */
function integerBytes(dtype: DataType, values: readonly bigint[]): Uint8Array {
  const size = elementSize(dtype);
  const out = new Uint8Array(values.length * size);
  const words = new DataView(out.buffer);
  for (const [i, value] of values.entries()) {
    if (size === 8) words.setBigInt64(8 * i, BigInt.asIntN(64, value), true);
    else if (size === 4) words.setInt32(4 * i, Number(BigInt.asIntN(32, value)), true);
    else if (size === 2) words.setInt16(2 * i, Number(BigInt.asIntN(16, value)), true);
    else out[i] = Number(BigInt.asUintN(8, value));
  }
  return out;
}

function externalBytes(
  name: string,
  entries: readonly Field[],
  expected: number,
  companions: Companions,
): Uint8Array {
  const values = new Map(entries.map(readEntry));
  const file = values.get('location') ?? '';
  const whole = companionOf(file, companions);
  if (!whole)
    throw new ModelError({
      code: 'external-data',
      where: file,
      message: `The weights of this model are in another file, "${file}".`,
      hint: 'Open the model together with that file.',
    });
  const offset = Number(values.get('offset') ?? 0);
  const length = Number(values.get('length') ?? expected);
  if (!(offset >= 0 && length >= 0 && offset + length <= whole.length))
    throw new Damage(
      `the tensor "${name}" lies outside of "${file}", which has ${counted(whole.length)} bytes`,
    );
  return whole.subarray(offset, offset + length);
}

/** By the name the model gives, or by its last part: files are dropped without their folders. */
function companionOf(file: string, companions: Companions): Uint8Array | undefined {
  return companions.get(file) ?? companions.get(file.replace(/^.*[\\/]/, ''));
}

/** Whether a TensorProto's data lies in another file. */
export function isExternal(message: Message): boolean {
  for (const field of fieldsOf(message))
    if (field.no === TENSOR.dataLocation) return integer(field) === EXTERNAL;
  return false;
}

export function readEntry(message: Message): [string, string] {
  let key = '';
  let value = '';
  for (const field of fieldsOf(message)) {
    if (field.no === ENTRY.key) key = text(field);
    else if (field.no === ENTRY.value) value = text(field);
  }
  return [key, value];
}

/**
 * The tensor's present dims and bytes in place of those of `message`, which keeps its name, type and notes.
 * @throws ModelError `cannot-write` for a new shape of elements that are only carried through
 */
export function patchTensor(message: Uint8Array, tensor: Tensor): MessageWriter {
  const writer = new MessageWriter();
  for (const field of fieldsOf(message)) {
    const { no } = field;
    if (dataFields.has(no) && !tensor.bytes) throw carriedThrough(tensor);
    if (no === TENSOR.dims || no === TENSOR.externalData || no === TENSOR.dataLocation) continue;
    if (!dataFields.has(no)) writer.raw(field.raw);
  }
  return writeContents(writer, tensor);
}

const carriedThrough = ({ name }: Tensor): ModelError =>
  new ModelError({
    code: 'cannot-write',
    where: name,
    message: `The tensor "${name}" has elements of a type that cannot be cut to another shape.`,
    hint: 'Leave the layers that use it as they are.',
  });

/** A fresh TensorProto. */
export function writeTensor(tensor: Tensor): MessageWriter {
  const writer = new MessageWriter()
    .integer(TENSOR.dataType, dataTypes.indexOf(tensor.dtype))
    .string(TENSOR.name, tensor.name);
  return writeContents(writer, tensor);
}

function writeContents(writer: MessageWriter, tensor: Tensor): MessageWriter {
  for (const dim of tensor.dims) writer.integer(TENSOR.dims, dim);
  const { bytes, dtype } = tensor;
  return bytes ? writer.bytes(TENSOR.rawData, isPacked(dtype) ? packed(bytes) : bytes) : writer;
}
