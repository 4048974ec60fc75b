// Protobuf at the level of fields: walking a message with every length bounded by the bytes that are there, and
// writing it again with some fields replaced. What nobody asks about is copied as it stands, so unknown fields and the
// order of fields survive.

import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { ModelError } from '../../lib/errors.ts';

/** One field of a message. */
export interface Field {
  readonly no: number;
  readonly type: WireType;
  /** The value's bytes: what a length announces, or the bare varint or fixed-width number. */
  readonly payload: Uint8Array;
  /** The whole field, tag included. */
  readonly raw: Uint8Array;
}

const damaged = (why: string): ModelError =>
  new ModelError({
    code: 'damaged-file',
    where: 'file',
    message: `The file looks like ONNX but ${why}; it is truncated or damaged.`,
    hint: 'Download or export it again.',
  });

/** The fields of a message in order. @throws ModelError `damaged-file` */
export function* fieldsOf(message: Uint8Array): Generator<Field, void, void> {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    try {
      const [no, type] = reader.tag();
      const valueAt = reader.pos;
      if (type === WireType.LengthDelimited) {
        const length = reader.uint32();
        if (length > reader.len - reader.pos)
          throw damaged(
            `announces ${length.toLocaleString('en')} bytes where ${(reader.len - reader.pos).toLocaleString('en')} are left`,
          );
        const at = reader.pos;
        reader.pos += length;
        yield {
          no,
          type,
          payload: message.subarray(at, reader.pos),
          raw: message.subarray(start, reader.pos),
        };
      } else {
        reader.skip(type, no);
        yield {
          no,
          type,
          payload: message.subarray(valueAt, reader.pos),
          raw: message.subarray(start, reader.pos),
        };
      }
    } catch (error) {
      if (error instanceof ModelError) throw error;
      throw damaged(`its byte ${start.toLocaleString('en')} begins no valid field`);
    }
  }
}

const utf8 = new TextDecoder();

export const text = (field: Field): string => utf8.decode(field.payload);

/** A varint as a number. 64-bit values beyond 2^53 lose precision. */
export const integer = (field: Field): number => Number(new BinaryReader(field.payload).int64());

/** A repeated integer field, packed or not. */
export function integers(field: Field): number[] {
  if (field.type !== WireType.LengthDelimited) return [integer(field)];
  const reader = new BinaryReader(field.payload);
  const out: number[] = [];
  try {
    while (reader.pos < reader.len) out.push(Number(reader.int64()));
  } catch {
    throw damaged('a list of integers in it breaks off');
  }
  return out;
}

/** A repeated float field, packed or not. */
export function floats(field: Field): number[] {
  const { payload } = field;
  if (payload.length % 4 !== 0) throw damaged('a list of numbers in it breaks off');
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  return Array.from({ length: payload.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

export { BinaryWriter, WireType };
