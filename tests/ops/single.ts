// One operator by itself: a graph of a single node, its inferred types and host values, its channel equations, and
// its result on tfjs's CPU backend in the order of axes the file states.

import * as tf from '@tensorflow/tfjs';
import { type Solution, solve } from '../../src/analysis/equations.ts';
import { type Inference, inferTypes } from '../../src/analysis/fold.ts';
import { kernelsOf } from '../../src/execution/gradients/kernels.ts';
import { elementCount, tensorOf } from '../../src/graph/tensor.ts';
import type { Attribute, DataType, Graph, Tensor, ValueInfo } from '../../src/graph/types.ts';
import { ModelError } from '../../src/lib/errors.ts';
import type { HostTensor, RunView } from '../../src/ops/op.ts';
import { toDevice } from '../../src/ops/rearrange.ts';

/** An input that only the running network knows. */
export interface Fed {
  readonly fed: HostTensor;
}

export interface SingleNode {
  readonly op: string;
  readonly domain?: string;
  readonly opset?: number;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Constants as they are, others as `fed`; `undefined` for an omitted one. */
  readonly inputs: readonly (HostTensor | Fed | undefined)[];
  readonly outputs?: number;
}

export const floats = (dims: readonly number[], values?: readonly number[]): HostTensor => ({
  dtype: 'float32',
  dims,
  values: values ?? counting(elementCount(dims)),
});
export const whole = (dims: readonly number[], values: readonly number[], dtype: DataType = 'int64') => ({
  dtype,
  dims,
  values,
});
export const vector = (...values: number[]): HostTensor => whole([values.length], values);
export const fed = (value: HostTensor): Fed => ({ fed: value });
export const counting = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

export interface Single {
  readonly graph: Graph;
  readonly inference: Inference;
  /** Host values of the outputs, as `fold` gives them. */
  readonly folded: readonly (HostTensor | undefined)[];
  solve(): Solution;
  run(): Promise<HostTensor[]>;
  /** The outputs as tensors, with input `i` replaced. */
  runWith(replaced: ReadonlyMap<number, tf.Tensor>): tf.Tensor[];
}

export function single(node: SingleNode): Single {
  const names = node.inputs.map((_, i) => `in${i}`);
  const outputs = Array.from({ length: node.outputs ?? 1 }, (_, o) => `out${o}`);
  const tensors = new Map<string, Tensor>();
  const inputs: ValueInfo[] = [];
  const values = node.inputs.map((input) => (input && 'fed' in input ? input.fed : input));
  node.inputs.forEach((input, i) => {
    if (!input) return;
    if ('fed' in input) inputs.push({ name: names[i], dtype: input.fed.dtype, dims: input.fed.dims });
    else tensors.set(names[i], tensorOf(names[i], input.dtype, input.dims, input.values));
  });
  const graph: Graph = {
    name: node.op,
    inputs,
    outputs: [],
    nodes: [
      {
        id: 0,
        name: node.op.toLowerCase(),
        op: node.op,
        domain: node.domain ?? '',
        inputs: names.map((name, i) => (node.inputs[i] ? name : '')),
        outputs,
        attributes: node.attributes ?? {},
      },
    ],
    tensors,
    values: new Map(),
    opsets: new Map([[node.domain ?? '', node.opset ?? 18]]),
  };
  const inference = inferTypes(graph);
  const runWith = (replaced: ReadonlyMap<number, tf.Tensor>) => {
    const bound = inference.bound(0);
    if (!bound) throw new ModelError(inference.problems[0]);
    const { operator } = bound;
    const view = {
      __proto__: bound.view,
      tf,
      training: false,
      channelsLast: false,
      kernels: kernelsOf(tf),
      input: (i: number) => replaced.get(i) ?? toDevice(tf, values[i]!),
      axis: (i: number) => (i < 0 ? i + bound.view.shape(0).length : i),
    } as unknown as RunView<never>;
    const result = operator.run(view);
    return Array.isArray(result) ? result : [result];
  };
  return {
    graph,
    inference,
    folded: outputs.map((name) => inference.folded.get(name)),
    solve: () => solve(graph, inference),
    runWith,
    run: async () => {
      await tf.setBackend('cpu');
      return Promise.all(
        runWith(new Map()).map(async (tensor, o) => ({
          dtype: inference.types.get(outputs[o])!.dtype,
          dims: tensor.shape,
          values: Array.from(await tensor.data()),
        })),
      );
    },
  };
}
