// The loop: it learns, reports every batch, stops within one, keeps the best, notices a loss that runs away, leaves
// frozen layers alone, holds its memory flat, and does not begin when the gate is shut.

import { describe, expect, test } from 'vitest';
import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import type { Network } from '../../src/execution/types.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import { toFloat32 } from '../../src/graph/tensor.ts';
import { mixup } from '../../src/training/augmentations/mixup.ts';
import { evaluate } from '../../src/training/evaluate.ts';
import { train } from '../../src/training/loop.ts';
import type { PartialTraining } from '../../src/training/options.ts';
import type { BatchEvent, Dataset, EpochEvent, TrainingEvent } from '../../src/training/types.ts';
import { runPass, tinyData, tinyGraph, withoutLabels } from './tiny.ts';

const backend = await chooseBackend('wasm');
const data = tinyData();
const tinyNetwork = (options?: Parameters<typeof tinyGraph>[0]) => createNetwork(tinyGraph(options), backend);

const options: PartialTraining = { epochs: 4, batchSize: 16, learningRate: 0.1, seed: 3 };

const batchesOf = (events: readonly TrainingEvent[]) =>
  events.filter((event): event is BatchEvent => event.kind === 'batch');
const epochsOf = (events: readonly TrainingEvent[]) =>
  events.filter((event): event is EpochEvent => event.kind === 'epoch');

/** All weights, as one list. */
async function weightsOf(network: Network): Promise<number[]> {
  const { tensors } = await network.readBack();
  return [...tensors.values()].flatMap((tensor) => Array.from(toFloat32(tensor)));
}

describe('training', () => {
  test.each([
    ['sgd', 0.1],
    ['adam', 0.02],
    ['adamw', 0.02],
  ] as const)('learns with %s, and reports every batch and epoch', async (name, learningRate) => {
    const network = await tinyNetwork();
    const { events, result } = await runPass(
      train(network, data, { ...options, optimizer: { name }, learningRate }),
    );
    expect(batchesOf(events)).toHaveLength(4 * 8);
    expect(epochsOf(events)).toHaveLength(4);
    expect(result).toMatchObject({ outcome: 'completed', changed: true, epochs: 4, batches: 32 });
    const { accuracy } = await evaluate(network, data.test);
    expect(accuracy).toBeGreaterThan(0.9);
    network.dispose();
  });

  test('learns with everything that is used in practice switched on', async () => {
    const network = await tinyNetwork();
    const { events } = await runPass(
      train(network, data, {
        ...options,
        schedule: { name: 'one-cycle' },
        warmUp: 0.5,
        labelSmoothing: 0.1,
        clipNorm: 0.5,
        augmentations: [
          mixup({ classes: 4 }),
          (batch, random) => ({
            ...batch,
            inputs: batch.inputs.map(({ dims, data: pixels }) => ({
              dims,
              data: Float32Array.from(pixels, (pixel) => pixel + random.normal() * 0.05),
            })),
          }),
        ],
      }),
    );
    expect(batchesOf(events).every(({ gradientNorm }) => (gradientNorm ?? -1) > 0)).toBe(true);
    expect((await evaluate(network, data.test)).accuracy).toBeGreaterThan(0.9);
    network.dispose();
  });

  test('learns after a Softmax as without one, from the values before it', async () => {
    const losses = async (end?: 'Softmax') => {
      const network = await tinyNetwork(end ? { end } : {});
      const { events } = await runPass(train(network, data, { ...options, epochs: 1 }));
      network.dispose();
      return batchesOf(events).map(({ loss }) => loss);
    };
    expect(await losses('Softmax')).toEqual(await losses());
  });

  test('learns independent answers after a Sigmoid', async () => {
    const network = await tinyNetwork({ end: 'Sigmoid' });
    await runPass(train(network, data, options));
    expect((await evaluate(network, data.test)).accuracy).toBeGreaterThan(0.9);
    network.dispose();
  });

  test('learns values by mean squared error', async () => {
    const network = await tinyNetwork();
    const oneHot = (split: Dataset['train']): Dataset['train'] => ({
      length: split.length,
      read: async (positions) => {
        const { inputs, targets = [] } = await split.read(positions);
        const values = new Float32Array(positions.length * 4);
        targets[0].data.forEach((label, i) => {
          values[4 * i + label] = 1;
        });
        return { inputs, targets: [{ dims: [positions.length, 4], data: values }] };
      },
    });
    const values: Dataset = { ...data, train: oneHot(data.train), validation: oneHot(data.validation) };
    const { result } = await runPass(train(network, values, { ...options, learningRate: 0.05 }));
    expect(result.best?.accuracy).toBeUndefined();
    expect(result.best?.loss).toBeLessThan(0.1);
    network.dispose();
  });

  test('is the same again with the same seed, and another with another', async () => {
    const weights = async (seed: number) => {
      const network = await tinyNetwork();
      await runPass(train(network, data, { ...options, epochs: 1, seed }));
      const values = await weightsOf(network);
      network.dispose();
      return values;
    };
    const first = await weights(5);
    expect(await weights(5)).toEqual(first);
    expect(await weights(6)).not.toEqual(first);
  });
});

describe('a pass ends', () => {
  test('within one batch of the signal, with the weights it has', async () => {
    const network = await tinyNetwork();
    const stop = new AbortController();
    const { events, result } = await runPass(
      train(network, data, { ...options, signal: stop.signal }),
      (event) => {
        if (event.kind === 'batch' && event.total === 5) stop.abort();
      },
    );
    expect(batchesOf(events)).toHaveLength(5);
    expect(result).toMatchObject({ outcome: 'stopped', changed: true, batches: 5 });
    network.dispose();
  });

  test('when a timer says so, although nobody waits between the batches', async () => {
    const network = await tinyNetwork();
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 0);
    const { result } = await runPass(
      train(network, data, { ...options, epochs: 10_000, validationExamples: 0, signal: stop.signal }),
    );
    expect(result.outcome).toBe('stopped');
    network.dispose();
  });

  test('at the batch that was last pulled, and leaves nothing on the device', async () => {
    const network = await tinyNetwork();
    const before = backend.tf.memory().numTensors;
    let batches = 0;
    for await (const { kind } of train(network, data, options))
      if (kind === 'batch' && ++batches === 3) break;
    expect(backend.tf.memory().numTensors).toBe(before);
    network.dispose();
  });

  test('when nothing better has come for as long as patience lasts, with the best weights', async () => {
    const network = await tinyNetwork();
    const { events, result } = await runPass(
      train(network, data, { ...options, epochs: 30, patience: 2, validationExamples: 64 }),
    );
    expect(result.outcome).toBe('early-stopped');
    const best = epochsOf(events).findLastIndex((event) => event.best);
    expect(epochsOf(events)).toHaveLength(best + 3);
    const now = await evaluate(network, data.validation);
    expect(now.accuracy).toBeCloseTo(epochsOf(events)[best].validation?.accuracy ?? Number.NaN, 5);
    network.dispose();
  });

  test('when the loss runs away, with the weights it began with if nothing was better', async () => {
    const network = await tinyNetwork();
    const before = await weightsOf(network);
    const { result } = await runPass(train(network, data, { ...options, learningRate: 1e5 }));
    expect(result).toMatchObject({ outcome: 'diverged', changed: false });
    expect(result.message).toMatch(/Training failed after \d+ batch.*as before/);
    expect(await weightsOf(network)).toEqual(before);
    network.dispose();
  });

  test('with the weights it began with when no epoch was better', async () => {
    const network = await tinyNetwork();
    await runPass(train(network, data, options));
    const before = await weightsOf(network);
    const { result } = await runPass(
      train(network, data, { ...options, epochs: 1, learningRate: 0.7, schedule: { name: 'constant' } }),
    );
    expect(result).toMatchObject({ outcome: 'completed', changed: false });
    expect(await weightsOf(network)).toEqual(before);
    network.dispose();
  });
});

describe('a pass', () => {
  test('does not begin when the gate is shut, and says why', async () => {
    const network = await tinyNetwork();
    const gate = { open: false, message: 'The last step removed nothing, so no training follows.' };
    const { events, result } = await runPass(train(network, data, { ...options, gate }));
    expect(events).toEqual([]);
    expect(result).toEqual({
      outcome: 'skipped',
      changed: false,
      message: gate.message,
      epochs: 0,
      batches: 0,
    });
    network.dispose();
  });

  test.each([
    ['a node and a pattern', ['norm', 'first.*'], ['norm.', 'first.']],
    ['an operator type', ['BatchNormalization'], ['norm.']],
    ['a prefix and a tensor', ['second', 'classifier.bias'], ['second.', 'classifier.bias']],
  ] as const)('leaves frozen layers as they are, running statistics too: %s', async (_, frozen, still) => {
    const network = await tinyNetwork();
    const before = await network.readBack();
    await runPass(train(network, data, { ...options, epochs: 1, keepBest: false, frozen }));
    const after = await network.readBack();
    for (const [name, tensor] of after.tensors) {
      const same = expect(toFloat32(tensor), name);
      if (still.some((start) => name.startsWith(start))) same.toEqual(toFloat32(before.tensors.get(name)!));
      else same.not.toEqual(toFloat32(before.tensors.get(name)!));
    }
    network.dispose();
  });

  test('uses frozen statistics instead of those of the batch', async () => {
    const network = await tinyNetwork();
    const { loss } = await evaluate(network, data.train);
    const { events } = await runPass(
      train(network, data, { ...options, epochs: 1, batchSize: 128, frozen: ['BatchNormalization'] }),
    );
    expect(batchesOf(events)[0].loss).toBeCloseTo(loss, 5);
    network.dispose();
  });

  test('holds as many tensors after many batches as after few', async () => {
    const network = await tinyNetwork();
    const counts = new Map<number, number>();
    await runPass(train(network, data, { ...options, epochs: 12, validationExamples: 0 }), (event) => {
      if (event.kind === 'batch') counts.set(event.total, backend.tf.memory().numTensors);
    });
    expect(counts.get(90)).toBe(counts.get(10));
    network.dispose();
  });

  test.each([
    [{ epochs: 0 }, /epochs is 0.*at least 1/],
    [{ batchSize: 1.5 }, /batchSize is 1.5.*whole number/],
    [{ learningRate: Number.NaN }, /learningRate is NaN.*above 0/],
    [{ labelSmoothing: 1 }, /labelSmoothing is 1.*of at least 0 and below 1/],
    [{ optimizer: { momentum: -1 } }, /momentum is -1/],
    [{ validationExamples: -1 }, /validationExamples is -1.*at least 0/],
  ] as const)('refuses %j', async (wrong, message) => {
    const network = await tinyNetwork();
    await expect(runPass(train(network, data, wrong))).rejects.toThrow(message);
    network.dispose();
  });

  test('a network of integers alone is told apart from one whose layers are all frozen', async () => {
    const b = new GraphBuilder('levels');
    const flat = b.node('Flatten', [b.input('x', 'float32', ['N', 1, 6, 6])]);
    const levels = b.tensor(
      'w',
      'int8',
      [36, 4],
      Array.from({ length: 144 }, (_, i) => i % 9),
    );
    const weight = b.node('DequantizeLinear', [levels, b.tensor('scale', 'float32', [], [0.1])]);
    const network = await createNetwork(b.output(b.node('MatMul', [flat, weight])).graph(), backend);
    await expect(runPass(train(network, data, options))).rejects.toThrow(/no weight that can be trained/);
    network.dispose();
  });

  test('refuses data it cannot learn from by name', async () => {
    const network = await tinyNetwork({ classes: 3 });
    await expect(runPass(train(network, data, options))).rejects.toThrow(/class number 3.*3 classes/);
    await expect(runPass(train(network, withoutLabels(data), options))).rejects.toThrow(/no labels/);
    await expect(runPass(train(network, data, { ...options, frozen: ['*'] }))).rejects.toThrow(/No weight/);
    await expect(runPass(train(network, data, { ...options, frozen: ['frist'] }))).rejects.toThrow(
      /no layer "frist"/,
    );
    network.dispose();
  });
});
