// What a removal asks of the nodes, before anything is cut: new shapes, and the sizes that operators store as data.
// Surgery writes it into the graph; `costAfter` prices it without touching a weight.

import type { Analysis, Removal } from '../analysis/types.ts';
import { elementCount, isFloat, storedBytes } from '../graph/tensor.ts';
import type { GraphNode } from '../graph/types.ts';
import { type HostTensor, type NodeView, type Operator, type ResizeView, readAttrs } from '../ops/op.ts';
import type { Kept } from './gather.ts';
import type { WantedNumbers } from './numbers.ts';

/** A rewritten attribute; `undefined` takes it away. */
export type NewAttributes = ReadonlyMap<string, number | readonly number[] | undefined>;

export interface Resizing {
  readonly kept: ReadonlyMap<string, Kept>;
  /** By `GraphNode.id`. */
  readonly attributes: ReadonlyMap<number, NewAttributes>;
  readonly numbers: WantedNumbers;
}

/** Asks every node whose sizes may change what it needs rewritten. */
export function resize(analysis: Analysis, removal: Removal): Resizing {
  return resizeNodes(analysis, removal, resizedNodes);
}

function resizeNodes(
  analysis: Analysis,
  removal: Removal,
  nodesOf: (analysis: Analysis, kept: ReadonlyMap<string, Kept>) => readonly GraphNode[],
): Resizing {
  const kept = analysis.kept(removal);
  const attributes = new Map<number, NewAttributes>();
  const numbers = new Map<number, ReadonlyMap<number, readonly number[]>>();
  for (const node of nodesOf(analysis, kept)) {
    const bound = analysis.view(node.id);
    if (!bound) continue;
    const view = new ResizedNode(bound.view, analysis, kept);
    bound.operator.resize(view);
    if (view.attributes.size > 0) attributes.set(node.id, view.attributes);
    if (view.wanted.size > 0) numbers.set(node.id, view.wanted);
  }
  return { kept, attributes, numbers };
}

/** Nodes that a removal touches, and those whose sizes the graph computes: perhaps from an axis that shrinks. */
function resizedNodes({ graph, known }: Analysis, kept: ReadonlyMap<string, Kept>): GraphNode[] {
  if (kept.size === 0) return [];
  const computed = (name: string) => known.has(name) && !graph.tensors.has(name);
  const isSize = (name: string) => {
    const value = known.get(name);
    return value !== undefined && !isFloat(value.dtype);
  };
  return graph.nodes.filter(
    ({ inputs, outputs }) =>
      touches(kept, inputs, outputs) || (inputs.some(computed) && !outputs.every(isSize)),
  );
}

const touches = (kept: ReadonlyMap<string, Kept>, ...names: readonly (readonly string[])[]): boolean =>
  names.some((list) => list.some((name) => kept.has(name)));

const touchedNodes = ({ graph }: Analysis, kept: ReadonlyMap<string, Kept>): GraphNode[] =>
  graph.nodes.filter(({ inputs, outputs }) => touches(kept, inputs, outputs));

const lengthsAfter = (dims: readonly number[], kept: Kept | undefined): readonly number[] =>
  kept ? dims.map((length, axis) => kept[axis]?.length ?? length) : dims;

class ResizedNode implements ResizeView<never> {
  readonly attributes = new Map<string, number | readonly number[] | undefined>();
  readonly wanted = new Map<number, readonly number[]>();
  private readonly before: NodeView<never>;
  private readonly types: Analysis['types'];
  private readonly surviving: ReadonlyMap<string, Kept>;

  constructor(before: NodeView<never>, { types }: Analysis, surviving: ReadonlyMap<string, Kept>) {
    this.before = before;
    this.types = types;
    this.surviving = surviving;
  }

  get node(): GraphNode {
    return this.before.node;
  }
  get attrs(): never {
    return this.before.attrs;
  }
  get opset(): number {
    return this.before.opset;
  }
  get inputs(): number {
    return this.before.inputs;
  }
  get outputs(): number {
    return this.before.outputs;
  }

  has(i: number): boolean {
    return this.before.has(i);
  }
  shape(i: number): readonly number[] {
    return this.before.shape(i);
  }
  dtype(i: number) {
    return this.before.dtype(i);
  }
  known(i: number): HostTensor | undefined {
    return this.before.known(i);
  }
  numbers(i: number): readonly number[] {
    return this.before.numbers(i);
  }

  outShape(o: number): readonly number[] {
    return this.types.get(this.node.outputs[o])?.dims ?? [];
  }
  newShape(i: number): readonly number[] {
    return lengthsAfter(this.shape(i), this.surviving.get(this.node.inputs[i]));
  }
  newOutShape(o: number): readonly number[] {
    return lengthsAfter(this.outShape(o), this.surviving.get(this.node.outputs[o]));
  }
  kept(i: number, axis: number): ArrayLike<number> | undefined {
    return this.surviving.get(this.node.inputs[i])?.[axis];
  }
  keptOut(o: number, axis: number): ArrayLike<number> | undefined {
    return this.surviving.get(this.node.outputs[o])?.[axis];
  }

  set(attribute: string, value: number | readonly number[] | undefined): void {
    this.attributes.set(attribute, value);
  }
  setNumbers(i: number, values: readonly number[]): void {
    this.wanted.set(i, values);
  }
}

/** The node with its attributes rewritten. */
export function withAttributes(node: GraphNode, changed: NewAttributes): GraphNode {
  const attributes = { ...node.attributes };
  for (const [name, value] of changed)
    if (value === undefined) delete attributes[name];
    else attributes[name] = value;
  return { ...node, attributes };
}

// ---------------------------------------------------------------- what it saves

export interface Cost {
  readonly params: number;
  readonly macs: number;
  /** Size of the constants in the file. */
  readonly bytes: number;
}

/** What the network costs as it is. */
export function costOf({ graph, params, macs }: Analysis): Cost {
  let bytes = 0;
  for (const { dtype, dims, bytes: own } of graph.tensors.values())
    if (own) bytes += storedBytes(dtype, elementCount(dims));
  return { params, macs, bytes };
}

/** What the network would cost after a removal: exactly what analysis finds once it is cut. */
export function costAfter(
  analysis: Analysis,
  removal: Removal,
  resizing: Resizing = resizeNodes(analysis, removal, touchedNodes),
): Cost {
  const before = costOf(analysis);
  const { params, bytes } = shrunkConstants(analysis, resizing.kept);
  return {
    params: before.params - params,
    macs: before.macs - savedMacs(analysis, resizing),
    bytes: before.bytes - bytes,
  };
}

/** MACs by node, asked for again and again. */
const macsByNode = new WeakMap<Analysis, ReadonlyMap<number, number>>();

function macsOf(analysis: Analysis): ReadonlyMap<number, number> {
  const found = macsByNode.get(analysis);
  if (found) return found;
  const macs = new Map(analysis.costs.map((cost) => [cost.node, cost.macs]));
  macsByNode.set(analysis, macs);
  return macs;
}

function shrunkConstants(
  { graph, learned }: Analysis,
  kept: ReadonlyMap<string, Kept>,
): { params: number; bytes: number } {
  let params = 0;
  let bytes = 0;
  for (const [name, axes] of kept) {
    const tensor = graph.tensors.get(name);
    if (!tensor) continue;
    const { dtype, dims } = tensor;
    const [size, left] = [elementCount(dims), elementCount(lengthsAfter(dims, axes))];
    if (tensor.bytes) bytes += storedBytes(dtype, size) - storedBytes(dtype, left);
    params += (size - left) * (learned.get(name) ?? 0);
  }
  return { params, bytes };
}

function savedMacs(analysis: Analysis, resizing: Resizing): number {
  const macs = macsOf(analysis);
  let saved = 0;
  for (const node of touchedNodes(analysis, resizing.kept)) {
    const before = macs.get(node.id) ?? 0;
    const bound = analysis.view(node.id);
    if (before === 0 || !bound) continue;
    saved += before - bound.operator.macs(new PrunedNode(bound.operator, bound.view, analysis, resizing));
  }
  return saved;
}

/** A node as it will be after the cut, for the `macs` rule. */
class PrunedNode implements NodeView<never> {
  readonly node: GraphNode;
  readonly attrs: never;
  readonly opset: number;
  private readonly before: NodeView<never>;
  private readonly types: Analysis['types'];
  private readonly resizing: Resizing;

  constructor(operator: Operator, before: NodeView<never>, { types }: Analysis, resizing: Resizing) {
    const changed = resizing.attributes.get(before.node.id);
    this.node = changed ? withAttributes(before.node, changed) : before.node;
    this.attrs = (changed ? readAttrs(operator.attrs, this.node.attributes) : before.attrs) as never;
    this.opset = before.opset;
    this.before = before;
    this.types = types;
    this.resizing = resizing;
  }

  get inputs(): number {
    return this.before.inputs;
  }
  get outputs(): number {
    return this.before.outputs;
  }
  has(i: number): boolean {
    return this.before.has(i);
  }
  dtype(i: number) {
    return this.before.dtype(i);
  }
  shape(i: number): readonly number[] {
    return lengthsAfter(this.before.shape(i), this.resizing.kept.get(this.node.inputs[i]));
  }
  outShape(o: number): readonly number[] {
    const name = this.node.outputs[o];
    return lengthsAfter(this.types.get(name)?.dims ?? [], this.resizing.kept.get(name));
  }
  known(i: number): HostTensor | undefined {
    const values = this.resizing.numbers.get(this.node.id)?.get(i);
    const known = this.before.known(i);
    return values ? { dtype: known?.dtype ?? 'int64', dims: [values.length], values } : known;
  }
  numbers(i: number): readonly number[] {
    return this.resizing.numbers.get(this.node.id)?.get(i) ?? this.before.numbers(i);
  }
}
