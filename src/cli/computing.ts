// Where a command computes. WebAssembly runs on all processors of this machine: the threads are Node's own workers over
// one memory, as they are the browser's on an isolated page; they hold nothing up when the command is done.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type BackendOptions, backendNames } from '../execution/backend.ts';
import type { BackendName } from '../execution/types.ts';
import { MOST_THREADS, type StartThread } from '../execution/wasm/team.ts';
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

/** What a thread runs: bundled beside this file, or from the sources. */
const script = new URL(
  import.meta.url.endsWith('.ts') ? './thread.from-sources.mjs' : './thread.worker.js',
  import.meta.url,
);

const startThread: StartThread = (workerData) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(script, { workerData });
    worker.unref();
    worker.once('message', () => resolve(worker));
    worker.on('error', reject);
  });

const binaries = [
  'tfjs-backend-wasm.wasm',
  'tfjs-backend-wasm-simd.wasm',
  'tfjs-backend-wasm-threaded-simd.wasm',
] as const;
const { resolve: find } = createRequire(import.meta.url);

/** The options under which WebAssembly computes on `count` threads in Node. */
export const onThreads = (count = Math.min(availableParallelism(), MOST_THREADS)): BackendOptions => ({
  wasmPaths: Object.fromEntries(
    binaries.map((name) => [name, find(`@tensorflow/tfjs-backend-wasm/dist/${name}`)]),
  ),
  readBinary: readFile,
  threads: { count, start: startThread },
});
