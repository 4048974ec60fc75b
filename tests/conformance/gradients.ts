// Gradients of a small network, and the loss that they are of: the sum of its outputs, each element times a fixed
// number between -1 and 1, so that no element's gradient hides behind another's.

import type * as Tf from '@tensorflow/tfjs';
import { createNetwork } from '../../src/execution/network.ts';
import type { Backend } from '../../src/execution/types.ts';
import { Random } from '../../src/lib/random.ts';
import type { GradientCase } from './gradient-cases.ts';

export async function differentiable(backend: Backend, { graph, inputs, training }: GradientCase) {
  const { tf } = backend;
  const network = await createNetwork(graph, backend);
  const fed = Object.entries(inputs).map(
    ([name, { dims, data }]) =>
      [name, tf.tidy(() => tf.variable(tf.tensor(data, [...dims], 'float32')))] as const,
  );
  const variables = new Map<string, Tf.Variable>([
    ...fed,
    ...[...network.parameters.values()]
      .filter(({ trainable }) => trainable)
      .map(({ name, variable }) => [name, variable] as const),
  ]);
  const loss = (): Tf.Scalar => {
    const outputs = network.forward(Object.fromEntries(fed), { training: training ?? false });
    const terms = Object.values(outputs)
      .filter(({ dtype }) => dtype === 'float32')
      .map((y) => {
        const random = new Random(y.size);
        const weights = Float32Array.from({ length: y.size }, () => random.uniform() * 2 - 1);
        return tf.sum(tf.mul(y, tf.tensor(weights, y.shape)));
      });
    return tf.addN(terms) as Tf.Scalar;
  };
  return {
    variables,
    loss: () => tf.tidy(() => loss().dataSync()[0]),
    gradients: async () => {
      const { value, grads } = tf.variableGrads(loss, [...variables.values()]);
      value.dispose();
      const out = new Map<string, ArrayLike<number>>();
      for (const [name, variable] of variables) {
        const gradient = grads[variable.name];
        out.set(name, gradient ? await gradient.data() : new Float32Array(variable.size));
        gradient?.dispose();
      }
      return out;
    },
    dispose: () => {
      for (const [, variable] of fed) variable.dispose();
      network.dispose();
    },
  };
}

/** Largest difference, in units of the larger of the gradient's root mean square and 1e-3. */
export function worstDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  const squares = Array.from(expected).reduce((sum, value) => sum + value * value, 0);
  const scale = Math.max(Math.sqrt(squares / Math.max(1, expected.length)), 1e-3);
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  return Array.from(expected).reduce((worst, value, i) => {
    const off = Math.abs(actual[i] - value) / scale;
    return Math.max(worst, Number.isNaN(off) ? Number.POSITIVE_INFINITY : off);
  }, 0);
}
