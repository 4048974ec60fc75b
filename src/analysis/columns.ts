// An axis seen as columns of atoms: one column for plain channels, one per factor for a flattened product.
// Groups are made of columns; slots.ts tells which unit of which group a position belongs to then.

import type { ProductKind } from '../ops/op.ts';
import type { Reason } from './atoms.ts';
import { leaves, partsOf, type TermAxis } from './axis.ts';
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

/** Columns of the products in a list, by the factor they were made for; what is no product goes to `plain`. */
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
        const key = `${k - atoms.length}:${table.lotOf(atom)}`;
        const own = columnKind(list.kind ?? kind ?? table.kindOf(term) ?? 'blocks', k, atoms.length);
        const column = products.get(key) ?? { kind: own, atoms: new Set() };
        products.set(key, column);
        column.atoms.add(atom);
      });
  }
  return [...products.values()].map((column) => ({ kind: column.kind, atoms: [...column.atoms] }));
}

/** Why no position of a resolved axis may go; `undefined` where one may. */
export function frozenBy(terms: Terms, axis: TermAxis): Reason | undefined {
  if (axis.fixed) return axis.fixed;
  // Of a product the inner factors are what prunes; the outer ones may be fixed by what they are, such as gates.
  const inside = axis.factors ? leaves(axis).toReversed() : axis.parts && partsOf(axis);
  if (inside) {
    const reasons = inside.map((part) => frozenBy(terms, part));
    if (reasons.some((reason) => reason === undefined)) return undefined;
    return reasons.find((_, i) => inside[i].length > 1) ?? reasons[0];
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
