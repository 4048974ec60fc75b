// Kernels that we bring where tfjs lacks them or is slow: what each computes, whatever backend brings it. A backend
// registers those it has under these names; the gradients use them where they are and compose tfjs's own otherwise.

import type * as Tf from '@tensorflow/tfjs';

type TfModule = typeof Tf;
export type Pair = readonly [number, number];

/** Windows over images [N, H, W, C]. */
export interface WindowOptions {
  readonly strides: Pair;
  readonly dilations: Pair;
  /** Padding before the first row and column; negative where they are left out. */
  readonly before: Pair;
  /** Number of windows down and across: what padding there is behind follows from it. */
  readonly windows: Pair;
}

export interface ConvolutionOptions extends WindowOptions {
  readonly groups: number;
}

/** The first at most as great as the second. */
export interface Limits {
  readonly low: number;
  readonly high: number;
}

/** Inputs and attributes by kernel name. Filters are [kh, kw, C / groups, O]. */
export interface OwnKernels {
  /** y [N, OH, OW, O]. */
  Convolution: { inputs: { x: Tf.Tensor; filter: Tf.Tensor }; attrs: ConvolutionOptions };
  /** dL/dx, of this shape. */
  ConvolutionInput: {
    inputs: { dy: Tf.Tensor; filter: Tf.Tensor };
    attrs: ConvolutionOptions & { readonly shape: readonly number[] };
  };
  /** dL/dfilter, of this shape. */
  ConvolutionFilter: {
    inputs: { x: Tf.Tensor; dy: Tf.Tensor };
    attrs: ConvolutionOptions & { readonly shape: readonly number[] };
  };
  /** dL/dx of a pool that takes the largest of windows, all of them inside the image: to the first of equals. */
  LargestInput: {
    inputs: { x: Tf.Tensor; dy: Tf.Tensor };
    attrs: WindowOptions & { readonly window: Pair };
  };
  /** a · b over a stack: a [S, M, K] (or [S, K, M]), b [S, K, N] (or [S, N, K]) to [S, M, N]. */
  Product: {
    inputs: { a: Tf.Tensor; b: Tf.Tensor };
    attrs: { readonly transposeA: boolean; readonly transposeB: boolean };
  };
  /** x [R, C] to [y, mean [C], variance [C]]: each column normalised over its rows, scaled and shifted. */
  BatchNormalization: {
    inputs: { x: Tf.Tensor; scale: Tf.Tensor; shift: Tf.Tensor };
    attrs: { readonly epsilon: number };
  };
  /** [dL/dx, dL/dscale, dL/dshift] of the same. */
  BatchNormalizationInput: {
    inputs: { x: Tf.Tensor; dy: Tf.Tensor; scale: Tf.Tensor; mean: Tf.Tensor; variance: Tf.Tensor };
    attrs: { readonly epsilon: number };
  };
  /** x [R, C] to [y, deviation [R]]: each row with mean 0 and variance 1; the deviation is √(variance + ε). */
  RowNormalization: { inputs: { x: Tf.Tensor }; attrs: { readonly epsilon: number } };
  RowNormalizationInput: {
    inputs: { y: Tf.Tensor; dy: Tf.Tensor; deviation: Tf.Tensor };
    attrs: Record<never, never>;
  };
  /** x · factor + offset, column by column: x [R, C]. */
  Affine: { inputs: { x: Tf.Tensor; factor: Tf.Tensor; offset: Tf.Tensor }; attrs: Record<never, never> };
  /** dy where y > 0, else 0. */
  RectifiedInput: { inputs: { y: Tf.Tensor; dy: Tf.Tensor }; attrs: Record<never, never> };
  /** dy where x lies between two limits or on one, else 0. */
  ClippedInput: { inputs: { x: Tf.Tensor; dy: Tf.Tensor }; attrs: Limits };
}

export type OwnKernel = keyof OwnKernels;

/** The name under which tfjs knows a kernel of ours. */
export const registeredName = (kernel: OwnKernel): string => `Secateur${kernel}`;

export const hasKernel = (tf: TfModule, kernel: OwnKernel): boolean =>
  tf.getKernel(registeredName(kernel), tf.getBackend()) !== undefined;

/** A kernel on tensors as a backend sees them, with what the backend's kernels compute in. */
export type Implementation<Host, K extends OwnKernel> = (
  host: Host,
  inputs: { readonly [N in keyof OwnKernels[K]['inputs']]: Tf.TensorInfo },
  attrs: OwnKernels[K]['attrs'],
) => Tf.TensorInfo | Tf.TensorInfo[];

export type Implementations<Host> = { readonly [K in OwnKernel]?: Implementation<Host, K> };

/** Makes kernels known to tfjs; those that it knows already stay. */
export function registerKernels<Host>(
  tf: TfModule,
  backendName: string,
  implementations: Implementations<Host>,
  hostOf: (backend: unknown) => Host,
): void {
  for (const kernel of Object.keys(implementations) as OwnKernel[]) {
    const kernelName = registeredName(kernel);
    if (tf.getKernel(kernelName, backendName)) continue;
    const run = implementations[kernel] as Implementation<Host, never>;
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs, backend }) => run(hostOf(backend), inputs as never, attrs as never),
    });
  }
}

/** Runs a kernel that the present backend has. */
export function runKernel<K extends OwnKernel>(
  tf: TfModule,
  kernel: K,
  inputs: OwnKernels[K]['inputs'],
  attrs: OwnKernels[K]['attrs'],
): Tf.Tensor[] {
  const result = tf
    .engine()
    .runKernel(registeredName(kernel), inputs as unknown as Tf.NamedTensorMap, attrs as Tf.NamedAttrMap);
  return Array.isArray(result) ? result : [result as Tf.Tensor];
}
