// What Torch-Pruning did with a reference network, case by case, and the same figures taken of ours.

import { elementCount, isFloat, toFloat32 } from '../../../src/graph/tensor.ts';
import type { Graph, Tensor } from '../../../src/graph/types.ts';
import type { PrunerOptions } from '../../../src/pruning/options.ts';
import type { OrtArray } from '../../onnx-runtime.ts';
import { zooValues } from '../../shared.ts';

export interface Figure {
  readonly shape: readonly number[];
  readonly first: readonly number[];
  readonly mean: number;
  readonly l2: number;
}

export interface Config {
  readonly importance: 'l2' | 'l1_first' | 'bnscale' | 'lamp' | 'fpgm';
  readonly pruning_ratio: number;
  readonly global_pruning?: boolean;
  readonly isomorphic?: boolean;
  readonly iterative_steps?: number;
  readonly round_to?: number;
  readonly max_pruning_ratio?: number;
  readonly prune_num_heads?: boolean;
  readonly prune_head_dims?: boolean;
  readonly head_pruning_ratio?: number;
  /** `nn.MultiheadAttention` modules, whose inner width is tied to the outer one. */
  readonly out_channel_groups?: Readonly<Record<string, number>>;
}

/** Shape, sum, and the sum weighted by `(i mod 97) + 1`, in torch's layout. */
export type Checksum = readonly [shape: readonly number[], sum: number, weighted: number];

export interface Step {
  readonly pruned_any: boolean;
  readonly groups_pruned: number;
  readonly params?: number;
  readonly forward?: Figure & { readonly more?: readonly Figure[] };
  readonly changed?: Readonly<Record<string, Checksum>>;
  readonly min_margin?: number;
  readonly tp_inconsistent?: unknown;
  readonly layernorm_scrambled?: unknown;
}

export interface Case {
  readonly id: string;
  readonly config: Config;
  readonly steps: readonly Step[];
  readonly tp_fails?: string;
  /** Roots ranked together. */
  readonly scopes?: readonly (readonly string[])[];
}

export interface Reference {
  readonly input_shapes: readonly (readonly number[])[];
  readonly input_int_below?: readonly number[];
  readonly params: number;
  readonly onnx: { readonly renamed: Readonly<Record<string, readonly [string, readonly number[] | null]>> };
  readonly groups?: readonly {
    readonly root: string;
    readonly channels: number;
    readonly members: readonly (readonly [parameter: string, axis: number, indices?: number])[];
  }[];
  readonly cases: readonly Case[];
}

const criteria: Record<
  Config['importance'],
  Pick<PrunerOptions, 'criterion' | 'reduction' | 'normalizer'>
> = {
  l2: { criterion: 'l2' },
  l1_first: { criterion: 'l1', reduction: 'first', normalizer: 'none' },
  bnscale: { criterion: 'bn-scale' },
  lamp: { criterion: 'lamp' },
  fpgm: { criterion: 'fpgm' },
};

/** A case's settings in our words. */
export function optionsOf({ config }: Case): PrunerOptions {
  const { head_pruning_ratio: headRatio } = config;
  return {
    ...criteria[config.importance],
    ratio: config.pruning_ratio,
    scope: config.isomorphic ? 'isomorphic' : config.global_pruning ? 'global' : 'local',
    steps: config.iterative_steps ?? 1,
    roundTo: config.round_to ?? 1,
    maxRatio: config.max_pruning_ratio ?? 1,
    heads: config.prune_num_heads ?? false,
    headDims: config.prune_head_dims ?? true,
    ...(headRatio === undefined ? {} : { headRatio }),
  };
}

/** The name of a constant in the torch module, and how its axes lie there: our axis k is torch's `perm[k]`. */
export const torchName = ({ onnx }: Reference, name: string) => onnx.renamed[name] ?? ([name, null] as const);

/** The inputs that the figures were computed from. */
export async function inputsOf(graph: Graph, reference: Reference): Promise<Record<string, OrtArray>> {
  const entries = graph.inputs.map(async ({ name, dtype }, i) => {
    const dims = reference.input_shapes[i];
    const seed = i === 0 ? 'input' : `input${i}`;
    const count = elementCount(dims);
    if (isFloat(dtype)) return [name, { dims, data: await zooValues(seed, count, -1, 1) }] as const;
    const whole = Array.from(
      await zooValues(seed, count, 0, reference.input_int_below?.[i] ?? 1),
      Math.floor,
    );
    const data = dtype === 'int64' ? BigInt64Array.from(whole, BigInt) : Int32Array.from(whole);
    return [name, { dims, data }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Largest difference of an output from its figures, measured against its root mean square. */
export function distance({ dims, data }: OrtArray, expected: Figure): number {
  if (dims.join() !== expected.shape.join()) return Number.POSITIVE_INFINITY;
  const values = Array.from(data as Float32Array);
  const l2 = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const scale = expected.l2 / Math.sqrt(values.length);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.max(
    ...expected.first.map((value, i) => Math.abs(value - values[i]) / scale),
    Math.abs(mean - expected.mean) / scale,
    Math.abs(l2 - expected.l2) / expected.l2,
  );
}

/** Axes of length 1 say nothing: a slope is [C] in torch and [C, 1, 1] in the file. */
const wide = (dims: readonly number[]): string => dims.filter((length) => length !== 1).join('x');

/** What is different from the recorded checksums, one line per constant. */
export function differences(graph: Graph, reference: Reference, step: Step): string[] {
  const present = new Map(
    [...graph.tensors.values()].map((tensor) => {
      const [name, perm] = torchName(reference, tensor.name);
      return [name, { tensor, perm }] as const;
    }),
  );
  return Object.entries(step.changed ?? {}).flatMap(([name, [shape, sum, weighted]]) => {
    const found = present.get(name);
    if (!found) return [`${name} is not in the file`];
    const own = checksum(found.tensor, found.perm);
    if (wide(own[0]) !== wide(shape)) return [`${name} is ${wide(own[0])} instead of ${wide(shape)}`];
    const spread = 1e-5 * Math.sqrt(elementCount(shape)) * 97;
    const off = Math.max(Math.abs(own[1] - sum), Math.abs(own[2] - weighted));
    return off > Math.max(spread, 1e-6 * Math.abs(weighted)) ? [`${name} kept other positions`] : [];
  });
}

function checksum(tensor: Tensor, perm: readonly number[] | null): Checksum {
  const values = toFloat32(tensor);
  const order = perm ? torchOrder(tensor.dims, perm) : undefined;
  let sum = 0;
  let weighted = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[order ? order[i] : i];
    sum += value;
    weighted += value * ((i % 97) + 1);
  }
  const shape = perm ? perm.map((_, axis) => tensor.dims[perm.indexOf(axis)]) : tensor.dims;
  return [shape, sum, weighted];
}

/** For each element in torch's row-major order, where it lies in ours. */
function torchOrder(dims: readonly number[], perm: readonly number[]): Int32Array {
  const strides = dims.map((_, axis) => elementCount(dims.slice(axis + 1)));
  const axes = perm.map((_, axis) => perm.indexOf(axis));
  let order = Int32Array.of(0);
  for (const axis of axes) {
    const next = new Int32Array(order.length * dims[axis]);
    let at = 0;
    for (const base of order) for (let i = 0; i < dims[axis]; i++) next[at++] = base + i * strides[axis];
    order = next;
  }
  return order;
}
