// The data that commands compute with: a folder or file of any format we read, or the generated digits.

import { openDataset } from '../training/datasets/datasets.ts';
import type { LocalEngine } from '../workbench/session.ts';
import type { Arguments, Option } from './command.ts';
import { dataFiles } from './files.ts';
import { usageError } from './parse.ts';

export const dataFlags = {
  data: { value: 'DIR', help: 'a folder or file of examples, or "sample" for generated digits' },
} as const satisfies Record<string, Option>;

/** @throws ModelError `usage` where no data is named */
export async function giveData(engine: LocalEngine, args: Arguments): Promise<void> {
  const path = args.text('data');
  if (path === undefined) throw usageError('It needs --data, a folder of examples or "sample".');
  if (path === 'sample') await engine.openGeneratedData();
  else await engine.giveDataset(await openDataset(await dataFiles(path)));
}
