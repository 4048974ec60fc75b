// What the charts draw, worked out of the session's data: sizes as shares of the opened model, curves with their trend,
// and the moments worth a mark. No drawing here.

import type { CostPoint, LogEntry, TrainingPoint } from '../../src/workbench/engine.ts';
import { accuracies, lineage } from '../log/lineage.ts';

/** Aligned columns of numbers, x first; `NaN` where a series has no value. A long pass leaves hundreds of thousands of rows. */
export type Table = readonly [x: ArrayLike<number>, ...series: ArrayLike<number>[]];

/** The same for uPlot, with `null` where a series has no value. */
export type Columns = [number[], ...(number | null)[][]];

/** Step, parameters, MACs, sparsity; the last three as fractions. */
export function costColumns(costs: readonly CostPoint[]): Table {
  const [first] = costs;
  const share = (now: number, before: number) => (before > 0 ? now / before : 0);
  return [
    costs.map(({ step }) => step),
    costs.map(({ params }) => share(params, first.params)),
    costs.map(({ macs }) => share(macs, first.macs)),
    costs.map(({ sparsity }) => sparsity),
  ];
}

export interface Curve {
  /** Batch, every batch's value, their trend, and the value on held-out examples. */
  readonly columns: Table;
  readonly latest: number | undefined;
  readonly first: number | undefined;
  readonly validation: number | undefined;
}

/**
 * @param breaks batches after which the trend starts anew: a cut moves the curve, and a trend across it would hide that
 */
export function curveOf(
  points: readonly TrainingPoint[],
  of: 'loss' | 'accuracy',
  breaks: readonly number[],
): Curve {
  const { length } = points;
  const [batches, raw, held] = [0, 1, 2].map(() => new Float64Array(length));
  const heldOut = of === 'loss' ? 'validationLoss' : 'validationAccuracy';
  for (let i = 0; i < length; i++) {
    const point = points[i];
    batches[i] = point.batch;
    raw[i] = finite(point[of]);
    held[i] = finite(point[heldOut]);
  }
  const trend = smooth(batches, raw, breaks);
  return {
    columns: [batches, raw, trend, held],
    latest: trend.findLast(isNumber),
    first: trend.find(isNumber),
    validation: held.findLast(isNumber),
  };
}

const finite = (value = Number.NaN): number => (Number.isFinite(value) ? value : Number.NaN);
const isNumber = (value: number): boolean => !Number.isNaN(value);

/** Exponential moving average, corrected for its start, over a thirtieth of the curve but at least eight batches. */
export function smooth(
  batches: ArrayLike<number>,
  values: ArrayLike<number>,
  breaks: readonly number[] = [],
): Float64Array {
  const span = Math.min(200, Math.max(8, values.length / 30));
  const keep = 1 - 2 / (span + 1);
  const trend = new Float64Array(values.length);
  let [sum, weight, next] = [0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    if (next < breaks.length && batches[i] > breaks[next]) {
      [sum, weight] = [0, 0];
      while (next < breaks.length && batches[i] > breaks[next]) next++;
    }
    if (isNumber(values[i])) {
      sum = sum * keep + values[i] * (1 - keep);
      weight = weight * keep + (1 - keep);
    }
    trend[i] = weight > 0 ? sum / weight : Number.NaN;
  }
  return trend;
}

/** The position in ascending `values` of the last one that is not above `x`; 0 where all are. */
export function positionOf(values: ArrayLike<number>, x: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= x) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/**
 * What can be seen of a stretch of the table: of each of `buckets` equal runs, the points where the first series is lowest
 * and highest, and every point where the last series has a value.
 */
export function thin(table: Table, from: number, to: number, buckets: number): Columns {
  const [xs, values] = table;
  const held = table[table.length - 1];
  const first = Math.max(0, positionOf(xs, from) - 1);
  const end = Math.min(xs.length, positionOf(xs, to) + 2);
  const run = Math.max(1, Math.floor((end - first) / buckets));
  const kept: number[] = [];
  for (let start = first; start < end; start += run) {
    const stop = Math.min(end, start + run);
    let [lowest, highest] = [start, start];
    for (let i = start; i < stop; i++) {
      if (!(values[i] >= values[lowest])) lowest = i;
      if (!(values[i] <= values[highest])) highest = i;
    }
    for (let i = start; i < stop; i++)
      if (run <= 3 || i === lowest || i === highest || i === first || i === end - 1 || isNumber(held[i]))
        kept.push(i);
  }
  const column = (series: ArrayLike<number>) => kept.map((i) => (isNumber(series[i]) ? series[i] : null));
  const [, ...series] = table;
  return [kept.map((i) => xs[i]), ...series.map(column)];
}

export interface Mark {
  readonly kind: 'step' | 'skipped' | 'back';
  /** Where it stands on the chart's x axis. */
  readonly at: number;
  readonly text: string;
  /** Where there is no room for the text. */
  readonly short: string;
}

/** On the training charts: where a step cut something or was undone, and where a pass was skipped. */
export function trainingMarks(log: readonly LogEntry[]): Mark[] {
  return log.flatMap((entry): Mark[] => {
    if (entry.kind === 'step' && entry.pruned && entry.batch !== undefined)
      return [{ kind: 'step', at: entry.batch, text: `Step ${entry.number}`, short: String(entry.number) }];
    if (entry.kind === 'training-skipped' && entry.batch !== undefined)
      return [{ kind: 'skipped', at: entry.batch, text: 'Skipped', short: '–' }];
    if (entry.kind === 'went-back' && entry.batch !== undefined)
      return [{ kind: 'back', at: entry.batch, text: 'Went back', short: '↶' }];
    return [];
  });
}

/** On the chart of sizes: steps that removed nothing. */
export const emptySteps = (log: readonly LogEntry[]): Mark[] =>
  lineage(log).flatMap((entry): Mark[] =>
    entry.kind === 'step' && !entry.pruned
      ? [{ kind: 'skipped', at: entry.number, text: 'Nothing removed', short: '–' }]
      : [],
  );

export interface Comparison {
  readonly name: 'Parameters' | 'MACs' | 'File' | 'Accuracy';
  readonly before: number;
  readonly now: number;
}

/** The opened model beside the present one; what nobody has measured is left out. */
export function comparisons(costs: readonly CostPoint[], log: readonly LogEntry[]): Comparison[] {
  const first = costs[0];
  const last = costs[costs.length - 1];
  if (!first || !last) return [];
  const rows: Comparison[] = [
    { name: 'Parameters', before: first.params, now: last.params },
    { name: 'MACs', before: first.macs, now: last.macs },
  ];
  if (first.bytes !== undefined && last.bytes !== undefined)
    rows.push({ name: 'File', before: first.bytes, now: last.bytes });
  const measured = accuracies(costs, log);
  if (measured) rows.push({ name: 'Accuracy', ...measured });
  return rows;
}
