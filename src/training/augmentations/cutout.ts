// Cutout: a square of every picture is covered, so that no single feature is relied on (DeVries and Taylor,
// arXiv 1708.04552).

import type { Augmentation } from '../types.ts';
import { layoutOf } from './warp.ts';

/** Sets a square, `share` of the shorter side wide and centred anywhere, to 0, the mean of normalised data. */
export const cutout =
  ({ share = 0.4 } = {}): Augmentation =>
  (batch, random) => {
    const [{ dims, data }, ...others] = batch.inputs;
    const { count, channels, height, width, channelsLast } = layoutOf(dims);
    const out = Float32Array.from(data);
    const side = Math.round(Math.min(height, width) * share);
    const area = height * width;
    for (let i = 0; i < count; i++) {
      const top = random.below(height) - (side >> 1);
      const left = random.below(width) - (side >> 1);
      for (let y = Math.max(0, top); y < Math.min(height, top + side); y++)
        for (let x = Math.max(0, left); x < Math.min(width, left + side); x++)
          for (let c = 0; c < channels; c++) {
            const pixel = y * width + x;
            out[i * channels * area + (channelsLast ? pixel * channels + c : c * area + pixel)] = 0;
          }
    }
    return { ...batch, inputs: [{ dims, data: out }, ...others] };
  };
