// Noise is drawn within its bounds, in the shape that is wanted, and shrinks with what it is added to.

import { expect, test } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import { cut } from '../../src/pruning/surgery.ts';

/** x [1, 4] → Gemm w → plus noise → Gemm v. */
function noisy(op: string, attributes: Record<string, number | number[]>, alike: boolean) {
  const b = new GraphBuilder('noisy', { opset: 17 });
  const ones = (name: string, ...dims: number[]) =>
    b.tensor(name, 'float32', dims, new Array(dims[0] * dims[1]).fill(0.5));
  const x = b.input('x', 'float32', [1, 4]);
  const made = b.node('Gemm', [x, ones('w', 4, 100)]);
  const noise = b.node(op, alike ? [made] : [], attributes, { name: 'noise' });
  const last = b.node('Gemm', [b.node('Add', [made, noise]), ones('v', 100, 2)]);
  return b.output(noise).output(last).graph();
}

test.each([
  ['RandomUniform', { low: 2, high: 3, shape: [1, 100] }, false, 2, 3],
  ['RandomUniformLike', { low: -1, high: 0 }, true, -1, 0],
  ['RandomNormal', { mean: 5, scale: 0.01, shape: [1, 100] }, false, 4.9, 5.1],
  ['RandomNormalLike', { mean: -5, scale: 0.01 }, true, -5.1, -4.9],
  ['Bernoulli', {}, true, 0, 1],
] as const)('%s', async (op, attributes, alike, low, high) => {
  const graph = noisy(op, { ...attributes } as Record<string, number | number[]>, alike);
  const network = await createNetwork(graph, await chooseBackend('cpu'));
  const { noise_out: noise } = await network.predict({
    x: { dims: [1, 4], data: new Float32Array(4).fill(0.25) },
  });
  network.dispose();
  expect(noise.dims).toEqual([1, 100]);
  for (const value of noise.data) {
    expect(value).toBeGreaterThanOrEqual(low);
    expect(value).toBeLessThanOrEqual(high);
  }
  expect(new Set(noise.data).size).toBeGreaterThan(1);

  const inside = { ...graph, outputs: graph.outputs.slice(1) };
  const analysis = analyse(inside);
  expect(analysis.groups.map(({ members }) => members.map(({ tensor }) => tensor))).toEqual([['w', 'v']]);
  const pruned = cut(analysis, new Map([[analysis.groups[0].id, [0, 1, 2]]]));
  expect(analyse(pruned.graph).types.get('noise_out')?.dims).toEqual([1, 97]);
});
