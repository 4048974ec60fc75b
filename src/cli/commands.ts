// All commands, in the order the overview lists them.

import type { Command } from './command.ts';
import { evaluateCommand } from './evaluate.ts';
import { inspectCommand } from './inspect.ts';
import { iterateCommand } from './iterate.ts';
import { pruneCommand } from './prune.ts';
import { runCommand } from './run.ts';
import { trainCommand } from './train.ts';

export const commands: readonly Command[] = [
  inspectCommand,
  pruneCommand,
  runCommand,
  evaluateCommand,
  trainCommand,
  iterateCommand,
];
