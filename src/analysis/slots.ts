// Which unit of which group each position of an axis belongs to: what members, surgery and explanations read.

import { isOpen, leaves, partsOf, type TermAxis } from './axis.ts';
import type { Terms } from './terms.ts';

/** For one axis and one group: the unit of each position, -1 where the position is not the group's. */
export interface Slot {
  readonly group: number;
  readonly unitOf: Int32Array;
}

/** The group and unit of every atom, -1 for an atom of no group. */
export class AtomUnits {
  readonly terms: Terms;
  readonly groupOf: Int32Array;
  readonly unitOf: Int32Array;
  private readonly counted = new Map<number, Int32Array>();

  constructor(terms: Terms) {
    this.terms = terms;
    this.groupOf = new Int32Array(terms.atoms.size).fill(-1);
    this.unitOf = new Int32Array(terms.atoms.size).fill(-1);
  }

  /** 0, 1, 2, …: the units of most axes, which share one array per length. */
  count(length: number): Int32Array {
    let units = this.counted.get(length);
    if (!units) {
      units = Int32Array.from({ length }, (_, unit) => unit);
      this.counted.set(length, units);
    }
    return units;
  }
}

/** The slots of a resolved axis. */
export function slotsOf(units: AtomUnits, axis: TermAxis): readonly Slot[] {
  if (axis.fixed || isOpen(axis)) return [];
  const whole = axis.terms && wholeGroup(units, axis.terms);
  if (whole) return [whole];
  const slots = new Slots(axis.length);
  let start = 0;
  for (const part of partsOf(axis)) {
    if (part.factors) putProduct(slots, units, part, start);
    else if (part.terms) putTerms(slots, units, part.terms, start);
    start += part.length;
  }
  return slots.all;
}

/** The slot of a list that is one group's units in order. */
function wholeGroup(units: AtomUnits, list: Int32Array): Slot | undefined {
  const { terms, groupOf, unitOf } = units;
  if (list.length === 0) return undefined;
  const group = groupOf[terms.atoms.find(list[0])];
  for (let p = 0; p < list.length; p++) {
    const atom = terms.atoms.find(list[p]);
    if (groupOf[atom] !== group || unitOf[atom] !== p) return undefined;
  }
  return { group, unitOf: units.count(list.length) };
}

/** Each factor's units, repeated over the other factors. */
function putProduct(slots: Slots, units: AtomUnits, product: TermAxis, start: number): void {
  let stride = product.length;
  for (const factor of leaves(product)) {
    stride /= factor.length;
    for (const { group, unitOf } of slotsOf(units, factor))
      slots.repeat(group, unitOf, stride, start, start + product.length);
  }
}

function putTerms(
  slots: Slots,
  { terms, groupOf, unitOf }: AtomUnits,
  list: Int32Array,
  start: number,
): void {
  const { atoms } = terms;
  for (let p = 0; p < list.length; p++) {
    const sole = atoms.soleAtom(list[p]);
    if (sole >= 0) {
      if (groupOf[sole] >= 0) slots.put(groupOf[sole], unitOf[sole], start + p);
    } else if (atoms.isProduct(list[p]))
      for (const atom of atoms.atomsOf(list[p]))
        if (groupOf[atom] >= 0) slots.put(groupOf[atom], unitOf[atom], start + p);
  }
}

/** Slots in the making. Two units of one group on one position (an axis times itself) take two slots. */
class Slots {
  readonly all: Slot[] = [];
  private readonly length: number;
  private latest: Slot | undefined;

  constructor(length: number) {
    this.length = length;
  }

  put(group: number, unit: number, position: number): void {
    const { latest } = this;
    const fits = latest?.group === group && latest.unitOf[position] < 0;
    (fits ? latest : this.withRoomAt(group, position)).unitOf[position] = unit;
  }

  private withRoomAt(group: number, position: number): Slot {
    return this.withRoom(group, (unitOf) => unitOf[position] < 0);
  }

  /** Each unit on `stride` positions, all of them again and again, from `start` up to `end`. */
  repeat(group: number, units: Int32Array, stride: number, start: number, end: number): void {
    const isFree = (unitOf: Int32Array) => {
      for (let p = start, i = 0; p < end; p += stride, i = i + 1 === units.length ? 0 : i + 1)
        for (let q = p; q < p + stride; q++) if (units[i] >= 0 && unitOf[q] >= 0) return false;
      return true;
    };
    const { unitOf } = this.withRoom(group, isFree);
    for (let p = start, i = 0; p < end; p += stride, i = i + 1 === units.length ? 0 : i + 1)
      if (units[i] >= 0) unitOf.fill(units[i], p, p + stride);
  }

  /** The group's first slot that has room; a new one where none has. */
  private withRoom(group: number, isFree: (unitOf: Int32Array) => boolean): Slot {
    let slot = this.all.find((known) => known.group === group && isFree(known.unitOf));
    if (!slot) {
      slot = { group, unitOf: new Int32Array(this.length).fill(-1) };
      this.all.push(slot);
    }
    this.latest = slot;
    return slot;
  }
}
