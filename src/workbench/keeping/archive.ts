// A session as one file: a zip (stored, not compressed: weights do not shrink) of a JSON description and the model
// files. It is what the page keeps across a reload; a person can open it with any zip tool.

import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { ModelError } from '../../lib/errors.ts';

const VERSION = 1;
const DESCRIPTION = 'session.json';

export interface Archive<T> {
  readonly description: T;
  readonly files: Readonly<Record<string, Uint8Array>>;
}

export function packArchive<T>({ description, files }: Archive<T>): Uint8Array {
  const json = strToU8(JSON.stringify({ version: VERSION, description }));
  return zipSync({ [DESCRIPTION]: json, ...files }, { level: 0 });
}

/** @throws ModelError `bad-session` when the bytes are no session of this version */
export function unpackArchive<T>(bytes: Uint8Array): Archive<T> {
  try {
    const { [DESCRIPTION]: json, ...files } = unzipSync(bytes);
    const { version, description } = JSON.parse(strFromU8(json)) as { version: number; description: T };
    if (version === VERSION) return { description, files };
  } catch {
    // Falls through to the one sentence a person can use.
  }
  throw new ModelError({
    code: 'bad-session',
    where: 'saved session',
    message: 'The saved session cannot be read by this version of the program.',
    hint: 'Open the model file again.',
  });
}
