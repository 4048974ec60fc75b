// Reading one axis at positions between its elements: which elements each output position reads, with which weights.
// Pure arithmetic on the host. Formulas: ONNX operator Resize (coordinate_transformation_mode, nearest_mode, cubic
// convolution after Keys 1981, antialias as in PIL).

import type { NodeView } from './op.ts';
import { unsupported } from './refusal.ts';

export interface Sampling {
  readonly mode: string;
  /** Where output positions lie on the input: `coordinate_transformation_mode`. */
  readonly coordinates: string;
  /** `nearest_mode`. */
  readonly rounding: string;
  readonly cubicA: number;
  /** Elements beyond the edge weigh nothing instead of repeating the edge. */
  readonly excludeOutside: boolean;
  /** When shrinking, widen the kernel to cover what falls between. */
  readonly antialias: boolean;
}

/** How one axis is resized. */
export interface Stretch {
  readonly axis: number;
  readonly length: number;
  readonly outLength: number;
  /** As stated, or output over input length where sizes are stated. */
  readonly scale: number;
  /** Part of the axis to crop to, in fractions of it. */
  readonly region: readonly [number, number];
}

/** What the output positions of one axis read. */
export interface Reading {
  /** For each output position the one element it copies; `undefined` where several are mixed. */
  readonly copied?: readonly number[];
  /** Row-major [outLength, length] weights, where `copied` is not given. */
  readonly weights?: Float32Array;
  /** Output positions that lie outside the input altogether. */
  readonly outside: readonly number[];
}

export function readingOf(view: NodeView<unknown>, stretch: Stretch, sampling: Sampling): Reading {
  const { length, outLength } = stretch;
  const places = Array.from({ length: outLength }, (_, x) => placeOf(view, x, stretch, sampling.coordinates));
  const crops = sampling.coordinates === 'tf_crop_and_resize';
  const outside = crops ? places.flatMap((place, x) => (place < 0 || place > length - 1 ? [x] : [])) : [];
  if (sampling.mode === 'nearest') {
    const round = roundings[sampling.rounding];
    if (!round) throw unsupported(view, `rounds by "${sampling.rounding}"`);
    return { copied: places.map((place) => clamp(round(place), length)), outside };
  }
  const kernel = kernelOf(view, sampling);
  // Shrinking with antialias stretches the kernel over all the elements that one output position stands for.
  const density = sampling.antialias ? Math.min(1, stretch.scale) : 1;
  const weights = new Float32Array(outLength * length);
  places.forEach((place, x) => {
    const row = weights.subarray(x * length, (x + 1) * length);
    addTaps(row, place, kernel, density, sampling.excludeOutside);
  });
  return { weights, outside };
}

/**
 * Position on the input, in elements, of output position `x`. In single precision, like the scale: what rounds to the
 * nearest element, or down, would else miss places that fall on one.
 */
function placeOf(view: NodeView<unknown>, x: number, stretch: Stretch, coordinates: string): number {
  const { length, outLength, region } = stretch;
  const { fround } = Math;
  const scale = fround(stretch.scale);
  const exactLength = stretch.scale * length;
  const halfPixel = fround(fround((x + 0.5) / scale) - 0.5);
  switch (coordinates) {
    case 'half_pixel':
      return halfPixel;
    case 'pytorch_half_pixel':
      return outLength === 1 ? -0.5 : halfPixel;
    case 'half_pixel_symmetric':
      return fround(fround((length / 2) * fround(1 - fround(outLength / exactLength))) + halfPixel);
    case 'asymmetric':
      return fround(x / scale);
    case 'align_corners':
      return exactLength === 1 ? 0 : (x * (length - 1)) / (exactLength - 1);
    case 'tf_crop_and_resize': {
      const [start, end] = region;
      const last = length - 1;
      const along =
        outLength === 1 ? ((end - start) * last) / 2 : (x * (end - start) * last) / (outLength - 1);
      return start * last + along;
    }
    default:
      throw unsupported(view, `places its output by "${coordinates}"`);
  }
}

const roundings: Readonly<Record<string, (place: number) => number>> = {
  round_prefer_floor: (place) => Math.ceil(place - 0.5),
  round_prefer_ceil: (place) => Math.floor(place + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

const clamp = (position: number, length: number): number => Math.max(0, Math.min(length - 1, position));

interface Kernel {
  /** Elements on either side that count. */
  readonly reach: number;
  readonly weight: (distance: number) => number;
}

function kernelOf(view: NodeView<unknown>, { mode, cubicA: a }: Sampling): Kernel {
  switch (mode) {
    case 'linear':
    case 'bilinear':
    case 'trilinear':
      return { reach: 1, weight: (distance) => Math.max(0, 1 - distance) };
    case 'cubic':
      return { reach: 2, weight: (distance) => cubic(distance, a) };
    default:
      throw unsupported(view, `interpolates by "${mode}"`);
  }
}

function cubic(t: number, a: number): number {
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? a * (((t - 5) * t + 8) * t - 4) : 0;
}

/** Adds the weights of the elements around `place`; they sum to 1. */
function addTaps(row: Float32Array, place: number, kernel: Kernel, density: number, exclude: boolean): void {
  const reach = kernel.reach / density;
  const taps: { at: number; weight: number }[] = [];
  for (let at = Math.ceil(place - reach); at <= place + reach; at++)
    if (!exclude || (at >= 0 && at < row.length))
      taps.push({ at, weight: kernel.weight(Math.abs(at - place) * density) });
  const sum = taps.reduce((total, { weight }) => total + weight, 0);
  for (const { at, weight } of taps) row[clamp(at, row.length)] += weight / sum;
}
