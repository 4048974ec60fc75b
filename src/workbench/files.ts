// Files as they come, read into memory: on the engine's side, because a large one would hold up the page.

import { ModelError, problemOf } from '../lib/errors.ts';
import type { DroppedFile, NamedFile } from './engine.ts';

/** @throws ModelError `unreadable` when the file has gone or changed since it was chosen, or is too large for this machine */
export async function inMemory(file: DroppedFile): Promise<NamedFile> {
  if ('bytes' in file) return file;
  try {
    return { name: file.name, bytes: new Uint8Array(await file.blob.arrayBuffer()) };
  } catch (error) {
    throw new ModelError({
      code: 'unreadable',
      where: file.name,
      message: `${file.name} cannot be read: ${problemOf(error).message}`,
    });
  }
}

export const allInMemory = (files: readonly DroppedFile[]): Promise<NamedFile[]> =>
  Promise.all(files.map(inMemory));
