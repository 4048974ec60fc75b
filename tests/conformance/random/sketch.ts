// A network in the making: a graph builder that knows the shapes of its values and draws its weights from a seed.

import { GraphBuilder } from '../../../src/graph/build.ts';
import { elementCount } from '../../../src/graph/tensor.ts';
import type { Attribute, Dim, Graph } from '../../../src/graph/types.ts';
import { Random } from '../../../src/lib/random.ts';

/** A float value of known shape, for a batch of one: an image [1, C, H, W], tokens [1, T, D] or a vector [1, D]. */
export interface Flow {
  readonly name: string;
  readonly dims: readonly number[];
}

type Attributes = Readonly<Record<string, Attribute>>;

export class Sketch {
  readonly random: Random;
  /** Steps taken, for the message of a failing test. */
  readonly story: string[] = [];
  readonly opset: number;
  /** The batch is a symbol, and no size that is written down may hold it. */
  readonly open: boolean;
  private readonly builder: GraphBuilder;
  private constants = 0;
  private readonly kernels = new Map<string, { name: string; bias: string }[]>();

  constructor(seed: number, open = false) {
    this.random = new Random(seed);
    this.open = open;
    this.opset = this.pick([14, 17, 23]);
    this.builder = new GraphBuilder(`seed ${seed}`, {
      opset: this.opset,
      domains: { 'com.microsoft': 1 },
    });
  }

  // -------------------------------------------------------------- drawing

  between(low: number, high: number): number {
    return low + this.random.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.random.uniform() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.random.below(list.length)];
  }

  // -------------------------------------------------------------- constants

  weight(dims: readonly number[], scale: number, centre = 0): string {
    const values = Array.from({ length: elementCount(dims) }, () => centre + scale * this.random.normal());
    return this.builder.tensor(`c${this.constants++}`, 'float32', dims, values);
  }

  /** A constant with a name of its own, for a test that tells what becomes of it. */
  named(name: string, ...dims: readonly number[]): string {
    const size = 1.2 / Math.sqrt(elementCount(dims.slice(1)));
    const values = Array.from({ length: elementCount(dims) }, () => size * this.random.normal());
    return this.builder.tensor(name, 'float32', dims, values);
  }

  /** Away from zero, so that it can be divided by. */
  scale(dims: readonly number[]): string {
    const values = Array.from({ length: elementCount(dims) }, () => 0.5 + this.random.uniform());
    return this.builder.tensor(`c${this.constants++}`, 'float32', dims, values);
  }

  /** A kernel and its bias; now and then one of the same shape that was used before. */
  kernel(dims: readonly number[], outputs: number): { name: string; bias: string } {
    const key = `${dims} ${outputs}`;
    const known = this.kernels.get(key) ?? [];
    if (known.length > 0 && this.chance(0.15)) return this.pick(known);
    const inputs = elementCount(dims) / Math.max(1, outputs);
    const fresh = { name: this.weight(dims, 1.2 / Math.sqrt(inputs)), bias: this.weight([outputs], 0.1) };
    this.kernels.set(key, [...known, fresh]);
    return fresh;
  }

  number(value: number): string {
    return this.builder.tensor(`c${this.constants++}`, 'float32', [], [value]);
  }

  vector(...values: readonly number[]): string {
    return this.builder.tensor(`c${this.constants++}`, 'float32', [values.length], values);
  }

  integers(...values: readonly number[]): string {
    return this.builder.integers(`c${this.constants++}`, values);
  }

  index(value: number): string {
    return this.builder.tensor(`c${this.constants++}`, 'int64', [], [value]);
  }

  // -------------------------------------------------------------- values

  input(name: string, dims: readonly number[]): Flow {
    return { name: this.builder.input(name, 'float32', this.declared(dims)), dims };
  }

  output({ name, dims }: Flow): void {
    this.builder.output(name, this.declared(dims));
  }

  private declared(dims: readonly number[]): readonly Dim[] {
    return this.open && dims[0] === 1 ? ['N', ...dims.slice(1)] : dims;
  }

  op(
    op: string,
    inputs: readonly (Flow | string)[],
    dims: readonly number[],
    attributes: Attributes = {},
    domain = '',
  ): Flow {
    const names = inputs.map((input) => (typeof input === 'string' ? input : input.name));
    return { name: this.builder.node(op, names, attributes, { domain }), dims };
  }

  ops(
    op: string,
    inputs: readonly (Flow | string)[],
    dims: readonly (readonly number[])[],
    attributes: Attributes = {},
    domain = '',
  ): Flow[] {
    const names = inputs.map((input) => (typeof input === 'string' ? input : input.name));
    const outputs = this.builder.nodeWithOutputs(op, names, dims.length, attributes, { domain });
    return outputs.map((name, i) => ({ name, dims: dims[i] }));
  }

  /** The same shape on both sides. */
  map(op: string, x: Flow, attributes: Attributes = {}, others: readonly (Flow | string)[] = []): Flow {
    return this.op(op, [x, ...others], x.dims, attributes);
  }

  /** A kernel kept in eight bits, with a scale per output. */
  quantised(dims: readonly number[], axis: number): string {
    const values = Array.from({ length: elementCount(dims) }, () => this.between(-100, 100));
    const weight = this.builder.tensor(`c${this.constants++}`, 'int8', dims, values);
    const zero = this.builder.tensor(
      `c${this.constants++}`,
      'int8',
      [dims[axis]],
      new Array(dims[axis]).fill(0),
    );
    const scales = Array.from(
      { length: dims[axis] },
      () => (0.005 + 0.01 * this.random.uniform()) / Math.sqrt(dims.length),
    );
    const scale = this.builder.tensor(`c${this.constants++}`, 'float32', [dims[axis]], scales);
    return this.op('DequantizeLinear', [weight, scale, zero], dims, { axis }).name;
  }

  /** The target is a constant, leaves a size open, or is put together from the sizes of the input. */
  reshape(x: Flow, ...dims: readonly number[]): Flow {
    if (this.open && x.dims[0] * dims[0] !== 1)
      return this.op('Reshape', [x, this.integers(...dims.with(0, -1))], dims);
    if (this.chance(0.25)) return this.op('Reshape', [x, this.computedShape(x, dims)], dims);
    const copied = this.open ? dims.with(0, 0) : dims;
    const stated = this.chance(0.3) ? copied.with(this.random.below(dims.length), -1) : copied;
    return this.op('Reshape', [x, this.integers(...stated)], dims);
  }

  /** As exporters write it: Shape → Gather → Unsqueeze → Concat. */
  private computedShape(x: Flow, dims: readonly number[]): Flow {
    const sizes = this.op('Shape', [x], [x.dims.length]);
    const size = (axis: number) =>
      this.op('Unsqueeze', [this.op('Gather', [sizes, this.index(axis)], []), this.integers(0)], [1]);
    const parts = dims.map((length, at) => {
      if (this.open && at === 0) return size(0);
      const axis = x.dims.indexOf(length, 1);
      return axis < 0 || this.chance(0.4) ? this.integers(length) : size(axis);
    });
    return this.op('Concat', parts, [dims.length], { axis: 0 });
  }

  /** A constant [1, …] for every example of the batch of `x`. */
  forEach(x: Flow, constant: Flow): Flow {
    return this.open ? this.expand(constant, constant.dims, x) : constant;
  }

  /** Sizes are a constant or, for an open batch, computed from that of `like`: Where(sizes = -1, 1, sizes). */
  expand(x: Flow, dims: readonly number[], like: Flow = x): Flow {
    if (!this.open) return this.op('Expand', [x, this.integers(...dims)], dims);
    const rank = [dims.length];
    const all = (value: number) => this.integers(...dims.map(() => value));
    const batch = this.op('Gather', [this.op('Shape', [like], [like.dims.length]), this.integers(0)], [1]);
    const sizes = this.op('Concat', [batch, this.integers(...dims.slice(1))], rank, { axis: 0 });
    const isKept = this.op('Equal', [sizes, all(-1)], rank);
    return this.op('Expand', [x, this.op('Where', [isKept, all(1), sizes], rank)], dims);
  }

  /** A reduction; its axes are an input where the version asks for one. */
  reduce(op: string, x: Flow, axes: readonly number[], keepdims: 0 | 1): Flow {
    const positive = axes.map((axis) => (axis < 0 ? axis + x.dims.length : axis));
    const dims = x.dims.flatMap((length, i) => (positive.includes(i) ? (keepdims ? [1] : []) : [length]));
    const asInput = this.opset >= 18 || op === 'ReduceSum';
    return asInput
      ? this.op(op, [x, this.integers(...axes)], dims, { keepdims })
      : this.op(op, [x], dims, { axes, keepdims });
  }

  transpose(x: Flow, ...perm: readonly number[]): Flow {
    return this.op(
      'Transpose',
      [x],
      perm.map((axis) => x.dims[axis]),
      { perm },
    );
  }

  concat(parts: readonly Flow[], axis: number): Flow {
    const length = parts.reduce((sum, { dims }) => sum + dims[axis], 0);
    return this.op('Concat', parts, parts[0].dims.with(axis, length), { axis });
  }

  slice(x: Flow, axis: number, start: number, end: number, step = 1): Flow {
    const bounds = [start, end, axis, step].map((value) => this.integers(value));
    return this.op('Slice', [x, ...bounds], x.dims.with(axis, Math.ceil((end - start) / step)));
  }

  split(x: Flow, axis: number, sizes: readonly number[]): Flow[] {
    return this.ops(
      'Split',
      [x, this.integers(...sizes)],
      sizes.map((size) => x.dims.with(axis, size)),
      { axis },
    );
  }

  graph(): Graph {
    return this.builder.graph();
  }
}
