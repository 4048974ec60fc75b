// From solved terms to groups: the kernel output axes that hang together, their units, and every constant axis
// that a unit touches.

import type { Graph } from '../graph/types.ts';
import { grouped } from '../lib/grouped.ts';
import { isOpen, type TermAxis } from './axis.ts';
import { type Column, columnsOf, frozenBy } from './columns.ts';
import type { Solution } from './equations.ts';
import { type ConstantUse, isPartOf, type Roles } from './roles.ts';
import { AtomUnits, type Slot, slotsOf } from './slots.ts';
import type { Terms } from './terms.ts';
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
  const onRoots = columnsOnRoots(terms, roots);
  const ofKernels = roles.computed.map((axes) => axes.map((axis) => columnsOf(terms, axis)));
  // Looking for columns makes atoms: from here on there are no more.
  const atomUnits = new AtomUnits(terms);
  const drafts = draftGroups(onRoots, atomUnits);
  const draftsOf = (columns: readonly Column[]) =>
    columns.map(({ atoms }) => drafts[atomUnits.groupOf[atoms[0]]]);
  for (const axes of ofKernels) asChannels(axes.map(draftsOf));
  const slots = memoised((axis: TermAxis) => slotsOf(atomUnits, axis));
  const members = membersByGroup(graph, solution, roles, slots);
  const ids = uniqueIds(drafts);
  const groups = drafts.map(({ index, kind, root, units, crosses }) => ({
    id: ids[index],
    kind,
    root,
    units,
    members: members[index] ?? [],
    crosses: crosses.map((other) => ids[other]),
  }));
  return { groups, frozen: frozenRoots(terms, roots), slots };
}

function findRoots(solution: Solution, roles: Roles): Root[] {
  const roots: Root[] = [];
  for (const use of roles.uses) {
    if (use.use.role !== 'kernel' || !use.out) continue;
    const tensorAxis = solution.axesOf(use.tensor).findIndex((axis, a) => sideOf([use], axis, a) === 'out');
    roots.push({ use, axis: use.out, tensorAxis: Math.max(0, tensorAxis) });
  }
  return roots;
}

/** Each axis once, however many nodes share the kernel. */
function frozenRoots(terms: Terms, roots: readonly Root[]): FrozenAxis[] {
  const frozen = new Map<string, FrozenAxis>();
  for (const { use, axis, tensorAxis } of roots) {
    const reason = frozenBy(terms, axis);
    if (!reason) continue;
    const key = `${use.tensor}:${tensorAxis}`;
    if (!frozen.has(key))
      frozen.set(key, { tensor: use.tensor, axis: tensorAxis, length: axis.length, ...reason });
  }
  return [...frozen.values()];
}

// ---------------------------------------------------------------- which atoms make a group

interface Draft {
  readonly index: number;
  kind: GroupKind;
  readonly root: Group['root'];
  readonly crosses: number[];
  units: number;
}

interface RootColumn extends Column {
  readonly root: Root;
}

/** The columns of what each kernel makes, unless it was met before. */
function columnsOnRoots(terms: Terms, roots: readonly Root[]): RootColumn[][] {
  const met = new Set<TermAxis>();
  const out: RootColumn[][] = [];
  for (const own of byKernel(roots)) {
    if (own.every(({ axis }) => met.has(axis))) continue;
    for (const { axis } of own) met.add(axis);
    out.push(asHeads(own.map((root) => columnsOf(terms, root.axis).map((column) => ({ ...column, root })))));
  }
  return out;
}

/** The first root on each axis that a kernel makes. */
function byKernel(roots: readonly Root[]): readonly (readonly Root[])[] {
  const kernels = grouped(roots, ({ use }) => `${use.node.id}:${use.use.input}:${use.tensor}`);
  return [...kernels.values()].map((own) =>
    own.filter(({ axis }, i) => own.findIndex((other) => other.axis === axis) === i),
  );
}

/** A kernel that makes several axes at once, as Einsum writes attention, makes heads and the dims in each. */
function asHeads(axes: readonly (readonly RootColumn[])[]): RootColumn[] {
  const moving = axes.filter(({ length }) => length > 0);
  return moving.flatMap((columns, i) => {
    const kind = i < moving.length - 1 ? 'heads' : 'head-dims';
    return columns.map((column) => (moving.length > 1 ? { ...column, kind } : column));
  });
}

/** Numbers the groups by their first roots, and the units of each by their first appearance on its roots. */
function draftGroups(onRoots: readonly RootColumn[][], { terms, groupOf, unitOf }: AtomUnits): Draft[] {
  const component = connect(onRoots.flat(), terms.atoms.size);
  const drafts: Draft[] = [];
  const byComponent: Draft[] = [];
  for (const columns of onRoots) {
    const present: Draft[] = [];
    for (const { kind, atoms, root } of columns) {
      byComponent[component(atoms[0])] ??= newDraft(drafts, kind, root);
      const draft = byComponent[component(atoms[0])];
      // A layer that makes something per head, such as a bias, may have met them first.
      if (draft.kind === 'channels' && (kind === 'heads' || kind === 'head-dims')) draft.kind = kind;
      for (let i = 0; i < atoms.length; i++)
        if (groupOf[atoms[i]] < 0) {
          groupOf[atoms[i]] = draft.index;
          unitOf[atoms[i]] = draft.units++;
        }
      present.push(draft);
    }
    if (present.length > 1) cross(present);
  }
  return drafts;
}

function newDraft(drafts: Draft[], kind: GroupKind, { use, tensorAxis }: Root): Draft {
  const root = { tensor: use.tensor, axis: tensorAxis, node: use.node.id };
  const draft = { index: drafts.length, kind, root, crosses: [], units: 0 };
  drafts.push(draft);
  return draft;
}

/** A kernel that was flat when it was made looks like heads and the dims in each: its outputs and inputs. */
function asChannels([outs = [], ins = []]: readonly (readonly (Draft | undefined)[])[]): void {
  const [[a, ...more], [b, ...others]] = [outs, ins];
  if (!a || !b?.crosses.includes(a.index) || more.length + others.length > 0) return;
  a.kind = 'channels';
  b.kind = 'channels';
}

/** Notes that groups share the positions of one axis. */
function cross(drafts: readonly Draft[]): void {
  for (const draft of drafts)
    for (const other of drafts)
      if (other !== draft && !draft.crosses.includes(other.index)) draft.crosses.push(other.index);
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

// ---------------------------------------------------------------- what the groups touch

function membersByGroup(
  graph: Graph,
  solution: Solution,
  roles: Roles,
  slots: (axis: TermAxis) => readonly Slot[],
): Member[][] {
  const out: Member[][] = [];
  // A node uses a kernel once for every axis that it makes or adds up.
  const usesOf = grouped(roles.uses, ({ tensor }) => tensor);
  for (const tensor of graph.tensors.keys()) {
    const reader = roles.byTensor.get(tensor);
    const uses = (usesOf.get(tensor) ?? []).filter(({ node }) => node === reader?.node);
    const axes = solution.axesOf(tensor);
    for (let a = 0; a < axes.length; a++) {
      // Nobody reads the constant, or nothing that can go.
      if (axes[a].fixed || isOpen(axes[a])) continue;
      for (const { group, unitOf } of slots(axes[a])) {
        out[group] ??= [];
        out[group].push({
          tensor,
          axis: a,
          unitOf,
          role: reader?.use.role ?? 'other',
          side: sideOf(uses, axes[a], a),
          groups: reader?.use.groups ?? 1,
          depthwise: reader?.use.depthwise ?? false,
          node: reader?.node.id ?? -1,
        });
      }
    }
  }
  return out;
}

/**
 * Where an axis of a kernel is one of the constant, its number tells the side, even if a residual makes inputs and
 * outputs the same channels; else the channels do.
 */
function sideOf(uses: readonly ConstantUse[], axis: TermAxis, a: number): Member['side'] {
  for (const use of uses) if (isOut(use, axis, a)) return 'out';
  for (const use of uses) if (isIn(use, axis, a)) return 'in';
  return 'other';
}

const isOut = ({ storedOut, storedIn, out }: ConstantUse, axis: TermAxis, a: number): boolean =>
  storedOut === undefined ? a !== storedIn && isPartOf(axis, out) : a === storedOut;

const isIn = ({ storedOut, storedIn, in: inner }: ConstantUse, axis: TermAxis, a: number): boolean =>
  storedIn === undefined ? a !== storedOut && isPartOf(axis, inner) : a === storedIn;

/** Named after the root; crossing groups on one root differ by kind, and by number where that is not enough. */
function uniqueIds(drafts: readonly Draft[]): string[] {
  const seen = new Map<string, number>();
  return drafts.map(({ kind, root }) => {
    const base = [root.tensor, root.axis, ...(kind === 'channels' ? [] : [kind])].join(':');
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
