// Gradients of every backend that Node has against those of the JavaScript one, which are checked in double precision.

import { expect, test } from 'vitest';
import { chooseBackend } from '../../src/execution/backend.ts';
import type { BackendName } from '../../src/execution/types.ts';
import { type GradientCase, gradientCases } from './gradient-cases.ts';
import { differentiable, worstDifference } from './gradients.ts';

async function gradientsOn(name: BackendName, row: GradientCase) {
  const backend = await chooseBackend(name);
  const before = backend.tf.memory().numTensors;
  const network = await differentiable(backend, row);
  try {
    return await network.gradients();
  } finally {
    network.dispose();
    expect(backend.tf.memory().numTensors).toBe(before);
  }
}

test.each(gradientCases)('wasm: $title', async (row) => {
  const expected = await gradientsOn('cpu', row);
  const actual = await gradientsOn('wasm', row);
  for (const [name, gradient] of expected) {
    const worst = worstDifference(actual.get(name)!, gradient);
    expect({ name, agrees: worst < 1e-4, worst }).toMatchObject({ name, agrees: true });
  }
});
