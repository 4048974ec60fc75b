// Where a command writes its model.

import type { Arguments, Option } from './command.ts';
import { assertPlaceFor } from './files.ts';
import { usageError } from './parse.ts';

export const outputFlag = {
  output: { short: 'o', value: 'OUT', help: 'where the model is written' },
} as const satisfies Record<string, Option>;

/** @throws ModelError `usage` where none is given, `file` where nothing can be written there */
export async function outputPath(args: Arguments): Promise<string> {
  const path = args.text('output');
  if (!path) throw usageError('It needs -o, the file to write.');
  await assertPlaceFor(path);
  return path;
}
