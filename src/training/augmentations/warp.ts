// Pictures moved about: mirrored, shifted, turned. Every change is one affine map per picture, read backwards with
// bilinear interpolation; what comes from outside of the picture is 0, the mean of normalised data.

import { ModelError } from '../../lib/errors.ts';
import type { Random } from '../../lib/random.ts';
import type { Augmentation, Examples } from '../types.ts';

/** Where the pixel (x, y) of the new picture is read in the old one: (a·x + b·y + c, d·x + e·y + f). */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export interface PictureLayout {
  readonly count: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly channelsLast: boolean;
}

const few = (size: number): boolean => size === 1 || size === 3 || size === 4;

/**
 * The layout of a batch [count, channels, height, width], or [count, height, width, channels] where only the last
 * dimension can count channels. @throws ModelError `augmentation` where these are no pictures
 */
export function layoutOf(dims: readonly number[]): PictureLayout {
  const [count, a, b, c] = dims;
  if (dims.length !== 4)
    throw new ModelError({
      code: 'augmentation',
      where: 'input',
      message: `Examples of ${dims.slice(1).join('×')} are no pictures, so they cannot be mirrored, shifted, turned or covered.`,
      hint: 'Train without that augmentation.',
    });
  return few(c) && !few(a)
    ? { count, channels: c, height: a, width: b, channelsLast: true }
    : { count, channels: a, height: b, width: c, channelsLast: false };
}

/** The batch with another map for each picture of the first input; targets stay. */
export function warped(batch: Examples, mapOf: (layout: PictureLayout) => Affine): Examples {
  const [{ dims, data }, ...others] = batch.inputs;
  const layout = layoutOf(dims);
  const size = data.length / layout.count;
  const out = new Float32Array(data.length);
  for (let i = 0; i < layout.count; i++)
    warp(
      data.subarray(i * size, (i + 1) * size),
      out.subarray(i * size, (i + 1) * size),
      layout,
      mapOf(layout),
    );
  return { ...batch, inputs: [{ dims, data: out }, ...others] };
}

function warp(
  from: ArrayLike<number>,
  to: Float32Array,
  { channels, height, width, channelsLast }: PictureLayout,
  [a, b, c, d, e, f]: Affine,
): void {
  const pixel = channelsLast ? channels : 1;
  const plane = channelsLast ? 1 : height * width;
  const inside = (x: number, y: number) => x >= 0 && x < width && y >= 0 && y < height;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const sx = a * x + b * y + c;
      const sy = d * x + e * y + f;
      const [left, top] = [Math.floor(sx), Math.floor(sy)];
      for (let dy = 0; dy < 2; dy++)
        for (let dx = 0; dx < 2; dx++) {
          const weight = (dx ? sx - left : left + 1 - sx) * (dy ? sy - top : top + 1 - sy);
          if (weight === 0 || !inside(left + dx, top + dy)) continue;
          const source = ((top + dy) * width + left + dx) * pixel;
          const target = (y * width + x) * pixel;
          for (let k = 0; k < channels; k++) to[target + k * plane] += weight * from[source + k * plane];
        }
    }
}

/** Mirrors left and right, every second picture. */
export const flip = (): Augmentation => (batch, random) =>
  warped(batch, ({ width }) => (random.uniform() < 0.5 ? [-1, 0, width - 1, 0, 1, 0] : [1, 0, 0, 0, 1, 0]));

/** A random crop of the picture padded by `share` of its side: a shift by whole pixels. */
export const crop =
  ({ share = 0.125 } = {}): Augmentation =>
  (batch, random) =>
    warped(batch, ({ height, width }) => {
      const shift = (side: number) =>
        random.below(2 * Math.round(side * share) + 1) - Math.round(side * share);
      return [1, 0, shift(width), 0, 1, shift(height)];
    });

export interface AffineOptions {
  /** Degrees. */
  readonly rotation?: number;
  /** Degrees. */
  readonly shear?: number;
  /** 0.1: from 0.9 to 1.1 times the size. */
  readonly scale?: number;
  /** Share of the side. */
  readonly shift?: number;
}

/** Turned, sheared, scaled and shifted about the middle, each up to its bound. */
export const affine =
  (options: AffineOptions = {}): Augmentation =>
  (batch, random) =>
    warped(batch, (layout) => affineOf(layout, options, random));

function affineOf(
  { height, width }: PictureLayout,
  { rotation = 10, shear = 5, scale = 0.1, shift = 0.05 }: AffineOptions,
  random: Random,
): Affine {
  const upTo = (bound: number) => bound * (2 * random.uniform() - 1);
  const angle = (upTo(rotation) * Math.PI) / 180;
  const slant = Math.tan((upTo(shear) * Math.PI) / 180);
  const size = 1 + upTo(scale);
  const [cos, sin] = [Math.cos(angle) / size, Math.sin(angle) / size];
  const [a, b, d, e] = [cos, cos * slant - sin, sin, sin * slant + cos];
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  const c = cx + upTo(shift) * width - a * cx - b * cy;
  const f = cy + upTo(shift) * height - d * cx - e * cy;
  return [a, b, c, d, e, f];
}
