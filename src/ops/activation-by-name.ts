// Activations that other operators name in an attribute: recurrent cells and fused convolutions.
// Formulas: ONNX operators RNN and LSTM ("Activation functions").

import type * as Tf from '@tensorflow/tfjs';
import type { NodeView } from './op.ts';
import { unsupported } from './refusal.ts';

export type Activation = (tf: typeof Tf, x: Tf.Tensor) => Tf.Tensor;

interface Named {
  /** Parameters with their defaults, in the order in which they are stated. */
  readonly parameters: readonly number[];
  readonly apply: (tf: typeof Tf, x: Tf.Tensor, alpha: number, beta: number) => Tf.Tensor;
}

const clamped = (tf: typeof Tf, x: Tf.Tensor, low: number, high: number) =>
  tf.minimum(tf.maximum(x, low), high);

const activations: Readonly<Record<string, Named>> = {
  relu: { parameters: [], apply: (tf, x) => tf.relu(x) },
  tanh: { parameters: [], apply: (tf, x) => tf.tanh(x) },
  sigmoid: { parameters: [], apply: (tf, x) => tf.sigmoid(x) },
  softsign: { parameters: [], apply: (tf, x) => tf.div(x, tf.add(tf.abs(x), 1)) },
  softplus: { parameters: [], apply: (tf, x) => tf.softplus(x) },
  affine: { parameters: [1, 0], apply: (tf, x, alpha, beta) => tf.add(tf.mul(x, alpha), beta) },
  leakyrelu: {
    parameters: [0.01],
    apply: (tf, x, alpha) => tf.add(tf.relu(x), tf.mul(tf.minimum(x, 0), alpha)),
  },
  thresholdedrelu: {
    parameters: [1],
    apply: (tf, x, alpha) => tf.mul(x, tf.cast(tf.greater(x, alpha), 'float32')),
  },
  scaledtanh: { parameters: [1, 1], apply: (tf, x, alpha, beta) => tf.mul(tf.tanh(tf.mul(x, beta)), alpha) },
  hardsigmoid: {
    parameters: [0.2, 0.5],
    apply: (tf, x, alpha, beta) => clamped(tf, tf.add(tf.mul(x, alpha), beta), 0, 1),
  },
  elu: {
    parameters: [1],
    apply: (tf, x, alpha) => tf.add(tf.relu(x), tf.mul(tf.sub(tf.exp(tf.minimum(x, 0)), 1), alpha)),
  },
  clip: { parameters: [-3.4e38, 3.4e38], apply: clamped },
};

/**
 * The named activations in order. `alphas` and `betas` are consumed by those that take a first and a second parameter.
 * Names are compared without regard to case, as the spec asks. @throws ModelError for an unknown name.
 */
export function activationsByName(
  view: NodeView<unknown>,
  names: readonly string[],
  alphas: readonly number[] = [],
  betas: readonly number[] = [],
): Activation[] {
  let [nextAlpha, nextBeta] = [0, 0];
  return names.map((name) => {
    const found = activations[name.toLowerCase()];
    if (!found) throw unsupported(view, `asks for the activation "${name}"`);
    const [alpha = 0, beta = 0] = found.parameters;
    const a = found.parameters.length > 0 ? (alphas[nextAlpha++] ?? alpha) : alpha;
    const b = found.parameters.length > 1 ? (betas[nextBeta++] ?? beta) : beta;
    return (tf, x) => found.apply(tf, x, a, b);
  });
}
