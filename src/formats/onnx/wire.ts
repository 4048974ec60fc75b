// Protobuf at the level of fields: walking a message with every length bounded by the bytes that are there, and
// writing it again with some fields replaced. What nobody asks about is copied as it stands, so unknown fields and the
// order of fields survive. https://protobuf.dev/programming-guides/encoding

import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { ModelError } from '../../lib/errors.ts';

/** One field of a message. A file holds tens of thousands: views of their bytes are made only when asked for. */
export class Field {
  readonly no: number;
  readonly type: WireType;
  readonly message: Uint8Array;
  /** Where the tag begins, where the value does, and the end of both. */
  readonly start: number;
  readonly at: number;
  readonly end: number;

  constructor(no: number, type: WireType, message: Uint8Array, start: number, at: number, end: number) {
    this.no = no;
    this.type = type;
    this.message = message;
    this.start = start;
    this.at = at;
    this.end = end;
  }

  /** The value's bytes: what a length announces, or the bare varint or fixed-width number. */
  get payload(): Uint8Array {
    return this.message.subarray(this.at, this.end);
  }

  /** The whole field, tag included. */
  get raw(): Uint8Array {
    return this.message.subarray(this.start, this.end);
  }
}

/** Bytes that are no protobuf; `readOnnx` makes a `ModelError` of it that names the file. */
export class Damage extends Error {}

const counted = (count: number): string => count.toLocaleString('en');

/** The fields of a message in order. @throws Damage */
export function* fieldsOf(message: Uint8Array): Generator<Field, void, void> {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const { no, type, at } = readHead(reader, start);
    yield new Field(no, type, message, start, at, reader.pos);
  }
}

/** Moves the reader behind the field that begins here. */
function readHead(reader: BinaryReader, start: number): { no: number; type: WireType; at: number } {
  let length: number;
  try {
    const [no, type] = reader.tag();
    if (type !== WireType.LengthDelimited) {
      const at = reader.pos;
      reader.skip(type, no);
      return { no, type, at };
    }
    length = reader.uint32();
    const at = reader.pos;
    if (length <= reader.len - at) {
      reader.pos += length;
      return { no, type, at };
    }
  } catch {
    throw new Damage(`its byte ${counted(start)} begins no valid field`);
  }
  throw new Damage(`announces ${counted(length)} bytes where ${counted(reader.len - reader.pos)} are left`);
}

const utf8 = new TextDecoder();

/** Up to this many bytes reading letter by letter beats a decoder. */
const SHORT = 48;

export function text(field: Field): string {
  const { message, at, end } = field;
  if (end - at > SHORT) return utf8.decode(field.payload);
  let out = '';
  for (let i = at; i < end; i++) {
    if (message[i] > 0x7f) return utf8.decode(field.payload);
    out += String.fromCharCode(message[i]);
  }
  return out;
}

/** A varint as a number. 64-bit values beyond 2^53 lose precision. @throws Damage */
export function integer(field: Field): number {
  const { message, at, end, type } = field;
  if (type !== WireType.Varint) throw new Damage('a number in it is something else');
  if (end - at === 1) return message[at];
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
export const integers = (field: Field): number[] => bigIntegers(field).map(Number);

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
    const out = new Uint8Array(this.size);
    let at = 0;
    for (const piece of this.pieces) {
      out.set(piece, at);
      at += piece.length;
    }
    return out;
  }
}

/** A copy of the message, field by field; where `replace` returns something it becomes the field's value. */
export function patched(
  message: Uint8Array,
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
