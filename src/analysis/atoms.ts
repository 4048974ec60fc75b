// Single terms: a union-find over free atoms, fixed terms and products of terms.
// Products are flattened and stripped of fixed factors only when looked at, because a factor can become fixed long
// after the product was made.

import type { ProductKind } from '../ops/op.ts';

/** Why a term must stay: completes "… stays because <why>". */
export interface Reason {
  readonly why: string;
  /** Name of the node that said so. */
  readonly node: string;
}

/** An index into the tables of `Atoms`. */
export type Term = number;

/** What the root of a class is, where it is no free atom, in place of its parent. */
const FIXED = -1;
const PRODUCT = -2;

/** 0, 1, 2, …: terms that were made together are a view of it, in every analysis. Never written to. */
let numbers = countTo(1024);

export class Atoms {
  /** A free atom is its own parent. */
  private parent = countTo(1024);
  private count = 0;
  /** The first term of every lot that was made together. */
  private readonly lots: Term[] = [];
  private readonly factorsOf = new Map<Term, readonly Term[]>();
  private readonly kinds = new Map<Term, ProductKind>();
  private readonly reasons = new Map<Term, Reason>();
  private readonly fixedTerms = new Map<Reason, Term>();
  private deferred: (readonly [Term, Term, Reason])[] = [];

  /** New free terms that are made together, one for each position of an axis. */
  several(count: number): Int32Array {
    const first = this.count;
    this.lots.push(first);
    this.count += count;
    if (this.count > this.parent.length) this.grow();
    return numbers.subarray(first, this.count);
  }

  private one(state: typeof FIXED | typeof PRODUCT): Term {
    const term = this.count++;
    if (this.count > this.parent.length) this.grow();
    this.parent[term] = state;
    return term;
  }

  private grow(): void {
    const { parent } = this;
    let size = parent.length;
    while (size < this.count) size *= 2;
    if (size > numbers.length) numbers = countTo(size);
    this.parent = numbers.slice(0, size);
    this.parent.set(parent);
  }

  /** The term of all positions fixed for one reason. */
  fixed(reason: Reason): Term {
    const known = this.fixedTerms.get(reason);
    if (known !== undefined) return known;
    const term = this.one(FIXED);
    this.reasons.set(term, reason);
    this.fixedTerms.set(reason, term);
    return term;
  }

  /** A term that goes when any of `factors` goes. */
  product(factors: readonly Term[], kind: ProductKind | undefined): Term {
    const term = this.one(PRODUCT);
    this.factorsOf.set(term, factors);
    if (kind) this.kinds.set(term, kind);
    return term;
  }

  /** The representative of a term's class. */
  find(term: Term): Term {
    const { parent } = this;
    let at = term;
    for (let up = parent[at]; up !== at && up >= 0; up = parent[at]) {
      if (parent[up] >= 0) parent[at] = parent[up];
      at = up;
    }
    return at;
  }

  private isFree(root: Term): boolean {
    return this.parent[root] >= 0;
  }

  /** Makes a term stay. */
  fix(term: Term, reason: Reason): void {
    const root = this.find(term);
    if (this.isFree(root)) {
      this.parent[root] = FIXED;
      this.reasons.set(root, reason);
    } else if (this.parent[root] === PRODUCT) {
      for (const factor of this.factorsOf.get(root) as readonly Term[]) this.fix(factor, reason);
    }
  }

  /** Makes two terms the same; where that cannot be expressed both are fixed, for `reason`. */
  unify(a: Term, b: Term, reason: Reason): void {
    let left = this.find(a);
    let right = this.find(b);
    if (left === right) return;
    if (this.isFree(left)) [left, right] = [right, left];
    // `right` is free whenever either is.
    if (this.isFree(right)) {
      if (this.parent[left] === PRODUCT && this.contains(left, right)) this.meetFactor(left, right, reason);
      else this.parent[right] = left;
    } else if (this.parent[left] === FIXED) {
      this.fix(right, this.reasons.get(left) as Reason);
    } else if (this.parent[right] === FIXED) {
      this.fix(left, this.reasons.get(right) as Reason);
    } else {
      this.unifyProducts(left, right, reason);
    }
  }

  /** A product equated with an atom of its own: fine when nothing else in it moves. */
  private meetFactor(product: Term, atom: Term, reason: Reason): void {
    if (this.atomsOf(product).length === 1) this.parent[product] = atom;
    else this.fix(product, reason);
  }

  private contains(product: Term, atom: Term): boolean {
    return (this.factorsOf.get(product) as readonly Term[]).some((factor) => {
      const root = this.find(factor);
      return root === atom || (this.parent[root] === PRODUCT && this.contains(root, atom));
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
    for (let i = 0; i < a.length; i++) this.unify(a[i], b[i], reason);
  }

  /** The free atoms that a term's position depends on, outermost factor first; none for a fixed term. */
  atomsOf(term: Term): readonly Term[] {
    const root = this.find(term);
    if (this.isFree(root)) return [root];
    if (this.parent[root] === FIXED) return [];
    const out: Term[] = [];
    for (const factor of this.factorsOf.get(root) as readonly Term[])
      for (const atom of this.atomsOf(factor)) if (!out.includes(atom)) out.push(atom);
    return out;
  }

  /** Settles the products of different arity that met: by now some of their factors may have become fixed. */
  settle(): void {
    for (let round = this.deferred; round.length > 0; round = this.deferred) {
      this.deferred = [];
      for (const [left, right, reason] of round) {
        const a = this.atomsOf(left);
        const b = this.atomsOf(right);
        if (sameSet(a, b)) continue;
        if (a.length === b.length) for (let i = 0; i < a.length; i++) this.unify(a[i], b[i], reason);
        else if (a.length === 1) this.unify(a[0], right, reason);
        else if (b.length === 1) this.unify(b[0], left, reason);
        else for (const atom of [...a, ...b]) this.fix(atom, reason);
      }
    }
  }

  /** The atom that a term is; -1 for one that must stay and for a product. */
  soleAtom(term: Term): number {
    const root = this.find(term);
    return this.isFree(root) ? root : -1;
  }

  isProduct(term: Term): boolean {
    return this.parent[this.find(term)] === PRODUCT;
  }

  /** Whether the terms are atoms made together, none of which is the same as another yet. */
  areFresh(terms: Int32Array): boolean {
    for (let i = 0; i < terms.length; i++) {
      const term = terms[i];
      if (term !== terms[0] + i || this.parent[term] !== term) return false;
    }
    return true;
  }

  /** The number of the lot in which an atom was made. */
  lotOf(atom: Term): number {
    let [low, high] = [0, this.lots.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.lots[middle] <= atom) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** What the outer factor of a product stands for, where somebody said. */
  kindOf(term: Term): ProductKind | undefined {
    return this.kinds.get(this.find(term)) ?? this.kinds.get(term);
  }

  /** Why a position must stay; `undefined` where it may go. */
  reasonOf(term: Term): Reason | undefined {
    const root = this.find(term);
    if (this.parent[root] === FIXED) return this.reasons.get(root);
    if (this.parent[root] === PRODUCT && this.atomsOf(root).length === 0) {
      const [factor] = this.factorsOf.get(root) as readonly Term[];
      return this.reasonOf(factor);
    }
    return undefined;
  }

  /** Number of terms ever made: what the analysis costs. */
  get size(): number {
    return this.count;
  }
}

function countTo(length: number): Int32Array {
  const numbers = new Int32Array(length);
  for (let i = 0; i < length; i++) numbers[i] = i;
  return numbers;
}

const sameSet = (a: readonly Term[], b: readonly Term[]): boolean =>
  a.length === b.length && a.every((atom) => b.includes(atom));
