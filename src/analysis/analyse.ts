// The whole analysis of a graph in one call: types, channel equations, groups, costs, and the answers that later
// floors ask for (what survives a removal, why things go together, why an axis is frozen).

import type { Graph } from '../graph/types.ts';
import type { TermAxis } from './axis.ts';
import { frozenBy } from './columns.ts';
import { costsOf } from './cost.ts';
import { type Solution, solve } from './equations.ts';
import { Explainer } from './explain.ts';
import { type Inference, inferAtFittingSize, inferTypes } from './fold.ts';
import { findGroups, type Grouping } from './groups.ts';
import { mergedVectors, regrouped, separate } from './merged-vectors.ts';
import { findRoles } from './roles.ts';
import type { Slot } from './slots.ts';
import { straighten } from './straighten.ts';
import type { Analysis, Bindings, Group, Removal } from './types.ts';

export interface AnalyseOptions {
  /**
   * Sizes of symbolic dimensions. Others: 1 for batches, 224 for sides of images, and for the rest the least of 16, 128,
   * 1024 and 16384 at which every operator finds room.
   */
  readonly bindings?: Bindings;
}

/** Analyses a graph. Never throws on a legal graph: what is not understood is frozen and told in `problems`. */
export function analyse(given: Graph, options: AnalyseOptions = {}): Analysis {
  const { graph, bindings, inference, solution, copies } = solved(
    straighten(given, options.bindings),
    options.bindings,
  );
  const roles = findRoles(graph, inference, solution);
  const grouping = findGroups(graph, solution, roles);
  const { costs, learned } = costsOf(graph, inference, roles);
  const total = (key: 'params' | 'macs') => costs.reduce((sum, cost) => sum + cost[key], 0);
  const carried = new Carriers(solution, grouping);
  const explainer = new Explainer(graph, inference, (name) => solution.axesOf(name), grouping);
  return {
    graph,
    copies,
    bindings,
    problems: [...inference.problems, ...solution.problems],
    types: inference.types,
    known: inference.folded,
    groups: grouping.groups,
    frozen: grouping.frozen,
    costs,
    learned,
    params: total('params'),
    macs: total('macs'),
    view: (node) => inference.bound(node),
    kept: (removal) => keptPositions(solution, grouping, removal),
    path: (group, from, to) => explainer.path(group, from, to),
    whyFrozen: (name, axis) => {
      const resolved = solution.axesOf(name)[axis];
      return resolved && frozenBy(solution.terms, resolved);
    },
    valuesOf: (group) => [...carried.of(group)].filter((name) => !graph.tensors.has(name)),
  };
}

/** The graph with its equations solved, and vectors apart that the file keeps together for no reason of channels. */
function solved(graph: Graph, given: Bindings | undefined) {
  const { bindings, inference } = inferAtFittingSize(graph, given);
  const merged = mergedForNoReason(graph, inference, bindings);
  if (merged.length === 0) {
    const copies: ReadonlyMap<string, string> = new Map();
    return { graph, copies, bindings, inference, solution: solve(graph, inference) };
  }
  const apart = separate(graph, merged);
  const typed = inferTypes(apart.graph, bindings);
  return { ...apart, bindings, inference: typed, solution: solve(apart.graph, typed) };
}

/** Whose readers have other channels each, as a solution with all of them apart shows. */
function mergedForNoReason(graph: Graph, inference: Inference, bindings: Bindings) {
  const merged = mergedVectors(graph, inference);
  if (merged.length === 0) return merged;
  const apart = separate(graph, merged);
  const trial = solve(apart.graph, inferTypes(apart.graph, bindings));
  return regrouped(merged, apart, (name) => trial.axesOf(name));
}

function keptPositions(solution: Solution, grouping: Grouping, removal: Removal) {
  const removed = grouping.groups.map(({ id, units }) => {
    const gone = removal.get(id);
    if (!gone || gone.length === 0) return undefined;
    const flags = new Uint8Array(units);
    for (let i = 0; i < gone.length; i++) flags[gone[i]] = 1;
    return flags;
  });
  const known = new Map<TermAxis, Int32Array | undefined>();
  const keptOf = (axis: TermAxis): Int32Array | undefined => {
    if (known.has(axis)) return known.get(axis);
    const kept = survivors(axis.length, grouping.slots(axis), removed);
    known.set(axis, kept);
    return kept;
  };
  const out = new Map<string, readonly (Int32Array | undefined)[]>();
  for (const name of solution.names()) {
    const axes = solution.axesOf(name).map(keptOf);
    if (axes.some((kept) => kept !== undefined)) out.set(name, axes);
  }
  return out;
}

function survivors(
  length: number,
  slots: readonly Slot[],
  removed: readonly (Uint8Array | undefined)[],
): Int32Array | undefined {
  const touched = slots.filter((slot) => removed[slot.group] !== undefined);
  if (touched.length === 0) return undefined;
  const kept = new Int32Array(length);
  let count = 0;
  for (let p = 0; p < length; p++) {
    const gone = touched.some(({ group, unitOf }) => unitOf[p] >= 0 && removed[group]?.[unitOf[p]] === 1);
    if (!gone) kept[count++] = p;
  }
  return count === length ? undefined : kept.subarray(0, count);
}

/** Which values and constants carry a group's units. */
class Carriers {
  private readonly solution: Solution;
  private readonly grouping: Grouping;
  private byGroup: ReadonlyMap<string, ReadonlySet<string>> | undefined;

  constructor(solution: Solution, grouping: Grouping) {
    this.solution = solution;
    this.grouping = grouping;
  }

  of(group: Group): ReadonlySet<string> {
    this.byGroup ??= this.index();
    return this.byGroup.get(group.id) ?? new Set();
  }

  private index(): Map<string, Set<string>> {
    const { groups } = this.grouping;
    const out = new Map(groups.map(({ id }) => [id, new Set<string>()]));
    for (const name of this.solution.names())
      for (const axis of this.solution.axesOf(name))
        for (const { group } of this.grouping.slots(axis)) out.get(groups[group].id)?.add(name);
    return out;
  }
}
