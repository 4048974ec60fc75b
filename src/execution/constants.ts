// The constants of a graph on the device: float ones as variables that training may change, the others uploaded when
// a step first asks for them. Everything is held in the order in which its first reader wants it.

import type * as Tf from '@tensorflow/tfjs';
import type { Roles } from '../analysis/roles.ts';
import { elementCount, encodeNumbers, isFloat, toFloat32 } from '../graph/tensor.ts';
import type { Graph, Tensor } from '../graph/types.ts';
import { arranged, asStated, type Order } from './orders.ts';
import type { Held } from './run.ts';
import { deviceType, elementsOf, unpermute } from './transfer.ts';
import type { Parameter } from './types.ts';

export class Constants {
  readonly parameters = new Map<string, Parameter>();
  private readonly tf: typeof Tf;
  private readonly graph: Graph;
  private readonly orders: ReadonlyMap<string, Order>;
  private readonly uploaded = new Map<string, Tf.Tensor>();

  constructor(tf: typeof Tf, graph: Graph, roles: Roles, orders: ReadonlyMap<string, Order>) {
    this.tf = tf;
    this.graph = graph;
    this.orders = orders;
    for (const [name, tensor] of graph.tensors) {
      if (!isFloat(tensor.dtype) || !orders.has(name)) continue;
      const role = roles.byTensor.get(name)?.use.role;
      const trainable = role !== undefined && mayTrain(role, tensor);
      const value = this.upload(tensor);
      // A name of its own: tfjs registers variables globally, by name.
      const variable = tf.variable(value, trainable, `${name}#${nextVariable++}`);
      value.dispose();
      const order = this.orderOf(name);
      this.parameters.set(name, { name, role: role ?? 'other', trainable, variable, order });
    }
  }

  /** The order in which a constant is held. */
  orderOf(name: string): Order {
    return this.orders.get(name) ?? asStated(this.graph.tensors.get(name)?.dims.length ?? 0);
  }

  get(name: string): Held | undefined {
    const parameter = this.parameters.get(name);
    if (parameter) return { tensor: parameter.variable, order: this.orderOf(name) };
    const tensor = this.graph.tensors.get(name);
    if (!tensor) return undefined;
    let value = this.uploaded.get(name);
    if (!value) {
      value = this.tf.keep(this.upload(tensor));
      this.uploaded.set(name, value);
    }
    return { tensor: value, order: this.orderOf(name) };
  }

  private upload(tensor: Tensor): Tf.Tensor {
    const order = this.orderOf(tensor.name);
    const type = deviceType(tensor.dtype, tensor.name);
    return this.tf.tensor(elementsOf(tensor, order), arranged(tensor.dims, order), type);
  }

  /** The constants as they are now, in the file's types; those that did not change are the file's own. */
  async readBack(): Promise<Map<string, Tensor>> {
    const tensors = new Map(this.graph.tensors);
    for (const [name, { variable }] of this.parameters) {
      const tensor = tensors.get(name)!;
      const values = (await variable.data()) as Float32Array;
      const stated = unpermute(values, tensor.dims, this.orderOf(name));
      const before = toFloat32(tensor);
      if (stated.some((value, i) => !Object.is(value, before[i])))
        tensors.set(name, { ...tensor, bytes: encodeNumbers(tensor.dtype, stated) });
    }
    return tensors;
  }

  dispose(): void {
    for (const { variable } of this.parameters.values()) variable.dispose();
    for (const tensor of this.uploaded.values()) tensor.dispose();
    this.parameters.clear();
    this.uploaded.clear();
  }
}

let nextVariable = 0;

/** Running statistics move by themselves; a lone number that is no weight (a scale, an exponent) stays as written. */
function mayTrain(role: Parameter['role'], tensor: Tensor): boolean {
  if (role === 'running-mean' || role === 'running-variance') return false;
  return role !== 'other' || elementCount(tensor.dims) > 1;
}
