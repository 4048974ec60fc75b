// Which mean and deviation a network expects: from the notes its author left in the file, or measured on the data.

import type { HostArray } from '../../execution/types.ts';
import { ModelError } from '../../lib/errors.ts';
import type { Normalisation, Split } from '../types.ts';

const meanKeys = ['mean', 'image_mean', 'normalization_mean', 'normalisation_mean'];
const deviationKeys = [
  'std',
  'image_std',
  'deviation',
  'stddev',
  'normalization_std',
  'normalisation_deviation',
];

/**
 * The normalisation in a model's key-value metadata (`mean` and `std`, as a JSON list, numbers with commas, or one
 * number); `undefined` where it has none. Values in 0 to 255 are brought to 0 to 1.
 */
export function normalisationOf(metadata: Readonly<Record<string, string>>): Normalisation | undefined {
  const find = (keys: readonly string[]) => {
    for (const [key, value] of Object.entries(metadata))
      if (keys.includes(key.toLowerCase().replaceAll('-', '_'))) return numbersIn(value);
    return undefined;
  };
  const mean = find(meanKeys);
  const deviation = find(deviationKeys);
  if (!mean || !deviation || mean.length !== deviation.length || !deviation.every((d) => d > 0))
    return undefined;
  const scale = [...mean, ...deviation].some((value) => value > 2) ? 1 / 255 : 1;
  return { mean: mean.map((value) => value * scale), deviation: deviation.map((value) => value * scale) };
}

function numbersIn(text: string): number[] | undefined {
  const numbers = text.match(/[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?/gi)?.map(Number);
  return numbers && numbers.length > 0 ? numbers : undefined;
}

/** Channels of one example: the first of three dimensions, else the last. */
export const channelsOf = (dims: readonly number[]): number =>
  dims.length === 3 ? dims[0] : (dims.at(-1) ?? 1);

/** Mean and deviation per channel over the first `examples` of a split's first input. */
export async function measure(split: Split, examples = 1_000): Promise<Normalisation> {
  const positions = Array.from({ length: Math.min(examples, split.length) }, (_, i) => i);
  const { dims, data } = (await split.read(positions)).inputs[0];
  const channels = channelsOf(dims.slice(1));
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  eachChannel(dims, (index, c) => {
    sums[c] += data[index];
    squares[c] += data[index] ** 2;
  });
  const count = data.length / channels;
  const mean = Array.from(sums, (sum) => sum / count);
  const deviation = mean.map((m, c) => Math.sqrt(Math.max(0, squares[c] / count - m * m)) || 1);
  return { mean, deviation };
}

/** Calls with the index and the channel of every element of [count, …dims]. */
function eachChannel(dims: readonly number[], visit: (index: number, channel: number) => void): void {
  const channels = channelsOf(dims.slice(1));
  const area = dims.length === 4 ? dims[2] * dims[3] : 1;
  const count = dims.reduce((n, d) => n * d, 1);
  for (let i = 0; i < count; i++) visit(i, Math.floor(i / area) % channels);
}

/**
 * (value - mean) / deviation, channel by channel. One mean serves all channels.
 * @throws ModelError `wrong-normalisation` when the means are neither one nor one per channel
 */
export function normalise({ dims, data }: HostArray, { mean, deviation }: Normalisation): HostArray {
  checkNormalisation({ mean, deviation }, dims.slice(1));
  const out = new Float32Array(data.length);
  eachChannel(dims, (index, c) => {
    const k = mean.length === 1 ? 0 : c;
    out[index] = (data[index] - mean[k]) / deviation[k];
  });
  return { dims, data: out };
}

/** @throws ModelError `wrong-normalisation` */
export function checkNormalisation({ mean, deviation }: Normalisation, dims: readonly number[]): void {
  const channels = channelsOf(dims);
  const fits = mean.length === deviation.length && (mean.length === 1 || mean.length === channels);
  if (fits && deviation.every((value) => value > 0) && mean.every(Number.isFinite)) return;
  throw new ModelError({
    code: 'wrong-normalisation',
    where: 'normalisation',
    message: fits
      ? 'Means must be numbers, and deviations positive ones.'
      : `There are ${mean.length} means, ${deviation.length} deviations and a channel count of ${channels}.`,
    hint: 'Give one of each for all channels, or one of each per channel.',
  });
}
