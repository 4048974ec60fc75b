// Evidence is in the graph's own element order: gradients equal central differences of the loss, activations equal
// what the network says.

import { describe, expect, test } from 'vitest';
import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import { withTensors } from '../../src/graph/edit.ts';
import { elementCount, tensorOf, toFloat32 } from '../../src/graph/tensor.ts';
import type { Graph } from '../../src/graph/types.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { evaluate } from '../../src/training/evaluate.ts';
import { collectEvidence } from '../../src/training/evidence.ts';
import { splitOf, tinyData, tinyExamples, tinyGraph, withoutLabels } from './tiny.ts';

const backend = await chooseBackend('cpu');
const graph = tinyGraph({ width: 3 });
const split = splitOf(tinyExamples(6, 21));

/** Mean loss with one weight moved. */
async function lossWith(name: string, element: number, by: number, positions?: number[]): Promise<number> {
  const tensor = graph.tensors.get(name)!;
  const values = Array.from(toFloat32(tensor));
  values[element] += by;
  const moved: Graph = withTensors(graph, [tensorOf(name, tensor.dtype, tensor.dims, values)]);
  const network = await createNetwork(moved, backend);
  const { loss } = await evaluate(network, split, positions ? { positions } : {});
  network.dispose();
  return loss;
}

const step = 0.02;
const slope = async (name: string, element: number, positions?: number[]) =>
  ((await lossWith(name, element, step, positions)) - (await lossWith(name, element, -step, positions))) /
  (2 * step);

const network = await createNetwork(graph, backend);
const { gradients } = await collectEvidence(network, split, ['weights', 'gradients'], { examples: 6 });

describe('gradients', () => {
  test.each([
    ['second.weight', [0, 4, 17, 40, 80]],
    ['first.weight', [1, 8, 20]],
    ['classifier.weight', [0, 5, 11]],
    ['norm.scale', [0, 2]],
  ])('of %s equal central differences', async (name, elements) => {
    const { mean, square } = gradients!.get(name)!;
    expect(mean).toHaveLength(toFloat32(graph.tensors.get(name)!).length);
    for (const element of elements) {
      expect(mean[element]).toBeCloseTo(await slope(name, element), 2);
      let squares = 0;
      for (let i = 0; i < split.length; i++) squares += (await slope(name, element, [i])) ** 2;
      expect(square[element]).toBeCloseTo(squares / split.length, 2);
    }
  });

  test('are wanted of labelled examples only', async () => {
    const bare = withoutLabels(tinyData(8, 8)).train;
    await expect(collectEvidence(network, bare, ['gradients'])).rejects.toThrow(/no labels/);
    expect(await collectEvidence(network, bare, ['weights'])).toEqual({});
  });

  test('leave the network as it was, and nothing on the device', async () => {
    const before = backend.tf.memory().numTensors;
    await collectEvidence(network, split, ['gradients', 'activations'], { examples: 6 });
    expect(backend.tf.memory().numTensors).toBe(before);
    expect((await network.readBack()).tensors).toEqual(graph.tensors);
  });
});

test('activations are the mean size of what each output channel says', async () => {
  const { activations } = await collectEvidence(network, split, ['activations'], { examples: 6 });
  const { inputs } = await split.read([0, 1, 2, 3, 4, 5]);
  for (const [kernel, output] of [
    ['first.weight', 'first_out'],
    ['second.weight', 'second_out'],
    ['classifier.weight', 'classifier_out'],
  ]) {
    const shown = { ...graph, outputs: [{ name: output, dtype: 'float32' as const }] };
    const probe = await createNetwork(shown, backend);
    const { dims, data } = (await probe.predict({ x: inputs[0] }))[output];
    probe.dispose();
    const channels = dims[1];
    const places = data.length / (dims[0] * channels);
    const sums = new Float64Array(channels);
    data.forEach((value, i) => {
      sums[Math.floor(i / places) % channels] += Math.abs(value);
    });
    const means = activations!.get(kernel)!;
    expect(means).toHaveLength(channels);
    for (const [channel, sum] of sums.entries())
      expect(means[channel]).toBeCloseTo(sum / (dims[0] * places), 4);
  }
});

test.each(['taylor', 'hessian', 'activation'])('%s prunes with the evidence', async (criterion) => {
  const pruner = new MetaPruner(graph, { criterion, ratio: 0.3 });
  const needs = criterion === 'activation' ? (['activations'] as const) : (['gradients'] as const);
  const evidence = await collectEvidence(network, split, needs, { examples: 6 });
  expect(pruner.step({ evidence })).toBe(true);
  expect(pruner.graph.tensors.get('first.weight')?.dims).toEqual([2, 1, 3, 3]);
});

/** A convolution fused with its activation, and a layer whose weight is stored as levels. */
function optimised(): Graph {
  const b = new GraphBuilder('optimised', { opset: 17, domains: { 'com.microsoft': 1 } });
  const wave = (name: string, dims: readonly number[]) =>
    b.tensor(
      name,
      'float32',
      dims,
      Array.from({ length: elementCount(dims) }, (_, i) => Math.sin(i + 1)),
    );
  const inputs = [b.input('x', 'float32', ['N', 1, 6, 6]), wave('first', [3, 1, 3, 3])];
  const maps = b.node('FusedConv', inputs, { activation: 'Relu' }, { domain: 'com.microsoft' });
  const levels = b.tensor(
    'second',
    'int8',
    [48, 5],
    Array.from({ length: 240 }, (_, i) => (i * 7) % 90),
  );
  const weight = b.node('DequantizeLinear', [levels, b.tensor('scale', 'float32', [], [0.01])]);
  const hidden = b.node('Relu', [b.node('MatMul', [b.node('Flatten', [maps]), weight])]);
  return b.output(b.node('MatMul', [hidden, wave('head', [5, 4])])).graph();
}

test('activations are found behind fused and quantised layers', async () => {
  const fused = await createNetwork(optimised(), backend);
  const { activations } = await collectEvidence(fused, split, ['activations'], { examples: 6 });
  expect([...activations!.keys()].sort()).toEqual(['first', 'head', 'second']);
  expect(activations!.get('second')).toHaveLength(5);
  const pruner = new MetaPruner(optimised(), { criterion: 'activation', ratio: 0.5 });
  expect(pruner.step({ evidence: { activations: activations! } })).toBe(true);
  expect(pruner.lastStep?.removed.map(({ group }) => group)).toEqual(['first:0', 'second:1']);
  fused.dispose();
});
