// Small shape moves shared by the kernels. All tensors here are channels-last.

import type * as Tf from '@tensorflow/tfjs';
import { padAlong } from '../../ops/padding.ts';

export type TfModule = typeof Tf;
export type Pads = readonly (readonly [number, number])[];

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
export const size = (values: readonly number[]): number => values.reduce((a, b) => a * b, 1);

/** Pads (or, where negative, crops) the spatial axes. */
export function padSpatial(tf: TfModule, x: Tf.Tensor, pads: Pads, value = 0): Tf.Tensor {
  let y = x;
  if (pads.some(([before, after]) => before < 0 || after < 0)) {
    const begin = [0, ...pads.map(([before]) => Math.max(0, -before)), 0];
    const length = x.shape.map((n, i) => {
      const pad = pads[i - 1];
      return pad ? n + Math.min(0, pad[0]) + Math.min(0, pad[1]) : n;
    });
    y = tf.slice(y, begin, length);
  }
  const grown = pads.map(([before, after]): [number, number] => [Math.max(0, before), Math.max(0, after)]);
  if (grown.every(([before, after]) => before === 0 && after === 0)) return y;
  if (x.rank <= 4) return tf.pad(y, [[0, 0], ...grown, [0, 0]], value);
  // Above rank 4 the GPU backends err.
  return grown.reduce((z, amounts, i) => padAlong(tf, z, i + 1, 'constant', amounts, value), y);
}

/** A filter [spatial…, C, O] with all its spatial axes reversed: its taps in reverse order. */
export function flipped(tf: TfModule, filter: Tf.Tensor): Tf.Tensor {
  const taps = size(filter.shape.slice(0, -2));
  if (taps === 1) return filter;
  return tf.reshape(tf.reverse(tf.reshape(filter, [taps, filter.size / taps]), 0), filter.shape);
}

/**
 * Puts `strides - 1` zeros after each element of every spatial axis: [N, H, W, C] to [N, sH, sW, C]. Made of
 * concatenations with zeros, which every backend has fast kernels and gradients for.
 */
export function spread(tf: TfModule, x: Tf.Tensor, strides: readonly number[]): Tf.Tensor {
  const shape = [...x.shape];
  let y = x;
  for (let axis = strides.length; axis >= 1; axis--) {
    const stride = strides[axis - 1];
    if (stride === 1) continue;
    const rows = size(shape.slice(0, axis + 1));
    const row = size(shape.slice(axis + 1));
    y = tf.concat([tf.reshape(y, [rows, row]), tf.zeros([rows, row * (stride - 1)])], 1);
    shape[axis] *= stride;
    y = tf.reshape(y, shape);
  }
  return y;
}

/** Lists of channels cut into equal parts along the last axis. */
export const splitLast = (tf: TfModule, x: Tf.Tensor, parts: number): Tf.Tensor[] =>
  tf.split(x, parts, x.rank - 1);
