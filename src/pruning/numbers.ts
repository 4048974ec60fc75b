// Sizes that reach a node as integers: the target of a Reshape, the parts of a Split, the bounds of a Slice.
// What the shrunk graph computes by itself is left alone. Else the constants behind the numbers are rewritten, through
// the joins and casts on the way, so that sizes which follow the input go on following it; where readers want different
// numbers, each gets a computation of its own. Only where that is impossible the numbers are written down as a constant.

import { type Inference, inferTypes } from '../analysis/fold.ts';
import type { Analysis } from '../analysis/types.ts';
import { withTensors } from '../graph/edit.ts';
import { type Wiring, wiringOf } from '../graph/query.ts';
import { elementCount, tensorOf, toNumbers } from '../graph/tensor.ts';
import type { Graph, GraphNode, Tensor } from '../graph/types.ts';
import { Unused } from '../graph/unused.ts';
import type { Problem } from '../lib/errors.ts';
import { grouped } from '../lib/grouped.ts';
import type { ValueType } from '../ops/op.ts';
import { InputSizes } from './input-sizes.ts';

/** By `GraphNode.id` and input slot. */
export type WantedNumbers = ReadonlyMap<number, ReadonlyMap<number, readonly number[]>>;

/**
 * @param graph cut already, but for the numbers wanted
 * @param before the graph that was cut: what follows its inputs goes on doing so
 */
export function rewriteNumbers(
  graph: Graph,
  wanted: WantedNumbers,
  before: Analysis,
): { graph: Graph; problems: readonly Problem[] } {
  if (wanted.size === 0) return { graph, problems: [] };
  const rewriting = new Rewriting(graph, inferTypes(settled(graph, wanted, before), before.bindings), before);
  for (const [node, slots] of wanted)
    for (const [slot, values] of slots) rewriting.want({ node, slot }, values);
  return rewriting.apply();
}

/** The graph with every wanted number in its place: what else it computes is what the finished one will. */
function settled(graph: Graph, wanted: WantedNumbers, { types }: Analysis): Graph {
  const tensors: Tensor[] = [];
  const nodes = graph.nodes.map((node) => {
    const slots = wanted.get(node.id);
    if (!slots) return node;
    const inputs = [...node.inputs];
    for (const [slot, values] of slots) {
      while (inputs.length <= slot) inputs.push('');
      const tensor = alike(types.get(inputs[slot]), `${node.id}/${slot}/settled`, values);
      tensors.push(tensor);
      inputs[slot] = tensor.name;
    }
    return { ...node, inputs };
  });
  return { ...withTensors(graph, tensors), nodes };
}

interface Slot {
  readonly node: number;
  readonly slot: number;
}

/** Everyone who wants other numbers from one value. */
interface Demand {
  readonly slot: Slot;
  readonly values: readonly number[];
}

/** Operators that hand integers on unchanged, from their first input. */
const carriers = new Set(['Identity', 'Cast', 'CastLike', 'Unsqueeze', 'Squeeze', 'Reshape', 'Flatten']);

class Rewriting {
  private readonly graph: Graph;
  private readonly wiring: Wiring;
  /** Of the graph as it will be. */
  private readonly inference: Inference;
  private readonly sizes: InputSizes;
  private readonly byNode: Map<number, GraphNode>;
  /** Places of nodes in the graph, by id. */
  private readonly order: ReadonlyMap<number, number>;
  private readonly demands = new Map<string, Demand[]>();
  private readonly tensors = new Map<string, Tensor>();
  private readonly inputs = new Map<number, string[]>();
  private readonly problems: Problem[] = [];
  private readonly unused: Unused;
  /** Nodes that compute for some readers what their originals compute for the others, by the ids of those. */
  private readonly copies = new Map<number, GraphNode[]>();

  constructor(graph: Graph, inference: Inference, before: Analysis) {
    this.graph = graph;
    this.inference = inference;
    this.sizes = new InputSizes(before, inference);
    this.wiring = wiringOf(graph);
    this.unused = new Unused(graph);
    this.byNode = new Map(graph.nodes.map((node) => [node.id, node]));
    this.order = new Map(graph.nodes.map((node, n) => [node.id, n]));
  }

  want(slot: Slot, values: readonly number[]): void {
    const name = this.nameAt(slot);
    if (name === '') {
      this.give(slot, values, `${this.node(slot).name}_sizes`);
      return;
    }
    if (this.holds(name, values)) return;
    const demands = this.demands.get(name) ?? [];
    demands.push({ slot, values });
    this.demands.set(name, demands);
  }

  apply(): { graph: Graph; problems: readonly Problem[] } {
    while (this.demands.size > 0) {
      const [name, demands] = this.nextDemand();
      this.demands.delete(name);
      this.meet(name, demands);
    }
    const nodes = this.graph.nodes
      .flatMap((node) => [node, ...this.copiesOf(node)])
      .map((node) => {
        const inputs = this.inputs.get(node.id);
        return inputs ? { ...node, inputs } : node;
      });
    const tensors = new Map([...this.graph.tensors, ...this.tensors]);
    return { graph: { ...this.graph, nodes, tensors }, problems: this.problems };
  }

  /** Values are met consumers first, so that all demands on a value are known when its turn comes. */
  private nextDemand(): [string, Demand[]] {
    const lateness = (name: string) => this.order.get(this.wiring.producer(name)?.id ?? -1) ?? -1;
    const [first, ...rest] = [...this.demands];
    return rest.reduce((latest, entry) => (lateness(entry[0]) > lateness(latest[0]) ? entry : latest), first);
  }

  private node({ node }: Slot): GraphNode {
    return this.byNode.get(node) as GraphNode;
  }

  private nameAt(slot: Slot): string {
    return this.inputs.get(slot.node)?.[slot.slot] ?? this.node(slot).inputs[slot.slot] ?? '';
  }

  private holds(name: string, values: readonly number[]): boolean {
    const known = this.inference.known(name)?.values;
    return known?.length === values.length && known.every((value, i) => value === values[i]);
  }

  private meet(name: string, demands: readonly Demand[]): void {
    const tensor = this.graph.tensors.get(name);
    const [wish, ...others] = grouped(demands, ({ values }) => values.join()).values();
    const [{ values }] = wish;
    const isEverybody = this.areAllReaders(name, demands);
    if (tensor && isEverybody && others.length === 0)
      this.tensors.set(name, renumbered(tensor, name, values));
    else if (tensor) for (const demand of demands) this.give(demand.slot, demand.values, name, tensor);
    else {
      if (!isEverybody || !this.push(name, values)) this.part(name, wish);
      for (const other of others) this.part(name, other);
    }
  }

  /** Gives readers numbers of their own: a constant that says as much, or what a copy of the operator makes. */
  private part(name: string, demands: readonly Demand[]): void {
    const [{ values }] = demands;
    const isStuck = demands.some(
      ({ slot }) => this.sizes.opened(this.node(slot), slot.slot, values, name).stuck,
    );
    const producer = this.wiring.producer(name);
    const parts = isStuck && producer ? this.takenBehind(name, values) : undefined;
    if (!producer || !parts) {
      for (const { slot } of demands) this.writeDown(slot, values, name);
      return;
    }
    const copy = this.copy(producer);
    for (const { slot } of demands) this.connect(slot, copy.outputs[0]);
    for (const [{ slot }, part] of parts) this.want({ node: copy.id, slot }, part);
  }

  private copy(node: GraphNode): GraphNode {
    const copy = {
      ...node,
      id: this.unused.id(),
      name: this.unused.node(`${node.name}_pruned`, node.name),
      outputs: node.outputs.map((name) => this.unused.value(`${name}_pruned`, node.name)),
    };
    this.byNode.set(copy.id, copy);
    this.copies.set(node.id, [...this.copiesOf(node), copy]);
    return copy;
  }

  private copiesOf({ id }: GraphNode): readonly GraphNode[] {
    return this.copies.get(id) ?? [];
  }

  /** Whether nobody but these works with the value as it is. */
  private areAllReaders(name: string, demands: readonly Demand[]): boolean {
    const wanting = new Set(demands.map(({ slot }) => slot.node));
    const others = this.readersOf(name).some((node) => !wanting.has(node.id));
    const repeated = demands.some(
      ({ slot }) => this.timesRead(slot, name) > demands.filter((d) => d.slot.node === slot.node).length,
    );
    const leaves = this.graph.outputs.some((output) => output.name === name);
    return !others && !repeated && !leaves;
  }

  /** Who works with the numbers of a value: their count, and whether one is -1, do not change. */
  private readersOf(name: string): readonly GraphNode[] {
    return this.wiring
      .consumers(name)
      .filter(({ op }) => op !== 'Shape' && op !== 'Equal')
      .flatMap((node) => [node, ...this.copiesOf(node)]);
  }

  private timesRead(slot: Slot, name: string): number {
    return this.node(slot).inputs.filter((input) => input === name).length;
  }

  /** Asks the operator that makes the value for other numbers; false where it only follows its inputs' shapes. */
  private push(name: string, values: readonly number[]): boolean {
    const parts = this.takenBehind(name, values);
    for (const [slot, part] of parts ?? []) this.want(slot, part);
    return parts !== undefined;
  }

  private takenBehind(name: string, values: readonly number[]) {
    const parts = this.behind(name, values);
    return parts?.every((part) => this.canTake(...part)) ? parts : undefined;
  }

  /**
   * Whether other numbers can be had at a slot: it holds them already, constants lie behind it, or what is computed there
   * does not follow the input and may become a constant.
   */
  private canTake(slot: Slot, values: readonly number[]): boolean {
    const name = this.nameAt(slot);
    if (this.holds(name, values)) return true;
    const tensor = this.graph.tensors.get(name);
    if (tensor) return elementCount(tensor.dims) === values.length;
    const follows = this.sizes.follows(name);
    if (!values.some((_, i) => follows(i))) return true;
    return this.takenBehind(name, values) !== undefined;
  }

  /** What the inputs of the operator that makes a value would have to be; `undefined` where that cannot be told. */
  private behind(name: string, values: readonly number[]): [Slot, readonly number[]][] | undefined {
    const producer = this.wiring.producer(name);
    if (!producer) return undefined;
    if (carriers.has(producer.op)) return [[{ node: producer.id, slot: 0 }, values]];
    if (producer.op === 'Where') return this.behindChoice(producer, name, values);
    if (producer.op === 'Mul') return this.behindMultiple(producer, values);
    return producer.op === 'Concat' ? this.behindConcat(producer, values) : undefined;
  }

  private behindConcat(
    { id, inputs }: GraphNode,
    values: readonly number[],
  ): [Slot, readonly number[]][] | undefined {
    const parts: [Slot, readonly number[]][] = [];
    let at = 0;
    for (const [slot, input] of inputs.entries()) {
      const length = this.inference.known(input)?.values.length;
      if (length === undefined) return undefined;
      parts.push([{ node: id, slot }, values.slice(at, at + length)]);
      at += length;
    }
    return at === values.length ? parts : undefined;
  }

  /** PyTorch writes the sizes of an Expand as Where(sizes = -1, 1, sizes). */
  private behindChoice(
    { id, inputs }: GraphNode,
    name: string,
    values: readonly number[],
  ): [Slot, readonly number[]][] | undefined {
    const [condition, , sizes] = inputs.map((input) => this.inference.known(input)?.values);
    const present = this.inference.known(name)?.values;
    if (sizes?.length !== values.length || condition?.length !== values.length) return undefined;
    if (values.some((value, i) => condition[i] && value !== present?.[i])) return undefined;
    return [[{ node: id, slot: 2 }, values.map((value, i) => (condition[i] ? sizes[i] : value))]];
  }

  /** So many channels for each position of the input, as where heads are laid beside the batch: batch · heads. */
  private behindMultiple(
    { id, inputs }: GraphNode,
    values: readonly number[],
  ): [Slot, readonly number[]][] | undefined {
    for (const [slot, other] of [inputs[1], inputs[0]].entries()) {
      const multiples = this.inference.known(other)?.values ?? [];
      const counts = values.map((value, i) => value / multiples[i]);
      const follows = this.sizes.follows(inputs[slot]);
      if (counts.every((count, i) => Number.isInteger(count) && !follows(i)))
        return [[{ node: id, slot }, counts]];
    }
    return undefined;
  }

  /** A new constant for one slot. */
  private give(slot: Slot, values: readonly number[], stem: string, model?: Tensor): void {
    const name = this.unused.value(`${stem}_pruned`, this.node(slot).name);
    const type = this.inference.types.get(this.nameAt(slot));
    const tensor = model ? renumbered(model, name, values) : alike(type, name, values);
    this.tensors.set(name, tensor);
    this.connect(slot, name);
  }

  private connect(slot: Slot, name: string): void {
    const inputs = [...(this.inputs.get(slot.node) ?? this.node(slot).inputs)];
    while (inputs.length <= slot.slot) inputs.push('');
    inputs[slot.slot] = name;
    this.inputs.set(slot.node, inputs);
  }

  /** Computed numbers become a constant. */
  private writeDown(slot: Slot, values: readonly number[], name: string): void {
    const node = this.node(slot);
    const { target, stuck } = this.sizes.opened(node, slot.slot, values, name);
    if (stuck)
      this.problems.push({
        code: 'size-written-down',
        where: node.name,
        message: `"${node.name}" (${node.op}) computed its sizes from the input; they are now fixed to [${target}].`,
        hint: 'Run the smaller model at the input size it was pruned with.',
      });
    this.give(slot, target, node.name);
  }
}

/** Other numbers for a constant. */
function renumbered(model: Tensor, name: string, values: readonly number[]): Tensor {
  const tensor = alike(model, name, values);
  const unchanged = model.name === name && model.bytes && toNumbers(model).every((v, i) => v === values[i]);
  return unchanged && tensor.dims === model.dims ? model : tensor;
}

/** A constant of a given type, and of its shape where the count allows; else a list. */
function alike(type: ValueType | undefined, name: string, values: readonly number[]): Tensor {
  const { dtype = 'int64', dims = [values.length] } = type ?? {};
  return tensorOf(name, dtype, elementCount(dims) === values.length ? dims : [values.length], values);
}
