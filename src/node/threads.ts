// `import … from 'secateur/node'`: WebAssembly on all processors of this machine. The threads are Node's own workers over
// one memory, as they are the browser's on an isolated page; they hold nothing up when the program is done.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { BackendOptions } from '../execution/backend.ts';
import { MOST_THREADS, type StartThread } from '../execution/wasm/team.ts';

/** What a thread runs: bundled beside this file, or from the sources. */
const script = new URL(
  import.meta.url.endsWith('.ts') ? './thread.from-sources.mjs' : './thread.worker.js',
  import.meta.url,
);

const startThread: StartThread = (workerData) =>
  new Promise((resolve, reject) => {
    // A thread is a file of its own, whatever the program was told: `node --eval` would not start one.
    const worker = new Worker(script, { workerData, execArgv: [] });
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

/**
 * Options for `chooseBackend('wasm', …)` in Node. Any number of threads computes the same bits.
 * @param count threads, the caller's included; one per processor unless stated
 */
export const onThreads = (count = Math.min(availableParallelism(), MOST_THREADS)): BackendOptions => ({
  wasmPaths: Object.fromEntries(
    binaries.map((name) => [name, find(`@tensorflow/tfjs-backend-wasm/dist/${name}`)]),
  ),
  readBinary: readFile,
  threads: { count, start: startThread },
});
