// Protobuf at the level of fields: walking a message with every length bounded by the bytes that are there, and
// writing it again with some fields replaced. What nobody asks about is copied as it stands, so unknown fields and the
// order of fields survive. https://protobuf.dev/programming-guides/encoding

import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { joinedBytes } from '../../lib/bytes.ts';
import { ModelError } from '../../lib/errors.ts';
import { counted } from '../../lib/text.ts';

/** A message: bytes, or the field that holds it. */
export type Message = Uint8Array | Field;

/** One field of a message. A file holds tens of thousands: views of their bytes are made only when asked for. */
export class Field {
  readonly no: number;
  readonly type: WireType;
  /** The bytes it lies in: where its tag begins, where its value does, and the end of both. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly at: number;
  readonly end: number;

  constructor(tag: number, bytes: Uint8Array, start: number, at: number, end: number) {
    this.no = tag >>> 3;
    this.type = tag & 7;
    this.bytes = bytes;
    this.start = start;
    this.at = at;
    this.end = end;
  }

  /** The value's bytes: what a length announces, or the bare varint or fixed-width number. */
  get payload(): Uint8Array {
    return this.bytes.subarray(this.at, this.end);
  }

  /** The whole field, tag included. */
  get raw(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }
}

/** Bytes that are no protobuf; `readOnnx` makes a `ModelError` of it that names the file. */
export class Damage extends Error {}

/** The fields of a message in order. @throws Damage */
export const fieldsOf = (message: Message): IterableIterator<Field> =>
  message instanceof Field
    ? new Fields(message.bytes, message.at, message.end)
    : new Fields(message, 0, message.length);

/** What a generator would do, without its cost: files are walked field by field. */
class Fields implements IterableIterator<Field> {
  private readonly bytes: Uint8Array;
  private readonly end: number;
  private at: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Field, undefined> {
    const { bytes, at: start } = this;
    if (start >= this.end) return { done: true, value: undefined };
    const tag = this.varint(start);
    if (tag >>> 3 === 0) throw invalid(start);
    let value = this.at;
    if ((tag & 7) === WireType.LengthDelimited) {
      const length = this.varint(start);
      value = this.at;
      if (length > this.end - value)
        throw new Damage(`announces ${counted(length)} bytes where ${counted(this.end - value)} are left`);
      this.at += length;
    } else this.skip(tag, start);
    return { done: false, value: new Field(tag, bytes, start, value, this.at) };
  }

  /** The lower 32 bits of the varint here. */
  private varint(start: number): number {
    let value = 0;
    for (let shift = 0; shift < 70 && this.at < this.end; shift += 7) {
      const byte = this.bytes[this.at++];
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw invalid(start);
  }

  /** Moves behind a value that announces no length. */
  private skip(tag: number, start: number): void {
    const type: WireType = tag & 7;
    if (type === WireType.Varint) this.skipVarint();
    else if (type === WireType.Bit32) this.at += 4;
    else if (type === WireType.Bit64) this.at += 8;
    else this.skipGroup(tag >>> 3, type, start);
    if (this.at > this.end) throw invalid(start);
  }

  private skipVarint(): void {
    while (this.at < this.end && this.bytes[this.at] >= 0x80) this.at++;
    this.at++;
  }

  private skipGroup(no: number, type: WireType, start: number): void {
    const reader = new BinaryReader(this.bytes.subarray(this.at, this.end));
    try {
      reader.skip(type, no);
    } catch {
      throw invalid(start);
    }
    this.at += reader.pos;
  }
}

const invalid = (start: number) => new Damage(`its byte ${counted(start)} begins no valid field`);

const utf8 = new TextDecoder();

export const text = (field: Field): string => utf8.decode(field.payload);

/** A varint as a number. 64-bit values beyond 2^53 lose precision. @throws Damage */
export function integer(field: Field): number {
  const { bytes, at, end, type } = field;
  if (type !== WireType.Varint) throw new Damage('a number in it is something else');
  if (end - at === 1) return bytes[at];
  if (end - at === 2) return (bytes[at] & 0x7f) | (bytes[at + 1] << 7);
  try {
    return Number(new BinaryReader(field.payload).int64());
  } catch {
    throw new Damage('a number in it breaks off');
  }
}

/** A repeated integer field, packed or not, exactly. @throws Damage */
export function bigIntegers(field: Field): bigint[] {
  if (field.type !== WireType.Varint && field.type !== WireType.LengthDelimited)
    throw new Damage('a list of integers in it is something else');
  const reader = new BinaryReader(field.payload);
  const out: bigint[] = [];
  try {
    while (reader.pos < reader.len) out.push(BigInt(reader.int64()));
  } catch {
    throw new Damage('a list of integers in it breaks off');
  }
  return out;
}

/** The same as numbers: values beyond 2^53 lose precision. */
export const integers = (field: Field): number[] =>
  field.type === WireType.Varint ? [integer(field)] : bigIntegers(field).map(Number);

/** A repeated float field, packed or not. @throws Damage */
export function floats(field: Field): number[] {
  const { payload, type } = field;
  if (payload.length % 4 !== 0 || type === WireType.Varint)
    throw new Damage('a list of numbers in it breaks off');
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  return Array.from({ length: payload.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

/** Protobuf's own limit, which every reader of the format shares. */
const MESSAGE_LIMIT = 2 ** 31 - 1;

/** A message being written as a list of pieces: large stretches of the source are copied once, at the very end. */
export class MessageWriter {
  private readonly pieces: Uint8Array[] = [];
  private size = 0;

  /** Bytes so far. */
  get length(): number {
    return this.size;
  }

  /** Whole fields as they stand. */
  raw(bytes: Uint8Array): this {
    const last = this.pieces.at(-1);
    this.size += bytes.length;
    if (last && last.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset)
      this.pieces[this.pieces.length - 1] = new Uint8Array(
        last.buffer,
        last.byteOffset,
        last.length + bytes.length,
      );
    else this.pieces.push(bytes);
    return this;
  }

  bytes(no: number, value: Uint8Array | MessageWriter): this {
    this.raw(new BinaryWriter().tag(no, WireType.LengthDelimited).uint32(value.length).finish());
    if (value instanceof Uint8Array) return this.raw(value);
    for (const piece of value.pieces) this.raw(piece);
    return this;
  }

  string(no: number, value: string): this {
    return this.raw(new BinaryWriter().tag(no, WireType.LengthDelimited).string(value).finish());
  }

  /** 2^63 - 1, which exporters write for "to the end", is no exact number: it is read as 2^63 and written back. */
  integer(no: number, value: number): this {
    const whole = value >= 2 ** 63 ? (2n ** 63n - 1n).toString() : value;
    return this.raw(new BinaryWriter().tag(no, WireType.Varint).int64(whole).finish());
  }

  float(no: number, value: number): this {
    return this.raw(new BinaryWriter().tag(no, WireType.Bit32).float(Math.fround(value)).finish());
  }

  /** The message's bytes. @throws ModelError `too-large` beyond what any reader of the format takes */
  finish(): Uint8Array {
    if (this.size > MESSAGE_LIMIT)
      throw new ModelError({
        code: 'too-large',
        where: 'file',
        message: `The model would have ${counted(this.size)} bytes; an ONNX file holds no more than 2 GiB.`,
        hint: 'Prune more before exporting.',
      });
    return joinedBytes(this.pieces);
  }
}

/** A copy of the message, field by field; where `replace` returns something it becomes the field's value. */
export function patched(
  message: Message,
  replace: (field: Field) => Uint8Array | MessageWriter | undefined,
): MessageWriter {
  const writer = new MessageWriter();
  for (const field of fieldsOf(message)) {
    const value = replace(field);
    if (value === undefined) writer.raw(field.raw);
    else writer.bytes(field.no, value);
  }
  return writer;
}
