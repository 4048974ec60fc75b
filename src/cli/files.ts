// Reading and writing the files that commands name, with failures that say which file and why.

import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Companions, Model } from '../formats/format.ts';
import { openModel } from '../formats/formats.ts';
import { ModelError } from '../lib/errors.ts';

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

export async function writeBytes(path: string, bytes: Uint8Array | string): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch {
    throw new ModelError({ code: 'file', where: path, message: `"${path}" cannot be written.` });
  }
}

/** Opens a model, and beside it the external weight files that it asks for. */
export async function readModel(path: string): Promise<Model> {
  const bytes = await readBytes(path);
  const companions = new Map<string, Uint8Array>();
  for (;;) {
    try {
      return openModel(bytes, basename(path), companions as Companions);
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
