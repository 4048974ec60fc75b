// Learning rates at the points a person would check: start, warm-up, milestones, end.

import { describe, expect, test } from 'vitest';
import { rateFactor } from '../../src/training/schedule.ts';

const curve = (options: Parameters<typeof rateFactor>[0], warmUp = 0) =>
  Array.from({ length: 101 }, (_, batch) => rateFactor(options, batch, 100, warmUp));

describe('schedules', () => {
  test('constant', () => {
    expect(new Set(curve({ name: 'constant' }))).toEqual(new Set([1]));
  });

  test('cosine: from 1 to the floor, half way in the middle', () => {
    const factors = curve({ name: 'cosine', floor: 0.1 });
    expect([factors[0], factors[50], factors[100]].map((x) => x.toFixed(3))).toEqual([
      '1.000',
      '0.550',
      '0.100',
    ]);
    expect(factors.every((x, i) => i === 0 || x < factors[i - 1])).toBe(true);
  });

  test('step: times the factor at each milestone', () => {
    const factors = curve({ name: 'step', milestones: [0.5, 0.75], factor: 0.1 });
    expect([0, 49, 50, 74, 75, 100].map((i) => factors[i].toFixed(3))).toEqual([
      '1.000',
      '1.000',
      '0.100',
      '0.100',
      '0.010',
      '0.010',
    ]);
  });

  test('one cycle: a slow start, the top at the rise, next to nothing at the end', () => {
    const factors = curve({ name: 'one-cycle' });
    expect(factors[0]).toBeCloseTo(1 / 25, 6);
    expect(factors.indexOf(Math.max(...factors))).toBe(30);
    expect(factors[30]).toBe(1);
    expect(factors[100]).toBeCloseTo(1 / 25 / 1e4, 9);
  });

  test('warm-up rises evenly to where the schedule starts, and the schedule fills the rest', () => {
    const factors = curve({ name: 'cosine' }, 10);
    expect(factors.slice(0, 11).map((x) => x.toFixed(4))).toEqual(
      Array.from({ length: 11 }, (_, i) => ((i + 1) / 11).toFixed(4)),
    );
    expect(factors[100]).toBeCloseTo(0, 9);
  });
});
