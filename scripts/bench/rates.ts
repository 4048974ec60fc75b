// Images per second of training steps, ours and stock tfjs's, by names that can be sent to a browser.

import { type BackendOptions, chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import type { BackendName } from '../../src/execution/types.ts';
import type { Graph } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';
import { train } from '../../src/training/loop.ts';
import type { Dataset, Split } from '../../src/training/types.ts';
import { mobileNet, resnet20, vitBlock } from './networks.ts';

export { stockRate } from './stock.ts';

export const networks = {
  'ResNet-20': resnet20,
  'MobileNetV2-like': mobileNet,
  'ViT block': vitBlock,
} as const;

/** Two batches are not counted: they compile, plan and fill caches. */
export async function ourRate(
  network: keyof typeof networks,
  backend: BackendName,
  batch: number,
  batches: number,
  options: BackendOptions = {},
): Promise<number> {
  const graph = networks[network]();
  const made = await createNetwork(graph, await chooseBackend(backend, options));
  const data = randomImages(graph, batch * (batches + 2));
  let start = 0;
  let counted = 0;
  for await (const event of train(made, data, { epochs: 1, batchSize: batch, validationExamples: 0 })) {
    if (event.kind !== 'batch') continue;
    if (event.batch < 2) start = performance.now();
    else counted += batch;
  }
  const rate = (counted / (performance.now() - start)) * 1000;
  made.dispose();
  return rate;
}

/** Every image and its class follow from its position, whoever else has read before. */
export function randomImages({ inputs: [input] }: Graph, length: number): Dataset {
  const dims = (input.dims ?? []).slice(1).map(Number);
  const size = dims.reduce((a, b) => a * b, 1);
  const read: Split['read'] = async (positions) => {
    const images = new Float32Array(positions.length * size);
    const classes = new Int32Array(positions.length);
    for (let i = 0; i < positions.length; i++) {
      const random = new Random(positions[i]);
      classes[i] = random.below(10);
      for (let j = 0; j < size; j++) images[i * size + j] = random.uniform();
    }
    return {
      inputs: [{ dims: [positions.length, ...dims], data: images }],
      targets: [{ dims: [positions.length], data: classes }],
    };
  };
  const split: Split = { length, read };
  return {
    name: 'random images',
    dims: [dims],
    classes: Array.from({ length: 10 }, (_, i) => String(i)),
    normalisation: undefined,
    train: split,
    validation: split,
    test: split,
  };
}
