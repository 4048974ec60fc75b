// Tar archives by random access (POSIX ustar and GNU long names), as data sets such as CIFAR-10 are published.

import type { DataFile } from '../../types.ts';
import { partOfFile, readExactly } from './data-file.ts';
import { AGAIN, refuse } from './refuse.ts';

const BLOCK = 512;
const latin = new TextDecoder('latin1');
const utf8 = new TextDecoder();

const field = (header: Uint8Array, from: number, length: number): string =>
  utf8.decode(header.subarray(from, from + length)).split('\0', 1)[0];

/** Whether the first 512 bytes are a tar header: its checksum is right. */
export function isTarHeader(header: Uint8Array): boolean {
  if (header.length < BLOCK || header[0] === 0) return false;
  let sum = 8 * 32;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += header[i];
  return Number.parseInt(field(header, 148, 8).trim(), 8) === sum;
}

/** The plain files of an archive. @throws ModelError `wrong-data` */
export async function tarEntries(archive: DataFile): Promise<DataFile[]> {
  const entries: DataFile[] = [];
  let longName = '';
  for (let at = 0; at + BLOCK <= archive.size; ) {
    const header = await readExactly(archive, at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const size = Number.parseInt(field(header, 124, 12).trim() || '0', 8);
    const start = at + BLOCK;
    if (!isTarHeader(header) || !(size >= 0) || start + size > archive.size)
      throw refuse(archive.name, 'is a tar archive that breaks off; it is truncated or damaged.', AGAIN);
    const kind = latin.decode(header.subarray(156, 157));
    if (kind === 'L')
      longName = utf8
        .decode(await readExactly(archive, start, start + Math.min(size, 4096)))
        .split('\0', 1)[0];
    else {
      const name = longName || [field(header, 345, 155), field(header, 0, 100)].filter(Boolean).join('/');
      longName = '';
      if (kind === '0' || kind === '\0')
        entries.push(partOfFile(archive, `${archive.name}/${name}`, start, size));
    }
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return entries;
}
