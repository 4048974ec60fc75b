// The kernels that operators may use, bound to one tfjs module.

import type * as Tf from '@tensorflow/tfjs';
import type { Kernels } from '../../ops/op.ts';
import { conv, convTranspose } from './convolution.ts';
import { batchNorm, normalize } from './normalisation.ts';
import { registerGradients } from './overrides.ts';
import { pool } from './pooling.ts';
import { einsum, matMul } from './products.ts';

export function kernelsOf(tf: typeof Tf): Kernels {
  registerGradients(tf);
  return {
    conv: (x, filter, options) => conv(tf, x, filter, options),
    convTranspose: (x, filter, options) => convTranspose(tf, x, filter, options),
    batchNorm: (x, scale, shift, epsilon) => batchNorm(tf, x, scale, shift, epsilon),
    normalize: (x, axes, epsilon) => normalize(tf, x, axes, epsilon),
    matMul: (a, b, transposeA, transposeB) => matMul(tf, a, b, transposeA, transposeB),
    pool: (x, kind, options) => pool(tf, x, kind, options),
    einsum: (equation, inputs) => einsum(tf, equation, inputs),
  };
}
