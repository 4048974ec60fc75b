// What a training pass holds on its backend after some steps: if any step left something behind, more steps hold more.

import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import type { BackendName } from '../../src/execution/types.ts';
import { train } from '../../src/training/loop.ts';
import { networks, randomImages } from './rates.ts';

export interface Held {
  readonly tensors: number;
  readonly bytes: number;
  /** Buffers on the device that are in use; 0 where the backend does not tell. */
  readonly deviceBytes: number;
}

/** Held after each of the given numbers of steps, of two images. */
export async function heldAfter(
  name: BackendName,
  network: keyof typeof networks,
  steps: readonly number[],
): Promise<Held[]> {
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
    const { numTensors, numBytes, ...rest } = backend.tf.memory() as ReturnType<typeof backend.tf.memory> & {
      numBytesInGPU?: number;
    };
    held.push({ tensors: numTensors, bytes: numBytes, deviceBytes: rest.numBytesInGPU ?? 0 });
  }
  made.dispose();
  return held;
}
