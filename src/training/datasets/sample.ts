// The built-in data set: an endless supply of handwritten-looking digits, drawn by position from a seed, so nothing is
// stored or downloaded. Slant, size, place, pen, wobble, noise and stray marks vary enough that a linear classifier
// stays well below a small convolutional network (see tests/training/data/sample.test.ts).

import { Random } from '../../lib/random.ts';
import type { Dataset, Split } from '../types.ts';
import { drawStroke, type Pen } from './digits/pen.ts';
import { digitGlyphs, type Stroke } from './digits/strokes.ts';

const SAMPLE_SIZE = 28;
const PIXELS = SAMPLE_SIZE * SAMPLE_SIZE;
const CLASSES = digitGlyphs.length;

export interface SampleOptions {
  readonly seed?: number;
  /** Number of images in each split. */
  readonly train?: number;
  readonly validation?: number;
  readonly test?: number;
}

/**
 * Digits as [1, 28, 28] images, 0 background to 1 ink; the class of position `i` is `i mod 10`.
 * @example const digits = sampleDigits({ seed: 1, train: 20_000 });
 */
export function sampleDigits({
  seed = 1,
  train = 10_000,
  validation = 2_000,
  test = 2_000,
}: SampleOptions = {}): Dataset {
  return {
    name: 'Sample digits',
    dims: [[1, SAMPLE_SIZE, SAMPLE_SIZE]],
    classes: Array.from({ length: CLASSES }, (_, digit) => String(digit)),
    train: digitSplit(seed, 0, train),
    validation: digitSplit(seed, 1, validation),
    test: digitSplit(seed, 2, test),
  };
}

function digitSplit(seed: number, split: number, length: number): Split {
  return {
    length,
    async read(positions) {
      const count = positions.length;
      const images = new Float32Array(count * PIXELS);
      const labels = new Int32Array(count);
      for (let i = 0; i < count; i++) {
        labels[i] = positions[i] % CLASSES;
        const random = new Random(mixed(seed, split, positions[i]));
        drawDigit(images.subarray(i * PIXELS, (i + 1) * PIXELS), labels[i], random);
      }
      return {
        inputs: [{ dims: [count, 1, SAMPLE_SIZE, SAMPLE_SIZE], data: images }],
        targets: [{ dims: [count], data: labels }],
      };
    },
  };
}

/** One 32-bit seed from three numbers, neighbours far apart (multiply and rotate as in MurmurHash3). */
function mixed(...parts: readonly number[]): number {
  let hash = 0;
  for (const part of parts) {
    hash ^= Math.imul(part + 0x7f4a7c15, 0xcc9e2d51);
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

/** Draws a digit into `canvas`, which is empty. */
function drawDigit(canvas: Float32Array, digit: number, random: Random): void {
  const glyphs = digitGlyphs[digit];
  const glyph = glyphs[random.below(glyphs.length)];
  const pen = penOf(random);
  for (const stroke of glyph) drawStroke(canvas, SAMPLE_SIZE, jittered(stroke, random), pen);
  if (random.uniform() < 0.35) drawStray(canvas, random, pen);
  addNoise(canvas, between(random, 0, 0.16), random);
}

const between = (random: Random, low: number, high: number): number => low + (high - low) * random.uniform();

/** How this digit is written: pen, slant, size, place. */
function penOf(random: Random): Pen {
  const angle = between(random, -0.3, 0.3);
  const shear = between(random, -0.35, 0.35);
  const height = between(random, 14, 21);
  const width = height * between(random, 0.5, 0.85);
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  // Box (per mille, centred) → size → shear → rotation → place.
  const [a, b] = [(cos * width) / 1000, ((cos * shear - sin) * height) / 1000];
  const [d, e] = [(sin * width) / 1000, ((sin * shear + cos) * height) / 1000];
  const centre = (SAMPLE_SIZE - 1) / 2;
  const c = centre + between(random, -3, 3) - 500 * (a + b);
  const f = centre + between(random, -3, 3) - 500 * (d + e);
  return {
    affine: [a, b, c, d, e, f],
    wobble: {
      amplitude: between(random, 0, 0.9),
      phases: [between(random, 0, 2 * Math.PI), between(random, 0, 2 * Math.PI)],
      frequency: between(random, 0.2, 0.45),
    },
    radius: between(random, 0.6, 1.6),
    softness: between(random, 0.4, 0.9),
    ink: between(random, 0.6, 1),
  };
}

/** The stroke as an unsteady hand draws it; a corner stays one point. */
function jittered(stroke: Stroke, random: Random): Float32Array {
  const out = Float32Array.from(stroke);
  for (let i = 0; i < out.length; i += 2) {
    const corner = i > 0 && stroke[i] === stroke[i - 2] && stroke[i + 1] === stroke[i - 1];
    out[i] = corner ? out[i - 2] : stroke[i] + between(random, -60, 60);
    out[i + 1] = corner ? out[i - 1] : stroke[i + 1] + between(random, -50, 50);
  }
  return out;
}

/** A short mark that belongs to no digit, near the border. */
function drawStray(canvas: Float32Array, random: Random, pen: Pen): void {
  const edge = random.below(4);
  const along = between(random, 2, SAMPLE_SIZE - 3);
  const inset = between(random, 0, 3);
  const away = SAMPLE_SIZE - 1 - inset;
  const [x, y] = [
    [along, inset],
    [along, away],
    [inset, along],
    [away, along],
  ][edge];
  const points = [x, y, x + between(random, -4, 4), y + between(random, -4, 4)];
  drawStroke(canvas, SAMPLE_SIZE, points, {
    ...pen,
    affine: [1, 0, 0, 0, 1, 0],
    ink: pen.ink * between(random, 0.4, 0.9),
  });
}

/** Grain of a camera: symmetric, triangular, so cheaper than normal. */
function addNoise(canvas: Float32Array, amount: number, random: Random): void {
  for (let i = 0; i < canvas.length; i++) {
    const noisy = canvas[i] + amount * (random.uniform() - random.uniform());
    canvas[i] = Math.min(1, Math.max(0, noisy));
  }
}
