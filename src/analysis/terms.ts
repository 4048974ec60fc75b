// Which channels are the same channel: terms on the axes of values, solved by unification.
//
// Each position of an axis holds a term: an atom (may be removed by itself), a fixed one (must stay), or a product
// (it goes when any of its factors goes: position (i, j) of a flattened [heads, dims]). Equations between whole axes
// are solved as they are stated. Equating an open axis with another is one link, whatever its length; joining axes and
// cutting runs out of them makes sequences; so a residual stream or a dense block costs nothing until someone reorders
// single positions.
//
// Soundness rule: where two axes agree only in a way we cannot express, both are fixed, with the reason kept.

import { stridesOf } from '../ops/host.ts';
import type { ProductKind } from '../ops/op.ts';
import { Atoms, type Reason, type Term } from './atoms.ts';
import { fixedAxis, isOpen, leaves, listAxis, partsOf, resolve, sequenceAxis, TermAxis } from './axis.ts';
import { commonRefinement } from './refinement.ts';

export class Terms {
  /** The terms that axes hold once somebody has looked into their positions. */
  readonly atoms = new Atoms();
  private reason: Reason = { why: '', node: '' };
  private readonly products = new Map<TermAxis, { factors: readonly TermAxis[]; terms: Int32Array }>();

  /** The node whose equations are being stated; blamed in reasons. */
  node = '';

  // -------------------------------------------------------------- making axes

  open(length: number): TermAxis {
    return new TermAxis(length);
  }

  fixed(length: number, why: string): TermAxis {
    return fixedAxis(length, this.because(why));
  }

  product(factors: readonly TermAxis[]): TermAxis {
    for (const factor of factors) if (factor.length === 1) this.fix(factor, LONE);
    const wide = factors.map(resolve).filter((factor) => factor.length !== 1);
    if (wide.length === 1) return wide[0];
    const axis = new TermAxis(wide.reduce((n, factor) => n * factor.length, 1));
    if (wide.every((factor) => factor.fixed)) axis.fixed = wide[0]?.fixed ?? this.because(LONE);
    else axis.factors = wide;
    return axis;
  }

  concat(axes: readonly TermAxis[]): TermAxis {
    if (axes.reduce((count, axis) => count + partCount(axis), 0) > MOST_PARTS) return this.tooManyParts(axes);
    const parts = axes.flatMap(partsOf).filter((part) => part.length > 0);
    return parts.length === 1 ? parts[0] : sequenceAxis(parts);
  }

  private tooManyParts(axes: readonly TermAxis[]): TermAxis {
    for (const axis of axes) this.fix(axis, SCATTERED);
    return this.fixed(
      axes.reduce((length, axis) => length + axis.length, 0),
      SCATTERED,
    );
  }

  select(axis: TermAxis, positions: ArrayLike<number>): TermAxis {
    const source = resolve(axis);
    if (source.fixed)
      return positions.length === source.length ? source : fixedAxis(positions.length, source.fixed);
    if (isRun(positions)) return this.run(source, positions[0], positions[0] + positions.length);
    const terms = this.termsOf(source);
    return listAxis(Int32Array.from(positions, (p) => terms[p]));
  }

  /** The positions from `start` up to `end`. */
  private run(source: TermAxis, start: number, end: number): TermAxis {
    if (start === 0 && end === source.length) return source;
    const block = this.selectBlock(source, start, end);
    if (block) return block;
    if (!this.cutAt(source, start) || !this.cutAt(source, end))
      return listAxis(this.termsOf(source).subarray(start, end));
    let at = 0;
    const covered = partsOf(source).filter((part) => {
      at += part.length;
      return at > start && at <= end;
    });
    return covered.length === 1 ? covered[0] : sequenceAxis(covered);
  }

  /** Makes an axis a sequence with a boundary at `position`; false where that would cut through a product. */
  private cutAt(axis: TermAxis, position: number): boolean {
    if (position === 0 || position === axis.length) return true;
    if (axis.parts) {
      let start = 0;
      for (const part of partsOf(axis)) {
        if (position < start + part.length) return this.cutAt(part, position - start);
        start += part.length;
      }
    }
    if (axis.factors) return false;
    const [before, after] = [position, axis.length - position];
    if (axis.fixed) axis.parts = [fixedAxis(before, axis.fixed), fixedAxis(after, axis.fixed)];
    else if (axis.terms)
      axis.parts = [listAxis(axis.terms.subarray(0, position)), listAxis(axis.terms.subarray(position))];
    else axis.parts = [new TermAxis(before), new TermAxis(after)];
    axis.fixed = undefined;
    axis.terms = undefined;
    return true;
  }

  /** A run of whole outer positions of a product keeps its structure. */
  private selectBlock(source: TermAxis, start: number, end: number): TermAxis | undefined {
    if (!source.factors) return undefined;
    const [outer, ...rest] = source.factors;
    const inner = source.length / outer.length;
    if (start % inner !== 0 || end % inner !== 0) return undefined;
    if (end - start === inner) this.fix(outer, LONE);
    const rows = resolve(outer);
    const block = this.product([
      rows.fixed ? fixedAxis((end - start) / inner, rows.fixed) : this.run(rows, start / inner, end / inner),
      ...rest,
    ]);
    if (block.factors && !block.kind) block.kind = source.kind;
    return block;
  }

  // -------------------------------------------------------------- equations

  /** Every position of `axis` must stay. */
  fix(axis: TermAxis, why: string): void {
    this.fixFor(axis, this.because(why));
  }

  private fixFor(axis: TermAxis, reason: Reason): void {
    const at = resolve(axis);
    if (at.fixed) return;
    if (at.factors) for (const factor of at.factors) this.fixFor(factor, reason);
    else if (at.parts) for (const part of at.parts) this.fixFor(part, reason);
    else if (at.terms) for (const term of at.terms) this.atoms.fix(term, reason);
    else at.fixed = reason;
  }

  /** Position by position the same. @throws RangeError when the lengths differ. */
  same(a: TermAxis, b: TermAxis): TermAxis {
    const left = resolve(a);
    const right = resolve(b);
    if (left === right) return left;
    if (left.length !== right.length)
      throw new RangeError(`axes of ${left.length} and ${right.length} channels cannot be the same`);
    if (isOpen(right)) this.linkTo(right, left);
    else if (isOpen(left)) this.linkTo(left, right);
    else if (left.fixed || right.fixed) this.fixBoth(left, right, (left.fixed ?? right.fixed) as Reason);
    else if (left.factors || right.factors) this.meetProducts(left, right);
    else if (this.meetParts(left, right)) this.linkTo(right, left);
    else this.meetTerms(left, right);
    return resolve(left);
  }

  private fixBoth(left: TermAxis, right: TermAxis, reason: Reason): void {
    this.fixFor(left, reason);
    this.fixFor(right, reason);
  }

  /** Part by part the same, cut to common lengths; false where neither is a sequence or a product is in the way. */
  private meetParts(left: TermAxis, right: TermAxis): boolean {
    if (!left.parts && !right.parts) return false;
    const rest = [partsOf(left).reverse(), partsOf(right).reverse()];
    while (rest[0].length > 0) {
      // An equation may have linked or cut what is still to come.
      for (const list of rest) list.push(...partsOf(list.pop() as TermAxis).reverse());
      const [a, b] = rest.map((list) => list[list.length - 1]);
      if (a.length !== b.length) {
        if (!this.cutAt(a.length > b.length ? a : b, Math.min(a.length, b.length))) return false;
        continue;
      }
      for (const list of rest) list.pop();
      this.same(a, b);
    }
    return true;
  }

  private meetTerms(left: TermAxis, right: TermAxis): void {
    const a = this.termsOf(left);
    const b = this.termsOf(right);
    const reason = this.because(SHUFFLED);
    for (let i = 0; i < a.length; i++) this.atoms.unify(a[i], b[i], reason);
    this.linkTo(right, left);
  }

  private linkTo(axis: TermAxis, target: TermAxis): void {
    axis.link = target;
    target.kind ??= axis.kind;
  }

  private meetProducts(left: TermAxis, right: TermAxis): void {
    const lengths = commonRefinement(lengthsOf(left), lengthsOf(right));
    if (!lengths) {
      this.fixBoth(left, right, this.because(SHUFFLED));
      return;
    }
    // Where both are made of the same axes, cutting one may cut the other: each is looked at afresh.
    const a = this.refineTo(left, lengths);
    const b = this.refineTo(right, lengths);
    for (let i = 0; i < a.length; i++) this.same(a[i], b[i]);
  }

  /** The factors of `axis` with these lengths; the axis is a product of them from now on. */
  split(axis: TermAxis, lengths: readonly number[], kind?: ProductKind): TermAxis[] {
    const at = resolve(axis);
    if (kind && !at.fixed && !at.kind) at.kind = kind;
    const wanted = lengths.filter((length) => length !== 1);
    if (at.length === 1) this.fix(at, LONE);
    const factors = this.refineTo(at, wanted);
    let next = 0;
    return lengths.map((length) => (length === 1 ? this.fixed(1, LONE) : factors[next++]));
  }

  /** Factors of these lengths, which may be products of the finer cuts that the axis already has. */
  private refineTo(axis: TermAxis, wanted: readonly number[]): TermAxis[] {
    const at = resolve(axis);
    if (wanted.length <= 1) return [at];
    const refined = commonRefinement(lengthsOf(at), wanted);
    if (!refined) {
      this.fix(at, SHUFFLED);
      return wanted.map((length) => this.fixed(length, SHUFFLED));
    }
    const pieces = this.cut(at, refined);
    let next = 0;
    return wanted.map((length) => {
      const run: TermAxis[] = [];
      for (let n = 1; n < length; n *= run[run.length - 1].length) run.push(pieces[next++]);
      return this.product(run);
    });
  }

  /** Cuts an axis into factors of exactly these lengths, which refine the cuts it already has. */
  private cut(axis: TermAxis, lengths: readonly number[]): TermAxis[] {
    const at = resolve(axis);
    if (lengths.length === 1) return [at];
    if (at.fixed) {
      const reason = at.fixed;
      return lengths.map((length) => fixedAxis(length, reason));
    }
    if (at.parts) this.termsOf(at);
    if (at.factors) {
      const out: TermAxis[] = [];
      let next = 0;
      for (const factor of at.factors) {
        const share: number[] = [];
        for (let n = 1; n < factor.length; n *= share[share.length - 1]) share.push(lengths[next++]);
        out.push(...(share.length === 0 ? [] : this.refineTo(factor, share)));
      }
      return out;
    }
    if (!at.terms) {
      at.factors = lengths.map((length) => new TermAxis(length));
      return [...at.factors];
    }
    return this.cutTerms(at, at.terms, lengths);
  }

  /** Gives a list of terms the shape of a grid; factors along which nothing changes carry no channels. */
  private cutTerms(at: TermAxis, terms: Int32Array, lengths: readonly number[]): TermAxis[] {
    const strides = stridesOf(lengths);
    const varies = lengths.map((length, k) => !this.constantAlong(terms, strides[k], length));
    const moving = varies.filter(Boolean).length;
    const factors = lengths.map((length, k) => {
      const factor = new TermAxis(length);
      if (!varies[k]) factor.fixed = this.because(REPEATED);
      else if (moving === 1) factor.terms = Int32Array.from({ length }, (_, i) => terms[i * strides[k]]);
      return factor;
    });
    if (moving === 0) factors[0] = this.repeated(factors[0].length, terms[0]);
    if (moving > 1) {
      const grid = new TermAxis(at.length);
      grid.factors = factors;
      grid.kind = at.kind;
      const products = this.termsOf(grid);
      const reason = this.because(SHUFFLED);
      for (let i = 0; i < terms.length; i++) this.atoms.unify(terms[i], products[i], reason);
    }
    at.terms = undefined;
    at.factors = factors;
    return factors;
  }

  private repeated(length: number, term: Term): TermAxis {
    return listAxis(new Int32Array(length).fill(term));
  }

  /** Whether the terms do not depend on the digit with this stride. */
  private constantAlong(terms: Int32Array, stride: number, length: number): boolean {
    for (let p = 0; p < terms.length; p++) {
      const digit = Math.floor(p / stride) % length;
      if (digit !== 0 && this.atoms.find(terms[p]) !== this.atoms.find(terms[p - digit * stride]))
        return false;
    }
    return true;
  }

  /** The term of each position, made up where nobody asked before. */
  termsOf(axis: TermAxis): Int32Array {
    const at = resolve(axis);
    if (at.terms) return at.terms;
    if (at.fixed) return new Int32Array(at.length).fill(this.atoms.fixed(at.fixed));
    if (at.factors) return this.productTerms(at, at.factors);
    if (at.parts) {
      at.terms = this.joinedTerms(at.length, at.parts);
      at.parts = undefined;
      return at.terms;
    }
    at.terms = this.atoms.several(at.length);
    return at.terms;
  }

  private joinedTerms(length: number, parts: readonly TermAxis[]): Int32Array {
    const terms = new Int32Array(length);
    let at = 0;
    for (const part of parts) {
      terms.set(this.termsOf(part), at);
      at += part.length;
    }
    return terms;
  }

  private productTerms(at: TermAxis, factors: readonly TermAxis[]): Int32Array {
    const cached = this.products.get(at);
    if (cached && cached.factors === factors) return cached.terms;
    const parts = factors.map((factor) => (resolve(factor).fixed ? undefined : this.termsOf(factor)));
    const moving = parts.filter((part) => part !== undefined);
    const terms = new Int32Array(at.length);
    const strides = stridesOf(factors.map((factor) => factor.length));
    for (let p = 0; p < terms.length; p++) {
      const own: Term[] = [];
      for (let k = 0; k < parts.length; k++) {
        const part = parts[k];
        if (part) own.push(part[Math.floor(p / strides[k]) % part.length]);
      }
      terms[p] = moving.length === 1 ? own[0] : this.atoms.product(own, at.kind);
    }
    this.products.set(at, { factors, terms });
    return terms;
  }

  /** One object for what a node says several times in a row. */
  private because(why: string): Reason {
    if (this.reason.why !== why || this.reason.node !== this.node) this.reason = { why, node: this.node };
    return this.reason;
  }
}

/** Parts of one axis that are kept apart: doubling an axis again and again makes more than any memory holds. */
const MOST_PARTS = 2 ** 17;

const LONE = 'it is a single position';
const REPEATED = 'it repeats the same channels';
const SCATTERED = 'it is joined from more pieces than are followed';
const SHUFFLED = 'its channels are rearranged in a way that keeps no channel whole';

/** Neighbours in order, at least one. */
const isRun = (positions: ArrayLike<number>): boolean => {
  for (let i = 1; i < positions.length; i++) if (positions[i] !== positions[0] + i) return false;
  return positions.length > 0;
};

/** How many parts an axis has at its first level: a sequence is flat when it is made. */
const partCount = (axis: TermAxis): number => resolve(axis).parts?.length ?? 1;

/** Lengths of the innermost factors, lone positions left out. */
const lengthsOf = (axis: TermAxis): number[] => leaves(axis).map((leaf) => leaf.length);
