// Unpacking with a bound: a few kilobytes can claim to be terabytes, so output is counted while it is made.

import { Gunzip, Inflate, Unzlib } from 'fflate';
import { joinedBytes } from '../../../lib/bytes.ts';
import { counted } from '../../../lib/text.ts';
import type { DataFile } from '../../types.ts';
import { crc32 } from './crc32.ts';
import { dataView, memoryFile } from './data-file.ts';
import { AGAIN, refuse } from './refuse.ts';

/** Most bytes that one packed file may unpack to in memory. */
export const INFLATE_LIMIT = 2 ** 30;

const CHUNK = 2 ** 16;
const MIB = 2 ** 20;

export interface InflateOptions {
  readonly limit?: number;
  /** Stop, without complaint, once so many bytes are there. */
  readonly enough?: number;
}

const streams = { gzip: Gunzip, deflate: Inflate, zlib: Unzlib } as const;

/** Unpacks a whole file. @throws ModelError `wrong-data` when it is damaged or unpacks to more than `limit` bytes */
export async function inflate(
  file: DataFile,
  kind: keyof typeof streams,
  { limit = INFLATE_LIMIT, enough = Number.POSITIVE_INFINITY }: InflateOptions = {},
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const stream = new streams[kind]((part) => {
    length += part.length;
    if (length <= limit) parts.push(part);
  });
  for (let at = 0; at < file.size && length < enough; at += CHUNK) {
    const end = Math.min(file.size, at + CHUNK);
    const chunk = await file.read(at, end);
    try {
      stream.push(chunk, end === file.size);
    } catch {
      throw refuse(file.name, 'cannot be unpacked; it is truncated or damaged.', AGAIN);
    }
    if (length > limit)
      throw refuse(
        file.name,
        `unpacks to more than ${counted(Math.floor(limit / MIB))} MiB, more than is kept in memory.`,
        'Unpack it first and open the unpacked files: those are read piece by piece.',
      );
  }
  return joinedBytes(parts);
}

const isGzip = (head: Uint8Array): boolean => head[0] === 0x1f && head[1] === 0x8b;

/** The file itself, or what is inside where it is gzipped, under its name without `.gz`. */
export async function unzipped(file: DataFile, limit = INFLATE_LIMIT): Promise<DataFile> {
  if (!isGzip(await file.read(0, 2))) return file;
  const bytes = await inflate(file, 'gzip', { limit });
  const trailer = dataView(await file.read(Math.max(0, file.size - 8), file.size));
  const length = trailer.byteLength === 8 ? trailer.getUint32(4, true) : -1;
  // The trailer of a file of several members speaks of the last one alone.
  const last = bytes.subarray(length <= bytes.length ? bytes.length - length : 0);
  if (last.length !== length || trailer.getUint32(0, true) !== crc32(last))
    throw refuse(file.name, 'does not match its own checksum; it is damaged.', AGAIN);
  return memoryFile(unzippedName(file.name), bytes);
}

const unzippedName = (name: string): string => name.replace(/\.tgz$/i, '.tar').replace(/\.gz$/i, '');

/** The first bytes of a file, unpacked where it is gzipped; fewer where there are fewer, none where it is damaged. */
export async function peek(file: DataFile, count: number): Promise<Uint8Array> {
  const head = await file.read(0, Math.min(count, file.size));
  if (!isGzip(head)) return head;
  try {
    return (await inflate(file, 'gzip', { enough: count })).subarray(0, count);
  } catch {
    return new Uint8Array(0);
  }
}
