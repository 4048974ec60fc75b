// An axis of a value or constant, as the equations see it. Axes are made whole and looked into only where an operator
// joins, cuts or reorders channels.

import type { Axis, ProductKind } from '../ops/op.ts';
import type { Reason } from './atoms.ts';

/**
 * At any time an axis is exactly one of: linked to another, open (nobody has looked into it), fixed, a product of
 * axes, a sequence of axes, or a list of terms.
 */
export class TermAxis implements Axis {
  readonly length: number;
  /** Stands for that other axis from now on. */
  link: TermAxis | undefined;
  fixed: Reason | undefined;
  /** Row-major, outermost first. */
  factors: readonly TermAxis[] | undefined;
  /** One after the other. */
  parts: readonly TermAxis[] | undefined;
  terms: Int32Array | undefined;
  /** Given by the operator that first cut the axis into factors. */
  kind: ProductKind | undefined;

  constructor(length: number) {
    this.length = length;
  }
}

/** The axis that `axis` stands for. */
export function resolve(axis: TermAxis): TermAxis {
  let at = axis;
  while (at.link) {
    if (at.link.link) at.link = at.link.link;
    at = at.link;
  }
  return at;
}

/** Nobody has looked into its positions yet. */
export const isOpen = (axis: TermAxis): boolean => !axis.fixed && !axis.factors && !axis.parts && !axis.terms;

/** The innermost factors of an axis, outermost first; the axis itself where it is no product. */
export function leaves(axis: TermAxis): TermAxis[] {
  const at = resolve(axis);
  return at.factors ? at.factors.flatMap(leaves) : [at];
}

/** The innermost parts of an axis, first to last; the axis itself where it is no sequence. */
export function partsOf(axis: TermAxis): TermAxis[] {
  const at = resolve(axis);
  return at.parts ? at.parts.flatMap(partsOf) : [at];
}

/** An axis in which every position stays. */
export function fixedAxis(length: number, reason: Reason): TermAxis {
  const axis = new TermAxis(length);
  axis.fixed = reason;
  return axis;
}

export function listAxis(terms: Int32Array): TermAxis {
  const axis = new TermAxis(terms.length);
  axis.terms = terms;
  return axis;
}

/** Axes one after the other; fixed where all of them are. */
export function sequenceAxis(parts: readonly TermAxis[]): TermAxis {
  const axis = new TermAxis(parts.reduce((n, part) => n + part.length, 0));
  if (parts.length > 0 && parts.every((part) => part.fixed)) axis.fixed = parts[0].fixed;
  else axis.parts = parts;
  return axis;
}
