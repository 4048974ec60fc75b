// Networks that were exported for one example run with several: each is answered as if it came alone.

import { expect, test } from 'vitest';
import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';

/** [1, 2, 3, 3] flattened as `target` says, then a linear layer. */
function flattened(target: readonly number[]): Graph {
  const random = new Random(3);
  const b = new GraphBuilder('one example');
  const x = b.input('x', 'float32', [1, 2, 3, 3]);
  const flat = b.node('Reshape', [x, b.integers('target', target)]);
  const weights = Array.from({ length: 18 * 4 }, () => random.normal());
  return b.output(b.node('MatMul', [flat, b.tensor('w', 'float32', [18, 4], weights)])).graph();
}

test.each([[[1, 18]], [[1, -1]], [[-1, 18]], [[0, -1]]])('Reshape to %j', async (target) => {
  const network = await createNetwork(flattened(target), await chooseBackend('cpu'));
  const random = new Random(5);
  const data = Float32Array.from({ length: 3 * 18 }, () => random.normal());
  const run = async (dims: number[], part: Float32Array) => {
    const [output] = Object.values(await network.predict({ x: { dims, data: part } }));
    return { dims: output.dims, values: Array.from(output.data, Number) };
  };
  const together = await run([3, 2, 3, 3], data);
  expect(together.dims).toEqual([3, 4]);
  for (const i of [0, 1, 2]) {
    const alone = await run([1, 2, 3, 3], data.subarray(i * 18, (i + 1) * 18));
    for (const [k, value] of alone.values.entries()) expect(together.values[i * 4 + k]).toBeCloseTo(value, 5);
  }
  network.dispose();
});
