// Gradients in double precision against central differences: (L(v + h) - L(v - h)) / 2h.

import { beforeAll, describe, expect, test } from 'vitest';
import { chooseBackend } from '../../src/execution/backend.ts';
import { registeredName } from '../../src/execution/own-kernels.ts';
import type { Backend } from '../../src/execution/types.ts';
import { computeInDoublePrecision } from './double.ts';
import { type GradientCase, gradientCases } from './gradient-cases.ts';
import { differentiable, worstDifference } from './gradients.ts';

const STEP = 1e-4;
let backend: Backend;

beforeAll(async () => {
  await computeInDoublePrecision();
  backend = await chooseBackend('cpu');
});

test('computes in double precision', () => {
  const third = backend.tf.tidy(
    () => backend.tf.div(backend.tf.scalar(1), backend.tf.scalar(3)).dataSync()[0],
  );
  expect(third).toBe(1 / 3);
});

async function agrees(row: GradientCase): Promise<void> {
  const network = await differentiable(backend, row);
  const gradients = await network.gradients();
  for (const [name, variable] of network.variables) {
    const values = Array.from(variable.dataSync());
    const at = (i: number, value: number) => {
      variable.assign(backend.tf.tensor(values.with(i, value), variable.shape));
      return network.loss();
    };
    const differences = values.map((value, i) => {
      const difference = (at(i, value + STEP) - at(i, value - STEP)) / (2 * STEP);
      at(i, value);
      return difference;
    });
    const worst = worstDifference(gradients.get(name)!, differences);
    expect({ name, agrees: worst < (row.approximate ? 5e-3 : 1e-6), worst }).toMatchObject({
      name,
      agrees: true,
    });
  }
  network.dispose();
}

test.each(gradientCases)('$title', agrees);

describe("of tfjs's own convolutions, as on WebGL", () => {
  beforeAll(() => {
    for (const kernel of ['Convolution', 'ConvolutionInput', 'ConvolutionFilter'] as const)
      backend.tf.unregisterKernel(registeredName(kernel), 'cpu');
  });

  test.each(gradientCases.filter(({ title }) => title.startsWith('Conv')))('$title', agrees);
});
