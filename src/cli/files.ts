// Reading and writing the files that commands name, with failures that say which file and why.

import { open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { Model } from '../formats/format.ts';
import { openModel } from '../formats/formats.ts';
import { ModelError } from '../lib/errors.ts';
import type { DataFile } from '../training/types.ts';
import type { NamedFile } from '../workbench/engine.ts';

/** @throws ModelError `file` */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const buffer = await readFile(path);
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : 'cannot be read';
    throw new ModelError({ code: 'file', where: path, message: `"${path}" ${what}.` });
  }
}

/** @throws ModelError `file` */
export async function writeBytes(path: string, bytes: Uint8Array | string): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (error) {
    throw unwritable(path, writeFailures[(error as NodeJS.ErrnoException).code ?? '']);
  }
}

/** Tells, before hours of work, that there is no place for what comes of it. @throws ModelError `file` */
export async function assertPlaceFor(path: string): Promise<void> {
  const [present, folder] = await Promise.all(
    [path, dirname(path)].map((name) => stat(name).catch(() => undefined)),
  );
  if (present?.isDirectory()) throw unwritable(path, writeFailures.EISDIR);
  if (!folder) throw unwritable(path, writeFailures.ENOENT);
  if (!folder.isDirectory()) throw unwritable(path, writeFailures.ENOTDIR);
}

const writeFailures: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is a file',
  EISDIR: 'it is a folder',
  EACCES: 'you may not write there',
  EROFS: 'you may not write there',
  ENOSPC: 'the disk is full',
};

const unwritable = (path: string, why: string | undefined): ModelError =>
  new ModelError({
    code: 'file',
    where: path,
    message: `"${path}" cannot be written${why ? `: ${why}` : ''}.`,
  });

export interface ModelFiles {
  readonly model: Model;
  readonly file: NamedFile;
  readonly companions: readonly NamedFile[];
}

/** Opens a model, and beside it the external weight files that it asks for. */
export async function readModel(path: string): Promise<ModelFiles> {
  const file = { name: basename(path), bytes: await readBytes(path) };
  const companions = new Map<string, Uint8Array>();
  for (;;) {
    try {
      const model = openModel(file.bytes, file.name, companions);
      return { model, file, companions: [...companions].map(([name, bytes]) => ({ name, bytes })) };
    } catch (error) {
      if (!(error instanceof ModelError) || error.code !== 'external-data' || companions.has(error.where))
        throw error;
      companions.set(error.where, await readBeside(path, error));
    }
  }
}

/** A file in the model's own folder or below it; anything else a model names is not opened. */
async function readBeside(path: string, missing: ModelError): Promise<Uint8Array> {
  const name = missing.where;
  if (name.startsWith('/') || name.split(/[\\/]/).includes('..')) throw missing;
  return readBytes(join(dirname(path), name)).catch(() => Promise.reject(missing));
}

/** The file, or all files in the folder and below it, to be read piece by piece. */
export async function dataFiles(path: string): Promise<DataFile[]> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new ModelError({ code: 'file', where: path, message: `"${path}" does not exist.` });
  if (!found.isDirectory()) return [diskFile(path, basename(path), found.size)];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
  return Promise.all(
    names.map(async (name) => diskFile(join(path, name), name, (await stat(join(path, name))).size)),
  );
}

/** Opened for every read: a folder may hold more files than a process may keep open. */
function diskFile(path: string, name: string, size: number): DataFile {
  return {
    name,
    size,
    async read(start, end) {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start));
      const handle = await open(path, 'r');
      try {
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
        return bytes.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    },
  };
}
