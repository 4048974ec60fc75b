// What execution offers to training and the workbench.

import type * as Tf from '@tensorflow/tfjs';
import type { Graph, GraphNode } from '../graph/types.ts';
import type { Role } from '../ops/op.ts';

export type BackendName = 'webgpu' | 'webgl' | 'wasm' | 'cpu';

export interface Backend {
  readonly name: BackendName;
  readonly tf: typeof Tf;
  /** For people: adapter name, SIMD, threads. */
  readonly description: string;
  /** Why backends that come before this one in the order of preference were passed over. */
  readonly passedOver: readonly { readonly name: BackendName; readonly why: string }[];
}

/** Elements on the host, row-major, in the file's own axis order. */
export interface HostArray {
  readonly dims: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

export interface Parameter {
  /** Name of the constant in the graph. */
  readonly name: string;
  readonly role: Role;
  readonly trainable: boolean;
  /** In execution layout. */
  readonly variable: Tf.Variable;
  /** `order[i]` is the axis of the graph's constant that axis `i` of the variable is. */
  readonly order: readonly number[];
}

/** Whether nodes behave as in training (batch statistics, dropout): all of them, none, or those a function tells. */
export type TrainingMode = boolean | ((node: GraphNode) => boolean);

/** A graph made ready to run on one backend. Holds device memory until `dispose`. */
export interface Network {
  readonly graph: Graph;
  readonly backend: Backend;
  /** Float constants of the graph; running statistics are here too, with `trainable: false`. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  /**
   * Runs the network; inputs and outputs by name, in the file's axis order.
   * @throws ModelError `bad-input` for one that is missing or whose elements do not fill its shape, `cannot-run` naming the node
   */
  predict(inputs: Readonly<Record<string, HostArray>>): Promise<Record<string, HostArray>>;
  /**
   * The same on tensors, differentiable, to be called inside `tf.tidy` or a gradient. `wanted` names values to
   * return instead of the graph's outputs (activations for criteria, logits before a final Softmax).
   * @throws ModelError `bad-input`, `cannot-run`, and `data-dependent` for a network whose sizes only `predict` can find
   */
  forward(
    inputs: Readonly<Record<string, Tf.Tensor>>,
    options?: { training?: TrainingMode; seed?: number; wanted?: readonly string[] },
  ): Record<string, Tf.Tensor>;
  /** Applies the running-statistics updates that the last training forward recorded. */
  commitStatistics(): void;
  /** The graph with its present parameter values, in the file's own types and order. */
  readBack(): Promise<Graph>;
  dispose(): void;
}
