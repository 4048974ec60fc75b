// What a pass aims at: outputs recognised by the graph's ends, several inputs and outputs, and data that does not fit.

import { describe, expect, test } from 'vitest';
import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import type { HostArray } from '../../src/execution/types.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';
import { evaluate } from '../../src/training/evaluate.ts';
import { headOf, objectivesFor } from '../../src/training/heads.ts';
import { train } from '../../src/training/loop.ts';
import type { Dataset, Examples } from '../../src/training/types.ts';
import { runPass, splitOf } from './tiny.ts';

const backend = await chooseBackend('cpu');

/** x → the operators, one after the other. */
function chain(operators: readonly string[], opset = 17): Graph {
  const b = new GraphBuilder('chain', { opset });
  let value = b.input('x', 'float32', ['N', 3]);
  for (const op of operators)
    value = b.node(op, op === 'Reshape' ? [value, b.integers('shape', [0, 3])] : [value]);
  return b.output(value).graph();
}

describe('the end of a graph', () => {
  test.each([
    [['Relu'], 'none', 'Relu_0_out'],
    [['Relu', 'Softmax'], 'softmax', 'Relu_0_out'],
    [['Relu', 'LogSoftmax'], 'softmax', 'Relu_0_out'],
    [['Relu', 'Softmax', 'Log'], 'softmax', 'Relu_0_out'],
    [['Relu', 'Log'], 'none', 'Log_1_out'],
    [['Relu', 'Sigmoid'], 'sigmoid', 'Relu_0_out'],
    [['Relu', 'Softmax', 'Identity', 'Reshape'], 'softmax', 'Relu_0_out'],
    [['Softmax', 'Relu'], 'none', 'Relu_1_out'],
  ] as const)('%j ends in %s', (operators, link, logits) => {
    const graph = chain(operators);
    expect(headOf(graph, graph.outputs[0].name)).toMatchObject({ link, logits });
  });

  test('old Softmax works along the second axis, new along the last', () => {
    const axis = (opset: number) => {
      const graph = chain(['Softmax'], opset);
      return headOf(graph, graph.outputs[0].name).axis;
    };
    expect([axis(11), axis(13)]).toEqual([1, -1]);
  });

  test('tells the loss, with the targets', () => {
    const numbers: HostArray = { dims: [2], data: Int32Array.of(0, 1) };
    const values: HostArray = { dims: [2, 3], data: new Float32Array(6) };
    const loss = (operators: readonly string[], target: HostArray) =>
      objectivesFor(chain(operators), [target])[0].loss;
    expect(loss(['Relu'], numbers)).toBe('cross-entropy');
    expect(loss(['Relu'], values)).toBe('mean-squared-error');
    expect(loss(['Softmax'], values)).toBe('cross-entropy');
    expect(loss(['Sigmoid'], values)).toBe('binary-cross-entropy');
  });
});

/** Two inputs, two outputs: the class of their sum's sign pattern, and the sum itself. */
function forked(): Graph {
  const random = new Random(3);
  const weights = (count: number) => Array.from({ length: count }, () => random.normal() * 0.5);
  const b = new GraphBuilder('forked');
  const [u, v] = [b.input('u', 'float32', ['N', 2]), b.input('v', 'float32', ['N', 2])];
  const joined = b.node('Concat', [u, v], { axis: 1 });
  const linear = (name: string, x: string, from: number, to: number) =>
    b.node('Gemm', [
      x,
      b.tensor(`${name}.weight`, 'float32', [from, to], weights(from * to)),
      b.tensor(`${name}.bias`, 'float32', [to], weights(to)),
    ]);
  const hidden = b.node('Relu', [linear('hidden', joined, 4, 16)]);
  const answer = linear('answer', hidden, 16, 1);
  const sum = linear('sum', hidden, 16, 2);
  return b
    .output(b.node('Sigmoid', [answer]))
    .output(sum)
    .graph();
}

function forkedExamples(count: number, seed: number): Examples {
  const random = new Random(seed);
  const draw = () => Float32Array.from({ length: count * 2 }, () => random.normal());
  const [u, v] = [draw(), draw()];
  const sums = u.map((value, i) => value + v[i]);
  const answers = Int32Array.from({ length: count }, (_, i) => Number(sums[2 * i] > 0));
  const dims = [count, 2];
  return {
    inputs: [
      { dims, data: u },
      { dims, data: v },
    ],
    targets: [
      { dims: [count], data: answers },
      { dims, data: sums },
    ],
  };
}

test('several inputs and outputs learn together, a single answer from class numbers', async () => {
  const part = (count: number, seed: number) => splitOf(forkedExamples(count, seed));
  const data: Dataset = {
    name: 'forked',
    dims: [[2], [2]],
    classes: [],
    train: part(256, 1),
    validation: part(64, 2),
    test: part(64, 3),
  };
  const network = await createNetwork(forked(), backend);
  const before = await evaluate(network, data.test);
  await runPass(train(network, data, { epochs: 12, batchSize: 16, learningRate: 0.05, seed: 1 }));
  const after = await evaluate(network, data.test);
  expect(after.loss).toBeLessThan(before.loss / 5);
  expect(after.accuracy).toBeGreaterThan(0.9);
  network.dispose();
});

describe('data that does not fit', () => {
  const examples = forkedExamples(4, 5);
  const cases: [string, Examples, RegExp][] = [
    ['an input too few', { ...examples, inputs: examples.inputs.slice(0, 1) }, /2 inputs.*brings 1/],
    [
      'a target too many',
      { ...examples, targets: [...(examples.targets ?? []), ...(examples.targets ?? [])] },
      /4 targets.*2 outputs/,
    ],
    [
      'targets of another size',
      { ...examples, targets: [examples.targets![0], { dims: [4, 3], data: new Float32Array(12) }] },
      /is \[4,2\].*targets are \[4,3\]/,
    ],
    [
      'more classes than the output tells apart',
      { ...examples, targets: [{ dims: [4], data: Int32Array.of(0, 1, 2, 1) }, examples.targets![1]] },
      /class number 2.*2 classes/,
    ],
  ];
  test.each(cases)('%s is refused', async (_, wrong, message) => {
    const network = await createNetwork(forked(), backend);
    await expect(evaluate(network, splitOf(wrong))).rejects.toThrow(message);
    network.dispose();
  });
});
