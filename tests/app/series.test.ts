// What the charts draw: shares, trends that start anew after a cut, and marks where something happened or was skipped.

import { describe, expect, it } from 'vitest';
import {
  comparisons,
  costColumns,
  curveOf,
  emptySteps,
  positionOf,
  smooth,
  type Table,
  thin,
  trainingMarks,
} from '../../app/charts/series.ts';
import type { CostPoint, LogEntry } from '../../src/workbench/engine.ts';

const costs: readonly CostPoint[] = [
  { step: 0, params: 1000, macs: 400, sparsity: 0 },
  { step: 1, params: 750, macs: 200, sparsity: 0.25 },
];

const step = (number: number, pruned: boolean, batch: number): LogEntry => ({
  kind: 'step',
  at: 0,
  batch,
  number,
  pruned,
  reasons: [],
  removedUnits: pruned ? 1 : 0,
  accepted: 1,
  rejected: 0,
  before: costs[0],
  after: costs[1],
});

const log: readonly LogEntry[] = [
  step(1, true, 40),
  step(2, false, 90),
  { kind: 'training-skipped', at: 0, batch: 90, message: 'Nothing was pruned.' },
];

describe('size', () => {
  it('is told in shares of the opened model', () => {
    expect(costColumns(costs)).toEqual([
      [0, 1],
      [1, 0.75],
      [1, 0.5],
      [0, 0.25],
    ]);
  });

  it('marks steps that removed nothing', () => {
    expect(emptySteps(log)).toEqual([{ kind: 'skipped', at: 2, text: 'Nothing removed', short: '–' }]);
  });
});

describe('trend', () => {
  it('is the value itself where nothing changes, from the first batch on', () => {
    for (const value of smooth([1, 2, 3], [5, 5, 5])) expect(value).toBeCloseTo(5, 12);
  });

  it('follows a change slowly, and starts anew behind a cut', () => {
    const values = [...Array(20).fill(1), ...Array(20).fill(9)];
    const batches = values.map((_, i) => i + 1);
    const across = smooth(batches, values)[20] as number;
    expect(across).toBeGreaterThan(1);
    expect(across).toBeLessThan(5);
    expect(smooth(batches, values, [20])[20]).toBeCloseTo(9, 12);
  });

  it('bridges what is missing', () => {
    expect([...smooth([1, 2, 3], [Number.NaN, 4, Number.NaN])]).toEqual([Number.NaN, 4, 4]);
  });
});

describe('curves', () => {
  const points = [
    { batch: 1, loss: 2 },
    { batch: 2, loss: Number.NaN },
    { batch: 3, loss: 1, validationLoss: 1.5, validationAccuracy: 0.5 },
  ];

  it('keeps batch, value and held-out value side by side, and gaps where there is no number', () => {
    const { columns, validation } = curveOf(points, 'loss', []);
    expect([columns[0], columns[1], columns[3]].map((column) => Array.from(column))).toEqual([
      [1, 2, 3],
      [2, Number.NaN, 1],
      [Number.NaN, Number.NaN, 1.5],
    ]);
    expect(thin(columns, 1, 3, 100).slice(1)).toEqual([
      [2, null, 1],
      [2, 2, expect.any(Number)],
      [null, null, 1.5],
    ]);
    expect(validation).toBe(1.5);
  });

  it('has no training figure where none was measured', () => {
    const { latest, validation } = curveOf(points, 'accuracy', []);
    expect([latest, validation]).toEqual([undefined, 0.5]);
  });

  it('marks steps that cut and passes that were skipped, each where it happened', () => {
    expect(trainingMarks(log)).toEqual([
      { kind: 'step', at: 40, text: 'Step 1', short: '1' },
      { kind: 'skipped', at: 90, text: 'Skipped', short: '–' },
    ]);
  });
});

describe('thinning', () => {
  const length = 50_000;
  const xs = Array.from({ length }, (_, i) => i + 1);
  const raw = xs.map((x) => (x === 31_234 ? 99 : x === 40_001 ? -99 : Math.sin(x)));
  const held = xs.map((x) => (x % 10_000 === 0 ? 0.5 : Number.NaN));
  const columns: Table = [xs, raw, raw, held];

  it('keeps every peak and every held-out point, in order, within twice the width', () => {
    const [seen, values, , points] = thin(columns, 1, length, 300);
    expect(seen.length).toBeLessThan(2 * 310);
    expect([Math.max(...(values as number[])), Math.min(...(values as number[]))]).toEqual([99, -99]);
    expect(points.filter((value) => value !== null)).toHaveLength(5);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect([seen[0], seen[seen.length - 1]].every((x) => x === 1 || x === length)).toBe(true);
  });

  it('shows every point of a short stretch, and one to each side', () => {
    expect(thin(columns, 100, 103, 300)[0]).toEqual([99, 100, 101, 102, 103, 104]);
  });

  it('finds positions by their x', () => {
    expect([0, 1, 1.5, 3, 9].map((x) => positionOf([1, 2, 3], x))).toEqual([0, 0, 0, 2, 2]);
  });
});

describe('comparison', () => {
  it('sets the opened model beside the present one and leaves out what nobody measured', () => {
    expect(comparisons(costs, log)).toEqual([
      { name: 'Parameters', before: 1000, now: 750 },
      { name: 'MACs', before: 400, now: 200 },
    ]);
  });

  it('takes the first and the last accuracy that were measured', () => {
    const trained: LogEntry = {
      kind: 'training',
      at: 0,
      outcome: 'completed',
      epochs: 1,
      accuracyBefore: 0.9,
      accuracyAfter: 0.95,
      message: '',
    };
    expect(comparisons(costs, [...log, trained])).toContainEqual({
      name: 'Accuracy',
      before: 0.9,
      now: 0.95,
    });
  });
});
