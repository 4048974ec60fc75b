// A few training steps on a backend, as losses that every other backend should find too.

import { networks, randomImages } from '../../scripts/bench/rates.ts';
import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import type { BackendName } from '../../src/execution/types.ts';
import { openModel } from '../../src/formats/formats.ts';
import { train } from '../../src/training/loop.ts';

/** A network of the bench by its name, or a file in base 64. */
export async function lossesOf(name: BackendName, network: string, steps = 3): Promise<number[]> {
  const graph =
    network in networks
      ? networks[network as keyof typeof networks]()
      : openModel(
          Uint8Array.from(atob(network), (c) => c.charCodeAt(0)),
          'model.onnx',
        ).graph;
  const made = await createNetwork(graph, await chooseBackend(name));
  const losses: number[] = [];
  const options = { epochs: 1, batchSize: 4, learningRate: 0.01, validationExamples: 0, seed: 1 };
  for await (const event of train(made, randomImages(graph, 4 * steps), options))
    if (event.kind === 'batch') losses.push(event.loss);
  made.dispose();
  return losses;
}
