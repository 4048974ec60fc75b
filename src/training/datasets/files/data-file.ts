// Files that are read piece by piece, whether they lie in memory, on a disk or behind a Blob.

import { counted } from '../../../lib/text.ts';
import type { DataFile } from '../../types.ts';
import { AGAIN, refuse } from './refuse.ts';

export function memoryFile(name: string, bytes: Uint8Array): DataFile {
  return { name, size: bytes.length, read: async (start, end) => bytes.subarray(start, end) };
}

/** A dropped or chosen file; only the asked-for slices are read. */
export function blobFile(blob: Blob, name: string): DataFile {
  return {
    name,
    size: blob.size,
    read: async (start, end) => new Uint8Array(await blob.slice(start, end).arrayBuffer()),
  };
}

/** A stretch of another file under a name of its own. */
export function partOfFile(file: DataFile, name: string, start: number, size: number): DataFile {
  return {
    name,
    size,
    read: (from, to) => file.read(start + Math.min(from, size), start + Math.min(to, size)),
  };
}

/** Bytes `start` up to `end`, all of them. @throws ModelError `wrong-data` where the file is shorter */
export async function readExactly(file: DataFile, start: number, end: number): Promise<Uint8Array> {
  if (end > file.size)
    throw refuse(
      file.name,
      `has ${counted(file.size)} bytes where at least ${counted(end)} are needed; it is truncated.`,
      AGAIN,
    );
  const bytes = await file.read(start, end);
  if (bytes.length !== end - start)
    throw refuse(file.name, 'could not be read to its end; it has changed or is damaged.', AGAIN);
  return bytes;
}

export const dataView = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
