// What runs in which order of axes. tfjs computes with channels last, files mostly state them first: a plan gives every
// value the order its producer makes best, and a step asks for a rearranged copy only where it needs another one.
// A Transpose moves nothing: its output is the same elements under another order.

import type { Inference, InferredNode } from '../analysis/fold.ts';
import { elementCount } from '../graph/tensor.ts';
import type { Graph, GraphNode } from '../graph/types.ts';
import type { HostTensor, Layout, Operator } from '../ops/op.ts';
import { asStated, channelsLast, inverse, isStated, type Order } from './orders.ts';

/** One input of a step: a value, and the order (perhaps of a higher rank) in which the step wants it. */
export interface Read {
  readonly value: string;
  readonly order: Order;
}

export interface Step {
  readonly node: GraphNode;
  readonly operator: Operator;
  readonly view: InferredNode;
  /** For a Transpose: its permutation. The output is the input under another order; nothing is computed. */
  readonly relabels: Order | undefined;
  /** By input slot; `undefined` for an omitted input. */
  readonly reads: readonly (Read | undefined)[];
  /** Order of input 0 as the step gets it. */
  readonly order: Order;
  /** Whether outputs of the same rank come in that order, too; else they come as stated. */
  readonly follows: boolean;
  /** Values that no later step reads. */
  readonly frees: readonly string[];
}

export interface Plan {
  readonly steps: readonly Step[];
  readonly inference: Inference;
  /** Values computed on the host: no step makes them. */
  readonly folded: ReadonlyMap<string, HostTensor>;
}

/** Names of values, as sets and maps tell them. */
export interface Names {
  has(name: string): boolean;
}

const none: Names = new Set();

/**
 * Plans the nodes that `wanted` needs.
 * @param graph the graph that `inference` is of
 * @param constants orders in which constants are held; one that is not there yet is decided here by its first reader
 * @param variable whether a constant may change, so that nothing which depends on it is computed in advance
 * @param present values that whoever runs the plan brings, in the order of the file: no step makes them
 */
export function planOf(
  graph: Graph,
  inference: Inference,
  wanted: readonly string[],
  constants: Map<string, Order>,
  variable: (constant: string) => boolean,
  present: Names = none,
): Plan {
  const folded = fixedValues(graph, inference, variable, present);
  const nodes = neededNodes(graph, wanted, { has: (name) => folded.has(name) || present.has(name) });
  const planner = new Planner(graph, inference, folded, constants);
  const steps = nodes.map((node) => planner.step(node));
  return { steps: withFrees(steps, wanted), inference, folded };
}

/** The nodes that the wanted values come from, in graph order; values that are there already come from nowhere. */
export function neededNodes(graph: Graph, wanted: Iterable<string>, present: Names = none): GraphNode[] {
  const needed = new Set(wanted);
  const nodes: GraphNode[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((name) => needed.has(name) && !present.has(name))) continue;
    nodes.push(node);
    for (const name of node.inputs) if (name !== '') needed.add(name);
  }
  return nodes.reverse();
}

/** What was folded without the help of a constant that training may change, or is present as it is now. */
function fixedValues(
  graph: Graph,
  inference: Inference,
  variable: (constant: string) => boolean,
  present: Names,
): Map<string, HostTensor> {
  const changing = new Set([...graph.tensors.keys()].filter(variable));
  const out = new Map(inference.folded);
  for (const node of graph.nodes) {
    const fromTypes = inference.bound(node.id)?.operator.foldsFromTypes;
    if (fromTypes || !node.inputs.some((name) => changing.has(name))) continue;
    for (const name of node.outputs) {
      if (present.has(name)) continue;
      changing.add(name);
      out.delete(name);
    }
  }
  return out;
}

/** Tells each step which values it is the last to read. */
function withFrees(steps: readonly Step[], wanted: readonly string[]): Step[] {
  const alive = new Set(wanted);
  return steps
    .toReversed()
    .map((step) => {
      const names = [...step.reads.flatMap((read) => (read ? [read.value] : [])), ...step.node.outputs];
      const frees = [...new Set(names)].filter((name) => name !== '' && !alive.has(name));
      for (const name of names) alive.add(name);
      return { ...step, frees };
    })
    .reverse();
}

class Planner {
  private readonly graph: Graph;
  private readonly inference: Inference;
  private readonly folded: ReadonlyMap<string, HostTensor>;
  private readonly constants: Map<string, Order>;
  /** Orders of computed values. */
  private readonly computed = new Map<string, Order>();
  /** Transposes of constants: their order follows from that of the constant, which may be decided later. */
  private readonly views = new Map<string, { readonly constant: string; readonly permutation: Order }>();

  constructor(
    graph: Graph,
    inference: Inference,
    folded: ReadonlyMap<string, HostTensor>,
    constants: Map<string, Order>,
  ) {
    this.graph = graph;
    this.inference = inference;
    this.folded = folded;
    this.constants = constants;
  }

  step(node: GraphNode): Step {
    const { operator, view } = this.inference.bound(node.id)!;
    if (node.op === 'Transpose' && operator.domain === undefined)
      return this.relabelling(node, operator, view);
    const layout: Layout =
      typeof operator.layout === 'function' ? operator.layout(view as never) : operator.layout;
    const order = this.orderOf(node, view, layout);
    const reads = node.inputs.map((value, i) => {
      if (value === '') return undefined;
      const wanted = wantedOrder(operator, view, layout, i, order);
      this.decide(value, wanted);
      return { value, order: wanted };
    });
    const follows = layout !== 'logical';
    node.outputs.forEach((name, o) => {
      const { length } = view.outShape(o);
      this.computed.set(name, follows && length === order.length ? order : asStated(length));
    });
    return { node, operator, view, relabels: undefined, reads, order, follows, frees: [] };
  }

  /** The order in which a node takes its first input and makes its outputs. */
  private orderOf(node: GraphNode, view: InferredNode, layout: Layout): Order {
    const rank = view.has(0) ? view.shape(0).length : 0;
    switch (layout) {
      case 'logical':
        return asStated(rank);
      case 'channels-last':
        return channelsLast(rank);
      case 'axes':
        return this.prevailing(node, view, rank);
      case 'elementwise':
        return this.prevailing(node, view, view.outShape(0).length);
    }
  }

  /** The order of the largest input of this rank; among equals, one that is not the file's was made for a reason. */
  private prevailing(node: GraphNode, view: InferredNode, rank: number): Order {
    let best = asStated(rank);
    let size = -1;
    node.inputs.forEach((name, i) => {
      if (name === '' || this.folded.has(name) || this.isOpen(name)) return;
      const dims = view.shape(i);
      if (dims.length !== rank) return;
      const count = elementCount(dims);
      if (count < size || (count === size && !isStated(best))) return;
      best = this.held(name, rank);
      size = count;
    });
    return best;
  }

  /** The first reader of a constant decides how it is held. */
  private decide(name: string, order: Order): void {
    if (!this.isOpen(name)) return;
    const rank = this.inference.types.get(name)?.dims.length ?? 0;
    const own = order.length === rank ? order : asStated(rank);
    const view = this.views.get(name);
    if (view) this.constants.set(view.constant, unlabelled(own, view.permutation));
    else this.constants.set(name, own);
  }

  private isOpen(name: string): boolean {
    const constant = this.views.get(name)?.constant ?? name;
    return this.graph.tensors.has(constant) && !this.constants.has(constant);
  }

  private held(name: string, rank: number): Order {
    const view = this.views.get(name);
    if (view) return relabelled(this.constants.get(view.constant) ?? asStated(rank), view.permutation);
    return this.constants.get(name) ?? this.computed.get(name) ?? asStated(rank);
  }

  private relabelling(node: GraphNode, operator: Operator, view: InferredNode): Step {
    const [source] = node.inputs;
    const [target] = node.outputs;
    const rank = view.shape(0).length;
    const permutation = permutationOf(view, rank);
    const through = this.views.get(source);
    if (through)
      this.views.set(target, {
        ...through,
        permutation: permutation.map((axis) => through.permutation[axis]),
      });
    else if (this.graph.tensors.has(source)) this.views.set(target, { constant: source, permutation });
    const order = this.held(source, rank);
    this.computed.set(target, relabelled(order, permutation));
    return {
      node,
      operator,
      view,
      relabels: permutation,
      reads: [{ value: source, order }],
      order,
      follows: false,
      frees: [],
    };
  }
}

/** The order in which a node wants its input `i`, given the one in which it works. */
function wantedOrder(operator: Operator, view: InferredNode, layout: Layout, i: number, order: Order): Order {
  const { length } = view.shape(i);
  const own = operator.weightOrder?.(view as never, i);
  if (own) return own;
  switch (layout) {
    case 'elementwise':
      return isStated(order) || length === 0 ? asStated(length) : order;
    case 'axes':
      return length === order.length ? order : asStated(length);
    case 'channels-last':
      return i === 0 ? order : asStated(length);
    case 'logical':
      return asStated(length);
  }
}

/** Output axis `i` is input axis `permutation[i]`. */
function permutationOf(view: InferredNode, rank: number): Order {
  const { perm } = view.attrs as { perm?: readonly number[] };
  return perm ?? asStated(rank).toReversed();
}

/** The order of a transposed value whose elements stay where they are. */
export function relabelled(order: Order, permutation: Order): Order {
  const places = inverse(permutation);
  return order.map((axis) => places[axis]);
}

/** The order of the value that gives `order` once transposed. */
const unlabelled = (order: Order, permutation: Order): Order => order.map((axis) => permutation[axis]);
