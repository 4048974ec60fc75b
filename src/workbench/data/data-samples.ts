// Examples as pictures, for a person to check what the network will see.

import { ModelError } from '../../lib/errors.ts';
import type { Dataset, Normalisation } from '../../training/types.ts';
import type { DataSample } from '../engine.ts';

/** The first `count` training examples. @throws ModelError `no-pictures` when they are none */
export async function picturesOf(data: Dataset, count: number): Promise<DataSample[]> {
  const positions = Array.from({ length: Math.min(count, data.train.length) }, (_, i) => i);
  const { inputs, targets } = await data.train.read(positions);
  const [, channels, height, width] = inputs[0]?.dims ?? [];
  if (inputs[0]?.dims.length !== 4 || (channels !== 1 && channels !== 3)) throw noPictures(data);
  const values = inputs[0].data;
  const size = channels * height * width;
  return positions.map((i) => {
    const shown = inDisplayRange(values.subarray(i * size, (i + 1) * size), channels, data.normalisation);
    const target = targets?.[0]?.data[i];
    const label = target === undefined ? undefined : data.classes[target];
    return { width, height, bytes: rgba(shown, channels), ...(label === undefined ? {} : { label }) };
  });
}

/** 0 to 1 as stored; where nobody says how values were normalised, from the least to the greatest. */
function inDisplayRange(
  values: ArrayLike<number>,
  channels: number,
  normalisation: Normalisation | undefined,
): Float32Array {
  const pixels = values.length / channels;
  if (normalisation) {
    const { mean, deviation } = normalisation;
    return Float32Array.from(values, (value, i) => {
      const channel = mean.length === 1 ? 0 : Math.floor(i / pixels);
      return value * deviation[channel] + mean[channel];
    });
  }
  let low = 0;
  let high = 1;
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return Float32Array.from(values, (value) => (value - low) / (high - low));
}

function rgba(planes: Float32Array, channels: number): Uint8Array {
  const pixels = planes.length / channels;
  const out = new Uint8ClampedArray(pixels * 4);
  for (let p = 0; p < pixels; p++) {
    for (let c = 0; c < 3; c++) out[p * 4 + c] = planes[(channels === 1 ? 0 : c) * pixels + p] * 255;
    out[p * 4 + 3] = 255;
  }
  return new Uint8Array(out.buffer);
}

const noPictures = ({ name }: Dataset): ModelError =>
  new ModelError({
    code: 'no-pictures',
    where: name,
    message: `The examples of "${name}" are no grey or colour pictures.`,
  });
