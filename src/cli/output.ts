// Where a command writes its model.

import type { Arguments, Option } from './command.ts';
import { usageError } from './parse.ts';

export const outputFlag = {
  output: { short: 'o', value: 'OUT', help: 'where the model is written' },
} as const satisfies Record<string, Option>;

/** @throws ModelError `usage` */
export function outputPath(args: Arguments): string {
  const path = args.text('output');
  if (path) return path;
  throw usageError('It needs -o, the file to write.');
}
