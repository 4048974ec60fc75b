// Between host arrays and the device.

import type * as Tf from '@tensorflow/tfjs';
import { upload } from '../execution/transfer.ts';
import type { Network, Parameter } from '../execution/types.ts';
import type { Graph } from '../graph/types.ts';
import { ModelError } from '../lib/errors.ts';
import type { Examples, SavedTensor } from './types.ts';

/** One tensor per network input, by name. @throws ModelError when the data has another number of inputs */
export function inputTensors({ graph, backend }: Network, { inputs }: Examples): Record<string, Tf.Tensor> {
  if (inputs.length !== graph.inputs.length)
    throw new ModelError({
      code: 'input-misfit',
      where: graph.name,
      message: `The network has ${graph.inputs.length} inputs, but the data brings ${inputs.length} per example.`,
      hint: 'Open data that was made for this network.',
    });
  return Object.fromEntries(
    graph.inputs.map(({ name, dtype }, i) => [name, upload(backend.tf, inputs[i], dtype, name)]),
  );
}

export const targetTensors = (tf: typeof Tf, { targets = [] }: Examples): Tf.Tensor[] =>
  targets.map((target, i) =>
    upload(tf, target, target.data instanceof Float32Array ? 'float32' : 'int32', `target ${i + 1}`),
  );

/** Numbers of all inputs together that go through a network at once; its activations are some ten times as many. */
const COMFORTABLE = 2 ** 21;

/** Examples per batch where nobody states it: `most`, fewer where examples are large. */
export function comfortableBatch({ inputs }: Graph, most: number): number {
  const sizes = inputs.map(({ dims = [] }) =>
    dims.slice(1).reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 1), 1),
  );
  const size = sizes.reduce((sum, one) => sum + one, 0);
  return Math.max(1, Math.min(most, Math.floor(COMFORTABLE / Math.max(1, size))));
}

/** Copies to the host. */
async function savedTensor(tensor: Tf.Tensor): Promise<SavedTensor> {
  return { dims: [...tensor.shape], data: Float32Array.from(await tensor.data()) };
}

export async function savedTensors(
  tensors: Iterable<readonly [string, Tf.Tensor]>,
): Promise<Map<string, SavedTensor>> {
  return new Map(
    await Promise.all([...tensors].map(async ([name, tensor]) => [name, await savedTensor(tensor)] as const)),
  );
}

export const restoredTensor = (tf: typeof Tf, { dims, data }: SavedTensor): Tf.Tensor =>
  tf.tensor(data.slice(), [...dims], 'float32');

// ---------------------------------------------------------------- snapshots

/** Present values of all parameters; shares memory with them until they change. */
export type Snapshot = ReadonlyMap<string, Tf.Tensor>;

export const snapshotOf = (tf: typeof Tf, parameters: Iterable<Parameter>): Snapshot =>
  new Map([...parameters].map(({ name, variable }) => [name, tf.keep(tf.clone(variable))]));

/** Gives parameters the values of a snapshot, which stays valid. */
export function restoreSnapshot(
  tf: typeof Tf,
  parameters: ReadonlyMap<string, Parameter>,
  snapshot: Snapshot,
): void {
  for (const [name, value] of snapshot) {
    const copy = tf.clone(value);
    parameters.get(name)?.variable.assign(copy);
    copy.dispose();
  }
}
