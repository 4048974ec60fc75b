// The loop: it learns, reports every batch, stops within one, keeps the best, notices a loss that runs away, and does
// not begin when the gate is shut.

import { describe, expect, test } from 'vitest';
import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import type { Network } from '../../src/execution/types.ts';
import { evaluate } from '../../src/training/evaluate.ts';
import { train } from '../../src/training/loop.ts';
import type { PartialTraining } from '../../src/training/options.ts';
import type { Dataset, TrainingEvent, TrainingResult } from '../../src/training/types.ts';
import { tinyData, tinyGraph } from './tiny.ts';

const backend = await chooseBackend('wasm');
const data = tinyData();
const tinyNetwork = () => createNetwork(tinyGraph(), backend);

async function run(
  network: Network,
  options: PartialTraining,
  from: Dataset = data,
): Promise<{ events: TrainingEvent[]; result: TrainingResult }> {
  const events: TrainingEvent[] = [];
  const pass = train(network, from, options);
  for (;;) {
    const { done, value } = await pass.next();
    if (done) return { events, result: value };
    events.push(value);
  }
}

const options: PartialTraining = { epochs: 4, batchSize: 16, learningRate: 0.1, seed: 3 };

describe('training', () => {
  test('learns, and reports every batch and epoch', async () => {
    const network = await tinyNetwork();
    const { events, result } = await run(network, options);
    expect(events.filter(({ kind }) => kind === 'batch')).toHaveLength(4 * 8);
    expect(events.filter(({ kind }) => kind === 'epoch')).toHaveLength(4);
    expect(result).toMatchObject({ outcome: 'completed', changed: true, epochs: 4, batches: 32 });
    const { accuracy } = await evaluate(network, data.test);
    expect(accuracy).toBeGreaterThan(0.9);
    network.dispose();
  });
});
