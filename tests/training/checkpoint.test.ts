// A pass that was interrupted and resumed ends with the very bytes of one that was not; foreign bytes are refused.

import { describe, expect, test } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import type { Network } from '../../src/execution/types.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/training/checkpoint.ts';
import { train } from '../../src/training/loop.ts';
import type { PartialTraining } from '../../src/training/options.ts';
import { penaltyOf } from '../../src/training/sparsity.ts';
import type { Augmentation, Checkpoint, TrainingEvent } from '../../src/training/types.ts';
import { runPass, tinyData, tinyGraph } from './tiny.ts';

const backend = await chooseBackend('wasm');
const data = tinyData(48, 16);
const graph = tinyGraph();

const noise: Augmentation = (batch, random) => ({
  ...batch,
  inputs: batch.inputs.map(({ dims, data: pixels }) => ({
    dims,
    data: Float32Array.from(pixels, (pixel) => pixel + random.normal() * 0.1),
  })),
});

/** Three batches per epoch, so that six batches are two epochs with a validation between them. */
const base: PartialTraining = { epochs: 2, batchSize: 16, seed: 9, augmentations: [noise], keepBest: true };
const rows: [string, () => PartialTraining][] = [
  ['SGD with momentum', () => ({ ...base, learningRate: 0.1, schedule: { name: 'one-cycle' } })],
  ['AdamW', () => ({ ...base, optimizer: { name: 'adamw', weightDecay: 0.01 }, learningRate: 0.01 })],
  [
    'a growing penalty',
    () => ({
      ...base,
      penalty: penaltyOf(analyse(graph), { name: 'growing', strength: 1e-3, growth: 1e-2, every: 2 }),
    }),
  ],
];

const bytesOf = async (network: Network) =>
  [...(await network.readBack()).tensors.values()].map(({ name, bytes }) => [name, bytes] as const);
const lossesOf = (events: readonly TrainingEvent[]) =>
  events.flatMap((event) => (event.kind === 'batch' ? [event.loss] : []));

async function straight(options: PartialTraining) {
  const network = await createNetwork(graph, backend);
  const { events, result } = await runPass(train(network, data, options));
  const bytes = await bytesOf(network);
  network.dispose();
  return { losses: lossesOf(events), message: result.message, best: result.best, bytes };
}

/** Ends after `batches`, hands over bytes only, and goes on in another network. */
async function interrupted(batches: number, options: () => PartialTraining) {
  const first = await createNetwork(graph, backend);
  const losses: number[] = [];
  let saved: Uint8Array | undefined;
  for await (const event of train(first, data, options())) {
    if (event.kind !== 'batch') continue;
    losses.push(event.loss);
    if (event.total < batches) continue;
    saved = encodeCheckpoint(await event.checkpoint());
    break;
  }
  first.dispose();
  const second = await createNetwork(graph, backend);
  const resume = decodeCheckpoint(saved ?? new Uint8Array());
  const { events, result } = await runPass(train(second, data, { ...options(), resume }));
  const bytes = await bytesOf(second);
  second.dispose();
  return { losses: [...losses, ...lossesOf(events)], message: result.message, best: result.best, bytes };
}

describe.each(rows)('with %s', (_, options) => {
  test.each([1, 3, 4])('six batches equal %i and the rest', async (batches) => {
    const whole = await straight(options());
    expect(whole.losses).toHaveLength(6);
    expect(await interrupted(batches, options)).toEqual(whole);
  });
});

describe('checkpoints', () => {
  const saved: Checkpoint = {
    seed: 4,
    epoch: 1,
    batch: 2,
    total: 5,
    weights: new Map([['w', { dims: [2, 1], data: Float32Array.of(1, -0) }]]),
    optimizer: new Map([['velocity/w', { dims: [2, 1], data: Float32Array.of(0.5, Number.NaN) }]]),
    best: {
      epoch: -1,
      evaluation: { loss: Number.POSITIVE_INFINITY, examples: 0 },
      weights: new Map([['w', { dims: [2, 1], data: Float32Array.of(3, 4) }]]),
    },
    running: { loss: 1.5, right: Number.NaN, examples: 32, normalLoss: 2, averageLoss: 1 },
    penalty: Float32Array.of(7),
  };

  test('survive being bytes, also at an odd offset', () => {
    const bytes = encodeCheckpoint(saved);
    expect(decodeCheckpoint(bytes)).toEqual(saved);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(decodeCheckpoint(shifted.subarray(1))).toEqual(saved);
  });

  test.each([
    ['nothing', new Uint8Array(), /too short/],
    ['other bytes', new TextEncoder().encode('no checkpoint at all'), /does not begin like one/],
    ['half of one', encodeCheckpoint(saved).subarray(0, -6), /ends too early/],
    ['a head that is cut off', encodeCheckpoint(saved).subarray(0, 40), /ends too early/],
  ])('are told from %s', (_, bytes, message) => {
    expect(() => decodeCheckpoint(bytes)).toThrow(message);
  });

  test('of another network are refused', async () => {
    const network = await createNetwork(graph, backend);
    const before = await bytesOf(network);
    await expect(runPass(train(network, data, { ...base, seed: 4, resume: saved }))).rejects.toThrow(
      /another network/,
    );
    expect(await bytesOf(network)).toEqual(before);
    network.dispose();
  });
});
