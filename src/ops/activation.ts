// Activations. Formulas: the ONNX operators of the same names; Gelu is Hendrycks and Gimpel (arXiv 1606.08415).

import type * as Tf from '@tensorflow/tfjs';
import { broadcastAxes, combining, oldChannels, unary } from './combinators.ts';
import { float, noMacs, noResize, type Operator, operator, string } from './op.ts';

type TfModule = typeof Tf;

/** x · Φ(x), exact. */
const gelu = (tf: TfModule, x: Tf.Tensor): Tf.Tensor =>
  tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));

/** x · Φ(x) with Φ approximated by a hyperbolic tangent. */
const geluTanh = (tf: TfModule, x: Tf.Tensor): Tf.Tensor => {
  const cubic = tf.mul(tf.add(tf.mul(tf.square(x), 0.044715), 1), x);
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(tf.mul(cubic, Math.sqrt(2 / Math.PI))), 1));
};

/** α · (exp(x / c) - 1) below zero, x above. */
const exponentialBelow = (tf: TfModule, x: Tf.Tensor, alpha: number, scale = 1): Tf.Tensor =>
  tf.add(tf.relu(x), tf.mul(tf.sub(tf.exp(tf.div(tf.minimum(x, 0), scale)), 1), alpha));

const limited = (tf: TfModule, x: Tf.Tensor) => tf.minimum(tf.maximum(x, 0), 1);

/** x · tanh(ln(1 + eˣ)) with tanh(ln(1 + e)) = e(e + 2) / (e(e + 2) + 2), which loses nothing where e is small. */
function mish(tf: TfModule, x: Tf.Tensor): Tf.Tensor {
  const e = tf.exp(tf.minimum(x, 20));
  const product = tf.mul(e, tf.add(e, 2));
  return tf.mul(x, tf.div(product, tf.add(product, 2)));
}

const pointwise: Operator[] = [
  unary({ name: 'Relu', host: (x) => Math.max(0, x), run: (tf, x) => tf.relu(x) }),
  unary({
    name: 'LeakyRelu',
    attrs: { alpha: float(0.01) },
    run: (tf, x, { attrs }) => tf.leakyRelu(x, attrs.alpha),
  }),
  unary({
    name: 'Elu',
    attrs: { alpha: float(1) },
    run: (tf, x, { attrs }) => exponentialBelow(tf, x, attrs.alpha),
  }),
  unary({
    name: 'Celu',
    attrs: { alpha: float(1) },
    run: (tf, x, { attrs }) => exponentialBelow(tf, x, attrs.alpha, attrs.alpha),
  }),
  unary({
    name: 'Selu',
    attrs: { alpha: float(1.6732632423543772), gamma: float(1.0507009873554805) },
    run: (tf, x, { attrs }) => tf.mul(exponentialBelow(tf, x, attrs.alpha), attrs.gamma),
  }),
  unary({ name: 'Sigmoid', run: (tf, x) => tf.sigmoid(x) }),
  unary({
    name: 'HardSigmoid',
    attrs: { alpha: float(0.2), beta: float(0.5) },
    run: (tf, x, { attrs }) => limited(tf, tf.add(tf.mul(x, attrs.alpha), attrs.beta)),
  }),
  unary({ name: 'HardSwish', run: (tf, x) => tf.mul(x, limited(tf, tf.add(tf.div(x, 6), 0.5))) }),
  unary({ name: 'Tanh', run: (tf, x) => tf.tanh(x) }),
  unary({ name: 'Softplus', run: (tf, x) => tf.softplus(x) }),
  unary({ name: 'Softsign', run: (tf, x) => tf.div(x, tf.add(tf.abs(x), 1)) }),
  unary({ name: 'Mish', run: mish }),
  unary({
    name: 'Swish',
    attrs: { alpha: float(1) },
    run: (tf, x, { attrs }) => tf.mul(x, tf.sigmoid(tf.mul(x, attrs.alpha))),
  }),
  unary({
    name: 'Gelu',
    attrs: { approximate: string('none') },
    run: (tf, x, { attrs }) => (attrs.approximate === 'tanh' ? geluTanh(tf, x) : gelu(tf, x)),
  }),
  unary({
    name: 'ThresholdedRelu',
    attrs: { alpha: float(1) },
    run: (tf, x, { attrs }) => tf.mul(x, tf.cast(tf.greater(x, attrs.alpha), 'float32')),
  }),
  unary({
    name: 'Shrink',
    attrs: { bias: float(0), lambd: float(0.5) },
    run: (tf, x, { attrs: { bias, lambd } }) => {
      const above = tf.cast(tf.greater(x, lambd), 'float32');
      const below = tf.cast(tf.less(x, -lambd), 'float32');
      return tf.add(tf.mul(tf.sub(x, bias), above), tf.mul(tf.add(x, bias), below));
    },
  }),
  unary({ name: 'Gelu', domain: 'com.microsoft', run: (tf, x) => gelu(tf, x) }),
  unary({
    name: 'QuickGelu',
    domain: 'com.microsoft',
    attrs: { alpha: float(1.702) },
    run: (tf, x, { attrs }) => tf.mul(x, tf.sigmoid(tf.mul(x, attrs.alpha))),
  }),
];

const PRelu = combining({
  name: 'PRelu',
  attrs: oldChannels,
  coupling: 'scales the negative part of each channel by its own slope',
  weights: () => [{ input: 1, role: 'slope' }],
  run: (tf, [x, slope]) => tf.sub(tf.relu(x), tf.mul(slope, tf.relu(tf.neg(x)))),
});

const withBias = (name: string, activate: (tf: TfModule, x: Tf.Tensor) => Tf.Tensor): Operator =>
  operator({
    name,
    domain: 'com.microsoft',
    attrs: {},
    coupling: 'adds a bias to each channel and activates it',
    shape: (view) => [{ dtype: view.dtype(0), dims: view.shape(0) }],
    fold: 'not-folded',
    terms: (eq) =>
      eq.out(0, broadcastAxes(eq, eq.has(1) ? [eq.axes(0), eq.axes(1)] : [eq.axes(0)], eq.outShape(0))),
    resize: noResize,
    weights: (view) => (view.has(1) ? [{ input: 1, role: 'bias' }] : []),
    layout: 'elementwise',
    run: (view) => activate(view.tf, view.has(1) ? view.tf.add(view.input(0), view.input(1)) : view.input(0)),
    macs: noMacs,
  });

export const activation: readonly Operator[] = [
  ...pointwise,
  PRelu,
  withBias('BiasGelu', gelu),
  withBias('FastGelu', geluTanh),
];
