// Runs every operator's `terms` rule in graph order and keeps the axes of every value. What no rule speaks for
// (unknown operators, control flow, values of unknown type) is fixed, with the reason.

import { isSubgraph } from '../graph/query.ts';
import { elementSize, isFloat } from '../graph/tensor.ts';
import type { Graph, GraphNode } from '../graph/types.ts';
import { ModelError, type Problem } from '../lib/errors.ts';
import type { Axis, Equations, ProductKind } from '../ops/op.ts';
import { resolve, type TermAxis } from './axis.ts';
import { type BoundNode, type Inference, InferredNode } from './fold.ts';
import { Terms } from './terms.ts';

export interface Solution {
  readonly terms: Terms;
  readonly problems: readonly Problem[];
  /** Axes of every value and constant of known type, resolved. */
  axesOf(name: string): readonly TermAxis[];
  /** Names that have axes. */
  names(): IterableIterator<string>;
}

/** States and solves the channel equations of the whole graph. */
export function solve(graph: Graph, inference: Inference): Solution {
  const solver = new Solver(graph, inference);
  for (const input of graph.inputs) solver.fixValue(input.name, 'it is an input of the network', input.name);
  for (const node of graph.nodes) solver.visit(node);
  for (const output of graph.outputs)
    solver.fixValue(output.name, 'it is an output of the network', output.name);
  solver.terms.atoms.settle();
  return solver;
}

/** Where the axes of a rule's inputs come from and those of its outputs go. */
export interface AxisStore {
  readonly terms: Terms;
  axesOf(name: string): readonly TermAxis[];
  set(name: string, axes: readonly TermAxis[]): void;
}

/** Lets the rule of one node state its equations. @throws ModelError or RangeError when it cannot */
export function stateEquations(bound: BoundNode, store: AxisStore, inference: Inference): void {
  bound.operator.terms(new NodeEquations(bound, store, inference) as never);
}

/** Texts, complex numbers, floats of 8 bits: the file's bytes are carried through. */
const UNCUTTABLE = 'its elements are of a type that this program does not cut';

class Solver implements Solution, AxisStore {
  readonly terms = new Terms();
  readonly problems: Problem[] = [];
  readonly inference: Inference;
  private readonly axes = new Map<string, readonly TermAxis[]>();
  private readonly constants: Graph['tensors'];

  constructor(graph: Graph, inference: Inference) {
    this.inference = inference;
    this.constants = graph.tensors;
  }

  names(): IterableIterator<string> {
    return this.axes.keys();
  }

  axesOf(name: string): readonly TermAxis[] {
    const known = this.axes.get(name);
    if (known) return known.some(isLinked) ? this.relinked(name, known) : known;
    const tensor = this.constants.get(name);
    if (!tensor) return [];
    const axes = tensor.dims.map((length) =>
      elementSize(tensor.dtype) > 0 ? this.terms.open(length) : this.terms.fixed(length, UNCUTTABLE),
    );
    this.axes.set(name, axes);
    return axes;
  }

  private relinked(name: string, axes: readonly TermAxis[]): readonly TermAxis[] {
    const resolved = axes.map(resolve);
    this.axes.set(name, resolved);
    return resolved;
  }

  set(name: string, axes: readonly TermAxis[]): void {
    this.axes.set(name, axes);
  }

  fixValue(name: string, why: string, node: string): void {
    this.terms.node = node;
    const known = this.axes.has(name) || this.constants.has(name);
    if (known) for (const axis of this.axesOf(name)) this.terms.fix(axis, why);
    else this.declareFixed(name, why);
  }

  private declareFixed(name: string, why: string): void {
    const type = this.inference.types.get(name);
    if (type)
      this.axes.set(
        name,
        type.dims.map((length) => this.terms.fixed(length, why)),
      );
  }

  visit(node: GraphNode): void {
    this.terms.node = node.name;
    const bound = this.inference.bound(node.id);
    if (!bound) {
      this.freeze(node, this.inference.whyUnbound(node));
      return;
    }
    if (this.isShapeArithmetic(node)) {
      for (const name of node.outputs) this.declareFixed(name, 'it is computed from shapes');
      return;
    }
    try {
      stateEquations(bound, this, this.inference);
    } catch (error) {
      if (!(error instanceof ModelError || error instanceof RangeError)) throw error;
      this.problems.push({ code: 'no-equations', where: node.name, message: error.message });
      this.freeze(node, error.message);
    }
    for (const name of node.outputs)
      if (name !== '' && !this.axes.has(name)) this.declareFixed(name, `"${node.name}" does not say`);
  }

  /** Integers and booleans the host knows already: sizes, indices, masks. */
  private isShapeArithmetic(node: GraphNode): boolean {
    return node.outputs.every((name) => {
      const value = this.inference.folded.get(name);
      return name === '' || (value !== undefined && !isFloat(value.dtype));
    });
  }

  private freeze(node: GraphNode, why: string): void {
    const captured = Object.values(node.attributes).flatMap((attribute) =>
      isSubgraph(attribute) ? attribute.captures : [],
    );
    for (const name of [...node.inputs, ...captured]) if (name !== '') this.fixValue(name, why, node.name);
    for (const name of node.outputs) if (name !== '') this.declareFixed(name, why);
  }
}

const isLinked = (axis: TermAxis): boolean => axis.link !== undefined;

/** What one operator's rule sees and says. */
class NodeEquations extends InferredNode implements Equations<never> {
  private readonly store: AxisStore;

  constructor({ view }: BoundNode, store: AxisStore, inference: Inference) {
    super(view, inference);
    this.store = store;
  }

  axes(i: number): readonly Axis[] {
    return this.store.axesOf(this.node.inputs[i]);
  }

  out(o: number, axes: readonly Axis[]): void {
    const name = this.node.outputs[o];
    if (!name) return;
    const dims = this.outShape(o);
    if (axes.length !== dims.length || axes.some((axis, i) => axis.length !== dims[i]))
      throw new RangeError(
        `"${this.node.name}" (${this.node.op}) states axes that do not fit its output's shape`,
      );
    this.store.set(name, axes as readonly TermAxis[]);
  }

  free(length: number): Axis {
    return this.store.terms.open(length);
  }

  fixed(length: number, why: string): Axis {
    return this.store.terms.fixed(length, why);
  }

  fix(axis: Axis, why: string): void {
    this.store.terms.fix(axis as TermAxis, why);
  }

  same(a: Axis, b: Axis): Axis {
    return this.store.terms.same(a as TermAxis, b as TermAxis);
  }

  product(factors: readonly Axis[]): Axis {
    return this.store.terms.product(factors as readonly TermAxis[]);
  }

  split(axis: Axis, lengths: readonly number[], kind?: ProductKind): Axis[] {
    return this.store.terms.split(axis as TermAxis, lengths, kind);
  }

  concat(axes: readonly Axis[]): Axis {
    return this.store.terms.concat(axes as readonly TermAxis[]);
  }

  select(axis: Axis, positions: ArrayLike<number>): Axis {
    return this.store.terms.select(axis as TermAxis, positions);
  }
}
