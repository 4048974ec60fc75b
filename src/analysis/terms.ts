// Which channels are the same channel: terms on the axes of values, solved by unification.
//
// Each position of an axis holds a term: an atom (may be removed by itself), a fixed one (must stay), or a product
// (it goes when any of its factors goes: position (i, j) of a flattened [heads, dims]). Equations between whole axes
// are solved as they are stated. An axis that nobody has looked into yet is `open`: equating it with another is one
// link, whatever its length, so that a residual stream costs nothing until someone cuts it into positions.
//
// Soundness rule: where two axes agree only in a way we cannot express, both are fixed, with the reason kept.

import type { Axis, ProductKind } from '../ops/op.ts';

/** Why a term must stay: completes "… stays because <why>". */
export interface Reason {
  readonly why: string;
  /** Name of the node that said so. */
  readonly node: string;
}

/** The term of a position is a number: an index into the tables of `Terms`. */
type Term = number;

const FREE = 0;
const FIXED = 1;
const PRODUCT = 2;

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
  private parent = new Int32Array(1024);
  private state = new Uint8Array(1024);
  /** Axis object on which an atom was born: atoms of one factor belong together. */
  private birth = new Int32Array(1024);
  private count = 0;
  private births = 0;
  private readonly factorsOf = new Map<Term, readonly Term[]>();
  private readonly kinds = new Map<Term, ProductKind>();
  private readonly reasons = new Map<Term, Reason>();
  private readonly fixedTerms = new Map<Reason, Term>();
  private readonly productCache = new Map<TermAxis, { factors: readonly TermAxis[]; terms: Int32Array }>();
  /** Products of different arity that met: looked at again once everything is known. */
  private deferred: (readonly [Term, Term, Reason])[] = [];

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
    else if (at.terms) for (const term of at.terms) this.fixTerm(term, reason);
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
    for (let i = 0; i < a.length; i++) this.unify(a[i], b[i]);
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
    const a = this.cut(left, lengths);
    const b = this.cut(right, lengths);
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

  private refineTo(at: TermAxis, wanted: readonly number[]): TermAxis[] {
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
        out.push(...(share.length === 0 ? [] : this.cut(factor, share)));
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
      for (let i = 0; i < terms.length; i++) this.unify(terms[i], products[i]);
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
      if (digit !== 0 && this.find(terms[p]) !== this.find(terms[p - digit * stride])) return false;
    }
    return true;
  }

  // -------------------------------------------------------------- single terms

  private atom(birth: number): Term {
    const term = this.count++;
    if (term === this.parent.length) this.grow();
    this.parent[term] = term;
    this.state[term] = FREE;
    this.birth[term] = birth;
    return term;
  }

  private grow(): void {
    const size = this.parent.length * 2;
    const parent = new Int32Array(size);
    const state = new Uint8Array(size);
    const birth = new Int32Array(size);
    parent.set(this.parent);
    state.set(this.state);
    birth.set(this.birth);
    Object.assign(this, { parent, state, birth });
  }

  /** The term of each position, made up where nobody asked before. */
  termsOf(axis: TermAxis): Int32Array {
    const at = resolve(axis);
    if (at.terms) return at.terms;
    if (at.fixed) return new Int32Array(at.length).fill(this.fixedTerm(at.fixed));
    if (at.factors) return this.productTerms(at, at.factors);
    const birth = ++this.births;
    at.terms = Int32Array.from({ length: at.length }, () => this.atom(birth));
    return at.terms;
  }

  private fixedTerm(reason: Reason): Term {
    const known = this.fixedTerms.get(reason);
    if (known !== undefined) return known;
    const term = this.atom(0);
    this.state[term] = FIXED;
    this.reasons.set(term, reason);
    this.fixedTerms.set(reason, term);
    return term;
  }

  private productTerms(at: TermAxis, factors: readonly TermAxis[]): Int32Array {
    const cached = this.productCache.get(at);
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
      terms[p] = moving.length === 1 ? own[0] : this.productTerm(own, at.kind);
    }
    this.productCache.set(at, { factors, terms });
    return terms;
  }

  private productTerm(factors: readonly Term[], kind: ProductKind | undefined): Term {
    const term = this.atom(0);
    this.state[term] = PRODUCT;
    this.factorsOf.set(term, factors);
    if (kind) this.kinds.set(term, kind);
    return term;
  }

  /** The representative of a term's class. */
  find(term: Term): Term {
    const { parent } = this;
    let at = term;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]];
      at = parent[at];
    }
    return at;
  }

  private fixTerm(term: Term, reason: Reason): void {
    const root = this.find(term);
    if (this.state[root] === FREE) {
      this.state[root] = FIXED;
      this.reasons.set(root, reason);
    } else if (this.state[root] === PRODUCT) {
      for (const factor of this.factorsOf.get(root) as readonly Term[]) this.fixTerm(factor, reason);
    }
  }

  private unify(a: Term, b: Term): void {
    let left = this.find(a);
    let right = this.find(b);
    if (left === right) return;
    if (this.state[left] === FREE) [left, right] = [right, left];
    // `right` is free whenever either is.
    if (this.state[right] === FREE) {
      if (this.state[left] === PRODUCT && this.contains(left, right)) {
        this.fixTerm(left, this.because(SHUFFLED));
        return;
      }
      this.parent[right] = left;
    } else if (this.state[left] === FIXED) {
      this.fixTerm(right, this.reasons.get(left) as Reason);
    } else if (this.state[right] === FIXED) {
      this.fixTerm(left, this.reasons.get(right) as Reason);
    } else {
      this.unifyProducts(left, right, this.because(SHUFFLED));
    }
  }

  private contains(product: Term, atom: Term): boolean {
    return (this.factorsOf.get(product) as readonly Term[]).some((factor) => {
      const root = this.find(factor);
      return root === atom || (this.state[root] === PRODUCT && this.contains(root, atom));
    });
  }

  /** Two products are the same when their moving factors are, in order. */
  private unifyProducts(left: Term, right: Term, reason: Reason): void {
    const a = this.atomsOf(left);
    const b = this.atomsOf(right);
    if (a.length !== b.length) {
      this.deferred.push([left, right, reason]);
      return;
    }
    this.parent[right] = left;
    for (let i = 0; i < a.length; i++) this.unify(a[i], b[i]);
  }

  /** The free atoms that a term's position depends on, outermost factor first; none for a fixed term. */
  atomsOf(term: Term): readonly Term[] {
    const root = this.find(term);
    if (this.state[root] === FREE) return [root];
    if (this.state[root] === FIXED) return [];
    const out: Term[] = [];
    for (const factor of this.factorsOf.get(root) as readonly Term[])
      for (const atom of this.atomsOf(factor)) if (!out.includes(atom)) out.push(atom);
    return out;
  }

  /** Settles what had to wait until everything was known. */
  settle(): void {
    for (let round = this.deferred; round.length > 0; round = this.deferred) {
      this.deferred = [];
      for (const [left, right, reason] of round) {
        const a = this.atomsOf(left);
        const b = this.atomsOf(right);
        if (sameSet(a, b)) continue;
        if (a.length === b.length || a.length === 1 || b.length === 1) {
          if (a.length === b.length) for (let i = 0; i < a.length; i++) this.unify(a[i], b[i]);
          else this.bind(a.length === 1 ? a[0] : b[0], a.length === 1 ? right : left);
        } else {
          for (const atom of [...a, ...b]) this.fixTerm(atom, reason);
        }
      }
    }
  }

  private bind(atom: Term, product: Term): void {
    this.unify(atom, product);
  }

  // -------------------------------------------------------------- answers

  birthOf(atom: Term): number {
    return this.birth[atom];
  }

  kindOf(term: Term): ProductKind | undefined {
    return this.kinds.get(this.find(term)) ?? this.kinds.get(term);
  }

  /** Why a position must stay; `undefined` where it may go. */
  reasonOf(term: Term): Reason | undefined {
    const root = this.find(term);
    if (this.state[root] === FIXED) return this.reasons.get(root);
    if (this.state[root] === PRODUCT && this.atomsOf(root).length === 0) {
      const [factor] = this.factorsOf.get(root) as readonly Term[];
      return this.reasonOf(factor);
    }
    return undefined;
  }

  /** Number of terms ever made: what the analysis costs. */
  get size(): number {
    return this.count;
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

const sameSet = (a: readonly Term[], b: readonly Term[]): boolean =>
  a.length === b.length && a.every((atom) => b.includes(atom));

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
