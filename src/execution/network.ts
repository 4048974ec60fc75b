// A graph made ready to run: its constants on the device, a plan per input shape, forward, and back to the file.

import type * as Tf from '@tensorflow/tfjs';
import { followBranches } from '../analysis/branches.ts';
import { solve } from '../analysis/equations.ts';
import { type Inference, inferTypes } from '../analysis/fold.ts';
import { unmerged } from '../analysis/merged-vectors.ts';
import { findRoles } from '../analysis/roles.ts';
import type { Bindings } from '../analysis/types.ts';
import { isFloat } from '../graph/tensor.ts';
import type { Graph } from '../graph/types.ts';
import { ModelError } from '../lib/errors.ts';
import type { HostTensor, Kernels } from '../ops/op.ts';
import { assign } from './assign.ts';
import { Constants } from './constants.ts';
import { kernelsOf } from './gradients/kernels.ts';
import { asStated, type Order } from './orders.ts';
import { neededNodes, type Plan, planOf } from './plan.ts';
import { runPlan } from './run.ts';
import { freeBatch, type InputDims, sizedFor } from './shapes.ts';
import { refuseUnsupported } from './support.ts';
import { download, upload } from './transfer.ts';
import type { Backend, HostArray, Network, Parameter, TrainingMode } from './types.ts';

export { unsupported } from './support.ts';

export interface NetworkOptions {
  /** Sizes of symbolic dimensions; only what is decided before the first run depends on them. */
  readonly bindings?: Bindings;
}

/**
 * Uploads the constants and makes the graph ready to run.
 * @throws ModelError `unsupported-operator` naming the operators that cannot run, `no-data` for a graph without weights
 */
export async function createNetwork(
  given: Graph,
  backend: Backend,
  options: NetworkOptions = {},
): Promise<Network> {
  const followed = followBranches(given, options.bindings);
  const merged = inferTypes(followed, options.bindings);
  refuseUnsupported(followed, merged);
  const graph = unmerged(followed, merged);
  const inference = graph === followed ? merged : inferTypes(graph, options.bindings);
  const orders = new Map<string, Order>();
  const outputs = graph.outputs.map(({ name }) => name);
  const bound = neededNodes(graph, outputs).every(({ id }) => inference.bound(id));
  // A graph whose shapes depend on its data is planned when it runs; its constants then stay as the file has them.
  if (bound) planOf(graph, inference, outputs, orders, isVariable(graph));
  for (const name of constantsOf(graph, outputs))
    if (!orders.has(name)) orders.set(name, asStated(graph.tensors.get(name)!.dims.length));
  const roles = findRoles(graph, inference, solve(graph, inference));
  const constants = new Constants(backend.tf, graph, roles, orders);
  return new RunnableNetwork(graph, freeBatch(graph, inference), backend, constants, orders);
}

const isVariable =
  (graph: Graph) =>
  (name: string): boolean =>
    isFloat(graph.tensors.get(name)?.dtype ?? 'opaque');

/** Constants that the wanted values come from. */
function constantsOf(graph: Graph, wanted: readonly string[]): string[] {
  const read = new Set([...neededNodes(graph, wanted).flatMap(({ inputs }) => inputs), ...wanted]);
  return [...graph.tensors.keys()].filter((name) => read.has(name));
}

/** Plans kept: training, a shorter last batch, evaluation, and a few more. */
const PLANS = 8;

type ForwardOptions = Parameters<Network['forward']>[1];

class RunnableNetwork implements Network {
  readonly graph: Graph;
  /** The same for any number of examples. */
  private readonly freed: Graph;
  readonly backend: Backend;
  private readonly constants: Constants;
  private readonly orders: Map<string, Order>;
  private readonly kernels: Kernels;
  private readonly plans = new Map<string, Plan>();
  /** Running statistics that the last training pass arrived at, in the order they are held in. */
  private readonly statistics = new Map<string, Tf.Tensor>();

  constructor(
    graph: Graph,
    freed: Graph,
    backend: Backend,
    constants: Constants,
    orders: Map<string, Order>,
  ) {
    this.graph = graph;
    this.freed = freed;
    this.backend = backend;
    this.constants = constants;
    this.orders = orders;
    this.kernels = kernelsOf(backend.tf);
  }

  get parameters(): ReadonlyMap<string, Parameter> {
    return this.constants.parameters;
  }

  private get outputs(): string[] {
    return this.graph.outputs.map(({ name }) => name);
  }

  async predict(inputs: Readonly<Record<string, HostArray>>): Promise<Record<string, HostArray>> {
    this.refuseMissing(inputs);
    const { tf } = this.backend;
    const tensors = Object.fromEntries(
      this.graph.inputs.map(({ name, dtype }) => [name, upload(tf, inputs[name], dtype, name)]),
    );
    try {
      const outputs = await this.runResolving(tensors, this.outputs, new Map());
      const entries: [string, HostArray][] = [];
      for (const [name, tensor] of Object.entries(outputs)) {
        entries.push([name, await download(tensor)]);
        tensor.dispose();
      }
      return Object.fromEntries(entries);
    } finally {
      for (const tensor of Object.values(tensors)) tensor.dispose();
    }
  }

  forward(
    inputs: Readonly<Record<string, Tf.Tensor>>,
    { training = false, seed = 0, wanted = this.outputs }: ForwardOptions = {},
  ): Record<string, Tf.Tensor> {
    this.refuseMissing(inputs);
    if (training) this.forgetStatistics();
    const plan = this.planFor(inputs, wanted);
    if (!('steps' in plan)) throw unboundNode(this.graph, plan, wanted);
    return this.run(plan, inputs, wanted, training, seed);
  }

  private run(
    plan: Plan,
    inputs: Readonly<Record<string, Tf.Tensor>>,
    wanted: readonly string[],
    training: TrainingMode,
    seed: number,
  ): Record<string, Tf.Tensor> {
    return runPlan(
      plan,
      {
        tf: this.backend.tf,
        kernels: this.kernels,
        training,
        seed,
        given: (name) => {
          const input = inputs[name];
          return input ? { tensor: input, order: asStated(input.rank) } : this.constants.get(name);
        },
        update: (constant, value) => {
          this.statistics.get(constant)?.dispose();
          this.statistics.set(constant, value);
        },
      },
      wanted,
    );
  }

  /** Runs; where shapes depend on the data, computes that data first. Host values found on the way go into `known`. */
  private async runResolving(
    inputs: Readonly<Record<string, Tf.Tensor>>,
    wanted: readonly string[],
    known: Map<string, HostTensor>,
  ): Promise<Record<string, Tf.Tensor>> {
    for (;;) {
      const plan = this.planFor(inputs, wanted, known);
      const outcome =
        'steps' in plan ? this.tryRun(plan, inputs, wanted) : unboundNode(this.graph, plan, wanted);
      if (!(outcome instanceof ModelError)) return outcome;
      const missing = this.missingValues(outcome, 'steps' in plan ? plan.inference : plan, known);
      if (missing.length === 0) throw outcome;
      const values = await this.runResolving(inputs, missing, known);
      for (const name of missing) {
        const { dims, data } = await download(values[name]);
        const dtype = ('steps' in plan ? plan.inference : plan).types.get(name)?.dtype ?? 'float32';
        known.set(name, { dtype, dims, values: Array.from(data) });
        values[name].dispose();
      }
    }
  }

  /** The outputs, or the failure of a node that needs to know more than its tensors. */
  private tryRun(plan: Plan, inputs: Readonly<Record<string, Tf.Tensor>>, wanted: readonly string[]) {
    try {
      return this.run(plan, inputs, wanted, false, 0);
    } catch (error) {
      if (error instanceof ModelError && error.code === 'data-dependent') return error;
      throw error;
    }
  }

  /** Unknown inputs of the node that failed: its parameters first, its data if nothing else helps. */
  private missingValues(
    failure: ModelError,
    inference: Inference,
    known: ReadonlyMap<string, HostTensor>,
  ): string[] {
    if (failure.code !== 'data-dependent') return [];
    const node = this.graph.nodes.find(({ name }) => name === failure.where);
    const [data, ...others] = node?.inputs ?? [];
    const unknown = (name: string) => name !== '' && !known.has(name) && !inference.known(name);
    const missing = others.filter(unknown);
    if (missing.length > 0 || data === undefined) return missing;
    return unknown(data) ? [data] : [];
  }

  /** The plan, or the inference that did not reach every node. */
  private planFor(
    inputs: Readonly<Record<string, Tf.Tensor>>,
    wanted: readonly string[],
    known: ReadonlyMap<string, HostTensor> = new Map(),
  ): Plan | Inference {
    if (known.size > 0) return this.makePlan(inputs, wanted, known);
    const key = JSON.stringify([wanted, this.graph.inputs.map(({ name }) => inputs[name].shape)]);
    const present = this.plans.get(key);
    if (present) return present;
    const plan = this.makePlan(inputs, wanted, known);
    if (!('steps' in plan)) return plan;
    if (this.plans.size >= PLANS) this.plans.delete(this.plans.keys().next().value as string);
    this.plans.set(key, plan);
    return plan;
  }

  private makePlan(
    inputs: Readonly<Record<string, Tf.Tensor>>,
    wanted: readonly string[],
    known: ReadonlyMap<string, HostTensor>,
  ): Plan | Inference {
    const dims: InputDims = new Map(Object.entries(inputs).map(([name, { shape }]) => [name, shape]));
    const sized = sizedFor(this.freed, dims);
    const inference = inferTypes(sized.graph, sized.symbols, known);
    const nodes = neededNodes(this.graph, wanted, known);
    if (!nodes.every(({ id }) => inference.bound(id))) return inference;
    return planOf(sized.graph, inference, wanted, this.orders, isVariable(this.graph));
  }

  private refuseMissing(inputs: Readonly<Record<string, unknown>>): void {
    const missing = this.graph.inputs.find(({ name }) => !(name in inputs));
    if (!missing) return;
    throw new ModelError({
      code: 'bad-input',
      where: missing.name,
      message: `The network needs a value for its input "${missing.name}".`,
    });
  }

  commitStatistics(): void {
    for (const [name, value] of this.statistics) {
      const variable = this.parameters.get(name)?.variable;
      if (variable) assign(this.backend.tf, variable, value);
    }
    this.forgetStatistics();
  }

  private forgetStatistics(): void {
    for (const value of this.statistics.values()) value.dispose();
    this.statistics.clear();
  }

  async readBack(): Promise<Graph> {
    return { ...this.graph, tensors: await this.constants.readBack() };
  }

  dispose(): void {
    this.forgetStatistics();
    this.constants.dispose();
    this.plans.clear();
  }
}

/** Why a graph cannot be planned: the problem of the first node that could not be typed. */
function unboundNode(graph: Graph, inference: Inference, wanted: readonly string[]): ModelError {
  const node = neededNodes(graph, wanted).find(({ id }) => !inference.bound(id));
  const problem = inference.problems.find(({ where }) => where === node?.name);
  return new ModelError(
    problem ?? {
      code: 'cannot-run',
      where: node?.name ?? graph.name,
      message: `The sizes of "${node?.name}" (${node?.op}) cannot be told in advance.`,
    },
  );
}
