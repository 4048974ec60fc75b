// Threads for WebAssembly, where the page's server lets it have them: shared memory needs a page that is isolated from
// other origins (two response headers, see README.md).

import type { BackendOptions } from '../../src/execution/backend.ts';
import { MOST_THREADS, type StartThread } from '../../src/execution/wasm/team.ts';

export const threads: BackendOptions['threads'] = self.crossOriginIsolated
  ? { count: Math.min(navigator.hardwareConcurrency, MOST_THREADS), start: (setup) => startThread(setup) }
  : undefined;

const startThread: StartThread = (setup) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./thread.worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = () => resolve(worker);
    worker.onerror = ({ message }) => {
      worker.terminate();
      reject(new Error(message));
    };
    worker.postMessage(setup);
  });
