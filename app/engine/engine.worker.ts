// Where the heavy work is done: an engine that keeps its session in this browser, served to the page.

import wasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import { MemoryStore } from '../../src/workbench/keeping/store.ts';
import { createEngine } from '../../src/workbench/session.ts';
import { serve } from '../../src/worker/host.ts';
import { openStore } from './sessions.ts';
import { threads } from './threads.ts';

const wasmPaths = {
  'tfjs-backend-wasm.wasm': wasm,
  'tfjs-backend-wasm-simd.wasm': simd,
  // Asked for by name, never loaded: our threads compute in the single-threaded module's memory.
  'tfjs-backend-wasm-threaded-simd.wasm': simd,
};

// A browser that lets nothing be kept still works; the session then lasts as long as the tab.
const store = openStore(self.name).catch(() => new MemoryStore());

serve(createEngine({ store, wasmPaths, ...(threads && { threads }) }));
