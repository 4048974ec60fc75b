// Normalisation with one gradient each instead of a dozen small ones. With x̂ = (x - μ) / σ:
//   dL/dx = (dy' - mean(dy') - x̂ · mean(dy' · x̂)) / σ, where dy' = dy · scale (Ioffe and Szegedy, arXiv 1502.03167).
// Means over rows are products with a row of 1/n: a matrix product is the fastest reduction a backend has.

import type * as Tf from '@tensorflow/tfjs';
import { hasKernel, runKernel } from '../own-kernels.ts';
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
  const flat = tf.reshape(x, [rows, channels]) as Tf.Tensor2D;
  if (hasKernel(tf, 'BatchNormalization')) {
    const [y, mean, variance] = runKernel(tf, 'BatchNormalization', { x: flat, scale, shift }, { epsilon });
    return { y: tf.reshape(y, x.shape), mean: mean as Tf.Tensor1D, variance: variance as Tf.Tensor1D };
  }
  const mean = rowMean(tf, flat);
  const variance = rowMean(tf, tf.square(tf.sub(flat, mean)));
  const y = normalizeColumns(tf, flat, scale, shift, mean, tf.rsqrt(tf.add(variance, epsilon)));
  const perChannel = (statistic: Tf.Tensor) => tf.reshape(statistic, [channels]) as Tf.Tensor1D;
  return { y: tf.reshape(y, x.shape), mean: perChannel(mean), variance: perChannel(variance) };
}

/** x [R, C] with its own mean and 1 / deviation, both [1, C] and part of the gradient. */
function normalizeColumns(
  tf: TfModule,
  x: Tf.Tensor2D,
  scale: Tf.Tensor1D,
  shift: Tf.Tensor1D,
  mean: Tf.Tensor,
  inverse: Tf.Tensor,
): Tf.Tensor {
  const [rows, channels] = x.shape;
  const op = tf.customGrad((...args) => {
    const [input, gamma, beta, save] = args as [Tf.Tensor, Tf.Tensor, Tf.Tensor, Tf.GradSaveFunc];
    const normal = tf.mul(tf.sub(input, mean), inverse);
    save([normal, inverse, gamma]);
    return {
      value: tf.add(tf.mul(normal, gamma), beta),
      gradFunc: (dy: Tf.Tensor, [hat, sigma, weights]: Tf.Tensor[]) => {
        const shiftMean = rowMean(tf, dy as Tf.Tensor2D);
        const scaleMean = rowMean(tf, tf.mul(dy, hat));
        const rest = tf.sub(tf.sub(dy, shiftMean), tf.mul(hat, scaleMean));
        const perChannel = (means: Tf.Tensor) => tf.reshape(tf.mul(means, rows), [channels]);
        return [tf.mul(rest, tf.mul(sigma, weights)), perChannel(scaleMean), perChannel(shiftMean)];
      },
    };
  });
  return op(x, scale, shift);
}

/** (x - mean) / √(variance + ε) over `axes`. */
export function normalize(tf: TfModule, x: Tf.Tensor, axes: readonly number[], epsilon: number): Tf.Tensor {
  const over = [...axes];
  const trailing = over.every((axis, i) => axis === x.rank - over.length + i);
  if (trailing && hasKernel(tf, 'RowNormalization')) {
    const columns = size(x.shape.slice(x.rank - over.length));
    const rows = tf.reshape(x, [size(x.shape) / columns, columns]);
    return tf.reshape(runKernel(tf, 'RowNormalization', { x: rows }, { epsilon })[0], x.shape);
  }
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
