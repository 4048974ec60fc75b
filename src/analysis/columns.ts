// An axis seen as columns of atoms: one column for plain channels, one per factor for a flattened product.
// Groups are made of columns, and everything later asks which unit of which group a position belongs to.

import type { ProductKind } from '../ops/op.ts';
import type { Reason } from './atoms.ts';
import { isOpen, leaves, type TermAxis, type Terms } from './terms.ts';
import type { GroupKind } from './types.ts';

const innerKinds: Record<ProductKind, GroupKind> = {
  heads: 'head-dims',
  'conv-groups': 'channels-per-conv-group',
  'norm-groups': 'channels-per-norm-group',
  blocks: 'channels-per-block',
};

/** Atoms that vary together along an axis, in order of first appearance. */
export interface Column {
  readonly kind: GroupKind;
  readonly atoms: readonly number[];
}

/** For one axis and one group: the unit of each position, -1 where the position is not the group's. */
export interface Slot {
  readonly group: number;
  readonly unitOf: Int32Array;
}

/** The columns of a resolved axis; none where every position must stay. */
export function columnsOf(terms: Terms, axis: TermAxis): Column[] {
  if (axis.fixed) return [];
  if (!axis.factors) return listColumns(terms, axis);
  const moving = leaves(axis)
    .map((leaf) => ({ leaf, atoms: leaf.fixed ? [] : distinctAtoms(terms, terms.termsOf(leaf)) }))
    .filter(({ atoms }) => atoms.length > 0);
  const kind = axis.kind ?? 'blocks';
  return moving.map(({ atoms }, k) => ({ kind: columnKind(kind, k, moving.length), atoms }));
}

const columnKind = (kind: ProductKind, column: number, columns: number): GroupKind => {
  if (columns === 1) return 'channels';
  return column === columns - 1 ? innerKinds[kind] : kind;
};

function distinctAtoms(terms: Terms, list: ArrayLike<number>): number[] {
  const seen = new Set<number>();
  for (let p = 0; p < list.length; p++) for (const atom of terms.atoms.atomsOf(list[p])) seen.add(atom);
  return [...seen];
}

/** A list of terms without grid structure: plain positions are one column; products by the factor they were born on. */
function listColumns(terms: Terms, axis: TermAxis): Column[] {
  const plain = new Set<number>();
  const products = new Map<string, { kind: GroupKind; atoms: Set<number> }>();
  for (const term of terms.termsOf(axis)) {
    const atoms = terms.atoms.atomsOf(term);
    if (atoms.length === 1) plain.add(atoms[0]);
    else
      atoms.forEach((atom, k) => {
        const key = `${k - atoms.length}:${terms.atoms.birthOf(atom)}`;
        const kind = columnKind(axis.kind ?? terms.atoms.kindOf(term) ?? 'blocks', k, atoms.length);
        const column = products.get(key) ?? { kind, atoms: new Set() };
        products.set(key, column);
        column.atoms.add(atom);
      });
  }
  const columns = [...products.values()].map(({ kind, atoms }) => ({ kind, atoms: [...atoms] }));
  return plain.size > 0 ? [{ kind: 'channels', atoms: [...plain] }, ...columns] : columns;
}

/** The slots of a resolved axis, given each atom's group and unit (-1 for an atom of no group). */
export function slotsOf(terms: Terms, axis: TermAxis, groupOf: Int32Array, unitOf: Int32Array): Slot[] {
  if (axis.fixed || isOpen(axis)) return [];
  if (axis.factors) return gridSlots(terms, axis, groupOf, unitOf);
  const list = terms.termsOf(axis);
  const slots = new Map<string, Slot>();
  list.forEach((term, p) => {
    const occurrences = new Map<number, number>();
    for (const atom of terms.atoms.atomsOf(term)) {
      const group = groupOf[atom];
      if (group < 0) continue;
      // Two atoms of one group on one position (an outer product of an axis with itself) take two slots.
      const occurrence = occurrences.get(group) ?? 0;
      occurrences.set(group, occurrence + 1);
      const key = `${group}:${occurrence}`;
      const slot = slots.get(key) ?? { group, unitOf: new Int32Array(list.length).fill(-1) };
      slots.set(key, slot);
      slot.unitOf[p] = unitOf[atom];
    }
  });
  return [...slots.values()];
}

/** Each factor's slots, repeated over the others. */
function gridSlots(terms: Terms, axis: TermAxis, groupOf: Int32Array, unitOf: Int32Array): Slot[] {
  const factors = leaves(axis);
  let stride = axis.length;
  return factors.flatMap((factor) => {
    stride /= factor.length;
    const inner = stride;
    return slotsOf(terms, factor, groupOf, unitOf).map(({ group, unitOf: units }) => ({
      group,
      unitOf: Int32Array.from(
        { length: axis.length },
        (_, p) => units[Math.floor(p / inner) % factor.length],
      ),
    }));
  });
}

/** Why no position of a resolved axis may go; `undefined` where one may. */
export function frozenBy(terms: Terms, axis: TermAxis): Reason | undefined {
  if (axis.fixed) return axis.fixed;
  if (axis.factors) {
    const reasons = leaves(axis).map((leaf) => frozenBy(terms, leaf));
    return reasons.every((reason) => reason !== undefined) ? reasons[0] : undefined;
  }
  if (!axis.terms) return undefined;
  let first: Reason | undefined;
  for (const term of axis.terms) {
    const reason = terms.atoms.reasonOf(term);
    if (!reason) return undefined;
    first ??= reason;
  }
  return first;
}
