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

const FREE = 0;
const FIXED = 1;
const PRODUCT = 2;

export class Atoms {
  private parent = new Int32Array(1024);
  private state = new Uint8Array(1024);
  private birth = new Int32Array(1024);
  /** 0, 1, 2, …: terms that were made together are a view of it. */
  private numbers = countTo(1024);
  private count = 0;
  private readonly factorsOf = new Map<Term, readonly Term[]>();
  private readonly kinds = new Map<Term, ProductKind>();
  private readonly reasons = new Map<Term, Reason>();
  private readonly fixedTerms = new Map<Reason, Term>();
  private deferred: (readonly [Term, Term, Reason])[] = [];

  /** A new free term; `birth` is shared by the atoms that were made together. */
  atom(birth: number): Term {
    const term = this.count++;
    if (term === this.parent.length) this.grow();
    this.parent[term] = term;
    this.state[term] = FREE;
    this.birth[term] = birth;
    return term;
  }

  /** New free terms that were made together, one for each position of an axis. */
  several(count: number, birth: number): Int32Array {
    while (this.count + count > this.parent.length) this.grow();
    const first = this.count;
    for (let i = 0; i < count; i++) this.atom(birth);
    return this.numbers.subarray(first, this.count);
  }

  private grow(): void {
    const { parent, state, birth } = this;
    const size = parent.length * 2;
    this.parent = new Int32Array(size);
    this.state = new Uint8Array(size);
    this.birth = new Int32Array(size);
    this.numbers = countTo(size);
    this.parent.set(parent);
    this.state.set(state);
    this.birth.set(birth);
  }

  /** The term of all positions fixed for one reason. */
  fixed(reason: Reason): Term {
    const known = this.fixedTerms.get(reason);
    if (known !== undefined) return known;
    const term = this.atom(0);
    this.state[term] = FIXED;
    this.reasons.set(term, reason);
    this.fixedTerms.set(reason, term);
    return term;
  }

  /** A term that goes when any of `factors` goes. */
  product(factors: readonly Term[], kind: ProductKind | undefined): Term {
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

  /** Makes a term stay. */
  fix(term: Term, reason: Reason): void {
    const root = this.find(term);
    if (this.state[root] === FREE) {
      this.state[root] = FIXED;
      this.reasons.set(root, reason);
    } else if (this.state[root] === PRODUCT) {
      for (const factor of this.factorsOf.get(root) as readonly Term[]) this.fix(factor, reason);
    }
  }

  /** Makes two terms the same; where that cannot be expressed both are fixed, for `reason`. */
  unify(a: Term, b: Term, reason: Reason): void {
    let left = this.find(a);
    let right = this.find(b);
    if (left === right) return;
    if (this.state[left] === FREE) [left, right] = [right, left];
    // `right` is free whenever either is.
    if (this.state[right] === FREE) {
      if (this.state[left] === PRODUCT && this.contains(left, right)) this.meetFactor(left, right, reason);
      else this.parent[right] = left;
    } else if (this.state[left] === FIXED) {
      this.fix(right, this.reasons.get(left) as Reason);
    } else if (this.state[right] === FIXED) {
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
    for (let i = 0; i < a.length; i++) this.unify(a[i], b[i], reason);
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
    return this.state[root] === FREE ? root : -1;
  }

  isProduct(term: Term): boolean {
    return this.state[this.find(term)] === PRODUCT;
  }

  /** Whether the terms are atoms made together, none of which is the same as another yet. */
  areFresh(terms: Int32Array): boolean {
    for (let i = 0; i < terms.length; i++) {
      const term = terms[i];
      if (term !== terms[0] + i || this.parent[term] !== term || this.state[term] !== FREE) return false;
    }
    return true;
  }

  /** What an atom was made together with. */
  birthOf(atom: Term): number {
    return this.birth[atom];
  }

  /** What the outer factor of a product stands for, where somebody said. */
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
}

function countTo(length: number): Int32Array {
  const numbers = new Int32Array(length);
  for (let i = 0; i < length; i++) numbers[i] = i;
  return numbers;
}

const sameSet = (a: readonly Term[], b: readonly Term[]): boolean =>
  a.length === b.length && a.every((atom) => b.includes(atom));
