// Normalisation with one gradient each instead of a dozen small ones. With x̂ = (x - μ) / σ:
//   dL/dx = (dy' - mean(dy') - x̂ · mean(dy' · x̂)) / σ, where dy' = dy · scale (Ioffe and Szegedy, arXiv 1502.03167).
// Means over rows are products with a row of 1/n: a matrix product is the fastest reduction a backend has.

import type * as Tf from '@tensorflow/tfjs';
import { size, type TfModule } from './shapes.ts';

/** Mean over rows: [rows, channels] to [1, channels]. */
function rowMean(tf: TfModule, x: Tf.Tensor2D): Tf.Tensor2D {
  return tf.matMul(tf.fill([1, x.shape[0]], 1 / x.shape[0]) as Tf.Tensor2D, x);
}

export interface BatchNormResult {
  readonly y: Tf.Tensor;
  readonly mean: Tf.Tensor1D;
  readonly variance: Tf.Tensor1D;
}

/** x [..., C] normalised over everything but C with its own statistics, scaled and shifted. */
export function batchNorm(
  tf: TfModule,
  x: Tf.Tensor,
  scale: Tf.Tensor1D,
  shift: Tf.Tensor1D,
  epsilon: number,
): BatchNormResult {
  const channels = x.shape[x.rank - 1];
  const rows = size(x.shape) / channels;
  const statistics: { mean?: Tf.Tensor1D; variance?: Tf.Tensor1D } = {};
  const op = tf.customGrad((input, gamma, beta, save) => {
    const flat = tf.reshape(input as Tf.Tensor, [rows, channels]) as Tf.Tensor2D;
    const mean = rowMean(tf, flat);
    const centred = tf.sub(flat, mean) as Tf.Tensor2D;
    const variance = rowMean(tf, tf.square(centred));
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    const normal = tf.mul(centred, inverse);
    statistics.mean = tf.keep(tf.reshape(mean, [channels]) as Tf.Tensor1D);
    statistics.variance = tf.keep(tf.reshape(variance, [channels]) as Tf.Tensor1D);
    (save as Tf.GradSaveFunc)([normal, inverse, gamma as Tf.Tensor]);
    const y = tf.add(tf.mul(normal, gamma as Tf.Tensor), beta as Tf.Tensor);
    return {
      value: tf.reshape(y, (input as Tf.Tensor).shape),
      gradFunc: (dy: Tf.Tensor, saved: Tf.Tensor[]) => {
        const [hat, sigma, weights] = saved;
        const upstream = tf.reshape(dy, [rows, channels]) as Tf.Tensor2D;
        const shiftMean = rowMean(tf, upstream);
        const scaleMean = rowMean(tf, tf.mul(upstream, hat));
        const rest = tf.sub(tf.sub(upstream, shiftMean), tf.mul(hat, scaleMean));
        const dx = tf.mul(rest, tf.mul(sigma, weights));
        const perChannel = (means: Tf.Tensor) => tf.reshape(tf.mul(means, rows), [channels]);
        return [tf.reshape(dx, dy.shape), perChannel(scaleMean), perChannel(shiftMean)];
      },
    };
  });
  const y = op(x, scale, shift);
  // What leaves a custom gradient by the side door must outlive it, and then belong to whoever called.
  const released = (kept: Tf.Tensor1D | undefined): Tf.Tensor1D => {
    const own = tf.clone(kept as Tf.Tensor1D);
    kept?.dispose();
    return own;
  };
  return { y, mean: released(statistics.mean), variance: released(statistics.variance) };
}

/** (x - mean) / √(variance + ε) over `axes`. */
export function normalize(tf: TfModule, x: Tf.Tensor, axes: readonly number[], epsilon: number): Tf.Tensor {
  const over = [...axes];
  const op = tf.customGrad((input, save) => {
    const centred = tf.sub(input as Tf.Tensor, tf.mean(input as Tf.Tensor, over, true));
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), over, true), epsilon));
    const value = tf.mul(centred, inverse);
    (save as Tf.GradSaveFunc)([value, inverse]);
    return {
      value,
      gradFunc: (dy: Tf.Tensor, saved: Tf.Tensor[]) => {
        const [hat, sigma] = saved;
        const rest = tf.sub(
          dy,
          tf.add(tf.mean(dy, over, true), tf.mul(hat, tf.mean(tf.mul(dy, hat), over, true))),
        );
        return tf.mul(rest, sigma);
      },
    };
  });
  return op(x);
}
