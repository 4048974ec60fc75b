// What a training pass holds on its backend after some steps: if any step left something behind, more steps hold more.

import { chooseBackend, forgetBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import type { Backend, BackendName } from '../../src/execution/types.ts';
import { train } from '../../src/training/loop.ts';
import { networks, randomImages } from './rates.ts';

export interface Held {
  readonly tensors: number;
  readonly bytes: number;
  /** What the backend keeps for them: buffers or textures on a device, WebAssembly's memory, 0 for plain arrays. */
  readonly backendBytes: number;
}

/** Held after each of the given numbers of steps, of two images, by a backend that has computed nothing before. */
export async function heldAfter(
  name: BackendName,
  network: keyof typeof networks,
  steps: readonly number[],
): Promise<Held[]> {
  await forgetBackend();
  const backend = await chooseBackend(name);
  const graph = networks[network]();
  const made = await createNetwork(graph, backend);
  const held: Held[] = [];
  const pass = train(made, randomImages(graph, 2 * Math.max(...steps)), {
    epochs: 1,
    batchSize: 2,
    learningRate: 1e-4,
    validationExamples: 0,
    clipNorm: 1,
  });
  for await (const event of pass) {
    if (event.kind !== 'batch' || !steps.includes(event.total)) continue;
    const { numTensors, numBytes } = backend.tf.memory();
    held.push({ tensors: numTensors, bytes: numBytes, backendBytes: backendBytes(backend) });
  }
  made.dispose();
  return held;
}

function backendBytes({ name, tf }: Backend): number {
  if (name !== 'wasm') return (tf.memory() as { numBytesInGPU?: number }).numBytesInGPU ?? 0;
  return (tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.byteLength;
}
