// Recovery without labels from the terminal: after each step, behind the same gate as training.

import type { RepairOptions } from '../workbench/engine.ts';
import type { Arguments, Console, Option } from './command.ts';
import { backendOf } from './computing.ts';
import type { Opened } from './opened.ts';
import { usageError } from './parse.ts';

type Method = RepairOptions['method'];

const methods: readonly Method[] = ['batch-norm', 'reconstruction'];

export const repairFlags = {
  repair: {
    value: 'NAME',
    multiple: true,
    help: `after each step, from the images alone: ${methods.join(', ')}`,
  },
} as const satisfies Record<string, Option>;

export interface Repair {
  readonly method: Method;
  readonly changed: boolean;
  readonly message: string;
}

/** @throws ModelError `usage` */
export function repairOptions(args: Arguments): RepairOptions[] {
  const seed = args.number('seed', { min: 0, integer: true });
  const backend = backendOf(args);
  return args.all('repair').map((written) => {
    const method = methods.find((name) => name === written);
    if (!method) throw usageError(`--repair is one of ${methods.join(', ')}, not "${written}".`);
    return { method, seed, backend };
  });
}

/** In the order given; after a step that removed nothing they change nothing, and say so. */
export async function repairModel(
  { engine }: Opened,
  repairs: readonly RepairOptions[],
  { progress }: Console,
): Promise<Repair[]> {
  const done: Repair[] = [];
  for (const options of repairs) {
    const outcome = await engine.repair(options);
    progress(`${options.method}: ${outcome.message}`);
    done.push({ method: options.method, ...outcome });
  }
  return done;
}
