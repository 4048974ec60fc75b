// Zip archives by random access: only the directory is read on opening, each entry when it is asked for. Zip64 is read,
// encryption and compressions other than deflate are refused.
// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT

import { counted } from '../../../lib/text.ts';
import type { DataFile } from '../../types.ts';
import { crc32 } from './crc32.ts';
import { dataView, partOfFile, readExactly } from './data-file.ts';
import { INFLATE_LIMIT, inflate } from './inflate.ts';
import { AGAIN, refuse } from './refuse.ts';

const END = { signature: 0x06054b50, size: 22 };
const END64 = { signature: 0x06064b50, size: 56 };
const LOCATOR64 = { signature: 0x07064b50, size: 20 };
const ENTRY = { signature: 0x02014b50, size: 46 };
const LOCAL = { signature: 0x04034b50, size: 30 };
/** Deflate packs no tighter than this. */
const DEFLATE_RATIO = 1032;
const DIRECTORY_LIMIT = 2 ** 28;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly encrypted: boolean;
  readonly checksum: number;
  readonly packed: number;
  readonly size: number;
  readonly at: number;
}

/** The files of an archive, folders left out. @throws ModelError `wrong-data` */
export async function zipEntries(archive: DataFile): Promise<DataFile[]> {
  const { at, size, count } = await findDirectory(archive);
  if (size > DIRECTORY_LIMIT || at + size > archive.size) throw damaged(archive);
  const directory = await readExactly(archive, at, at + size);
  const entries: Entry[] = [];
  for (let from = 0; entries.length < count && from < directory.length; ) {
    const [entry, next] = readEntry(archive, directory, from);
    entries.push(entry);
    from = next;
  }
  if (entries.length !== count) throw damaged(archive);
  const unpacked = new Unpacked();
  return entries.filter(({ name }) => !name.endsWith('/')).map((entry) => fileOf(archive, entry, unpacked));
}

const damaged = (archive: DataFile) =>
  refuse(
    archive.name,
    'begins like a zip archive but its directory is missing or damaged; it is truncated.',
    AGAIN,
  );

async function findDirectory(archive: DataFile): Promise<{ at: number; size: number; count: number }> {
  const start = Math.max(0, archive.size - END.size - 0xffff);
  const tail = dataView(await archive.read(start, archive.size));
  for (let i = tail.byteLength - END.size; i >= 0; i--) {
    if (tail.getUint32(i, true) !== END.signature) continue;
    const [count, size, at] = [
      tail.getUint16(i + 10, true),
      tail.getUint32(i + 12, true),
      tail.getUint32(i + 16, true),
    ];
    const large = count === 0xffff || size === 0xffffffff || at === 0xffffffff;
    return large ? findDirectory64(archive, start + i) : { at, size, count };
  }
  throw damaged(archive);
}

async function findDirectory64(archive: DataFile, end: number) {
  const locator = dataView(await readExactly(archive, Math.max(0, end - LOCATOR64.size), end));
  if (locator.byteLength < LOCATOR64.size || locator.getUint32(0, true) !== LOCATOR64.signature)
    throw damaged(archive);
  const from = Number(locator.getBigUint64(8, true));
  if (from + END64.size > archive.size) throw damaged(archive);
  const view = dataView(await readExactly(archive, from, from + END64.size));
  if (view.getUint32(0, true) !== END64.signature) throw damaged(archive);
  const [count, size, at] = [32, 40, 48].map((offset) => Number(view.getBigUint64(offset, true)));
  return { at, size, count };
}

const utf8 = new TextDecoder();

function readEntry(archive: DataFile, directory: Uint8Array, from: number): [entry: Entry, next: number] {
  const view = dataView(directory);
  if (from + ENTRY.size > directory.length || view.getUint32(from, true) !== ENTRY.signature)
    throw damaged(archive);
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
    view.getUint16(from + offset, true),
  );
  const nameAt = from + ENTRY.size;
  const extraAt = nameAt + nameLength;
  const next = extraAt + extraLength + commentLength;
  if (next > directory.length) throw damaged(archive);
  // Sizes that do not fit 32 bits are in the extra field, in this order.
  const wide = wideNumbers(directory.subarray(extraAt, extraAt + extraLength));
  const number = (offset: number): number => {
    const value = view.getUint32(from + offset, true);
    return value === 0xffffffff ? (wide.shift() ?? value) : value;
  };
  const size = number(24);
  const packed = number(20);
  const at = number(42);
  const entry = {
    name: `${archive.name}/${utf8.decode(directory.subarray(nameAt, extraAt)).replaceAll('\\', '/')}`,
    method: view.getUint16(from + 10, true),
    encrypted: (view.getUint16(from + 8, true) & 1) === 1,
    checksum: view.getUint32(from + 16, true),
    packed,
    size,
    at,
  };
  return [entry, next];
}

function wideNumbers(extra: Uint8Array): number[] {
  const view = dataView(extra);
  for (let i = 0; i + 4 <= extra.length; ) {
    const length = view.getUint16(i + 2, true);
    const end = Math.min(extra.length, i + 4 + length);
    if (view.getUint16(i, true) === 1)
      return Array.from({ length: Math.floor((end - i - 4) / 8) }, (_, k) =>
        Number(view.getBigUint64(i + 4 + 8 * k, true)),
      );
    i = end;
  }
  return [];
}

/** Entries that were unpacked to read a part of them; the longest unused go when together they fill the limit. */
class Unpacked {
  private readonly files = new Map<Entry, Promise<DataFile>>();

  get(archive: DataFile, entry: Entry): Promise<DataFile> {
    const file = this.files.get(entry) ?? openEntry(archive, entry);
    this.files.delete(entry);
    this.files.set(entry, file);
    let size = 0;
    for (const { size: more } of this.files.keys()) size += more;
    for (const oldest of this.files.keys()) {
      if (size <= INFLATE_LIMIT || oldest === entry) break;
      this.files.delete(oldest);
      size -= oldest.size;
    }
    return file;
  }
}

function fileOf(archive: DataFile, entry: Entry, unpacked: Unpacked): DataFile {
  return {
    name: entry.name,
    size: entry.size,
    async read(start, end) {
      const whole = start === 0 && end >= entry.size;
      const file = await (whole ? openEntry(archive, entry) : unpacked.get(archive, entry));
      return file.read(start, end);
    },
  };
}

async function openEntry(archive: DataFile, entry: Entry): Promise<DataFile> {
  const { name, method, encrypted, packed, size } = entry;
  if (encrypted) throw refuse(name, 'is encrypted.', 'Unpack the archive and open what is inside.');
  if (method !== 0 && method !== 8)
    throw refuse(
      name,
      `is packed by method ${method}, which is not read.`,
      'Pack it as an ordinary zip archive.',
    );
  const local = dataView(await readExactly(archive, entry.at, entry.at + LOCAL.size));
  if (local.getUint32(0, true) !== LOCAL.signature) throw damaged(archive);
  const from = entry.at + LOCAL.size + local.getUint16(26, true) + local.getUint16(28, true);
  if (from + packed > archive.size) throw damaged(archive);
  const stored = partOfFile(archive, name, from, packed);
  if (method === 0) {
    if (packed !== size) throw damaged(archive);
    return stored;
  }
  return unpack(stored, entry);
}

async function unpack(stored: DataFile, { name, packed, size, checksum }: Entry): Promise<DataFile> {
  if (size > INFLATE_LIMIT || size > packed * DEFLATE_RATIO)
    throw refuse(
      name,
      `claims to unpack from ${counted(packed)} to ${counted(size)} bytes, which is not believed.`,
      'Unpack the archive and open what is inside.',
    );
  const bytes = await inflate(stored, 'deflate', { enough: size + 1 });
  if (bytes.length !== size || crc32(bytes) !== checksum)
    throw refuse(name, 'does not match its own checksum; the archive is damaged.', AGAIN);
  return { name, size, read: async (start, end) => bytes.subarray(start, end) };
}
