// Normalisation and element-wise gradients on the WebAssembly backend. Per-channel constants are few, so they are worked
// out here in double precision between the passes over the data.

import type * as Tf from '@tensorflow/tfjs';
import type { KernelMemory } from './memory.ts';

type Info = Tf.TensorInfo;

const FLOAT = 4;

const rowsOf = ({ shape }: Info): readonly [rows: number, channels: number] => {
  const channels = shape[shape.length - 1];
  return [channels === 0 ? 0 : shape.reduce((n, length) => n * length, 1) / channels, channels];
};

/** With x̂ = (x - mean) / deviation: y = x̂ · scale + shift = x · factor + offset. */
export function batchNormalization(
  memory: KernelMemory,
  { x, scale, shift }: { readonly x: Info; readonly scale: Info; readonly shift: Info },
  { epsilon }: { readonly epsilon: number },
): Info[] {
  const [rows, channels] = rowsOf(x);
  const y = memory.output(x.shape);
  const statistics = [memory.zeros([channels]), memory.zeros([channels])];
  const [mean, variance] = statistics.map((info) => memory.address(info));
  const [factor, offset] = ['factor', 'offset'].map((name) => memory.room(name, channels * FLOAT));
  const from = memory.address(x);
  const per = (address: number) => memory.floats(address, channels);
  memory.kernels.columnSums(from, mean, mean, rows, channels);
  const means = per(mean);
  for (let c = 0; c < channels; c++) means[c] /= rows;
  memory.kernels.columnSquares(from, mean, variance, rows, channels);
  const [variances, scales, shifts] = [variance, memory.address(scale), memory.address(shift)].map(per);
  const [factors, offsets] = [factor, offset].map(per);
  for (let c = 0; c < channels; c++) {
    variances[c] /= rows;
    factors[c] = scales[c] / Math.sqrt(variances[c] + epsilon);
    offsets[c] = shifts[c] - means[c] * factors[c];
  }
  memory.kernels.affine(from, factor, offset, memory.address(y), rows, channels);
  return [y, ...statistics];
}

/**
 * dx = (dy - mean(dy) - x̂ · mean(dy · x̂)) · scale / deviation (Ioffe and Szegedy, arXiv 1502.03167), which is
 * x · a + dy · b + d for constants of the channel.
 */
export function batchNormalizationInput(
  memory: KernelMemory,
  inputs: {
    readonly x: Info;
    readonly dy: Info;
    readonly scale: Info;
    readonly mean: Info;
    readonly variance: Info;
  },
  { epsilon }: { readonly epsilon: number },
): Info[] {
  const { x, dy } = inputs;
  const [rows, channels] = rowsOf(x);
  const dx = memory.output(x.shape);
  const gradients = [memory.zeros([channels]), memory.zeros([channels])];
  const rooms = ['a', 'b', 'd'].map((name) => memory.room(name, channels * FLOAT));
  const [dscale, dshift] = gradients.map((info) => memory.address(info));
  const [from, by, mean] = [x, dy, inputs.mean].map((info) => memory.address(info));
  memory.kernels.columnProducts(from, by, mean, dshift, dscale, rows, channels);
  const per = (address: number) => memory.floats(address, channels);
  const [scales, variances] = [inputs.scale, inputs.variance].map((info) => per(memory.address(info)));
  const [means, products, sums] = [mean, dscale, dshift].map(per);
  const [a, b, d] = rooms.map(per);
  for (let c = 0; c < channels; c++) {
    const inverse = 1 / Math.sqrt(variances[c] + epsilon);
    const factor = scales[c] * inverse;
    const along = (products[c] / rows) * inverse ** 2;
    a[c] = -factor * along;
    b[c] = factor;
    d[c] = factor * (means[c] * along - sums[c] / rows);
    products[c] *= inverse;
  }
  const [first, second, third] = rooms;
  memory.kernels.affineOfTwo(from, by, first, second, third, memory.address(dx), rows, channels);
  return [dx, ...gradients];
}

export function affine(
  memory: KernelMemory,
  { x, factor, offset }: { readonly x: Info; readonly factor: Info; readonly offset: Info },
): Info {
  const y = memory.output(x.shape);
  const [from, by, plus, to] = [x, factor, offset, y].map((info) => memory.address(info));
  memory.kernels.affine(from, by, plus, to, ...rowsOf(x));
  return y;
}

export function rowNormalization(
  memory: KernelMemory,
  { x }: { readonly x: Info },
  { epsilon }: { readonly epsilon: number },
): Info[] {
  const [rows, channels] = rowsOf(x);
  const [y, deviation] = [memory.output(x.shape), memory.output([rows])];
  const [from, to, deviations] = [x, y, deviation].map((info) => memory.address(info));
  memory.kernels.rowNormalisation(from, to, deviations, rows, channels, epsilon, 1 / channels);
  return [y, deviation];
}

export function rowNormalizationInput(
  memory: KernelMemory,
  { y, dy, deviation }: { readonly y: Info; readonly dy: Info; readonly deviation: Info },
): Info {
  const [rows, channels] = rowsOf(y);
  const dx = memory.output(y.shape);
  const [from, by, deviations, to] = [y, dy, deviation, dx].map((info) => memory.address(info));
  memory.kernels.rowNormalisationInput(from, by, deviations, to, rows, channels, 1 / channels);
  return dx;
}

export function rectifiedInput(
  memory: KernelMemory,
  { y, dy }: { readonly y: Info; readonly dy: Info },
): Info {
  const dx = memory.output(y.shape);
  const [from, by, to] = [y, dy, dx].map((info) => memory.address(info));
  memory.kernels.rectifiedInput(
    from,
    by,
    to,
    y.shape.reduce((n, length) => n * length, 1),
  );
  return dx;
}
