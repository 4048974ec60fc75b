// Building graphs in memory: for the sample model, for tests, for random networks.

import { encodeNumbers } from './tensor.ts';
import type { Attribute, DataType, Dim, Graph, GraphNode, Tensor, ValueInfo } from './types.ts';

/**
 * Collects nodes in order.
 * @example
 * const b = new GraphBuilder('tiny');
 * const x = b.input('x', 'float32', ['N', 1, 28, 28]);
 * const y = b.node('Conv', [x, b.tensor('w', 'float32', [8, 1, 3, 3], weights)], { kernel_shape: [3, 3] });
 * const graph = b.output(y).graph();
 */
export class GraphBuilder {
  private readonly name: string;
  private readonly opsets: ReadonlyMap<string, number>;
  private readonly inputs: ValueInfo[] = [];
  private readonly outputs: ValueInfo[] = [];
  private readonly nodes: GraphNode[] = [];
  private readonly tensors = new Map<string, Tensor>();
  private nextId = 0;

  constructor(
    name: string,
    { opset = 17, domains = {} }: { opset?: number; domains?: Record<string, number> } = {},
  ) {
    this.name = name;
    this.opsets = new Map([['', opset], ...Object.entries(domains)]);
  }

  input(name: string, dtype: DataType, dims: readonly Dim[]): string {
    this.inputs.push({ name, dtype, dims });
    return name;
  }

  /** A constant; without `values` one that has a shape only. */
  tensor(name: string, dtype: DataType, dims: readonly number[], values?: ArrayLike<number>): string {
    this.tensors.set(
      name,
      values ? { name, dtype, dims, bytes: encodeNumbers(dtype, values) } : { name, dtype, dims },
    );
    return name;
  }

  /** A list of integers, as shapes and axes are given. */
  integers(name: string, values: readonly number[]): string {
    return this.tensor(name, 'int64', [values.length], values);
  }

  /** A node with one output, whose name it returns. */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    options: { name?: string; domain?: string } = {},
  ): string {
    return this.nodeWithOutputs(op, inputs, 1, attributes, options)[0];
  }

  /** A node with several outputs. */
  nodeWithOutputs(
    op: string,
    inputs: readonly string[],
    count: number,
    attributes: Readonly<Record<string, Attribute>> = {},
    { name, domain = '' }: { name?: string; domain?: string } = {},
  ): string[] {
    const id = this.nextId++;
    const own = name ?? `${op}_${id}`;
    const outputs = Array.from({ length: count }, (_, i) => (count === 1 ? `${own}_out` : `${own}_out${i}`));
    this.nodes.push({ id, name: own, op, domain, inputs, outputs, attributes });
    return outputs;
  }

  output(name: string, dims?: readonly Dim[], dtype: DataType = 'float32'): this {
    this.outputs.push(dims ? { name, dtype, dims } : { name, dtype });
    return this;
  }

  graph(): Graph {
    return {
      name: this.name,
      inputs: [...this.inputs],
      outputs: [...this.outputs],
      nodes: [...this.nodes],
      tensors: new Map(this.tensors),
      values: new Map(),
      opsets: this.opsets,
    };
  }
}
