// The arithmetic of choosing: who is lowest, how many go, what a layer may lose, rounding. Plain numbers, no graph.

/** One layer in a ranking. */
export interface Entrant {
  /** One per unit; the lowest goes first. */
  readonly scores: Float64Array;
  /** Units that may not be proposed (rejected before); absent: none. */
  readonly barred?: Uint8Array;
  /** The most units it may lose in this step. */
  readonly allowance: number;
  /** What remains is rounded down to a multiple of this. */
  readonly multiple: number;
}

/** An entrant's part of a choice. */
export interface Choice {
  /** Ascending. */
  readonly units: Int32Array;
  /** How many of them went only for the rounding. */
  readonly rounding: number;
  /** Why fewer went than the ranking asked for. */
  readonly held?: 'emptied' | 'rounded-to-zero';
}

/** Units of one entrant that may go, lowest score first; of equal scores the first unit. NaN counts as largest. */
function lowestFirst({ scores, barred, allowance }: Entrant): Int32Array {
  const open = new Int32Array(scores.length);
  let count = 0;
  for (let unit = 0; unit < scores.length; unit++) if (!barred?.[unit]) open[count++] = unit;
  const order = open.subarray(0, count).sort((a, b) => ascending(scores[a], scores[b]) || a - b);
  return order.subarray(0, Math.max(0, Math.min(count, allowance)));
}

const ascending = (a: number, b: number): number => {
  if (a === b) return 0;
  return a < b || Number.isNaN(b) ? -1 : 1;
};

/** Entrants that compete with each other. Ranked once, asked for any number of units. */
export class Ranking {
  private readonly entrants: readonly Entrant[];
  private readonly orders: readonly Int32Array[];
  private readonly sorted: Float64Array;

  constructor(entrants: readonly Entrant[]) {
    this.entrants = entrants;
    this.orders = entrants.map(lowestFirst);
    const total = this.orders.reduce((n, order) => n + order.length, 0);
    this.sorted = new Float64Array(total);
    let at = 0;
    this.orders.forEach((order, e) => {
      for (const unit of order) this.sorted[at++] = entrants[e].scores[unit];
    });
    if (entrants.length > 1) this.sorted.sort();
  }

  /** How many units of each entrant are among the `quota` lowest; of equal scores the first entrant's. */
  lowest(quota: number): number[] {
    const { sorted } = this;
    if (quota <= 0) return this.orders.map(() => 0);
    if (this.orders.length === 1) return [Math.min(quota, this.orders[0].length)];
    if (quota >= sorted.length) return this.orders.map((order) => order.length);
    const threshold = sorted[quota - 1];
    let ties = quota;
    const below = this.orders.map((order, e) => {
      const count = countBelow(order, this.entrants[e].scores, threshold);
      ties -= count;
      return count;
    });
    return below.map((count, e) => {
      const { scores } = this.entrants[e];
      let end = count;
      while (
        ties > 0 &&
        end < this.orders[e].length &&
        ascending(scores[this.orders[e][end]], threshold) === 0
      ) {
        end++;
        ties--;
      }
      return end;
    });
  }

  /** Score of the `count`th unit that an entrant would lose. */
  scoreAt(entrant: number, count: number): number {
    return this.entrants[entrant].scores[this.orders[entrant][count - 1]];
  }

  /** The choice when `count` units of an entrant are to go. */
  choice(entrant: number, count: number): Choice {
    const { scores, multiple } = this.entrants[entrant];
    if (count === 0) return { units: new Int32Array(0), rounding: 0 };
    if (count >= scores.length) return { units: new Int32Array(0), rounding: 0, held: 'emptied' };
    const rounded = roundedRemoval(scores.length, count, multiple, this.orders[entrant].length);
    const held = rounded === 0 ? { held: 'rounded-to-zero' as const } : {};
    return {
      units: this.orders[entrant].slice(0, rounded).sort(),
      rounding: Math.max(0, rounded - count),
      ...held,
    };
  }
}

/** Units of `order` whose score is below a threshold. */
function countBelow(order: Int32Array, scores: Float64Array, threshold: number): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending(scores[order[middle]], threshold) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * How many go so that a multiple remains: what is left is rounded down, as long as something remains and may go; else
 * up. 0 when neither leaves a multiple of at least one, or nothing would go.
 */
export function roundedRemoval(units: number, asked: number, multiple: number, most: number): number {
  const left = units - asked;
  const down = left - (left % multiple);
  if (down === 0) return 0;
  if (units - down <= most) return units - down;
  const up = down + multiple;
  return Math.max(0, units - up);
}

/**
 * How many units of a scope are to go: `open - int(first · (1 - ratio))`, where `open` are those that are left and were
 * not rejected, `first` is the scope's size in the first step, and `int` cuts off the fraction, as in Torch-Pruning.
 * A rejected unit thus counts as dealt with, and does not come back on top of the next step's.
 */
export const quotaOf = (open: number, first: number, ratio: number): number =>
  Math.max(0, open - Math.trunc(first * (1 - ratio)));
