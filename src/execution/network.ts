// A graph made ready to run: its constants on the device, a plan per input shape, forward, and back to the file.

import type * as Tf from '@tensorflow/tfjs';
import { solve } from '../analysis/equations.ts';
import { type Inference, inferTypes } from '../analysis/fold.ts';
import { unmerged } from '../analysis/merged-vectors.ts';
import { findRoles } from '../analysis/roles.ts';
import { straighten } from '../analysis/straighten.ts';
import type { Bindings } from '../analysis/types.ts';
import { isFloat } from '../graph/tensor.ts';
import type { Graph } from '../graph/types.ts';
import { ModelError } from '../lib/errors.ts';
import type { Kernels } from '../ops/op.ts';
import { assign } from './assign.ts';
import { Constants } from './constants.ts';
import { kernelsOf } from './gradients/kernels.ts';
import { asStated, type Order } from './orders.ts';
import { type Names, neededNodes, type Plan, planOf } from './plan.ts';
import { runPlan } from './run.ts';
import { freeBatch, type InputDims, sizedFor } from './shapes.ts';
import { handedOn, Stages } from './stages.ts';
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
  const followed = straighten(given, options.bindings);
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
    const stages = new Stages();
    try {
      const outputs = await this.runInStages(tensors, this.outputs, stages);
      const entries: [string, HostArray][] = [];
      for (const [name, tensor] of Object.entries(outputs)) {
        entries.push([name, await download(tensor)]);
        tensor.dispose();
      }
      return Object.fromEntries(entries);
    } finally {
      stages.dispose();
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
    if (!('steps' in plan)) throw unboundNodes(this.graph, plan, wanted)[0];
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

  /** Runs; where sizes depend on the data, stages that compute it come first. */
  private async runInStages(
    inputs: Readonly<Record<string, Tf.Tensor>>,
    wanted: readonly string[],
    stages: Stages,
  ): Promise<Record<string, Tf.Tensor>> {
    for (;;) {
      const plan = this.planFor(inputs, wanted, stages);
      const failures =
        'steps' in plan
          ? this.tryRun(plan, inputs, wanted, stages)
          : unboundNodes(this.graph, plan, wanted, stages);
      if (!Array.isArray(failures)) return failures;
      const inference = 'steps' in plan ? plan.inference : plan;
      const missing = this.missingValues(failures, inference, stages);
      if (missing.length === 0) throw failures[0];
      await this.runStage(inputs, missing, inference, stages);
    }
  }

  private async runStage(
    inputs: Readonly<Record<string, Tf.Tensor>>,
    missing: readonly string[],
    inference: Inference,
    stages: Stages,
  ): Promise<void> {
    const lasting = handedOn(this.graph, missing, this.outputs, stages).filter(
      (name) => !missing.includes(name) && !inference.known(name),
    );
    const values = await this.runInStages(inputs, [...missing, ...lasting], stages);
    for (const name of lasting) stages.hold(name, values[name]);
    for (const name of missing) {
      const { dims, data } = await download(values[name]);
      const dtype = inference.types.get(name)?.dtype ?? 'float32';
      stages.known.set(name, { dtype, dims, values: Array.from(data) });
      values[name].dispose();
    }
  }

  /** The outputs, or the failure of a node that needs to know more than its tensors. */
  private tryRun(
    plan: Plan,
    inputs: Readonly<Record<string, Tf.Tensor>>,
    wanted: readonly string[],
    stages: Stages,
  ): Record<string, Tf.Tensor> | ModelError[] {
    try {
      return this.run(plan, { ...inputs, ...Object.fromEntries(stages.held) }, wanted, false, 0);
    } catch (error) {
      if (error instanceof ModelError && error.code === 'data-dependent') return [error];
      throw error;
    }
  }

  /** What nodes that failed have to know: of each its parameters first, its data if nothing else helps. */
  private missingValues(failures: readonly ModelError[], inference: Inference, stages: Stages): string[] {
    const unknown = (name: string) => name !== '' && !stages.known.has(name) && !inference.known(name);
    const places = new Set(
      failures.filter(({ code }) => code === 'data-dependent').map(({ where }) => where),
    );
    const missing = this.graph.nodes
      .filter(({ name }) => places.has(name))
      .flatMap(({ inputs: [data, ...others] }) => {
        const parameters = others.filter(unknown);
        return parameters.length > 0 || data === undefined ? parameters : [data].filter(unknown);
      });
    return [...new Set(missing)];
  }

  /** The plan, or the inference that did not reach every node. */
  private planFor(
    inputs: Readonly<Record<string, Tf.Tensor>>,
    wanted: readonly string[],
    stages: Stages = new Stages(),
  ): Plan | Inference {
    if (!stages.isFirst) return this.makePlan(inputs, wanted, stages);
    const key = JSON.stringify([wanted, this.graph.inputs.map(({ name }) => inputs[name].shape)]);
    const present = this.plans.get(key);
    if (present) return present;
    const plan = this.makePlan(inputs, wanted, stages);
    if (!('steps' in plan)) return plan;
    if (this.plans.size >= PLANS) this.plans.delete(this.plans.keys().next().value as string);
    this.plans.set(key, plan);
    return plan;
  }

  private makePlan(
    inputs: Readonly<Record<string, Tf.Tensor>>,
    wanted: readonly string[],
    stages: Stages,
  ): Plan | Inference {
    const dims: InputDims = new Map(Object.entries(inputs).map(([name, { shape }]) => [name, shape]));
    const sized = sizedFor(this.freed, dims);
    const inference = inferTypes(sized.graph, sized.symbols, stages.known);
    const nodes = neededNodes(this.graph, wanted, stages);
    if (!nodes.every(({ id }) => inference.bound(id))) return inference;
    return planOf(sized.graph, inference, wanted, this.orders, isVariable(this.graph), stages);
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

/** Why a graph cannot be planned: the problems of the nodes that could not be typed. */
function unboundNodes(
  graph: Graph,
  inference: Inference,
  wanted: readonly string[],
  present?: Names,
): ModelError[] {
  const problems = new Map(inference.problems.map((problem) => [problem.where, problem]));
  return neededNodes(graph, wanted, present)
    .filter(({ id }) => !inference.bound(id))
    .map(
      ({ name, op }) =>
        new ModelError(
          problems.get(name) ?? {
            code: 'cannot-run',
            where: name,
            message: `The sizes of "${name}" (${op}) cannot be told in advance.`,
          },
        ),
    );
}
