// Normalisation on the WebAssembly backend. Per-channel constants are few, so they are worked
// out here in double precision between the passes over the data. Sums over rows are taken piece by piece, in pieces that
// depend on the sizes alone, so that they come out the same whoever computes them.

import type * as Tf from '@tensorflow/tfjs';
import { type KernelMemory, type Range, TOUCH } from '../memory.ts';
import type { Call } from '../team.ts';
import { eachRow } from './elements.ts';

type Info = Tf.TensorInfo;

const FLOAT = 4;

const rowsOf = ({ shape }: Info): readonly [rows: number, channels: number] => {
  const channels = shape[shape.length - 1];
  return [channels === 0 ? 0 : shape.reduce((n, length) => n * length, 1) / channels, channels];
};

/** Most pieces of a sum over rows, and the fewest rows of one. */
const PIECES = 16;
const PIECE_ROWS = 64;

function pieces(rows: number): Range[] {
  const length = Math.max(PIECE_ROWS, Math.ceil(rows / PIECES));
  return Array.from({ length: Math.ceil(rows / length) }, (_, i) => ({
    first: i * length,
    count: Math.min(length, rows - i * length),
  }));
}

/**
 * Totals over the rows, per channel, of what a kernel sums up.
 * @param call the kernel's call for some rows, with where it adds its sums to: `sums` rows of as many numbers as channels
 */
function overRows(
  memory: KernelMemory,
  [rows, channels]: readonly [number, number],
  sums: number,
  call: (range: Range, into: number) => Call,
): Float64Array[] {
  const ranges = pieces(rows);
  const each = sums * channels;
  const partial = memory.room('partial', ranges.length * each * FLOAT);
  memory.floats(partial, ranges.length * each).fill(0);
  memory.run(
    ranges.map((range, i) => call(range, partial + i * each * FLOAT)),
    rows * channels * TOUCH,
  );
  const parts = memory.floats(partial, ranges.length * each);
  return Array.from({ length: sums }, (_, sum) => {
    const total = new Float64Array(channels);
    for (let i = 0; i < ranges.length; i++)
      for (let c = 0; c < channels; c++) total[c] += parts[i * each + sum * channels + c];
    return total;
  });
}

/** Sums over the leading axes; `kept`: the lengths of the others, `shape`: that of the result. */
export function totals(
  memory: KernelMemory,
  x: Info,
  kept: readonly number[],
  shape: readonly number[],
): Info {
  const channels = kept.reduce((n, length) => n * length, 1);
  const rows = channels === 0 ? 0 : x.shape.reduce((n, length) => n * length, 1) / channels;
  const y = memory.output(shape);
  const from = memory.address(x);
  const [sums] = overRows(memory, [rows, channels], 1, ({ first, count }, into) => [
    'columnSums',
    from + first * channels * FLOAT,
    into,
    into,
    count,
    channels,
  ]);
  memory.floats(memory.address(y), channels).set(sums);
  return y;
}

/** With x̂ = (x - mean) / deviation: y = x̂ · scale + shift = x · factor + offset. */
export function batchNormalization(
  memory: KernelMemory,
  { x, scale, shift }: { readonly x: Info; readonly scale: Info; readonly shift: Info },
  { epsilon }: { readonly epsilon: number },
): Info[] {
  const sizes = rowsOf(x);
  const [rows, channels] = sizes;
  const y = memory.output(x.shape);
  const statistics = [memory.output([channels]), memory.output([channels])];
  const [mean, variance] = statistics.map((info) => memory.address(info));
  const [factor, offset] = ['factor', 'offset'].map((name) => memory.room(name, channels * FLOAT));
  const from = memory.address(x);
  const per = (address: number) => memory.floats(address, channels);
  const sum = (kernel: string) =>
    overRows(memory, sizes, 1, ({ first, count }, into) => [
      kernel,
      from + first * channels * FLOAT,
      mean,
      into,
      count,
      channels,
    ])[0];
  const sums = sum('columnSums');
  const means = per(mean);
  for (let c = 0; c < channels; c++) means[c] = sums[c] / rows;
  const squares = sum('columnSquares');
  const [variances, scales, shifts] = [variance, memory.address(scale), memory.address(shift)].map(per);
  const [factors, offsets] = [factor, offset].map(per);
  for (let c = 0; c < channels; c++) {
    variances[c] = squares[c] / rows;
    factors[c] = scales[c] / Math.sqrt(variances[c] + epsilon);
    offsets[c] = shifts[c] - means[c] * factors[c];
  }
  affineRows(memory, sizes, from, factor, offset, memory.address(y));
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
  const sizes = rowsOf(x);
  const [rows, channels] = sizes;
  const dx = memory.output(x.shape);
  const gradients = [memory.output([channels]), memory.output([channels])];
  const rooms = ['a', 'b', 'd'].map((name) => memory.room(name, channels * FLOAT));
  const [from, by, mean, to] = [x, dy, inputs.mean, dx].map((info) => memory.address(info));
  const [sums, products] = overRows(memory, sizes, 2, ({ first, count }, into) => {
    const offset = first * channels * FLOAT;
    return [
      'columnProducts',
      from + offset,
      by + offset,
      mean,
      into,
      into + channels * FLOAT,
      count,
      channels,
    ];
  });
  const per = (address: number) => memory.floats(address, channels);
  const [scales, variances, means, dscale, dshift] = [
    ...[inputs.scale, inputs.variance, inputs.mean],
    ...gradients,
  ].map((info) => per(memory.address(info)));
  const [a, b, d] = rooms.map(per);
  for (let c = 0; c < channels; c++) {
    const inverse = 1 / Math.sqrt(variances[c] + epsilon);
    const factor = scales[c] * inverse;
    const along = (products[c] / rows) * inverse ** 2;
    a[c] = -factor * along;
    b[c] = factor;
    d[c] = factor * (means[c] * along - sums[c] / rows);
    dscale[c] = products[c] * inverse;
    dshift[c] = sums[c];
  }
  const [first, second, third] = rooms;
  eachRow(memory, sizes, ({ count }, offset) => {
    const [left, right, target] = [from, by, to].map((address) => address + offset);
    return ['affineOfTwo', left, right, first, second, third, target, count, channels];
  });
  return [dx, ...gradients];
}

const affineRows = (
  memory: KernelMemory,
  sizes: readonly [number, number],
  from: number,
  factor: number,
  shift: number,
  to: number,
): void =>
  eachRow(memory, sizes, ({ count }, offset) => [
    'affine',
    from + offset,
    factor,
    shift,
    to + offset,
    count,
    sizes[1],
  ]);

export function affine(
  memory: KernelMemory,
  { x, factor, offset }: { readonly x: Info; readonly factor: Info; readonly offset: Info },
): Info {
  const y = memory.output(x.shape);
  const [from, by, plus, to] = [x, factor, offset, y].map((info) => memory.address(info));
  affineRows(memory, rowsOf(x), from, by, plus, to);
  return y;
}

export function rowNormalization(
  memory: KernelMemory,
  { x }: { readonly x: Info },
  { epsilon }: { readonly epsilon: number },
): Info[] {
  const sizes = rowsOf(x);
  const [rows, channels] = sizes;
  const [y, deviation] = [memory.output(x.shape), memory.output([rows])];
  const [from, to, deviations] = [x, y, deviation].map((info) => memory.address(info));
  eachRow(memory, sizes, ({ first, count }, offset) => [
    'rowNormalisation',
    from + offset,
    to + offset,
    deviations + first * FLOAT,
    count,
    channels,
    epsilon,
    1 / channels,
  ]);
  return [y, deviation];
}

export function rowNormalizationInput(
  memory: KernelMemory,
  { y, dy, deviation }: { readonly y: Info; readonly dy: Info; readonly deviation: Info },
): Info {
  const sizes = rowsOf(y);
  const channels = sizes[1];
  const dx = memory.output(y.shape);
  const [from, by, deviations, to] = [y, dy, deviation, dx].map((info) => memory.address(info));
  eachRow(memory, sizes, ({ first, count }, offset) => [
    'rowNormalisationInput',
    from + offset,
    by + offset,
    deviations + first * FLOAT,
    to + offset,
    count,
    channels,
    1 / channels,
  ]);
  return dx;
}
