// Random numbers by position: what a batch draws depends on the seed and on where it is in the pass, never on what
// was drawn before. That makes the random state of a pass a few integers, and joining a curve after a crash exact.

import { Random } from '../lib/random.ts';

/** What the numbers are for; streams of different purposes have nothing in common. */
const purposes = { order: 1, augmentation: 2, network: 3, validation: 4, calibration: 5 } as const;

/** The stream of one purpose at one position of a pass. */
export const streamAt = (
  seed: number,
  purpose: keyof typeof purposes,
  ...position: readonly number[]
): Random => new Random([purposes[purpose], ...position].reduce(mixed, mixed(seed, 0)));

/** Murmur3's finaliser over the running hash and the next integer. */
function mixed(hash: number, next: number): number {
  let h = (hash ^ Math.imul(next + 0x9e3779b9, 0xcc9e2d51)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** `count` of `length` positions in random order (all of them at most). */
export const samplePositions = (random: Random, length: number, count: number): Uint32Array =>
  random.permutation(length).subarray(0, Math.min(length, count));
