// What a pruned network has to equal, without any surgery: the original network in which every position that goes is
// held at zero, value by value, by a Where behind the node that makes it. Weights stay as they are. Where a
// normalisation or a mean runs over such positions, it is written out over those that stay.

import { elementCount, encodeNumbers } from '../../../src/graph/tensor.ts';
import type { Attribute, Graph, GraphNode, Tensor } from '../../../src/graph/types.ts';
import type { ValueType } from '../../../src/ops/op.ts';

type Kept = readonly (ArrayLike<number> | undefined)[];

/** @param kept surviving positions of every axis that loses some, by name of value */
export function maskedOriginal(
  graph: Graph,
  types: ReadonlyMap<string, ValueType>,
  kept: ReadonlyMap<string, Kept>,
): Graph {
  const masking = new Masking(graph, types, kept);
  for (const node of graph.nodes) masking.add(node);
  return { ...graph, nodes: masking.nodes, tensors: masking.tensors };
}

class Masking {
  readonly nodes: GraphNode[] = [];
  readonly tensors: Map<string, Tensor>;
  private readonly types: ReadonlyMap<string, ValueType>;
  private readonly kept: ReadonlyMap<string, Kept>;

  constructor(graph: Graph, types: ReadonlyMap<string, ValueType>, kept: ReadonlyMap<string, Kept>) {
    this.tensors = new Map(graph.tensors);
    this.types = types;
    this.kept = kept;
  }

  add(node: GraphNode): void {
    const held = node.outputs.filter((name) => this.kept.has(name));
    const raw = {
      ...node,
      outputs: node.outputs.map((name) => (held.includes(name) ? `${name}/raw` : name)),
    };
    if (!this.writtenOut(raw)) this.node(raw.op, raw.inputs, raw.outputs, raw.attributes, raw.domain);
    for (const name of held) {
      const mask = this.constant(`${name}/mask`, 'bool', this.dims(name), this.survivors(name));
      this.node('Where', [mask, `${name}/raw`, this.number(0)], [name]);
    }
  }

  // -------------------------------------------------------------- averages over what stays

  /** Adds nodes in place of one that averages over positions of which some go; false for any other node. */
  private writtenOut(node: GraphNode): boolean {
    const axes = averagedAxes(node, this.dims(node.inputs[0]).length);
    const kept = this.kept.get(node.inputs[0]);
    if (!axes.some((axis) => kept?.[axis])) return false;
    const [x, scale, shift] = node.inputs;
    const [y] = node.outputs;
    if (node.op === 'ReduceMean') {
      this.mean(x, x, axes, y, node.attributes.keepdims === 0 ? 0 : 1);
      return true;
    }
    const mean = this.mean(x, x, axes, `${y}/mean`);
    const centred = this.node('Sub', [x, mean], [`${y}/centred`]);
    const square = this.node('Mul', [centred, centred], [`${y}/square`]);
    const variance = this.mean(x, square, axes, `${y}/variance`);
    const epsilon = this.number((node.attributes.epsilon as number | undefined) ?? 1e-5);
    const deviation = this.node(
      'Sqrt',
      [this.node('Add', [variance, epsilon], [`${y}/ε`])],
      [`${y}/deviation`],
    );
    const normal = this.node('Div', [centred, deviation], [`${y}/normal`]);
    const spread = (name: string) =>
      node.op === 'InstanceNormalization' ? this.perChannel(name, this.dims(x).length) : name;
    const scaled = this.node('Mul', [normal, spread(scale)], [shift ? `${y}/scaled` : y]);
    if (shift) this.node('Add', [scaled, spread(shift)], [y]);
    return true;
  }

  /** The mean of `z` over the positions of `x` that stay. */
  private mean(x: string, z: string, axes: readonly number[], to: string, keepdims = 1): string {
    const dims = this.dims(x);
    const stays = this.survivors(x);
    const mask = this.constant(`${to}/mask`, 'float32', dims, stays);
    const list = this.constant(`${to}/axes`, 'int64', [axes.length], axes);
    const reduce = (name: string, out: string) => this.node('ReduceSum', [name, list], [out], { keepdims });
    const sum = reduce(this.node('Mul', [z, mask], [`${to}/staying`]), `${to}/sum`);
    const count = reduce(mask, `${to}/count`);
    const least = this.node('Max', [count, this.number(1)], [`${to}/divisor`]);
    return this.node('Div', [sum, least], [to]);
  }

  private perChannel(name: string, rank: number): string {
    const [channels] = this.dims(name);
    const dims = Array.from({ length: rank }, (_, i) => (i === 1 ? channels : 1));
    const shape = this.constant(`${name}/wide/dims`, 'int64', [rank], dims);
    return this.tensors.has(name) && !this.nodes.some(({ outputs }) => outputs.includes(`${name}/wide`))
      ? this.node('Reshape', [name, shape], [`${name}/wide`])
      : `${name}/wide`;
  }

  // -------------------------------------------------------------- parts

  private dims(name: string): readonly number[] {
    return this.types.get(name)?.dims ?? [];
  }

  /** 1 where a position stays, 0 where it goes; row-major. */
  private survivors(name: string): Uint8Array {
    const dims = this.dims(name);
    const out = new Uint8Array(elementCount(dims)).fill(1);
    let stride = out.length;
    dims.forEach((length, axis) => {
      stride /= length;
      const kept = this.kept.get(name)?.[axis];
      if (!kept) return;
      const stays = new Uint8Array(length);
      for (const position of Array.from(kept)) stays[position] = 1;
      for (let at = 0; at < out.length; at++) if (!stays[Math.floor(at / stride) % length]) out[at] = 0;
    });
    return out;
  }

  private number(value: number): string {
    return this.constant(`number/${value}`, 'float32', [], [value]);
  }

  private constant(
    name: string,
    dtype: 'float32' | 'int64' | 'bool',
    dims: readonly number[],
    values: ArrayLike<number>,
  ): string {
    if (!this.tensors.has(name))
      this.tensors.set(name, { name, dtype, dims, bytes: encodeNumbers(dtype, values) });
    return name;
  }

  private node(
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = '',
  ): string {
    const id = this.nodes.length;
    this.nodes.push({ id, name: `${op}_${id}`, op, domain, inputs, outputs, attributes });
    return outputs[0];
  }
}

/** Axes of its first input that a node averages over. */
function averagedAxes({ op, attributes }: GraphNode, rank: number): number[] {
  const all = Array.from({ length: rank }, (_, i) => i);
  const positive = (axis: number) => (axis < 0 ? axis + rank : axis);
  switch (op) {
    case 'LayerNormalization':
      return all.slice(positive((attributes.axis as number | undefined) ?? -1));
    case 'InstanceNormalization':
      return all.slice(2);
    case 'ReduceMean':
      return ((attributes.axes as readonly number[] | undefined) ?? all).map(positive);
    default:
      return [];
  }
}
