// Lists of values: exporters write what is chunked, stacked or collected in a loop that they unrolled as sequences. Where
// it is settled which values a list holds, whoever takes one from it reads that value, and the list is gone.

import { readsOf } from '../graph/query.ts';
import { tensorOf } from '../graph/tensor.ts';
import type { Attribute, Graph, GraphNode, Tensor } from '../graph/types.ts';
import { Unused } from '../graph/unused.ts';
import { Settled } from './settled.ts';
import type { Bindings } from './types.ts';

const makers = new Set([
  'SequenceConstruct',
  'SequenceEmpty',
  'SequenceErase',
  'SequenceInsert',
  'SplitToSequence',
]);
const takers = new Set(['ConcatFromSequence', 'SequenceAt', 'SequenceLength']);

/** Lists that are longer come from no exporter. */
const LONGEST = 10_000;

/** From this version on, sizes of parts and axes to squeeze are inputs. */
const SIZES_ARE_INPUTS = 13;

/** The graph with plain operators in place of those on sequences; the graph itself where none can be replaced. */
export function withoutSequences(graph: Graph, bindings?: Bindings): Graph {
  const any = graph.nodes.some(({ op, domain }) => domain === '' && takers.has(op));
  return any ? new TakingApart(graph, bindings).graph() : graph;
}

class TakingApart {
  private readonly given: Graph;
  private readonly settled: Settled;
  private readonly nodes: GraphNode[] = [];
  private readonly tensors: Map<string, Tensor>;
  private readonly unused: Unused;
  private readonly opset: number;
  /** The values in each list, by its name. */
  private readonly lists = new Map<string, readonly string[]>();
  /** The node that made each list, and its place among `nodes`. */
  private readonly origins = new Map<string, { readonly node: GraphNode; readonly at: number }>();

  constructor(given: Graph, bindings: Bindings | undefined) {
    this.given = given;
    this.settled = new Settled(given, bindings);
    this.tensors = new Map(given.tensors);
    this.opset = given.opsets.get('') ?? 1;
    this.unused = new Unused(given);
  }

  graph(): Graph {
    let replaced = 0;
    const needed = new Set(this.given.outputs.map(({ name }) => name));
    for (const node of this.given.nodes) {
      if (this.makes(node)) continue;
      if (this.takes(node)) replaced++;
      else {
        this.nodes.push(node);
        for (const name of readsOf(node)) needed.add(name);
      }
    }
    if (replaced === 0) return this.given;
    return { ...this.given, nodes: this.withLists(needed), tensors: this.tensors };
  }

  /** The nodes with lists that somebody still reads, made of their values. */
  private withLists(needed: ReadonlySet<string>): GraphNode[] {
    const nodes = [...this.nodes];
    for (const [name, { node, at }] of [...this.origins].reverse()) {
      if (!needed.has(name)) continue;
      const inputs = this.lists.get(name) ?? [];
      const stays = inputs.length === 0 || node.op === 'SequenceConstruct';
      const made = { ...node, id: this.unused.id(), op: 'SequenceConstruct', inputs, attributes: {} };
      nodes.splice(at, 0, stays ? node : made);
    }
    return nodes;
  }

  /** Whether the node makes a list whose values are known from here on. */
  private makes(node: GraphNode): boolean {
    const list = makers.has(node.op) && node.domain === '' ? this.listOf(node) : undefined;
    if (!list || list.length > LONGEST) return false;
    this.lists.set(node.outputs[0], list);
    this.origins.set(node.outputs[0], { node, at: this.nodes.length });
    return true;
  }

  private listOf(node: GraphNode): readonly string[] | undefined {
    const [first, second, third] = node.inputs;
    const list = this.lists.get(first);
    switch (node.op) {
      case 'SequenceConstruct':
        return node.inputs;
      case 'SequenceEmpty':
        return [];
      case 'SequenceInsert': {
        const at = list && this.position(third, list.length, list.length + 1);
        return list && at !== undefined ? list.toSpliced(at, 0, second) : undefined;
      }
      case 'SequenceErase': {
        const at = list && this.position(second, list.length - 1, list.length);
        return list && at !== undefined ? list.toSpliced(at, 1) : undefined;
      }
      default:
        return this.split(node);
    }
  }

  /** A position among `count` that a value states, from the end where it is negative. */
  private position(name: string | undefined, fallback: number, count: number): number | undefined {
    const stated = name ? this.settled.numbers(name)?.[0] : fallback;
    if (stated === undefined) return undefined;
    const at = stated < 0 ? stated + count : stated;
    return at >= 0 && at < count ? at : undefined;
  }

  private split(node: GraphNode): string[] | undefined {
    const [x, split] = node.inputs;
    const dims = this.settled.dims(x);
    const axis = numberOf(node, 'axis', 0);
    const length = dims?.[axis < 0 ? axis + dims.length : axis];
    const sizes = length === undefined ? undefined : this.partSizes(split, length);
    if (!sizes || sizes.length === 0 || sizes.length > LONGEST) return undefined;
    const parts = sizes.map((_, i) => this.unused.value(`${node.outputs[0]}/${i}`, node.name));
    this.add(node, 'Split', [x, ...this.listed(node, 'split', sizes)], parts, {
      axis,
      ...(this.opset < SIZES_ARE_INPUTS && { split: sizes }),
    });
    if (split || numberOf(node, 'keepdims', 1) !== 0) return parts;
    return parts.map((part) => this.onAxis(node, 'Squeeze', part, axis));
  }

  /** Equal parts with a shorter one at the end, parts of sizes that are listed, or single positions. */
  private partSizes(split: string | undefined, length: number): readonly number[] | undefined {
    if (!split) return length > LONGEST ? undefined : new Array<number>(length).fill(1);
    const stated = this.settled.numbers(split);
    const isList = this.settled.dims(split)?.length === 1;
    if (!stated || isList) return stated;
    const [size] = stated;
    if (!(size > 0) || length / size > LONGEST) return undefined;
    return Array.from({ length: Math.ceil(length / size) }, (_, i) => Math.min(size, length - i * size));
  }

  /** Whether the node takes something from a list that is known, and a plain one stands in its place. */
  private takes(node: GraphNode): boolean {
    const list = takers.has(node.op) && node.domain === '' ? this.lists.get(node.inputs[0]) : undefined;
    if (!list) return false;
    if (node.op === 'SequenceLength') {
      const [name] = node.outputs;
      this.tensors.set(name, tensorOf(name, 'int64', [], [list.length]));
      return true;
    }
    return node.op === 'SequenceAt' ? this.takeOne(node, list) : this.join(node, list);
  }

  private takeOne(node: GraphNode, list: readonly string[]): boolean {
    const at = this.position(node.inputs[1], 0, list.length);
    if (at === undefined) return false;
    this.add(node, 'Identity', [list[at]], node.outputs);
    return true;
  }

  private join(node: GraphNode, list: readonly string[]): boolean {
    if (list.length === 0) return false;
    const axis = numberOf(node, 'axis', 0);
    const stacked = numberOf(node, 'new_axis', 0) !== 0;
    const parts = stacked ? list.map((part) => this.onAxis(node, 'Unsqueeze', part, axis)) : list;
    this.add(node, 'Concat', parts, node.outputs, { axis });
    return true;
  }

  /** The value without, or with one more, axis of a single position. */
  private onAxis(node: GraphNode, op: 'Squeeze' | 'Unsqueeze', value: string, axis: number): string {
    const out = this.unused.value(`${value}/${op}`, node.name);
    this.add(node, op, [value, ...this.listed(node, 'axes', [axis])], [out], {
      ...(this.opset < SIZES_ARE_INPUTS && { axes: [axis] }),
    });
    return out;
  }

  /** Numbers as an input, where operators take them so. */
  private listed(node: GraphNode, what: string, numbers: readonly number[]): string[] {
    if (this.opset < SIZES_ARE_INPUTS) return [];
    const name = this.unused.value(`${node.name}/${what}`, node.name);
    this.tensors.set(name, tensorOf(name, 'int64', [numbers.length], numbers));
    return [name];
  }

  private add(
    { name }: GraphNode,
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): void {
    const id = this.unused.id();
    const own = this.unused.node(`${name}/${op}`, name);
    this.nodes.push({ id, name: own, op, domain: '', inputs, outputs, attributes });
  }
}

function numberOf({ attributes }: GraphNode, name: string, fallback: number): number {
  const value = attributes[name];
  return typeof value === 'number' ? value : fallback;
}
