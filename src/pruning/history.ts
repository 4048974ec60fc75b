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
 * @throws ModelError `history-mismatch` when the graph lacks a group or unit that the history cuts
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
    const size = units.get(group) ?? 0;
    if (removed.length < size && removed.every((unit) => unit >= 0 && unit < size)) continue;
    throw new ModelError({
      code: 'history-mismatch',
      where: group,
      message:
        size === 0
          ? `Step ${step} cuts the group "${group}", which this network does not have.`
          : `Step ${step} cuts unit ${Math.max(...removed)} of "${group}", which has ${size} units.`,
      hint: 'A history fits the model that it was made with.',
    });
  }
  return new Map(cuts.map(({ group, units: removed }) => [group, removed]));
}
