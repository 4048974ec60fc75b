// Which channels are the same channel: terms on the axes of values, solved by unification.
//
// Each position of an axis holds a term: an atom (may be removed by itself), a fixed one (must stay), or a product
// (it goes when any of its factors goes: position (i, j) of a flattened [heads, dims]). Equations between whole axes
// are solved as they are stated. An axis that nobody has looked into yet is `open`: equating it with another is one
// link, whatever its length, so that a residual stream costs nothing until someone cuts it into positions.
//
// Soundness rule: where two axes agree only in a way we cannot express, both are fixed, with the reason kept.

import type { Axis, ProductKind } from '../ops/op.ts';
import { Atoms, type Reason, type Term } from './atoms.ts';

/** An axis. At any time it is exactly one of: linked, open, fixed, a product of axes, or a list of terms. */
export class TermAxis implements Axis {
  readonly length: number;
  /** Stands for that other axis from now on. */
  link: TermAxis | undefined;
  fixed: Reason | undefined;
  factors: readonly TermAxis[] | undefined;
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
export const isOpen = (axis: TermAxis): boolean => !axis.fixed && !axis.factors && !axis.terms;

/** The innermost factors of an axis, outermost first; the axis itself where it is no product. */
export function leaves(axis: TermAxis): TermAxis[] {
  const at = resolve(axis);
  return at.factors ? at.factors.flatMap(leaves) : [at];
}

export class Terms {
  /** The terms that axes hold once somebody has looked into their positions. */
  readonly atoms = new Atoms();
  private births = 0;
  private readonly products = new Map<TermAxis, { factors: readonly TermAxis[]; terms: Int32Array }>();

  /** The node whose equations are being stated; blamed in reasons. */
  node = '';

  // -------------------------------------------------------------- making axes

  open(length: number): TermAxis {
    return new TermAxis(length);
  }

  fixed(length: number, why: string): TermAxis {
    const axis = new TermAxis(length);
    axis.fixed = { why, node: this.node };
    return axis;
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
    const parts = axes.map(resolve).filter((part) => part.length > 0);
    if (parts.length === 1) return parts[0];
    const axis = new TermAxis(parts.reduce((n, part) => n + part.length, 0));
    const reason = parts.find((part) => part.fixed)?.fixed;
    if (reason && parts.every((part) => part.fixed)) {
      axis.fixed = reason;
      return axis;
    }
    const terms = new Int32Array(axis.length);
    let at = 0;
    for (const part of parts) {
      terms.set(this.termsOf(part), at);
      at += part.length;
    }
    axis.terms = terms;
    return axis;
  }

  select(axis: TermAxis, positions: ArrayLike<number>): TermAxis {
    const source = resolve(axis);
    if (isIdentity(positions, source.length)) return source;
    const out = new TermAxis(positions.length);
    if (source.fixed) {
      out.fixed = source.fixed;
      return out;
    }
    const block = this.selectBlock(source, positions);
    if (block) return block;
    const terms = this.termsOf(source);
    out.terms = Int32Array.from(positions, (p) => terms[p]);
    return out;
  }

  /** A run of whole outer positions of a product keeps its structure. */
  private selectBlock(source: TermAxis, positions: ArrayLike<number>): TermAxis | undefined {
    if (!source.factors) return undefined;
    const [outer, ...rest] = source.factors;
    const inner = source.length / outer.length;
    const start = positions[0];
    if (start % inner !== 0 || positions.length % inner !== 0) return undefined;
    for (let i = 0; i < positions.length; i++) if (positions[i] !== start + i) return undefined;
    const rows = Array.from({ length: positions.length / inner }, (_, i) => start / inner + i);
    if (rows.length === 1) this.fix(outer, LONE);
    const block = this.product([this.select(outer, rows), ...rest]);
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
    else this.meetTerms(left, right);
    return resolve(left);
  }

  private fixBoth(left: TermAxis, right: TermAxis, reason: Reason): void {
    this.fixFor(left, reason);
    this.fixFor(right, reason);
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
    const parts = at.length === 1 ? [at] : this.refineTo(at, wanted);
    const rest = parts[Symbol.iterator]();
    if (at.length === 1) this.fix(at, LONE);
    return lengths.map((length) => (length === 1 ? this.fixed(1, LONE) : (rest.next().value as TermAxis)));
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
      return lengths.map((length) => {
        const factor = new TermAxis(length);
        factor.fixed = reason;
        return factor;
      });
    }
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
    const axis = new TermAxis(length);
    axis.terms = new Int32Array(length).fill(term);
    return axis;
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
    const birth = ++this.births;
    at.terms = Int32Array.from({ length: at.length }, () => this.atoms.atom(birth));
    return at.terms;
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
      parts.forEach((part, k) => {
        if (part) own.push(part[Math.floor(p / strides[k]) % part.length]);
      });
      terms[p] = moving.length === 1 ? own[0] : this.atoms.product(own, at.kind);
    }
    this.products.set(at, { factors, terms });
    return terms;
  }

  private because(why: string): Reason {
    return { why, node: this.node };
  }
}

const LONE = 'it is a single position';
const REPEATED = 'it repeats the same channels';
const SHUFFLED = 'its channels are rearranged in a way that keeps no channel whole';

const isIdentity = (positions: ArrayLike<number>, length: number): boolean => {
  if (positions.length !== length) return false;
  for (let i = 0; i < length; i++) if (positions[i] !== i) return false;
  return true;
};

const stridesOf = (lengths: readonly number[]): number[] => {
  const strides = lengths.map(() => 1);
  for (let k = lengths.length - 2; k >= 0; k--) strides[k] = strides[k + 1] * lengths[k + 1];
  return strides;
};

/** Lengths of the innermost factors, lone positions left out. */
const lengthsOf = (axis: TermAxis): number[] => leaves(axis).map((leaf) => leaf.length);

/**
 * The coarsest factor lengths that refine two row-major factorisations of the same length, e.g. [3, 4] and [6, 2]
 * give [3, 2, 2]; `undefined` where none exists, e.g. for [3, 4] and [4, 3].
 */
export function commonRefinement(a: readonly number[], b: readonly number[]): number[] | undefined {
  const strides = new Set([...strideBoundaries(a), ...strideBoundaries(b)]);
  const chain = [...strides].sort((x, y) => y - x);
  const out: number[] = [];
  for (let i = 0; i + 1 < chain.length; i++) {
    if (chain[i] % chain[i + 1] !== 0) return undefined;
    out.push(chain[i] / chain[i + 1]);
  }
  return out;
}

/** Products of trailing lengths, from all of them down to 1. */
function strideBoundaries(lengths: readonly number[]): number[] {
  const out = [1];
  for (let k = lengths.length - 1; k >= 0; k--) out.push(out[out.length - 1] * lengths[k]);
  return out;
}
