// TensorProto to Tensor and back. Raw and packed little-endian fields stay views into the file; only integers written
// as varints are decoded.

import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { elementCount, elementSize, encodeNumbers } from '../../graph/tensor.ts';
import type { DataType, Tensor } from '../../graph/types.ts';
import { ModelError } from '../../lib/errors.ts';
import type { Companions } from '../format.ts';
import { dataTypes, ENTRY, TENSOR } from './schema.ts';
import { type Field, fieldsOf, integer, integers, text } from './wire.ts';

/** @throws ModelError `damaged-file`, `external-data` */
export function readTensor(message: Uint8Array, fallbackName: string, companions: Companions): Tensor {
  let name = fallbackName;
  let type = 0;
  const dims: number[] = [];
  const data: Field[] = [];
  const external: Field[] = [];
  let location = 0;
  for (const field of fieldsOf(message)) {
    if (field.no === TENSOR.dims) dims.push(...integers(field));
    else if (field.no === TENSOR.dataType) type = integer(field);
    else if (field.no === TENSOR.name) name = text(field) || fallbackName;
    else if (field.no === TENSOR.dataLocation) location = integer(field);
    else if (field.no === TENSOR.externalData) external.push(field);
    else if (dataFields.has(field.no)) data.push(field);
  }
  const dtype = dataTypes[type] ?? 'opaque';
  if (dims.some((dim) => !Number.isSafeInteger(dim) || dim < 0))
    throw badTensor(name, `has the dimensions [${dims}]`);
  const expected = elementCount(dims) * elementSize(dtype);
  const bytes =
    location === 1 ? externalBytes(name, external, expected, companions) : decodeData(name, dtype, data);
  if (dtype === 'opaque' || dtype === 'string') return { name, dtype, dims };
  if (bytes === undefined || (bytes.length === 0 && expected > 0)) return { name, dtype, dims };
  if (bytes.length !== expected)
    throw badTensor(
      name,
      `needs ${expected.toLocaleString('en')} bytes for [${dims}] and has ${bytes.length.toLocaleString('en')}`,
    );
  return { name, dtype, dims, bytes };
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

const badTensor = (name: string, why: string): ModelError =>
  new ModelError({
    code: 'damaged-file',
    where: name,
    message: `The tensor "${name}" ${why}; the file is damaged.`,
    hint: 'Download or export it again.',
  });

function decodeData(name: string, dtype: DataType, data: readonly Field[]): Uint8Array | undefined {
  if (data.length === 0 || elementSize(dtype) === 0) return undefined;
  const [first] = data;
  if (first.no === TENSOR.rawData || first.no === TENSOR.floatData || first.no === TENSOR.doubleData)
    return data.length === 1 ? first.payload : joined(data.map((field) => field.payload));
  if (first.no === TENSOR.stringData) return undefined;
  const values = data.flatMap(integers);
  const bits = dtype === 'float16' || dtype === 'bfloat16' ? 'uint16' : dtype;
  try {
    return encodeNumbers(bits, values);
  } catch {
    throw badTensor(name, 'holds numbers out of range');
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function externalBytes(
  name: string,
  entries: readonly Field[],
  expected: number,
  companions: Companions,
): Uint8Array {
  const values = new Map(entries.map((entry) => readEntry(entry.payload)));
  const file = values.get('location') ?? '';
  const whole = companions.get(file);
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
    throw badTensor(name, `lies outside of "${file}", which has ${whole.length.toLocaleString('en')} bytes`);
  return whole.subarray(offset, offset + length);
}

export function readEntry(message: Uint8Array): [string, string] {
  let key = '';
  let value = '';
  for (const field of fieldsOf(message)) {
    if (field.no === ENTRY.key) key = text(field);
    else if (field.no === ENTRY.value) value = text(field);
  }
  return [key, value];
}

/** The tensor's present dims and bytes in place of those of `message`, which keeps its name, type and notes. */
export function patchTensor(message: Uint8Array, tensor: Tensor): Uint8Array {
  const writer = new BinaryWriter();
  for (const field of fieldsOf(message)) {
    const replaced =
      field.no === TENSOR.dims ||
      dataFields.has(field.no) ||
      field.no === TENSOR.externalData ||
      field.no === TENSOR.dataLocation;
    if (!replaced) writer.raw(field.raw);
  }
  writeContents(writer, tensor);
  return writer.finish();
}

/** A fresh TensorProto. */
export function writeTensor(tensor: Tensor): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(TENSOR.dataType, WireType.Varint).int32(dataTypes.indexOf(tensor.dtype));
  writer.tag(TENSOR.name, WireType.LengthDelimited).string(tensor.name);
  writeContents(writer, tensor);
  return writer.finish();
}

function writeContents(writer: BinaryWriter, tensor: Tensor): void {
  for (const dim of tensor.dims) writer.tag(TENSOR.dims, WireType.Varint).int64(dim);
  if (tensor.bytes) writer.tag(TENSOR.rawData, WireType.LengthDelimited).bytes(tensor.bytes);
}
