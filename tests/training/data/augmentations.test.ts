import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/lib/random.ts';
import { augmentations, augmentationsOf } from '../../../src/training/augmentations/augmentations.ts';
import { cutout } from '../../../src/training/augmentations/cutout.ts';
import { mixup } from '../../../src/training/augmentations/mixup.ts';
import { affine, crop, flip, warped } from '../../../src/training/augmentations/warp.ts';
import type { Examples } from '../../../src/training/types.ts';
import { range } from './files.ts';

function batchOf(...dims: readonly number[]): Examples {
  const count = dims.reduce((a, b) => a * b, 1);
  return {
    inputs: [{ dims, data: Float32Array.from(range(count), (i) => i + 1) }],
    targets: [{ dims: [dims[0]], data: Int32Array.from(range(dims[0]), (i) => i % 3) }],
  };
}
const pair: Examples = {
  inputs: [{ dims: [2, 1], data: Float32Array.from([0, 10]) }],
  targets: [{ dims: [2], data: Int32Array.from([0, 1]) }],
};
const valuesOf = ({ inputs }: Examples): number[] => [...inputs[0].data];

describe('augmentations', () => {
  it.each(augmentations.map(({ name }) => name))(
    '%s: the same seed, the same batch; the batch given stays',
    (name) => {
      const batch = batchOf(6, 1, 8, 8);
      const [augment] = augmentationsOf([name], 3);
      const changed = augment(batch, new Random(5));
      expect(augment(batch, new Random(5))).toEqual(changed);
      expect(augment(batch, new Random(6))).not.toEqual(changed);
      expect(valuesOf(batch)).toEqual(valuesOf(batchOf(6, 1, 8, 8)));
      expect(changed.inputs[0].dims).toEqual([6, 1, 8, 8]);
    },
  );

  it('flip mirrors about half of the pictures exactly, in either layout', () => {
    const planar = batchOf(100, 1, 1, 3);
    const rows = valuesOf(flip()(planar, new Random(1)));
    const mirrored = range(100).filter((i) => rows[3 * i] === 3 * i + 3);
    expect(mirrored.length).toBeGreaterThan(30);
    expect(mirrored.length).toBeLessThan(70);
    for (const i of range(100))
      expect(rows.slice(3 * i, 3 * i + 3).sort((a, b) => a - b)).toEqual([1, 2, 3].map((v) => v + 3 * i));
    const interleaved = { inputs: [{ dims: [1, 2, 2, 3], data: Float32Array.from(range(12)) }] };
    const turned = warped(interleaved, ({ width }) => [-1, 0, width - 1, 0, 1, 0]);
    expect(valuesOf(turned)).toEqual([3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8]);
  });

  it('crop shifts by whole pixels and fills with 0', () => {
    const { data } = crop({ share: 0.25 })(batchOf(50, 1, 4, 4), new Random(2)).inputs[0];
    const counts = range(50).map((i) => Array.from(data.subarray(16 * i, 16 * i + 16)));
    for (const [i, picture] of counts.entries())
      for (const value of picture)
        expect(value === 0 || (Number.isInteger(value) && value > 16 * i && value <= 16 * i + 16)).toBe(true);
    expect(new Set(counts.map((picture) => picture.filter((v) => v === 0).length))).toEqual(
      new Set([0, 4, 7]),
    );
  });

  it('affine without bounds changes nothing; a quarter turn turns', () => {
    const batch = batchOf(2, 1, 3, 3);
    const still = affine({ rotation: 0, shear: 0, scale: 0, shift: 0 })(batch, new Random(1));
    expect(valuesOf(still)).toEqual(valuesOf(batch));
    const turned = warped(batchOf(1, 1, 3, 3), () => [0, 1, 0, -1, 0, 2]);
    expect(valuesOf(turned)).toEqual([7, 4, 1, 8, 5, 2, 9, 6, 3]);
  });

  it('cutout covers one square of every channel', () => {
    const pictures = valuesOf(cutout({ share: 0.5 })(batchOf(1, 3, 8, 8), new Random(3)));
    const covered = [0, 1, 2].map((c) => range(64).filter((i) => pictures[64 * c + i] === 0));
    expect(covered[0].length).toBeGreaterThan(0);
    expect(covered[0].length).toBeLessThanOrEqual(16);
    expect([covered[1], covered[2]]).toEqual([covered[0], covered[0]]);
  });

  it('mixup blends inputs and targets by the same share', () => {
    const { inputs, targets } = mixup({ classes: 2 })(pair, new Random(3));
    expect(targets![0].dims).toEqual([2, 2]);
    const [share, rest] = targets![0].data;
    expect(share + rest).toBeCloseTo(1, 6);
    expect([...inputs[0].data]).toEqual([10 * rest, 10 * share].map(Math.fround));
  });

  it('the share of mixup is Beta distributed', () => {
    // Where an example is blended with itself its share cannot be seen.
    const shares = range(4000)
      .map((seed) => mixup({ classes: 2, alpha: 0.4 })(pair, new Random(seed)).targets![0].data[0])
      .filter((share) => share < 1);
    const mean = shares.reduce((a, b) => a + b) / shares.length;
    const variance = shares.reduce((a, b) => a + (b - mean) ** 2, 0) / shares.length;
    expect(mean).toBeCloseTo(0.5, 1);
    expect(variance).toBeCloseTo(0.4 ** 2 / (0.8 ** 2 * 1.8), 2);
  });

  it('says what cannot be moved about, and what there is', () => {
    expect(() => flip()(batchOf(2, 5), new Random(1))).toThrow('Examples of 5 are no pictures');
    expect(() => augmentationsOf(['twirl'], 3)).toThrow('There is no augmentation "twirl".');
  });
});
