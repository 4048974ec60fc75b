// What the decisions so far would leave of a layer's width, before anything is cut.

import type { CandidateSummary, DrawnChannels } from '../../src/workbench/engine.ts';

/** Units to be cut, by group id. */
export type Planned = ReadonlyMap<string, number>;

export const plannedBy = (candidates: readonly CandidateSummary[]): Planned =>
  new Map(
    candidates
      .filter(({ verdict }) => verdict === 'accepted')
      .flatMap(({ groups, remove, chosen = remove }) => groups.map((id) => [id, chosen.length] as const)),
  );

/**
 * Output channels that would go. Groups that run through part of the channels have those to themselves; one that runs
 * through all of them is a factor, as heads are of the dims in them.
 */
export function channelsToGo({ now, groups }: DrawnChannels, planned: Planned): number {
  let left = now;
  let factor = 1;
  for (const { id, units, perUnit } of groups) {
    const cut = planned.get(id) ?? 0;
    if (units * perUnit === now) factor *= 1 - cut / units;
    else left -= cut * perUnit;
  }
  return Math.round(now - left * factor);
}
