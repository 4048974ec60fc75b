// The operator record: everything the program knows about one operator, in one place.
// A record is written with `operator({...})`; every facet is required, so a forgotten one does not compile.
// Names, attributes and defaults are the ONNX spec's. A family file holds the records of one family;
// `table.ts` lists them. Nothing here computes: analysis and execution call the facets.

import type * as Tf from '@tensorflow/tfjs';
import type { Attribute, DataType, GraphNode, Tensor } from '../graph/types.ts';

// ---------------------------------------------------------------- attributes

/** How one attribute is read: its value where the node has it, else the default (`undefined`: none). */
export interface AttrReader<T> {
  readonly kind: 'int' | 'ints' | 'float' | 'floats' | 'string' | 'strings' | 'tensor' | 'subgraph';
  readonly fallback: T;
}
export type AttrSchema = Readonly<Record<string, AttrReader<unknown>>>;
export type AttrsOf<S extends AttrSchema> = {
  readonly [K in keyof S]: S[K] extends AttrReader<infer T> ? T : never;
};

interface Reader<T> {
  (): AttrReader<T | undefined>;
  (fallback: T): AttrReader<T>;
}
const reader = <T>(kind: AttrReader<T>['kind']): Reader<T> =>
  ((fallback?: T) => ({ kind, fallback })) as Reader<T>;

export const int = reader<number>('int');
export const ints = reader<readonly number[]>('ints');
export const float = reader<number>('float');
export const floats = reader<readonly number[]>('floats');
export const string = reader<string>('string');
export const strings = reader<readonly string[]>('strings');

/** The attributes a schema names, with defaults filled in. Attributes it does not name are ignored. */
export function readAttrs<S extends AttrSchema>(
  schema: S,
  attributes: Readonly<Record<string, Attribute>>,
): AttrsOf<S> {
  const out: Record<string, unknown> = {};
  for (const name in schema) out[name] = attributes[name] ?? schema[name].fallback;
  return out as AttrsOf<S>;
}

// ---------------------------------------------------------------- what a rule sees

/** A small array evaluated on the host: shape arithmetic, never weights. Row-major. */
export interface HostTensor {
  readonly dtype: DataType;
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

export interface ValueType {
  readonly dtype: DataType;
  readonly dims: readonly number[];
}

/** One node, with concrete input shapes (symbols are bound before any rule runs). */
export interface NodeView<A> {
  readonly node: GraphNode;
  readonly attrs: A;
  /** Version of the operator set of the node's domain. */
  readonly opset: number;
  /** Number of input slots, omitted optional ones included. */
  readonly inputs: number;
  readonly outputs: number;
  /** Whether input `i` is given. */
  has(i: number): boolean;
  /** @throws ModelError when input `i` is absent. */
  shape(i: number): readonly number[];
  dtype(i: number): DataType;
  /** Elements of input `i` when they are known without running the network. */
  known(i: number): HostTensor | undefined;
  /** The same as plain numbers. @throws ModelError `data-dependent` when they are not known. */
  numbers(i: number): readonly number[];
}

// ---------------------------------------------------------------- channel equations

/**
 * The terms along one axis of one value, position by position; see analysis/terms.ts. Opaque to operators,
 * which only pass axes on, join, cut and equate them. Passing the same axis on means "the same channels".
 */
export interface Axis {
  readonly length: number;
}

/** The closed vocabulary in which an operator states which channels are the same. */
export interface Equations<A> extends NodeView<A> {
  /** The axes of input `i`; one per dimension. */
  axes(i: number): readonly Axis[];
  /** Dimensions of output `o`, from the `shape` facet. */
  outShape(o: number): readonly number[];
  /** States the axes of output `o`. */
  out(o: number, axes: readonly Axis[]): void;
  /** A new axis whose positions are free: each may go by itself. */
  free(length: number): Axis;
  /** A new axis whose positions must all stay. `why` completes "… stays because <why>". */
  fixed(length: number, why: string): Axis;
  /** Requires every position of `axis` to stay. */
  fix(axis: Axis, why: string): void;
  /** Position by position the same channels; lengths must agree. Returns either. */
  same(a: Axis, b: Axis): Axis;
  /** Row-major product: position (i, j, …) goes when any of its factors goes. */
  product(factors: readonly Axis[]): Axis;
  /** The factors of a row-major product of these lengths (product of `lengths` = axis length). */
  split(axis: Axis, lengths: readonly number[], kind?: ProductKind): Axis[];
  /** One after the other. */
  concat(axes: readonly Axis[]): Axis;
  /** Chosen positions, in this order; repeats allowed. */
  select(axis: Axis, positions: ArrayLike<number>): Axis;
}

/** What the outer factor of a product stands for; names the groups a person sees. */
export type ProductKind = 'heads' | 'conv-groups' | 'norm-groups' | 'blocks';

// ---------------------------------------------------------------- after surgery

/** Sizes stored as data: what a node needs rewritten once its inputs have shrunk. */
export interface ResizeView<A> extends NodeView<A> {
  /** Shapes before (`shape`, `outShape`) and after the cut. */
  outShape(o: number): readonly number[];
  newShape(i: number): readonly number[];
  newOutShape(o: number): readonly number[];
  /** Surviving positions of an axis, ascending; `undefined` where all survive. */
  kept(i: number, axis: number): ArrayLike<number> | undefined;
  keptOut(o: number, axis: number): ArrayLike<number> | undefined;
  /** Rewrites an attribute; `undefined` takes it away. */
  set(attribute: string, value: number | readonly number[] | undefined): void;
  /**
   * Rewrites the integers that reach input `i`, which may become more or fewer; an omitted optional input is given.
   * Values the new graph computes by itself are left alone.
   */
  setNumbers(i: number, values: readonly number[]): void;
}

// ---------------------------------------------------------------- constants a node owns

/** What a constant input is to the operator; criteria, counters and the optimiser ask for this. */
export type Role =
  | 'kernel' // the weight of a contraction: convolution, linear, recurrent
  | 'bias'
  | 'norm-scale'
  | 'norm-shift'
  | 'running-mean'
  | 'running-variance'
  | 'slope' // PRelu
  | 'table' // embedding
  | 'other'; // any other trainable constant: positions, tokens, scales

export interface WeightUse {
  /** Input slot. */
  readonly input: number;
  readonly role: Role;
  /** Kernels: the axes of the output and input channels, and the number of channel groups (1 if none). */
  readonly outAxis?: number;
  readonly inAxis?: number;
  readonly groups?: number;
  /** A convolution with one input channel per group. */
  readonly depthwise?: boolean;
  /** Numbers of a weight that one element of its constant holds; 1 unless stated. */
  readonly perElement?: number;
  /**
   * Of a weight that is stored as levels: the numbers it stands for, given the constants of the node by input slot. Axes
   * are those of the weight, except that several levels packed into one are apart again along the last.
   */
  readonly numbers?: (constant: (input: number) => Tensor | undefined) => Tensor | undefined;
}

// ---------------------------------------------------------------- execution

/**
 * The order of axes an operator computes in. tfjs wants channels last; a plan (execution/plan.ts) assigns each
 * value a layout and transposes only where it must.
 * - `channels-last`: input 0 and all outputs are [batch, spatial…, channels]; other inputs in their own order;
 * - `elementwise`: any layout, the same for all inputs (lower ranks are expanded by the plan);
 * - `axes`: any layout; the rule translates axis numbers with `axis()`; other inputs of input 0's rank follow it;
 * - `logical`: the order the file states.
 */
export type Layout = 'channels-last' | 'elementwise' | 'axes' | 'logical';

export interface RunView<A> extends NodeView<A> {
  /** The tfjs module; `src/ops` never imports it at run time. */
  readonly tf: typeof Tf;
  /** Our own kernels and gradients, which replace what tfjs lacks or does badly (execution/gradients). */
  readonly kernels: Kernels;
  /** Batch statistics instead of running ones, dropout active. */
  readonly training: boolean;
  /** Whether input 0 arrives with its channels last. */
  readonly channelsLast: boolean;
  /** Input `i` in the layout the record asks for. 64-bit integers are int32 here, booleans bool. */
  input(i: number): Tf.Tensor;
  /** Logical output dimensions. */
  outShape(o: number): readonly number[];
  /** Where the present layout has the logical axis `i` of input 0; negative axes count from the end. */
  axis(i: number): number;
  /** Training only: the new value of constant input `i` (running statistics). */
  update(i: number, value: Tf.Tensor): void;
  /** A seed for this node and step (dropout, random). */
  seed(): number;
}

/** The kernels execution brings; all tensors channels-last, filters [spatial…, in / groups, out]. */
export interface Kernels {
  /** `padding`: [begin, end] per spatial axis. */
  conv(
    x: Tf.Tensor,
    filter: Tf.Tensor,
    options: {
      strides: readonly number[];
      dilations: readonly number[];
      padding: readonly (readonly [number, number])[];
      groups: number;
    },
  ): Tf.Tensor;
  /** Filter [spatial…, out / groups, in]; `outSpatial` is the size wanted before `padding` was taken off. */
  convTranspose(
    x: Tf.Tensor,
    filter: Tf.Tensor,
    options: {
      strides: readonly number[];
      dilations: readonly number[];
      padding: readonly (readonly [number, number])[];
      outSpatial: readonly number[];
      groups: number;
    },
  ): Tf.Tensor;
  /** Normalises over all axes but the last with batch statistics; also returns them. */
  batchNorm(
    x: Tf.Tensor,
    scale: Tf.Tensor1D,
    shift: Tf.Tensor1D,
    epsilon: number,
  ): { y: Tf.Tensor; mean: Tf.Tensor1D; variance: Tf.Tensor1D };
  /** Normalises over `axes` (mean 0, variance 1), without scale and shift. */
  normalize(x: Tf.Tensor, axes: readonly number[], epsilon: number): Tf.Tensor;
  matMul(a: Tf.Tensor, b: Tf.Tensor, transposeA?: boolean, transposeB?: boolean): Tf.Tensor;
  /** Max or average over windows. */
  pool(
    x: Tf.Tensor,
    kind: 'max' | 'avg',
    options: {
      window: readonly number[];
      strides: readonly number[];
      dilations: readonly number[];
      padding: readonly (readonly [number, number])[];
      /** Average: whether padded zeros count. */
      countPadding: boolean;
      /** Output sizes per spatial axis (ceil mode adds some). */
      outSpatial: readonly number[];
    },
  ): Tf.Tensor;
  einsum(equation: string, inputs: readonly Tf.Tensor[]): Tf.Tensor;
}

// ---------------------------------------------------------------- the record

export interface OperatorRecord<S extends AttrSchema> {
  /** As the spec names it. */
  readonly name: string;
  /** `''` is the ONNX standard domain. */
  readonly domain?: string;
  readonly attrs: S;
  /** One plain clause that completes "<node> …", on how it couples channels: "adds its inputs channel by channel". */
  readonly coupling: string;
  /** Types of the outputs. @throws ModelError on impossible inputs. */
  readonly shape: (view: NodeView<AttrsOf<S>>) => ValueType[];
  /** Host values of the outputs when every input's is known; `notFolded` for operators that compute on data. */
  readonly fold: ((view: NodeView<AttrsOf<S>>) => HostTensor[]) | typeof notFolded;
  /** `fold` needs the types of the inputs only, not their values (Shape, Size). */
  readonly foldsFromTypes?: true;
  readonly terms: (equations: Equations<AttrsOf<S>>) => void;
  readonly resize: (view: ResizeView<AttrsOf<S>>) => void;
  readonly weights: (view: NodeView<AttrsOf<S>>) => readonly WeightUse[];
  readonly layout: Layout | ((view: NodeView<AttrsOf<S>>) => Layout);
  /** Permutation in which `run` wants a constant input of given rank, e.g. OIHW → HWIO; absent: as stored. */
  readonly weightOrder?: (view: NodeView<AttrsOf<S>>, input: number) => readonly number[] | undefined;
  /** Computes the outputs; everything it makes and does not return is disposed by the caller (tidy). */
  readonly run: (view: RunView<AttrsOf<S>>) => Tf.Tensor | Tf.Tensor[];
  /** Multiply-accumulates for these input shapes; 0 where the field does not count any. */
  readonly macs: (view: NodeView<AttrsOf<S>> & { outShape(o: number): readonly number[] }) => number;
}

/** The record with its attribute types erased, as the table keeps it. */
// biome-ignore lint/suspicious/noExplicitAny: a heterogeneous table; `operator` checks each row before erasing
export type Operator = OperatorRecord<any>;

/** Checks a record's types and erases them. */
export const operator = <S extends AttrSchema>(record: OperatorRecord<S>): Operator => record;

// ---------------------------------------------------------------- the common facets

export const notFolded = 'not-folded';
/** No sizes are stored in the node. */
export const noResize = (): void => {};
export const noWeights = (): readonly WeightUse[] => [];
export const noMacs = (): number => 0;

/** `axis` counted from the front. */
export const positive = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** NumPy broadcasting of two shapes. @throws RangeError when they do not agree. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const da = a[a.length - rank + i] ?? 1;
    const db = b[b.length - rank + i] ?? 1;
    if (da !== db && da !== 1 && db !== 1)
      throw new RangeError(`shapes [${a}] and [${b}] cannot be broadcast together`);
    return da === 1 ? db : da;
  });
}
