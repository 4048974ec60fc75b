// ValueInfoProto: what a file declares about the type and shape of a value.

import type { DataType, Dim, ValueInfo } from '../../graph/types.ts';
import { DIMENSION, dataTypes, SHAPE, TENSOR_TYPE, TYPE, VALUE_INFO } from './schema.ts';
import { fieldsOf, integer, type Message, MessageWriter, patched, text } from './wire.ts';

/** @throws Damage */
export function readValueInfo(message: Message): ValueInfo {
  let name = '';
  let dtype: DataType = 'opaque';
  let dims: Dim[] | undefined;
  for (const field of fieldsOf(message)) {
    if (field.no === VALUE_INFO.name) name = text(field);
    else if (field.no === VALUE_INFO.type)
      for (const kind of fieldsOf(field)) {
        if (kind.no !== TYPE.tensorType) continue;
        for (const part of fieldsOf(kind)) {
          if (part.no === TENSOR_TYPE.elemType) dtype = dataTypes[integer(part)] ?? 'opaque';
          else if (part.no === TENSOR_TYPE.shape) dims = readShape(part);
        }
      }
  }
  // A dimension nobody named is a symbol of its own.
  const named = dims?.map((dim, axis) => (dim === '' ? `${name}.${axis}` : dim));
  return named ? { name, dtype, dims: named } : { name, dtype };
}

/** Unknown sizes, which some exporters write as -1, are `''`. */
function readShape(message: Message): Dim[] {
  const dims: Dim[] = [];
  for (const field of fieldsOf(message)) {
    if (field.no !== SHAPE.dim) continue;
    let dim: Dim = '';
    for (const part of fieldsOf(field)) {
      if (part.no === DIMENSION.value) dim = integer(part) < 0 ? '' : integer(part);
      else if (part.no === DIMENSION.param) dim = text(part);
    }
    dims.push(dim);
  }
  return dims;
}

/** A type that was not read is left for the runtime to infer. */
export function writeValueInfo({ name, dtype, dims }: ValueInfo): MessageWriter {
  if (dtype === 'opaque') return new MessageWriter().string(VALUE_INFO.name, name);
  const tensor = new MessageWriter().integer(TENSOR_TYPE.elemType, dataTypes.indexOf(dtype));
  if (dims) {
    const shape = new MessageWriter();
    for (const dim of dims) {
      const dimension = new MessageWriter();
      if (typeof dim === 'number') dimension.integer(DIMENSION.value, dim);
      else dimension.string(DIMENSION.param, dim);
      shape.bytes(SHAPE.dim, dimension);
    }
    tensor.bytes(TENSOR_TYPE.shape, shape);
  }
  const type = new MessageWriter().bytes(TYPE.tensorType, tensor);
  return new MessageWriter().string(VALUE_INFO.name, name).bytes(VALUE_INFO.type, type);
}

/** The declaration with these sizes; `undefined` where it states no other ones. */
export function patchValueInfo(message: Uint8Array, dims: readonly Dim[]): MessageWriter | undefined {
  return nested(message, [VALUE_INFO.type, TYPE.tensorType, TENSOR_TYPE.shape], (shape) =>
    patchShape(shape, dims),
  );
}

/** Replaces what lies at the end of a path of message fields. */
function nested(
  message: Uint8Array,
  [no, ...rest]: readonly number[],
  replace: (message: Uint8Array) => MessageWriter | undefined,
): MessageWriter | undefined {
  let touched = false;
  const out = patched(message, (field) => {
    if (field.no !== no) return undefined;
    const value = rest.length === 0 ? replace(field.payload) : nested(field.payload, rest, replace);
    if (value) touched = true;
    return value;
  });
  return touched ? out : undefined;
}

/** Numbers that changed are rewritten; symbols stay. */
function patchShape(shape: Uint8Array, dims: readonly Dim[]): MessageWriter | undefined {
  let axis = 0;
  let touched = false;
  const out = patched(shape, (field) => {
    if (field.no !== SHAPE.dim) return undefined;
    const size = dims[axis++];
    const stated = [...fieldsOf(field)].find((part) => part.no === DIMENSION.value);
    if (typeof size !== 'number' || !stated || integer(stated) === size) return undefined;
    touched = true;
    return new MessageWriter().integer(DIMENSION.value, size);
  });
  return touched ? out : undefined;
}
