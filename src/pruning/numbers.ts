// Sizes that reach a node as integers: the target of a Reshape, the parts of a Split, the bounds of a Slice.
// What the shrunk graph computes by itself is left alone. Else the constants behind the numbers are rewritten, through
// the joins and casts on the way, so that sizes which follow the input go on following it; only where that is
// impossible the numbers are written down as a constant.

import { type Inference, inferTypes } from '../analysis/fold.ts';
import type { Analysis } from '../analysis/types.ts';
import { withTensors } from '../graph/edit.ts';
import { type Wiring, wiringOf } from '../graph/query.ts';
import { elementCount, tensorOf, toNumbers } from '../graph/tensor.ts';
import type { Graph, GraphNode, Tensor } from '../graph/types.ts';
import { Unused } from '../graph/unused.ts';
import type { Problem } from '../lib/errors.ts';
import type { ValueType } from '../ops/op.ts';

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
  const inference = inferTypes(settled(graph, wanted, before), before.bindings);
  const disputed = new Set<string>();
  for (;;) {
    const disputes = disputed.size;
    const rewriting = new Rewriting(graph, inference, before, disputed);
    for (const [node, slots] of wanted)
      for (const [slot, values] of slots) rewriting.want({ node, slot }, values);
    const rewritten = rewriting.apply();
    if (disputed.size === disputes) return rewritten;
  }
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

/** Sizes to write down, and whether some are stuck at the present size of the input. */
interface Opened {
  readonly target: readonly number[];
  readonly stuck: boolean;
}

/** Operators that hand integers on unchanged, from their first input. */
const carriers = new Set(['Identity', 'Cast', 'CastLike', 'Unsqueeze', 'Squeeze', 'Reshape', 'Flatten']);

class Rewriting {
  private readonly graph: Graph;
  private readonly wiring: Wiring;
  /** Of the graph as it will be. */
  private readonly inference: Inference;
  private readonly before: Analysis;
  private readonly byNode: ReadonlyMap<number, GraphNode>;
  /** Places of nodes in the graph, by id. */
  private readonly order: ReadonlyMap<number, number>;
  private readonly demands = new Map<string, Demand[]>();
  private readonly tensors = new Map<string, Tensor>();
  private readonly inputs = new Map<number, string[]>();
  private readonly problems: Problem[] = [];
  private readonly unused: Unused;
  /** Values whose readers turned out to want different numbers: nothing is asked of what makes them. */
  private readonly disputed: Set<string>;

  constructor(graph: Graph, inference: Inference, before: Analysis, disputed: Set<string>) {
    this.graph = graph;
    this.inference = inference;
    this.before = before;
    this.disputed = disputed;
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
    const nodes = this.graph.nodes.map((node) => {
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
    const agreed = this.agreement(name, demands);
    if (tensor) {
      if (agreed) this.tensors.set(name, renumbered(tensor, name, agreed));
      else for (const { slot, values } of demands) this.give(slot, values, name, tensor);
    } else if (!agreed || !this.push(name, agreed)) {
      const follows = this.followsInput(name);
      if (demands[0].values.some((_, i) => follows(i))) this.disputed.add(name);
      for (const { slot, values } of demands) this.writeDown(slot, values, name);
    }
  }

  /** The numbers all readers of a value want, if they want the same. */
  private agreement(name: string, demands: readonly Demand[]): readonly number[] | undefined {
    const [{ values }] = demands;
    const same = demands.every((demand) => demand.values.every((value, i) => value === values[i]));
    const wanting = new Set(demands.map(({ slot }) => slot.node));
    const others = this.readersOf(name).some((node) => !wanting.has(node.id));
    const repeated = demands.some(
      ({ slot }) => this.timesRead(slot, name) > demands.filter((d) => d.slot.node === slot.node).length,
    );
    const leaves = this.graph.outputs.some((output) => output.name === name);
    return same && !others && !repeated && !leaves ? values : undefined;
  }

  /** Who works with the numbers of a value: their count, and whether one is -1, do not change. */
  private readersOf(name: string): readonly GraphNode[] {
    return this.wiring.consumers(name).filter(({ op }) => op !== 'Shape' && op !== 'Equal');
  }

  private timesRead(slot: Slot, name: string): number {
    return this.node(slot).inputs.filter((input) => input === name).length;
  }

  /** Asks the operator that makes the value for other numbers; false where it only follows its inputs' shapes. */
  private push(name: string, values: readonly number[]): boolean {
    const parts = this.behind(name, values);
    if (!parts?.every(([slot, part]) => this.canTake(slot, part))) return false;
    for (const [slot, part] of parts) this.want(slot, part);
    return true;
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
    const follows = this.followsInput(name);
    if (!values.some((_, i) => follows(i))) return true;
    return (
      !this.disputed.has(name) && (this.behind(name, values)?.every((part) => this.canTake(...part)) ?? false)
    );
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
      const follows = this.followsInput(inputs[slot]);
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
    const inputs = [...(this.inputs.get(slot.node) ?? this.node(slot).inputs)];
    while (inputs.length <= slot.slot) inputs.push('');
    inputs[slot.slot] = name;
    this.inputs.set(slot.node, inputs);
  }

  /**
   * Computed numbers become a constant. What follows the input goes on doing so where the operator has a way to say it: a
   * Reshape 0 (copied) or -1 (inferred), an Expand 1 (as long as it is).
   */
  private writeDown(slot: Slot, values: readonly number[], name: string): void {
    const node = this.node(slot);
    const { target, stuck } = this.opened(slot, values, name);
    if (stuck)
      this.problems.push({
        code: 'size-written-down',
        where: node.name,
        message: `"${node.name}" (${node.op}) computed its sizes from the input; they are now fixed to [${target}].`,
        hint: 'Run the smaller model at the input size it was pruned with.',
      });
    this.give(slot, target, node.name);
  }

  /** Tells of each element whether it changes with the sizes of the network's inputs. */
  private followsInput(name: string): (i: number) => boolean {
    if (this.graph.tensors.has(name)) return () => false;
    const here = this.before.known.get(name)?.values;
    const there = this.elsewhere().known(name)?.values;
    return (i) => here?.[i] !== there?.[i];
  }

  private other: Inference | undefined;

  /** The graph before the cut at twice every symbolic size, which divides as well as the present one. */
  private elsewhere(): Inference {
    const { graph, bindings } = this.before;
    this.other ??= inferTypes(
      graph,
      Object.fromEntries(Object.entries(bindings).map(([symbol, size]) => [symbol, 2 * size])),
    );
    return this.other;
  }

  private opened(slot: Slot, values: readonly number[], name: string): Opened {
    const node = this.node(slot);
    if (slot.slot === 1 && node.op === 'Expand') return this.openExpansion(node, values, name);
    if (slot.slot === 1 && node.op === 'Reshape') return this.openTarget(node, values, name);
    const follows = this.followsInput(name);
    return { target: values, stuck: values.some((_, i) => follows(i)) };
  }

  private openTarget(node: GraphNode, values: readonly number[], name: string): Opened {
    const follows = this.followsInput(name);
    const isAxis = this.isAxisOf(node.inputs[0], values, name);
    const copies = node.attributes.allowzero !== 1;
    const copied = values.map((value, i) => (copies && follows(i) && isAxis(i, i) ? 0 : value));
    const inferred = copied.findIndex((value, i) => value > 0 && follows(i));
    const target = inferred >= 0 && !copied.includes(-1) ? copied.with(inferred, -1) : copied;
    return { target, stuck: target.some((value, i) => value > 0 && follows(i)) };
  }

  /** Sizes are aligned with the data from the right. */
  private openExpansion({ inputs: [data] }: GraphNode, values: readonly number[], name: string): Opened {
    const follows = this.followsInput(name);
    const isAxis = this.isAxisOf(data, values, name);
    const before = values.length - (this.inference.types.get(data)?.dims.length ?? 0);
    const keeps = (i: number) => follows(i) && isAxis(i, i - before);
    return {
      target: values.map((value, i) => (keeps(i) ? 1 : value)),
      stuck: values.some((_, i) => follows(i) && !keeps(i)),
    };
  }

  /** Tells whether element `i` of the wanted sizes is the length of an axis of the data, at any size of the input. */
  private isAxisOf(
    data: string,
    values: readonly number[],
    name: string,
  ): (i: number, axis: number) => boolean {
    const here = this.inference.types.get(data)?.dims;
    const there = this.elsewhere().types.get(data)?.dims;
    const wantedThere = this.elsewhere().known(name)?.values;
    return (i, axis) => here?.[axis] === values[i] && there?.[axis] === wantedThere?.[i];
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
