// A target instead of a ratio: half the MACs, a third of the parameters. The ratio that comes closest is found by
// bisection; what one ratio cannot hit, because many layers jump at once, is hit by adding single units, lowest score
// first.

import type { Analysis } from '../../analysis/types.ts';
import type { Problem } from '../../lib/errors.ts';
import type { Target } from '../options.ts';
import { type Cost, costAfter } from '../resizing.ts';
import { type Counts, type Planner, type RatioOf, removalOf } from './planner.ts';

export interface Settled {
  readonly counts: Counts;
  readonly ratio: number;
  /** Where the target was missed by more than `TOLERANCE` of it. */
  readonly problems: readonly Problem[];
}

/** Relative distance from the target within which it counts as met. */
const TOLERANCE = 0.01;
const FINEST = 1 / 4096;

/**
 * The counts whose cost is closest to `goal`. Scopes with a ratio of their own follow `scheduled`.
 * @param goal parameters, MACs or bytes to be left after the step
 */
export function settle(
  analysis: Analysis,
  planner: Planner,
  of: Target['of'],
  goal: number,
  scheduled: RatioOf,
): Settled {
  const costOf = (counts: Counts): number =>
    costAfter(analysis, removalOf(planner.plan(counts).proposals))[of];
  const at = (ratio: number): Counts =>
    planner.counts((scope, gone) => (scope.own ? scheduled(scope, gone) : Math.max(gone, ratio)));
  let low = 0;
  let high = 1;
  let above = at(low);
  let below = at(high);
  const [most, least] = [costOf(above), costOf(below)];
  if (most <= goal) return settled(above, low, of, goal, most);
  if (least > goal) return settled(below, high, of, goal, least);
  while (high - low > FINEST) {
    const middle = (low + high) / 2;
    const counts = at(middle);
    if (costOf(counts) > goal) {
      low = middle;
      above = counts;
    } else {
      high = middle;
      below = counts;
    }
  }
  const counts = closest(planner, above, below, goal, costOf);
  return settled(counts, high, of, goal, costOf(counts));
}

/** Goes from one plan to a larger one unit by unit, lowest score first, and stops nearest to the goal. */
function closest(
  planner: Planner,
  from: Counts,
  to: Counts,
  goal: number,
  costOf: (counts: Counts) => number,
): Counts {
  const additions = additionsOf(planner, from, to);
  const after = (count: number): Counts => {
    const counts = from.map((scope) => [...scope]);
    for (const { scope, entrant } of additions.slice(0, count)) counts[scope][entrant]++;
    return counts;
  };
  let low = 0;
  let high = additions.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (costOf(after(middle)) > goal) low = middle;
    else high = middle;
  }
  const [over, under] = [after(low), after(high)];
  const best = costOf(over) - goal < goal - costOf(under) ? over : under;
  if (missedBy(costOf(best), goal) <= TOLERANCE) return best;
  return nearer(over, additions.slice(low), goal, costOf);
}

/** Adds whichever layer's next unit comes closest to the goal, as long as one comes closer: small units fill the gap. */
function nearer(
  from: Counts,
  additions: readonly { readonly scope: number; readonly entrant: number }[],
  goal: number,
  costOf: (counts: Counts) => number,
): Counts {
  let best = from;
  let distance = missedBy(costOf(best), goal);
  const layers = [...new Map(additions.map((layer) => [`${layer.scope} ${layer.entrant}`, layer])).values()];
  for (let round = 0; round < additions.length && distance > TOLERANCE; round++) {
    const before = best;
    for (const { scope, entrant } of layers) {
      const counts = before.map((own) => [...own]);
      counts[scope][entrant]++;
      const missed = missedBy(costOf(counts), goal);
      if (missed < distance) [best, distance] = [counts, missed];
    }
    if (best === before) break;
  }
  return best;
}

const missedBy = (found: number, goal: number): number => Math.abs(found - goal) / goal;

function additionsOf(planner: Planner, from: Counts, to: Counts) {
  const additions = to.flatMap((counts, scope) =>
    counts.flatMap((count, entrant) =>
      Array.from({ length: Math.max(0, count - from[scope][entrant]) }, (_, i) => ({
        scope,
        entrant,
        score: planner.scoreAt(scope, entrant, from[scope][entrant] + i + 1),
      })),
    ),
  );
  return additions.sort((a, b) => a.score - b.score);
}

function settled(counts: Counts, ratio: number, of: keyof Cost, goal: number, found: number): Settled {
  const problem: Problem = {
    code: 'target-missed',
    where: of,
    message: `The closest to ${Math.round(goal)} ${of} that this step can come is ${Math.round(found)}.`,
    hint: 'Other limits (ignored layers, maxRatio, minWidth, roundTo, rejects) leave no more room.',
  };
  return { counts, ratio, problems: missedBy(found, goal) > TOLERANCE ? [problem] : [] };
}
