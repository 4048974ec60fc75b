// Images per second of a training step, batch 32, on the backends that Node has: ours beside tfjs's own layers, which
// train a convolution on the CPU backend only.

import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import type { BackendName } from '../../src/execution/types.ts';
import type { Graph } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';
import { train } from '../../src/training/loop.ts';
import type { Dataset, Split } from '../../src/training/types.ts';
import { mobileNet, resnet20, vitBlock } from './networks.ts';
import { stockRate } from './stock.ts';
import { Table, times } from './table.ts';

const BATCH = 32;

export async function benchTraining(): Promise<void> {
  // Stock first: loading our backends registers our gradients for all of tfjs.
  const stock = await stockRate('cpu', 2);
  const table = new Table(`A training step, batch ${BATCH}: images per second`, [
    'network',
    'backend',
    'ours',
    'stock CPU',
    'ahead',
  ]);
  table.row(['ResNet-20, 32x32', 'cpu', '', stock.toFixed(2), '']);
  const rate = await ourRate(resnet20(), 'wasm', 8);
  table.row(['ResNet-20, 32x32', 'wasm', rate.toFixed(0), stock.toFixed(2), times(rate / stock)]);
  for (const [name, graph] of [
    ['MobileNetV2-like', mobileNet()],
    ['ViT block', vitBlock()],
  ] as const)
    table.row([name, 'wasm', (await ourRate(graph, 'wasm', 8)).toFixed(0)]);
}

/** Images per second over `batches` batches, after two that are not counted. */
async function ourRate(graph: Graph, name: BackendName, batches: number): Promise<number> {
  const network = await createNetwork(graph, await chooseBackend(name));
  const data = randomImages(graph, BATCH * (batches + 2));
  let start = 0;
  let counted = 0;
  for await (const event of train(network, data, { epochs: 1, batchSize: BATCH, validationExamples: 0 })) {
    if (event.kind !== 'batch') continue;
    if (event.batch <= 2) start = performance.now();
    else counted += BATCH;
  }
  const rate = (counted / (performance.now() - start)) * 1000;
  network.dispose();
  return rate;
}

function randomImages({ inputs: [input] }: Graph, length: number): Dataset {
  const dims = (input.dims ?? []).slice(1).map(Number);
  const size = dims.reduce((a, b) => a * b, 1);
  const random = new Random(1);
  const split: Split = {
    length,
    read: async (positions) => ({
      inputs: [
        {
          dims: [positions.length, ...dims],
          data: Float32Array.from({ length: positions.length * size }, () => random.uniform()),
        },
      ],
      targets: [
        {
          dims: [positions.length],
          data: Int32Array.from({ length: positions.length }, () => random.below(10)),
        },
      ],
    }),
  };
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
