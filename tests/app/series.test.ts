// What the charts draw: shares, trends that start anew after a cut, and marks where something happened or was skipped.

import { describe, expect, it } from 'vitest';
import {
  comparisons,
  costColumns,
  curveOf,
  emptySteps,
  smooth,
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
    expect(emptySteps(log)).toEqual([{ kind: 'skipped', at: 2, text: 'Nothing removed' }]);
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
    expect(smooth([1, 2, 3], [null, 4, null])).toEqual([null, 4, 4]);
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
    expect([columns[0], columns[1], columns[3]]).toEqual([
      [1, 2, 3],
      [2, null, 1],
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
      { kind: 'step', at: 40, text: 'Step 1' },
      { kind: 'skipped', at: 90, text: 'Skipped' },
    ]);
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
