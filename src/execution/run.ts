// Running a plan: one step after the other, each value freed as soon as its last reader has run.

import type * as Tf from '@tensorflow/tfjs';
import type { DataType, GraphNode } from '../graph/types.ts';
import { ModelError } from '../lib/errors.ts';
import { type HostTensor, type Kernels, positive, type RunView } from '../ops/op.ts';
import { toDevice } from '../ops/rearrange.ts';
import { asStated, channelsLast, type Order, rearranged, sameOrder } from './orders.ts';
import { type Plan, relabelled, type Step } from './plan.ts';
import type { TrainingMode } from './types.ts';

/** A tensor and the order of its axes. */
export interface Held {
  readonly tensor: Tf.Tensor;
  readonly order: Order;
}

export interface Run {
  readonly tf: typeof Tf;
  readonly kernels: Kernels;
  readonly training: TrainingMode;
  readonly seed: number;
  /** A graph input or a constant; owned by the caller. */
  given(name: string): Held | undefined;
  /** A new value of a running statistic, in the order of the file. The receiver owns it. */
  update(constant: string, value: Tf.Tensor): void;
}

/** The wanted values, in the order of the file; the caller owns them. */
export function runPlan(plan: Plan, run: Run, wanted: readonly string[]): Record<string, Tf.Tensor> {
  const values = new Values(plan, run);
  try {
    for (const step of plan.steps) {
      runStep(step, run, values);
      for (const name of step.frees) values.free(name);
    }
    return Object.fromEntries(wanted.map((name) => [name, values.take(name)]));
  } finally {
    values.dispose();
  }
}

/** The tensors that live while a plan runs. */
class Values {
  private readonly plan: Plan;
  private readonly run: Run;
  private readonly computed = new Map<string, Held>();
  /** Copies in other orders, by value and order. */
  private readonly copies = new Map<string, Map<string, Tf.Tensor>>();

  constructor(plan: Plan, run: Run) {
    this.plan = plan;
    this.run = run;
  }

  /** Takes over a tensor. */
  put(name: string, tensor: Tf.Tensor, order: Order): void {
    this.computed.set(name, { tensor, order });
  }

  held(name: string): Held | undefined {
    return this.computed.get(name) ?? this.run.given(name);
  }

  /** A value in some order; what is returned is owned here or is temporary. */
  read(name: string, order: Order): Tf.Tensor {
    const { tf } = this.run;
    const folded = this.plan.folded.get(name);
    if (folded) return this.host(folded, order);
    const held = this.held(name);
    if (!held)
      throw new ModelError({ code: 'missing-value', where: name, message: `Nothing computes "${name}".` });
    const key = order.join();
    if (held.order.join() === key) return held.tensor;
    const copies = this.copies.get(name) ?? new Map<string, Tf.Tensor>();
    this.copies.set(name, copies);
    const known = copies.get(key);
    if (known) return known;
    const copy = tf.keep(rearranged(tf, held.tensor, held.order, order));
    copies.set(key, copy);
    return copy;
  }

  private host(value: HostTensor, order: Order): Tf.Tensor {
    const { tf } = this.run;
    return rearranged(tf, toDevice(tf, value), asStated(value.dims.length), order);
  }

  /** A wanted value, for the caller to own. */
  take(name: string): Tf.Tensor {
    const { tf } = this.run;
    return tf.tidy(() => {
      const rank = this.plan.folded.get(name)?.dims.length ?? this.held(name)?.order.length ?? 0;
      return tf.clone(this.read(name, asStated(rank)));
    });
  }

  free(name: string): void {
    this.computed.get(name)?.tensor.dispose();
    this.computed.delete(name);
    for (const copy of this.copies.get(name)?.values() ?? []) copy.dispose();
    this.copies.delete(name);
  }

  dispose(): void {
    for (const name of [...this.computed.keys(), ...this.copies.keys()]) this.free(name);
  }
}

function runStep(step: Step, run: Run, values: Values): void {
  const { node, operator } = step;
  if (step.relabels) {
    relabel(step, step.relabels, run, values);
    return;
  }
  try {
    // What an operator hands on unchanged gets a life of its own.
    const outputs = run.tf.tidy(() => {
      const view = new RunningNode(step, run, values);
      const result = operator.run(view as never);
      return (Array.isArray(result) ? result : [result]).map((tensor) =>
        view.handed.has(tensor) ? run.tf.clone(tensor) : tensor,
      );
    });
    node.outputs.forEach((name, o) => {
      const tensor = outputs[o];
      if (!tensor) return;
      if (name === '') tensor.dispose();
      else values.put(name, tensor, outOrder(step, tensor.rank));
    });
  } catch (error) {
    throw error instanceof ModelError ? error : failedStep(step, error);
  }
}

const outOrder = (step: Step, rank: number): Order =>
  step.follows && rank === step.order.length ? step.order : asStated(rank);

function relabel({ node }: Step, permutation: Order, run: Run, values: Values): void {
  const [source] = node.inputs;
  const order = values.held(source)?.order ?? asStated(permutation.length);
  const tensor = run.tf.tidy(() => run.tf.clone(values.read(source, order)));
  values.put(node.outputs[0], tensor, relabelled(order, permutation));
}

function failedStep({ node }: Step, error: unknown): ModelError {
  const why = error instanceof Error ? error.message : String(error);
  return new ModelError({
    code: 'cannot-run',
    where: node.name,
    message: `"${node.name}" (${node.op}) failed while running: ${why}`,
  });
}

/** What an operator sees while it runs. */
class RunningNode implements RunView<never> {
  readonly tf: typeof Tf;
  readonly kernels: Kernels;
  readonly training: boolean;
  readonly node: GraphNode;
  readonly attrs: never;
  readonly opset: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Tensors that the operator was given. */
  readonly handed = new Set<Tf.Tensor>();
  private readonly step: Step;
  private readonly run: Run;
  private readonly values: Values;

  constructor(step: Step, run: Run, values: Values) {
    this.tf = run.tf;
    this.kernels = run.kernels;
    this.training = typeof run.training === 'function' ? run.training(step.node) : run.training;
    this.node = step.node;
    this.attrs = step.view.attrs;
    this.opset = step.view.opset;
    this.inputs = step.view.inputs;
    this.outputs = step.view.outputs;
    this.step = step;
    this.run = run;
    this.values = values;
  }

  has(i: number): boolean {
    return this.step.view.has(i);
  }

  shape(i: number): readonly number[] {
    return this.step.view.shape(i);
  }

  dtype(i: number): DataType {
    return this.step.view.dtype(i);
  }

  known(i: number): HostTensor | undefined {
    return this.step.view.known(i);
  }

  numbers(i: number): readonly number[] {
    return this.step.view.numbers(i);
  }

  outShape(o: number): readonly number[] {
    return this.step.view.outShape(o);
  }

  get channelsLast(): boolean {
    return sameOrder(this.step.order, channelsLast(this.step.order.length));
  }

  input(i: number): Tf.Tensor {
    const read = this.step.reads[i];
    if (read) {
      const tensor = this.values.read(read.value, read.order);
      this.handed.add(tensor);
      return tensor;
    }
    throw new ModelError({
      code: 'missing-input',
      where: this.node.name,
      message: `"${this.node.name}" (${this.node.op}) lacks its input ${i}.`,
    });
  }

  axis(i: number): number {
    return this.step.order.indexOf(positive(i, this.step.order.length));
  }

  update(i: number, value: Tf.Tensor): void {
    this.run.update(this.node.inputs[i], this.tf.keep(this.tf.clone(value)));
  }

  seed(): number {
    return (Math.imul(this.run.seed + 1, 0x9e3779b1) ^ Math.imul(this.node.id + 1, 0x85ebca6b)) >>> 0;
  }
}
