// Optimisers equal their published updates, written out here in plain numbers; norms and biases do not decay.

import { describe, expect, test } from 'vitest';
import { chooseBackend } from '../../src/execution/backend.ts';
import type { Parameter } from '../../src/execution/types.ts';
import type { Role } from '../../src/ops/op.ts';
import { Optimizer } from '../../src/training/optimizers.ts';
import { defaultOptimizer } from '../../src/training/options.ts';
import type { OptimizerOptions } from '../../src/training/types.ts';

const { tf } = await chooseBackend('cpu');
const start = [0.5, -2, 3];
const gradients = [
  [0.1, -0.4, 2],
  [0.3, 0.2, -1],
  [-0.5, 0, 0.7],
];
const rate = 0.1;

function run(role: Role, options: Partial<OptimizerOptions>): number[] {
  const initial = tf.tensor1d(start);
  const parameter: Parameter = {
    name: 'w',
    role,
    trainable: true,
    variable: tf.variable(initial),
    order: [0],
  };
  initial.dispose();
  const optimizer = new Optimizer(tf, [parameter], { ...defaultOptimizer, ...options });
  for (const gradient of gradients) {
    const g = tf.tensor1d(gradient);
    optimizer.update({ w: g }, rate);
    g.dispose();
  }
  const values = [...parameter.variable.dataSync()];
  optimizer.dispose();
  parameter.variable.dispose();
  return values;
}

/** The same updates on one number. */
const byHand = (update: (w: number, g: number, count: number, state: number[]) => number): number[] =>
  start.map((from, i) => {
    const state: number[] = [];
    return gradients.reduce((w, gradient, step) => update(w, gradient[i], step + 1, state), from);
  });

const adam =
  (decay: number, decoupled: boolean) =>
  (w: number, gradient: number, count: number, state: number[]): number => {
    const g = decoupled ? gradient : gradient + decay * w;
    state[0] = 0.9 * (state[0] ?? 0) + 0.1 * g;
    state[1] = 0.999 * (state[1] ?? 0) + 0.001 * g * g;
    const step = state[0] / (1 - 0.9 ** count) / (Math.sqrt(state[1] / (1 - 0.999 ** count)) + 1e-8);
    return w * (decoupled ? 1 - rate * decay : 1) - rate * step;
  };

const rows: [string, Partial<OptimizerOptions>, number[]][] = [
  ['plain descent', { momentum: 0, weightDecay: 0 }, byHand((w, g) => w - rate * g)],
  [
    'momentum',
    { momentum: 0.9, nesterov: false, weightDecay: 0 },
    byHand((w, g, _, state) => {
      state[0] = 0.9 * (state[0] ?? 0) + g;
      return w - rate * state[0];
    }),
  ],
  [
    'Nesterov momentum with decay',
    { momentum: 0.9, nesterov: true, weightDecay: 0.01 },
    byHand((w, gradient, _, state) => {
      const g = gradient + 0.01 * w;
      state[0] = 0.9 * (state[0] ?? 0) + g;
      return w - rate * (g + 0.9 * state[0]);
    }),
  ],
  ['Adam', { name: 'adam', weightDecay: 0 }, byHand(adam(0, false))],
  ['Adam with decay in the gradient', { name: 'adam', weightDecay: 0.1 }, byHand(adam(0.1, false))],
  ['AdamW', { name: 'adamw', weightDecay: 0.1 }, byHand(adam(0.1, true))],
];

describe('optimisers', () => {
  test.each(rows)('%s', (_, options, expected) => {
    const values = run('kernel', options);
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i], 5);
  });

  test.each(['norm-scale', 'norm-shift', 'bias', 'slope'] as const)('a %s does not decay', (role) => {
    for (const name of ['sgd', 'adam', 'adamw'] as const)
      expect(run(role, { name, weightDecay: 0.5 })).toEqual(run('kernel', { name, weightDecay: 0 }));
  });

  test('keep nothing on the device once disposed', () => {
    const before = tf.memory().numTensors;
    run('kernel', { name: 'adamw' });
    expect(tf.memory().numTensors).toBe(before);
  });
});
