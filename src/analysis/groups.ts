// From solved terms to groups: the kernel output axes that hang together, their units, and every constant axis
// that a unit touches.

import type { Graph } from '../graph/types.ts';
import type { TermAxis } from './axis.ts';
import { type Column, columnsOf, frozenBy, type Slot, slotsOf } from './columns.ts';
import type { Solution } from './equations.ts';
import { type ConstantUse, isPartOf, type Roles } from './roles.ts';
import type { FrozenAxis, Group, GroupKind, Member } from './types.ts';

export interface Grouping {
  readonly groups: readonly Group[];
  readonly frozen: readonly FrozenAxis[];
  /** Which groups a resolved axis carries. */
  slots(axis: TermAxis): readonly Slot[];
}

/** A kernel output axis, where it lives in the file's constant. */
interface Root {
  readonly use: ConstantUse;
  readonly axis: TermAxis;
  readonly tensorAxis: number;
}

export function findGroups(graph: Graph, solution: Solution, roles: Roles): Grouping {
  const { terms } = solution;
  const roots = findRoots(solution, roles);
  const columns = memoised((axis: TermAxis) => columnsOf(terms, axis));
  const rootColumns = [...new Set(roots.map((root) => root.axis))].flatMap(columns);
  const components = connect(rootColumns, terms.atoms.size);
  const groupOf = new Int32Array(terms.atoms.size).fill(-1);
  const unitOf = new Int32Array(terms.atoms.size).fill(-1);
  const drafts: Draft[] = [];
  const byComponent = new Map<number, Draft>();
  for (const root of roots) {
    const present = columns(root.axis).map(({ kind, atoms }) => {
      const component = components(atoms[0]);
      const draft = byComponent.get(component) ?? newDraft(drafts, kind, root);
      byComponent.set(component, draft);
      for (let i = 0; i < atoms.length; i++)
        if (groupOf[atoms[i]] < 0) {
          groupOf[atoms[i]] = draft.index;
          unitOf[atoms[i]] = draft.units++;
        }
      return draft;
    });
    for (const draft of present)
      for (const other of present) if (other !== draft) draft.crosses.add(other.index);
  }
  const slots = memoised((axis: TermAxis) => slotsOf(terms, axis, groupOf, unitOf));
  const members = membersByGroup(graph, solution, roles, slots);
  const ids = uniqueIds(drafts);
  const groups = drafts.map(({ index, kind, root, units, crosses }) => ({
    id: ids[index],
    kind,
    root,
    units,
    members: members[index] ?? [],
    crosses: [...crosses].map((other) => ids[other]),
  }));
  const frozen = roots.flatMap((root): FrozenAxis[] => {
    const reason = frozenBy(terms, root.axis);
    if (!reason) return [];
    return [{ tensor: root.use.tensor, axis: root.tensorAxis, length: root.axis.length, ...reason }];
  });
  return { groups, frozen, slots };
}

interface Draft {
  readonly index: number;
  readonly kind: GroupKind;
  readonly root: Group['root'];
  readonly crosses: Set<number>;
  units: number;
}

function newDraft(drafts: Draft[], kind: GroupKind, { use, tensorAxis }: Root): Draft {
  const root = { tensor: use.tensor, axis: tensorAxis, node: use.node.id };
  const draft = { index: drafts.length, kind, root, crosses: new Set<number>(), units: 0 };
  drafts.push(draft);
  return draft;
}

function findRoots(solution: Solution, roles: Roles): Root[] {
  return roles.uses.flatMap((use) => {
    if (use.use.role !== 'kernel' || !use.out) return [];
    const { out } = use;
    const side = sideIn(use);
    const tensorAxis = solution.axesOf(use.tensor).findIndex((axis, a) => side(axis, a) === 'out');
    return [{ use, axis: out, tensorAxis: Math.max(0, tensorAxis) }];
  });
}

/** Joins columns that share an atom; returns the component of an atom. */
function connect(columns: readonly Column[], atoms: number): (atom: number) => number {
  const owner = new Int32Array(atoms).fill(-1);
  const parent: number[] = [];
  const find = (column: number): number => {
    let at = column;
    while (parent[at] !== at) at = parent[at] = parent[parent[at]];
    return at;
  };
  for (const column of columns) {
    const own = parent.length;
    parent.push(own);
    for (let i = 0; i < column.atoms.length; i++) {
      const atom = column.atoms[i];
      if (owner[atom] < 0) owner[atom] = own;
      else parent[find(own)] = find(owner[atom]);
    }
  }
  return (atom) => find(owner[atom]);
}

function membersByGroup(
  graph: Graph,
  solution: Solution,
  roles: Roles,
  slots: (axis: TermAxis) => readonly Slot[],
): Member[][] {
  const out: Member[][] = [];
  const used = new Set(graph.nodes.flatMap((node) => node.inputs));
  for (const tensor of graph.tensors.keys()) {
    if (!used.has(tensor)) continue;
    const first = roles.byTensor.get(tensor);
    const side = sideIn(first);
    solution.axesOf(tensor).forEach((axis, a) => {
      for (const { group, unitOf } of slots(axis)) {
        out[group] ??= [];
        out[group].push({
          tensor,
          axis: a,
          unitOf,
          role: first?.use.role ?? 'other',
          side: side(axis, a),
          groups: first?.use.groups ?? 1,
          depthwise: first?.use.depthwise ?? false,
          node: first?.node.id ?? -1,
        });
      }
    });
  }
  return out;
}

/**
 * Where an axis of a kernel is one of the constant, its number tells the side, even if a residual makes inputs and
 * outputs the same channels; else the channels do.
 */
function sideIn(reader: ConstantUse | undefined): (axis: TermAxis, a: number) => Member['side'] {
  if (!reader) return () => 'other';
  const { storedOut, storedIn } = reader;
  const isOut = (axis: TermAxis, a: number) =>
    storedOut === undefined ? a !== storedIn && isPartOf(axis, reader.out) : a === storedOut;
  const isIn = (axis: TermAxis, a: number) =>
    storedIn === undefined ? a !== storedOut && isPartOf(axis, reader.in) : a === storedIn;
  return (axis, a) => (isOut(axis, a) ? 'out' : isIn(axis, a) ? 'in' : 'other');
}

/** Named after the root; crossing groups on one root differ by kind, and by number where that is not enough. */
function uniqueIds(drafts: readonly Draft[]): string[] {
  const seen = new Map<string, number>();
  return drafts.map(({ kind, root }) => {
    const base = `${root.tensor}:${root.axis}${kind === 'channels' ? '' : `:${kind}`}`;
    const count = (seen.get(base) ?? 0) + 1;
    seen.set(base, count);
    return count === 1 ? base : `${base}#${count}`;
  });
}

function memoised<K, V>(compute: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const value = known.get(key);
    if (value !== undefined) return value;
    const fresh = compute(key);
    known.set(key, fresh);
    return fresh;
  };
}
