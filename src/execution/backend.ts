// Choosing where tensors live: WebGPU, then WebGL, WebAssembly, plain JavaScript; graphics that a machine only emulates are
// left to those who ask for them by name. Backends load on demand, so that a session that only prunes never fetches them.

import type * as Tf from '@tensorflow/tfjs';
import { ModelError } from '../lib/errors.ts';
import { registerCpuKernels } from './cpu/convolution.ts';
import type { Backend, BackendName } from './types.ts';
import { registerWasmKernels, startThreads } from './wasm/register.ts';
import { sharedMemoryPaths } from './wasm/shared-memory.ts';
import type { StartThread } from './wasm/team.ts';
import { patchWebgpuKernels } from './webgpu/patches.ts';
import { registerWebgpuKernels } from './webgpu/register.ts';

export const backendNames: readonly BackendName[] = ['webgpu', 'webgl', 'wasm', 'cpu'];

export interface BackendOptions {
  /** Where the WebAssembly binaries are, by file name; needed in a browser, found by itself in Node. */
  readonly wasmPaths?: Readonly<Record<string, string>>;
  /** Reads one of these where `fetch` does not: a file, in Node. */
  readonly readBinary?: (path: string) => Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Threads for WebAssembly, where memory may be shared and the present thread may block: how many, this one included, and
   * how one is started. One without; it needs `wasmPaths`.
   */
  readonly threads?: { readonly count: number; readonly start: StartThread };
}

type Wanted = BackendName | 'auto';

/** The backend that tfjs computes on, and what it was chosen as: one picked by hand is not what "auto" would be. */
let live: { readonly wanted: Wanted; readonly backend: Promise<Backend> } | undefined;

/**
 * The wanted backend, or the first that works. One backend is live at a time: tfjs keeps it globally.
 * @throws ModelError `no-backend` when the wanted one cannot be had, with the reason
 */
export async function chooseBackend(wanted: Wanted = 'auto', options: BackendOptions = {}): Promise<Backend> {
  if (live?.wanted === wanted) return live.backend;
  const backend = start(wanted, options, live?.backend);
  live = { wanted, backend };
  try {
    return await backend;
  } catch (error) {
    if (live?.backend === backend) live = undefined;
    throw error;
  }
}

/**
 * Forgets the present backend, so that the next choice starts afresh: after a device was lost. tfjs keeps a started backend
 * for good, so it is registered anew; whatever lay on the device is gone with it.
 */
export async function forgetBackend(): Promise<void> {
  const lost = await live?.backend.catch(() => undefined);
  live = undefined;
  const factory = lost?.tf.findBackendFactory(lost.name);
  if (!lost || !factory) return;
  lost.tf.removeBackend(lost.name);
  lost.tf.registerBackend(lost.name, factory);
}

async function start(
  wanted: Wanted,
  options: BackendOptions,
  before: Promise<Backend> | undefined,
): Promise<Backend> {
  const present = await before?.catch(() => undefined);
  const tf = await loadTf();
  const hardware = wanted === 'auto';
  const passedOver: { name: BackendName; why: string }[] = [];
  for (const name of wanted === 'auto' ? backendNames : [wanted]) {
    try {
      if (present?.name === name && !(hardware && isSoftware(present.description))) {
        await use(tf, name);
        return { ...present, passedOver };
      }
      const description = await starters[name](tf, options, hardware);
      return { name, tf, description, passedOver };
    } catch (error) {
      passedOver.push({ name, why: error instanceof Error ? error.message : String(error) });
    }
  }
  throw new ModelError({
    code: 'no-backend',
    where: wanted,
    message: `This machine cannot compute on ${wanted}: ${passedOver.at(-1)?.why}.`,
    hint: 'Choose another backend, or "auto".',
  });
}

/** The tfjs module without its greetings: in Node it advises another package, which we do not want. */
async function loadTf(): Promise<typeof Tf> {
  const { warn } = console;
  const tf = await import('@tensorflow/tfjs');
  tf.env().set('PROD', true);
  console.warn = warn;
  return tf;
}

/** @param hardware whether only a real graphics processor will do */
type Starter = (tf: typeof Tf, options: BackendOptions, hardware: boolean) => Promise<string>;

/** Graphics computed on the processor: correct, and many times slower than WebAssembly. */
const isSoftware = (description: string): boolean =>
  /swiftshader|llvmpipe|lavapipe|software|basic render/i.test(description);

const onlySoftware = (api: string): Error =>
  new Error(`${api} is emulated on the processor here, which is slower than WebAssembly`);

async function use(tf: typeof Tf, name: BackendName): Promise<void> {
  const works = await tf.setBackend(name);
  if (!works) throw new Error('it does not start here');
  await tf.ready();
}

const starters: Record<BackendName, Starter> = {
  webgpu: async (tf, _, hardware) => {
    const gpu = (globalThis.navigator as Navigator | undefined)?.gpu;
    const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) throw new Error('there is no WebGPU adapter');
    const { vendor, architecture, description } = adapter.info;
    const name = [description || vendor || 'WebGPU', architecture].filter(Boolean).join(', ');
    if (hardware && isSoftware(name)) throw onlySoftware('WebGPU');
    await import('@tensorflow/tfjs-backend-webgpu');
    await use(tf, 'webgpu');
    patchWebgpuKernels(tf);
    registerWebgpuKernels(tf);
    return name;
  },
  webgl: async (tf, _, hardware) => {
    if (typeof OffscreenCanvas === 'undefined') throw new Error('there is no WebGL');
    const context = new OffscreenCanvas(1, 1).getContext('webgl2');
    if (!context) throw new Error('there is no WebGL 2');
    const unmasked = context.getExtension('WEBGL_debug_renderer_info')?.UNMASKED_RENDERER_WEBGL;
    const name = String(context.getParameter(unmasked ?? context.RENDERER));
    if (hardware && isSoftware(name)) throw onlySoftware('WebGL');
    await use(tf, 'webgl');
    return name;
  },
  wasm: async (tf, { wasmPaths, readBinary, threads }) => {
    const wasm = await import('@tensorflow/tfjs-backend-wasm');
    const several = threads !== undefined && threads.count > 1;
    const shared = several && wasmPaths ? await sharedMemoryPaths(wasmPaths, readBinary) : undefined;
    const paths = shared ?? wasmPaths;
    // What is shared is a blob, which Emscripten's own reader does not open in Node.
    if (paths) wasm.setWasmPaths({ ...paths }, shared !== undefined);
    // tfjs's own threads start workers from source text, which dies in a bundled worker; we bring ours.
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    await use(tf, 'wasm');
    registerWasmKernels(tf);
    const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
    const count = several ? await startThreads(tf, threads.count, threads.start) : 1;
    return `WebAssembly${simd ? ' with SIMD' : ''}, ${count} thread${count === 1 ? '' : 's'}`;
  },
  cpu: async (tf) => {
    await use(tf, 'cpu');
    registerCpuKernels(tf);
    return 'JavaScript';
  },
};
