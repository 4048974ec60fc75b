// What a pruned network has to equal, without any surgery: the original network in which every position that goes is
// held at zero, value by value, by a Where behind the node that makes it. Weights stay as they are, except where one
// operator works with channels inside of it that no value shows, and where a node works on constants alone. Where a normalisation, a mean or a maximum runs over
// such positions, it is written out over those that stay.

import { elementCount, encodeNumbers, toNumbers } from '../../../src/graph/tensor.ts';
import type { Attribute, DataType, Graph, GraphNode, Tensor } from '../../../src/graph/types.ts';
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

/** Operators that keep channels to themselves: states, projected queries. Their weights are held at zero too. */
const inward = new Set(['RNN', 'GRU', 'LSTM', 'Attention', 'MultiHeadAttention']);

class Masking {
  readonly nodes: GraphNode[] = [];
  readonly tensors: Map<string, Tensor>;
  private readonly opset: number;
  private readonly types: ReadonlyMap<string, ValueType>;
  private readonly kept: ReadonlyMap<string, Kept>;

  constructor(graph: Graph, types: ReadonlyMap<string, ValueType>, kept: ReadonlyMap<string, Kept>) {
    this.opset = graph.opsets.get('') ?? 1;
    this.tensors = new Map(graph.tensors);
    this.types = types;
    this.kept = kept;
  }

  add(node: GraphNode): void {
    const isHeld = (name: string) => this.kept.has(name) && this.types.get(name)?.dtype === 'float32';
    const outputs = node.outputs.map((name) => (isHeld(name) ? `${name}/raw` : name));
    const isBefore = node.inputs.every((name) => name === '' || this.tensors.has(name));
    const inputs =
      inward.has(node.op) || isBefore
        ? node.inputs.map((name) => (this.tensors.has(name) && isHeld(name) ? this.held(name) : name))
        : node.inputs;
    const raw = { ...node, inputs, outputs };
    if (!this.writtenOut(raw)) this.node(raw.op, raw.inputs, raw.outputs, raw.attributes, raw.domain);
    for (const name of node.outputs.filter(isHeld)) this.where(name, `${name}/raw`, 0, name);
  }

  private held(name: string): string {
    const held = `${name}/held`;
    return this.isMade(held) ? held : this.where(name, name, 0, held);
  }

  /** `from` where positions of `name` stay, a number where they go. */
  private where(name: string, from: string, otherwise: number, to: string): string {
    if (this.opset < 9) return this.node('Mul', [from, this.mask(name, `${to}/stays`, 'float32')], [to]);
    const mask = this.mask(name, `${to}/stays`, 'bool');
    return this.node('Where', [mask, from, this.number(otherwise)], [to]);
  }

  // -------------------------------------------------------------- over what stays

  /** Adds nodes in place of one that runs over positions of which some go; false for any other node. */
  private writtenOut(node: GraphNode): boolean {
    const [x] = node.inputs;
    const [y] = node.outputs;
    const axes = this.axesRunOver(node);
    const kept = this.kept.get(x);
    if (!axes.some((axis) => kept?.[axis])) return false;
    const keepdims = node.attributes.keepdims === 0 ? 0 : 1;
    switch (node.op) {
      case 'ReduceMean':
        this.mean(x, x, axes, y, keepdims);
        break;
      case 'ReduceMax':
        this.reduce('ReduceMax', this.where(x, x, -1e30, `${y}/low`), axes, y, keepdims);
        break;
      case 'SkipLayerNormalization':
      case 'SkipSimplifiedLayerNormalization': {
        const [, other, scale, ...rest] = node.inputs;
        const centred = node.op === 'SkipLayerNormalization';
        const [shift, bias] = centred ? rest : [undefined, ...rest];
        const joined = this.node('Add', [x, other], [`${y}/joined`]);
        const sum = bias ? this.node('Add', [joined, bias], [`${y}/sum`]) : joined;
        if (node.outputs[3]) this.node('Identity', [sum], [node.outputs[3]]);
        this.normalised(node, { x, data: sum, axes, centred, y, scale, ...(shift ? { shift } : {}) });
        break;
      }
      default: {
        const [, scale, shift] = node.inputs;
        this.normalised(node, { x, data: x, axes, centred: true, y, scale, ...(shift ? { shift } : {}) });
      }
    }
    return true;
  }

  private normalised(
    node: GraphNode,
    {
      x,
      data,
      axes,
      centred,
      y,
      scale,
      shift,
    }: {
      readonly x: string;
      readonly data: string;
      readonly axes: readonly number[];
      readonly centred: boolean;
      readonly y: string;
      readonly scale: string;
      readonly shift?: string;
    },
  ): void {
    const from = centred
      ? this.node('Sub', [data, this.mean(x, data, axes, `${y}/mean`)], [`${y}/centred`])
      : data;
    const square = this.node('Mul', [from, from], [`${y}/square`]);
    const variance = this.mean(x, square, axes, `${y}/variance`);
    const epsilon = this.number((node.attributes.epsilon as number | undefined) ?? 1e-5);
    const raised = this.node('Add', [variance, epsilon], [`${y}/raised`]);
    const normal = this.node('Div', [from, this.node('Sqrt', [raised], [`${y}/deviation`])], [`${y}/normal`]);
    const spread = (name: string) =>
      node.op === 'InstanceNormalization' ? this.perChannel(name, this.dims(x).length) : name;
    const scaled = this.node('Mul', [normal, spread(scale)], [shift ? `${y}/scaled` : y]);
    if (shift) this.node('Add', [scaled, spread(shift)], [y]);
  }

  /** The mean of `z` over the positions of `x` that stay. */
  private mean(x: string, z: string, axes: readonly number[], to: string, keepdims: 0 | 1 = 1): string {
    const mask = this.mask(x, `${to}/mask`, 'float32', axes);
    const staying = this.node('Mul', [z, mask], [`${to}/staying`]);
    const sum = this.reduce('ReduceSum', staying, axes, `${to}/sum`, keepdims);
    const count = this.reduce('ReduceSum', mask, axes, `${to}/count`, keepdims);
    return this.node('Div', [sum, this.node('Max', [count, this.number(1)], [`${to}/divisor`])], [to]);
  }

  private reduce(op: string, name: string, axes: readonly number[], to: string, keepdims: 0 | 1): string {
    if (this.opset < (op === 'ReduceSum' ? 13 : 18)) return this.node(op, [name], [to], { axes, keepdims });
    const list = this.constant(`${to}/axes`, 'int64', [axes.length], axes);
    return this.node(op, [name, list], [to], { keepdims });
  }

  private perChannel(name: string, rank: number): string {
    const wide = `${name}/wide`;
    if (this.isMade(wide)) return wide;
    const dims = Array.from({ length: rank }, (_, i) => (i === 1 ? this.dims(name)[0] : 1));
    return this.node('Reshape', [name, this.constant(`${wide}/dims`, 'int64', [rank], dims)], [wide]);
  }

  /** Axes of its first input over which a node takes a mean or a maximum. */
  private axesRunOver({ op, attributes, inputs }: GraphNode): number[] {
    const rank = this.dims(inputs[0]).length;
    const all = Array.from({ length: rank }, (_, i) => i);
    const positive = (axis: number) => (axis < 0 ? axis + rank : axis);
    switch (op) {
      case 'LayerNormalization':
        return all.slice(positive((attributes.axis as number | undefined) ?? -1));
      case 'SkipLayerNormalization':
      case 'SkipSimplifiedLayerNormalization':
        return all.slice(-1);
      case 'InstanceNormalization':
        return all.slice(2);
      case 'ReduceMean':
      case 'ReduceMax': {
        const list = this.tensors.get(inputs[1]);
        const stated = list ? toNumbers(list) : (attributes.axes as readonly number[] | undefined);
        return (stated ?? all).map(positive);
      }
      default:
        return [];
    }
  }

  // -------------------------------------------------------------- parts

  private dims(name: string): readonly number[] {
    return this.types.get(name)?.dims ?? [];
  }

  /** 1 where a position stays, 0 where it goes. Axes that lose none are of length 1, but for those to be counted. */
  private mask(name: string, to: string, dtype: DataType, counted: readonly number[] = []): string {
    const kept = this.kept.get(name) ?? [];
    const dims = this.dims(name).map((length, axis) => (kept[axis] || counted.includes(axis) ? length : 1));
    const out = new Uint8Array(elementCount(dims)).fill(1);
    let stride = out.length;
    dims.forEach((length, axis) => {
      stride /= length;
      const surviving = kept[axis];
      if (!surviving) return;
      const stays = new Uint8Array(length);
      for (const position of Array.from(surviving)) stays[position] = 1;
      for (let at = 0; at < out.length; at++) if (!stays[Math.floor(at / stride) % length]) out[at] = 0;
    });
    return this.constant(to, dtype, dims, out);
  }

  private isMade(name: string): boolean {
    return this.nodes.some(({ outputs }) => outputs.includes(name));
  }

  private number(value: number): string {
    return this.constant(`number/${value}`, 'float32', [], [value]);
  }

  private constant(
    name: string,
    dtype: DataType,
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
