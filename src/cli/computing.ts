// Where a command computes.

import { type BackendOptions, backendNames } from '../execution/backend.ts';
import type { BackendName } from '../execution/types.ts';
import { onThreads } from '../node/threads.ts';
import type { Arguments, Option } from './command.ts';

const backendChoices = ['auto', ...backendNames] as const;

export const computeFlags = {
  backend: { value: 'NAME', help: `where to compute: ${backendChoices.join(', ')}`, fallback: 'auto' },
  threads: { value: 'N', help: 'for wasm; the results are the same; default: one per processor' },
} as const satisfies Record<string, Option>;

/** @throws ModelError `usage` */
export const backendOf = (args: Arguments): BackendName | 'auto' => args.choice('backend', backendChoices);

/** @throws ModelError `usage` */
export const threadsOf = (args: Arguments): BackendOptions =>
  onThreads(args.given('threads') ? args.number('threads', { min: 1, integer: true }) : undefined);
