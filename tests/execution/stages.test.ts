// Networks whose sizes depend on their data: what a size is computed from runs first, and nothing runs twice for it.

import { expect, test } from 'vitest';
import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork, unsupported } from '../../src/execution/network.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/types.ts';

/** Those elements of a vector that are above a limit. */
function above(b: GraphBuilder, vector: string, limit: number): string {
  const lowest = b.tensor(`${vector} > ${limit}`, 'float32', [], [limit]);
  const hits = b.node('NonZero', [b.node('Greater', [vector, lowest])]);
  return b.node('Gather', [vector, b.node('Squeeze', [hits, b.integers(`${lowest}/axes`, [0])])]);
}

/** y = x·w; of y what is above 0, and of that what is above 2; of 3y what is above 3; y itself. */
function sieve(): Graph {
  const b = new GraphBuilder('sieve');
  const weights = [1, 0, 0, 1, 0, 1, 0, -1, 0, 0, 1, 2];
  const y = b.node('MatMul', [b.input('x', 'float32', [3]), b.tensor('w', 'float32', [3, 4], weights)]);
  const scaled = b.node('Mul', [y, b.tensor('three', 'float32', [], [3])]);
  for (const value of [above(b, above(b, y, 0), 2), above(b, scaled, 3), y]) b.output(value);
  return b.graph();
}

test('every size is found, and every product is computed once', async () => {
  const backend = await chooseBackend('cpu');
  const network = await createNetwork(sieve(), backend);
  const tensors = backend.tf.memory().numTensors;
  const answers: unknown[] = [];
  const { kernels } = await backend.tf.profile(async () => {
    const outputs = await network.predict({ x: { dims: [3], data: Float32Array.of(1, 3, 4) } });
    answers.push(...Object.values(outputs).map(({ data }) => Array.from(data)));
    return [];
  });
  expect(answers).toEqual([
    [3, 4, 6],
    [9, 12, 18],
    [1, 3, 4, 6],
  ]);
  const computed = (kernel: string) => kernels.filter(({ name }) => name === kernel).length;
  expect([computed('BatchMatMul'), computed('Multiply'), computed('Greater')]).toEqual([1, 1, 3]);
  expect(backend.tf.memory().numTensors).toBe(tensors);
  network.dispose();
});

test('a branch that sizes of the data decide is refused before anything is computed', () => {
  const b = new GraphBuilder('nothing found');
  const x = b.input('x', 'float32', [3]);
  const size = b.node('Size', [b.node('NonZero', [x])]);
  const isEmpty = b.node('Equal', [size, b.tensor('none', 'int64', [], [0])]);
  const branch = { kind: 'subgraph' as const, captures: ['x'] };
  const y = b.node('If', [isEmpty], { then_branch: branch, else_branch: branch });
  expect(unsupported(b.output(y).graph())).toEqual(['If']);
});
