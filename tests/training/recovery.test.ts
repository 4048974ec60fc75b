// Repair without labels: statistics become those of the images, a distilled network agrees with its teacher, and a
// reconstructed layer comes closer to what it said before. Each says whether it changed anything.

import { describe, expect, test } from 'vitest';
import { residualNetwork } from '../../scripts/sample/network.ts';
import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import type { Network } from '../../src/execution/types.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import { toFloat32 } from '../../src/graph/tensor.ts';
import { Random } from '../../src/lib/random.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { evaluate } from '../../src/training/evaluate.ts';
import { train } from '../../src/training/loop.ts';
import { reestimateBatchNorm } from '../../src/training/recovery/batch-norm.ts';
import { distil, lessonsOf } from '../../src/training/recovery/distil.ts';
import { comparableMaps } from '../../src/training/recovery/features.ts';
import { conjugateGradients } from '../../src/training/recovery/least-squares.ts';
import { reconstruct } from '../../src/training/recovery/reconstruct.ts';
import { runPass, splitOf, tinyData, tinyExamples, tinyGraph, withoutLabels } from './tiny.ts';

const backend = await chooseBackend('wasm');
const { tf } = backend;
const data = tinyData();
const bare = withoutLabels(data);

/** The tiny network, trained. */
const original = await createNetwork(tinyGraph(), backend);
await runPass(train(original, data, { epochs: 4, batchSize: 16, learningRate: 0.1, seed: 3 }));
const trained = await original.readBack();

const values = async (network: Network, name: string) =>
  Array.from(toFloat32((await network.readBack()).tensors.get(name)!));

describe('batch-norm re-estimation', () => {
  test('sets the statistics of all examples together', async () => {
    const network = await createNetwork(tinyGraph(), backend);
    const { changed, message } = await reestimateBatchNorm(network, bare.train, {
      examples: 128,
      batchSize: 32,
    });
    expect({ changed, message }).toEqual({
      changed: true,
      message: 'Re-estimated one batch normalisation on 128 examples.',
    });
    const { inputs } = tinyExamples(128, 10);
    const probe = await createNetwork(
      { ...tinyGraph(), outputs: [{ name: 'first_out', dtype: 'float32' }] },
      backend,
    );
    const { first_out: before } = await probe.predict({ x: inputs[0] });
    probe.dispose();
    const [mean, variance] = [await values(network, 'norm.mean'), await values(network, 'norm.variance')];
    for (let channel = 0; channel < 8; channel++) {
      const own = Array.from(before.data).filter((_, i) => Math.floor(i / 36) % 8 === channel);
      const average = own.reduce((a, b) => a + b) / own.length;
      const spread = own.reduce((sum, x) => sum + (x - average) ** 2, 0) / own.length;
      expect(mean[channel]).toBeCloseTo(average, 3);
      expect(variance[channel]).toBeCloseTo(spread, 3);
    }
    network.dispose();
  });

  test('leaves everything else as it was, and nothing on the device', async () => {
    const network = await createNetwork(trained, backend);
    const tensors = tf.memory().numTensors;
    await reestimateBatchNorm(network, bare.train);
    expect(tf.memory().numTensors).toBe(tensors);
    for (const name of ['first.weight', 'norm.scale', 'second.bias'])
      expect(await values(network, name)).toEqual(Array.from(toFloat32(trained.tensors.get(name)!)));
    network.dispose();
  });

  test('measures without dropout, as the network is used', async () => {
    const b = new GraphBuilder('dropout');
    const x = b.input('x', 'float32', ['N', 1]);
    const ratio = b.tensor('ratio', 'float32', [], [0.5]);
    const dropped = b.node('Dropout', [x, ratio, b.tensor('training', 'bool', [], [1])]);
    const one = (name: string, value: number) => b.tensor(name, 'float32', [1], [value]);
    const y = b.node('BatchNormalization', [
      dropped,
      one('scale', 1),
      one('shift', 0),
      one('mean', 9),
      one('variance', 9),
    ]);
    const network = await createNetwork(b.output(y).graph(), backend);
    const split = splitOf({ inputs: [{ dims: [4, 1], data: Float32Array.of(1, 2, 3, 6) }] });
    await reestimateBatchNorm(network, split);
    expect((await values(network, 'mean'))[0]).toBeCloseTo(3, 4);
    expect((await values(network, 'variance'))[0]).toBeCloseTo(3.5, 4);
    network.dispose();
  });

  test('says so where there is nothing to re-estimate', async () => {
    const b = new GraphBuilder('plain');
    const x = b.input('x', 'float32', ['N', 4]);
    const y = b.node('MatMul', [x, b.tensor('w', 'float32', [4, 2], [1, 2, 3, 4, 5, 6, 7, 8])]);
    const network = await createNetwork(b.output(y).graph(), backend);
    const split = splitOf({ inputs: [{ dims: [4, 4], data: new Float32Array(16) }] });
    expect(await reestimateBatchNorm(network, split)).toEqual({
      changed: false,
      message: expect.stringMatching(/no batch normalisation/),
    });
    network.dispose();
  });
});

describe('distillation', () => {
  const pruned = () => {
    const pruner = new MetaPruner(trained, { ratio: 0.5 });
    pruner.step();
    return pruner.graph;
  };

  test.each([
    ['the answers', {}],
    ['the answers and feature maps', { features: ['second_out'], featureWeight: 0.5 }],
  ])('brings a pruned network back to %s of the original, without labels', async (_, lessons) => {
    const network = await createNetwork(pruned(), backend);
    const distillation = lessonsOf(original);
    const before = await evaluate(network, bare.test, { distillation });
    const { result } = await runPass(
      distil(network, original, bare, { epochs: 6, batchSize: 16, learningRate: 0.05, ...lessons }),
    );
    expect(result).toMatchObject({ outcome: 'completed', changed: true });
    const after = await evaluate(network, bare.test, { distillation });
    expect(after.loss).toBeLessThan(before.loss / 2);
    expect(after.accuracy).toBeGreaterThan(0.9);
    network.dispose();
  });

  test('compares what each stage of a pruned network hands on', () => {
    const graph = residualNetwork({
      name: 'staged',
      input: 'x',
      image: [1, 12, 12],
      classes: 4,
      widths: [4, 6],
      blocks: 1,
      stem: 1,
      seed: 1,
    });
    const pruner = new MetaPruner(graph, { ratio: 0.5 });
    pruner.step();
    expect(comparableMaps(pruner.graph, graph)).toEqual(['stage1.block1.relu_out', 'stage2.block1.relu_out']);
    expect(comparableMaps(pruner.graph, tinyGraph())).toEqual([]);
  });

  test('uses labels where there are some, and leaves the teacher alone', async () => {
    const network = await createNetwork(pruned(), backend);
    await runPass(distil(network, original, data, { epochs: 3, batchSize: 16, learningRate: 0.05 }));
    expect((await evaluate(network, data.test)).accuracy).toBeGreaterThan(0.9);
    expect((await original.readBack()).tensors).toEqual(trained.tensors);
    network.dispose();
  });
});

describe('reconstruction', () => {
  test('brings every layer behind a cut closer to what it said', async () => {
    const pruner = new MetaPruner(trained, { ratio: 0.5 });
    pruner.step();
    const network = await createNetwork(pruner.graph, backend);
    const distillation = lessonsOf(original, { temperature: 1 });
    const before = await evaluate(network, bare.test, { distillation });
    const tensors = tf.memory().numTensors;
    const { changed, message } = await reconstruct(network, original, pruner, bare.train, { places: 16 });
    expect(tf.memory().numTensors).toBe(tensors);
    expect(changed).toBe(true);
    expect(message).toMatch(/Reconstructed 2 layers/);
    const after = await evaluate(network, bare.test, { distillation });
    expect(after.loss).toBeLessThan(before.loss / 2);
    network.dispose();
  });

  test('restores the layer exactly where what was cut says nothing new', async () => {
    const graph = twinChannels();
    const whole = await createNetwork(graph, backend);
    const pruner = new MetaPruner(graph, { ratio: 0.5 });
    for (const candidate of pruner.step({ interactive: true })) candidate.accept([1, 3]);
    const network = await createNetwork(pruner.graph, backend);
    const random = new Random(8);
    const images = {
      dims: [64, 1, 6, 6],
      data: Float32Array.from({ length: 64 * 36 }, () => random.normal()),
    };
    await reconstruct(network, whole, pruner, splitOf({ inputs: [images] }), { ridge: 1e-6 });
    const { second_out: expected } = await whole.predict({ x: images });
    const { second_out: found } = await network.predict({ x: images });
    expect(found.dims).toEqual(expected.dims);
    const worst = Math.max(...Array.from(found.data, (value, i) => Math.abs(value - expected.data[i])));
    expect(worst).toBeLessThan(0.02);
    whole.dispose();
    network.dispose();
  });

  test('says so where no layer stands behind a cut', async () => {
    const network = await createNetwork(trained, backend);
    expect(await reconstruct(network, original, new MetaPruner(trained), bare.train)).toEqual({
      changed: false,
      message: expect.stringMatching(/No layer that could be fitted stands behind a cut/),
    });
    network.dispose();
  });
});

/** A strided, padded convolution behind channels of which 1 repeats 0, and 3 repeats 2. */
function twinChannels() {
  const random = new Random(4);
  const b = new GraphBuilder('twins');
  const filters = Array.from({ length: 2 }, () => Array.from({ length: 9 }, () => random.normal()));
  const x = b.input('x', 'float32', ['N', 1, 6, 6]);
  const first = b.node(
    'Conv',
    [
      x,
      b.tensor(
        'first.weight',
        'float32',
        [4, 1, 3, 3],
        [0, 0, 1, 1].flatMap((i) => filters[i]),
      ),
    ],
    { pads: [1, 1, 1, 1] },
    { name: 'first' },
  );
  const weight = Array.from({ length: 5 * 4 * 9 }, () => random.normal());
  const second = b.node(
    'Conv',
    [b.node('Relu', [first]), b.tensor('second.weight', 'float32', [5, 4, 3, 3], weight)],
    { pads: [1, 0, 1, 2], strides: [2, 1] },
    { name: 'second' },
  );
  return b.output(second).graph();
}

test('conjugate gradients solve a system', () => {
  const random = new Random(2);
  const a = Array.from({ length: 5 }, () => Array.from({ length: 5 }, () => random.normal()));
  const symmetric = a.map((row, i) =>
    a.map((other, j) => row.reduce((s, v, k) => s + v * other[k], i === j ? 1 : 0)),
  );
  const x = [
    [1, -2],
    [0, 3],
    [4, 0.5],
    [-1, 1],
    [2, 2],
  ];
  const b = symmetric.map((row) => [0, 1].map((c) => row.reduce((s, v, k) => s + v * x[k][c], 0)));
  const found = conjugateGradients(tf, tf.tensor2d(symmetric), tf.tensor2d(b), 10).arraySync();
  for (const [i, row] of found.entries())
    for (const [j, value] of row.entries()) expect(value).toBeCloseTo(x[i][j], 2);
});
