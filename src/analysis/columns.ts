// An axis seen as columns of atoms: one column for plain channels, one per factor for a flattened product.
// Groups are made of columns, and everything later asks which unit of which group a position belongs to.

import type { ProductKind } from '../ops/op.ts';
import type { Reason } from './atoms.ts';
import { isOpen, leaves, partsOf, type TermAxis } from './axis.ts';
import type { Terms } from './terms.ts';
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
  readonly atoms: ArrayLike<number>;
}

/** For one axis and one group: the unit of each position, -1 where the position is not the group's. */
export interface Slot {
  readonly group: number;
  readonly unitOf: Int32Array;
}

/** The columns of a resolved axis; none where every position must stay. */
export function columnsOf(terms: Terms, axis: TermAxis): Column[] {
  if (axis.fixed) return [];
  if (axis.factors) return productColumns(terms, axis);
  if (!axis.parts) {
    const own = terms.termsOf(axis);
    if (terms.atoms.areFresh(own)) return [{ kind: 'channels', atoms: own }];
  }
  const plain = new Set<number>();
  const columns: Column[] = [];
  for (const part of partsOf(axis))
    if (part.factors) columns.push(...productColumns(terms, part));
    else if (!part.fixed) columns.push(...listColumns(terms, part, axis.kind, plain));
  return plain.size > 0 ? [{ kind: 'channels', atoms: [...plain] }, ...columns] : columns;
}

function productColumns(terms: Terms, axis: TermAxis): Column[] {
  const moving = leaves(axis)
    .map((leaf) => distinctAtoms(terms, leaf))
    .filter((atoms) => atoms.length > 0);
  const kind = axis.kind ?? 'blocks';
  return moving.map((atoms, k) => ({ kind: columnKind(kind, k, moving.length), atoms }));
}

const columnKind = (kind: ProductKind, column: number, columns: number): GroupKind => {
  if (columns === 1) return 'channels';
  return column === columns - 1 ? innerKinds[kind] : kind;
};

function distinctAtoms(terms: Terms, leaf: TermAxis): ArrayLike<number> {
  if (leaf.fixed) return [];
  const own = terms.termsOf(leaf);
  if (terms.atoms.areFresh(own)) return own;
  const seen = new Set<number>();
  for (const term of own) for (const atom of terms.atoms.atomsOf(term)) seen.add(atom);
  return [...seen];
}

/** Columns of the products in a list, by the factor they were born on; what is no product goes to `plain`. */
function listColumns(
  terms: Terms,
  list: TermAxis,
  kind: ProductKind | undefined,
  plain: Set<number>,
): Column[] {
  const { atoms: table } = terms;
  const products = new Map<string, { kind: GroupKind; atoms: Set<number> }>();
  for (const term of terms.termsOf(list)) {
    const sole = table.soleAtom(term);
    if (sole >= 0) plain.add(sole);
    if (!table.isProduct(term)) continue;
    const atoms = table.atomsOf(term);
    if (atoms.length === 1) plain.add(atoms[0]);
    else
      atoms.forEach((atom, k) => {
        const key = `${k - atoms.length}:${table.birthOf(atom)}`;
        const own = columnKind(list.kind ?? kind ?? table.kindOf(term) ?? 'blocks', k, atoms.length);
        const column = products.get(key) ?? { kind: own, atoms: new Set() };
        products.set(key, column);
        column.atoms.add(atom);
      });
  }
  return [...products.values()].map((column) => ({ kind: column.kind, atoms: [...column.atoms] }));
}

// ---------------------------------------------------------------- units along an axis

/** The slots of a resolved axis, given each atom's group and unit (-1 for an atom of no group). */
export function slotsOf(terms: Terms, axis: TermAxis, groupOf: Int32Array, unitOf: Int32Array): Slot[] {
  if (axis.fixed || isOpen(axis)) return [];
  if (axis.factors) return productSlots(terms, axis, groupOf, unitOf);
  if (axis.parts) return sequenceSlots(terms, axis, groupOf, unitOf);
  return listSlots(terms, axis, groupOf, unitOf);
}

function listSlots(terms: Terms, axis: TermAxis, groupOf: Int32Array, unitOf: Int32Array): Slot[] {
  const collecting = new Slots(axis.length);
  putTerms(collecting, terms, axis, 0, groupOf, unitOf);
  return collecting.all;
}

/** The units of a list of terms, on the positions from `start` on. */
function putTerms(
  collecting: Slots,
  { atoms }: Terms,
  list: TermAxis,
  start: number,
  groupOf: Int32Array,
  unitOf: Int32Array,
): void {
  const own = list.terms ?? [];
  for (let p = 0; p < own.length; p++) {
    const sole = atoms.soleAtom(own[p]);
    if (sole >= 0) {
      if (groupOf[sole] >= 0) collecting.put(groupOf[sole], start + p, unitOf[sole]);
    } else if (atoms.isProduct(own[p]))
      for (const atom of atoms.atomsOf(own[p]))
        if (groupOf[atom] >= 0) collecting.put(groupOf[atom], start + p, unitOf[atom]);
  }
}

/** Each factor's slots, repeated over the others. */
function productSlots(terms: Terms, axis: TermAxis, groupOf: Int32Array, unitOf: Int32Array): Slot[] {
  let stride = axis.length;
  return leaves(axis).flatMap((factor) => {
    stride /= factor.length;
    return slotsOf(terms, factor, groupOf, unitOf).map(({ group, unitOf: own }) => ({
      group,
      unitOf: repeated(own, stride, axis.length),
    }));
  });
}

/** Each element `times` over, the whole again and again up to `length`. */
function repeated(list: Int32Array, times: number, length: number): Int32Array {
  const out = new Int32Array(length);
  for (let p = 0, i = 0; p < length; p += times) {
    out.fill(list[i], p, p + times);
    i = i + 1 === list.length ? 0 : i + 1;
  }
  return out;
}

function sequenceSlots(terms: Terms, axis: TermAxis, groupOf: Int32Array, unitOf: Int32Array): Slot[] {
  const collecting = new Slots(axis.length);
  let start = 0;
  for (const part of partsOf(axis)) {
    if (part.factors)
      for (const { group, unitOf: own } of productSlots(terms, part, groupOf, unitOf))
        collecting.putRun(group, start, own);
    else putTerms(collecting, terms, part, start, groupOf, unitOf);
    start += part.length;
  }
  return collecting.all;
}

/** Slots in the making. Two units of one group on one position (an axis times itself) take two slots. */
class Slots {
  readonly all: Slot[] = [];
  private readonly length: number;
  private latest: Slot | undefined;

  constructor(length: number) {
    this.length = length;
  }

  put(group: number, position: number, unit: number): void {
    const { latest } = this;
    if (latest?.group === group && latest.unitOf[position] < 0) latest.unitOf[position] = unit;
    else this.free(group, (slot) => slot.unitOf[position] < 0).unitOf[position] = unit;
  }

  putRun(group: number, start: number, units: Int32Array): void {
    const fits = ({ unitOf }: Slot) => units.every((unit, i) => unit < 0 || unitOf[start + i] < 0);
    const { unitOf } = this.free(group, fits);
    for (let i = 0; i < units.length; i++) if (units[i] >= 0) unitOf[start + i] = units[i];
  }

  /** The group's first slot that has room. */
  private free(group: number, hasRoom: (slot: Slot) => boolean): Slot {
    let slot = this.all.find((known) => known.group === group && hasRoom(known));
    if (!slot) {
      slot = { group, unitOf: new Int32Array(this.length).fill(-1) };
      this.all.push(slot);
    }
    this.latest = slot;
    return slot;
  }
}

/** Why no position of a resolved axis may go; `undefined` where one may. */
export function frozenBy(terms: Terms, axis: TermAxis): Reason | undefined {
  if (axis.fixed) return axis.fixed;
  const inside = axis.factors ? leaves(axis) : axis.parts && partsOf(axis);
  if (inside) {
    const reasons = inside.map((part) => frozenBy(terms, part));
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
