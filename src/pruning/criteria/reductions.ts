// From one row of scores per member to one score per unit.

import { ModelError } from '../../lib/errors.ts';

/** A member's scores on the units of its group, and which units it touches at all. */
export interface Row {
  readonly scores: Float64Array;
  readonly touches: Uint8Array;
}

/** Rows in the order of the group's scored members, the one it is named after first. */
type Reduce = (rows: readonly Row[], units: number) => Float64Array;

const sum: Reduce = (rows, units) => {
  const out = new Float64Array(units);
  for (const { scores } of rows) for (let u = 0; u < units; u++) out[u] += scores[u];
  return out;
};

/** Folds the members that touch a unit; a unit that none touches scores 0. */
const fold =
  (combine: (a: number, b: number) => number): Reduce =>
  (rows, units) => {
    const out = new Float64Array(units);
    const started = new Uint8Array(units);
    for (const { scores, touches } of rows)
      for (let u = 0; u < units; u++) {
        if (!touches[u]) continue;
        out[u] = started[u] ? combine(out[u], scores[u]) : scores[u];
        started[u] = 1;
      }
    return out;
  };

/**
 * - `sum`, `mean`: over all scored members; a unit that a member does not touch gets nothing from it;
 * - `max`, `prod`: over the members that touch the unit;
 * - `first`: the member the group is named after; `gate`: the last one;
 * - `none`: nothing to reduce: the group must have one scored member.
 */
export const reductions = {
  sum,
  mean: (rows, units) => sum(rows, units).map((score) => score / rows.length),
  max: fold(Math.max),
  prod: fold((a, b) => a * b),
  first: (rows) => rows[0].scores,
  gate: (rows) => rows[rows.length - 1].scores,
  none: (rows) => {
    if (rows.length === 1) return rows[0].scores;
    throw new ModelError({
      code: 'needs-reduction',
      where: 'reduction',
      message: `Without a reduction a group must have one scored member; this one has ${rows.length}.`,
      hint: 'Choose a reduction such as mean.',
    });
  },
} as const satisfies Record<string, Reduce>;

export type Reduction = keyof typeof reductions;
export const reductionNames = Object.keys(reductions) as readonly Reduction[];
