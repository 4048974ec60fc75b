// A session as one file: a zip (stored, not compressed: weights do not shrink) of a JSON description and the model
// files. It is what the page keeps across a reload; a person can open it with any zip tool.

import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { ModelError } from '../../lib/errors.ts';

const VERSION = 1;
const DESCRIPTION = 'session.json';

export interface Archive {
  /** JSON. */
  readonly description: unknown;
  readonly files: Readonly<Record<string, Uint8Array>>;
}

export function packArchive({ description, files }: Archive): Uint8Array {
  const json = strToU8(JSON.stringify({ version: VERSION, description }));
  return zipSync({ [DESCRIPTION]: json, ...files }, { level: 0 });
}

/** @throws ModelError `bad-session` when the bytes are no session of this version */
export function unpackArchive(bytes: Uint8Array): Archive {
  try {
    const { [DESCRIPTION]: json, ...files } = unzipSync(bytes);
    const { version, description } = JSON.parse(strFromU8(json)) as { version: number; description: unknown };
    if (version === VERSION) return { description, files };
  } catch {
    throw badSession();
  }
  throw badSession();
}

export const badSession = (): ModelError =>
  new ModelError({
    code: 'bad-session',
    where: 'saved session',
    message: 'The saved session is damaged, or was made by another version of the program.',
    hint: 'Open the model file again.',
  });
