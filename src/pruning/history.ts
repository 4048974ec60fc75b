// What was removed, step by step, as plain data: enough to make the same cuts in the same file again.

import { analyse } from '../analysis/analyse.ts';
import type { Analysis, Bindings, Removal } from '../analysis/types.ts';
import type { Graph } from '../graph/types.ts';
import { ModelError } from '../lib/errors.ts';
import { cut } from './surgery.ts';

/** Units removed from one group in one step. */
export interface HistoryCut {
  readonly group: string;
  /** Ascending, numbered as before the step. */
  readonly units: readonly number[];
  /** The same, numbered as in the model first opened. */
  readonly original: readonly number[];
}

export interface HistoryEntry {
  readonly step: number;
  readonly cuts: readonly HistoryCut[];
}

/**
 * Makes the cuts of a history in a graph: the same graph gives equal bytes.
 * @throws ModelError `history-mismatch` when the graph lacks a group or unit that the history cuts, or would lose a whole
 * group
 */
export function replay(graph: Graph, history: readonly HistoryEntry[], bindings?: Bindings): Graph {
  return history.reduce((present, { step, cuts }) => {
    const analysis = analyse(present, bindings ? { bindings } : {});
    return cut(analysis, removalFrom(analysis, cuts, step)).graph;
  }, graph);
}

function removalFrom({ groups }: Analysis, cuts: readonly HistoryCut[], step: number): Removal {
  const units = new Map(groups.map((group) => [group.id, group.units]));
  for (const { group, units: removed } of cuts) {
    const wrong = impossible(group, removed, units.get(group));
    if (wrong === undefined) continue;
    throw new ModelError({
      code: 'history-mismatch',
      where: group,
      message: `Step ${step} cuts ${wrong}.`,
      hint: 'A history fits the model that it was made with.',
    });
  }
  return new Map(cuts.map(({ group, units: removed }) => [group, removed]));
}

/** What of a cut cannot be: completes "the step cuts …". */
function impossible(group: string, removed: readonly number[], units: number | undefined) {
  if (units === undefined) return `the group "${group}", which this network does not have`;
  const wrong = removed.find((unit) => !Number.isInteger(unit) || unit < 0 || unit >= units);
  if (wrong !== undefined) return `unit ${wrong} of "${group}", which has ${units} units`;
  const isWhole = new Set(removed).size === units;
  return isWhole ? `all ${units} units of "${group}", and a layer cannot be emptied` : undefined;
}
