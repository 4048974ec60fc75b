// Mixup: examples are blended in pairs, and so are their targets (Zhang et al., arXiv 1710.09412).

import type { HostArray } from '../../execution/types.ts';
import type { Random } from '../../lib/random.ts';
import type { Augmentation } from '../types.ts';

export interface MixupOptions {
  /** Number of classes: class numbers become probabilities [count, classes]. */
  readonly classes: number;
  /** The share of the first example is drawn from Beta(alpha, alpha). */
  readonly alpha?: number;
}

/** Blends every example of a batch with another one of it, all by the same share. */
export const mixup =
  ({ classes, alpha = 0.2 }: MixupOptions): Augmentation =>
  ({ inputs, targets }, random) => {
    const share = beta(alpha, random);
    const partners = random.permutation(inputs[0].dims[0]);
    const blend = (batch: HostArray) => blended(batch, partners, share);
    const mixed = { inputs: inputs.map(blend) };
    return targets ? { ...mixed, targets: targets.map((t) => blend(probabilities(t, classes))) } : mixed;
  };

function blended({ dims, data }: HostArray, partners: Uint32Array, share: number): HostArray {
  const out = new Float32Array(data.length);
  const size = data.length / partners.length;
  for (let i = 0; i < partners.length; i++)
    for (let k = 0; k < size; k++)
      out[i * size + k] = share * data[i * size + k] + (1 - share) * data[partners[i] * size + k];
  return { dims, data: out };
}

/** Class numbers as one-hot rows; everything else as it is. */
function probabilities(target: HostArray, classes: number): HostArray {
  const { dims, data } = target;
  if (!(data instanceof Int32Array)) return target;
  const out = new Float32Array(data.length * classes);
  for (let i = 0; i < data.length; i++) out[i * classes + data[i]] = 1;
  return { dims: [...dims, classes], data: out };
}

function beta(alpha: number, random: Random): number {
  const [x, y] = [gamma(alpha, random), gamma(alpha, random)];
  return x + y > 0 ? x / (x + y) : 1;
}

/** Gamma(shape, 1) by Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000). */
function gamma(shape: number, random: Random): number {
  if (shape < 1) return gamma(shape + 1, random) * random.uniform() ** (1 / shape);
  const d = shape - 1 / 3;
  for (;;) {
    const x = random.normal();
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
