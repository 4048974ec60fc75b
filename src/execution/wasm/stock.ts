// Kernels of tfjs's WebAssembly backend (4.22) that err or waste, replaced where ours does the same: on single precision.

import type * as Tf from '@tensorflow/tfjs';
import { clip, each } from './host/elements.ts';
import { totals } from './host/normalisation.ts';
import { slice, split } from './host/slices.ts';
import type { KernelMemory } from './memory.ts';

type TfModule = typeof Tf;
type Info = Tf.TensorInfo;

/** The result, or nothing where tfjs's own kernel is as good. */
type Replacement = (view: {
  readonly tf: TfModule;
  readonly memory: KernelMemory;
  readonly x: Info;
  readonly attrs: Readonly<Record<string, unknown>>;
}) => Info | Info[] | undefined;

const replacements: Readonly<Record<string, Replacement>> = {
  /** Copies, and all that a gradient saves goes through it; counting one more user is enough. */
  Identity: ({ memory, x }) => memory.share(x),

  /** Turns what is not a number into a limit, and so hides that a training diverged. */
  ClipByValue: ({ memory, x, attrs }) => {
    const { clipValueMin, clipValueMax } = attrs as Record<string, number>;
    return clip(memory, { x }, { low: clipValueMin, high: clipValueMax });
  },

  /** One element at a time. */
  Exp: ({ memory, x }) => each(memory, 'exp', x),
  Erf: ({ memory, x }) => each(memory, 'erf', x),

  /** Copies all of what it cuts from. */
  Slice: ({ tf, memory, x, attrs }) => {
    const { begin, size } = attrs as Record<string, number[]>;
    const [first, lengths] = tf.slice_util.parseSliceParams(x as Tf.Tensor, begin, size);
    return slice(memory, x, first, lengths);
  },
  SplitV: ({ tf, memory, x, attrs }) => {
    const [axis] = tf.util.parseAxisParam(attrs.axis as number, x.shape);
    const parts = tf.backend_util.prepareSplitSize(x as Tf.Tensor, attrs.numOrSizeSplits as number[], axis);
    return split(memory, x, parts, axis);
  },

  /** Sums rows one element at a time, where columns go four by four: the gradient of a bias. */
  Sum: ({ tf, memory, x, attrs }) => {
    const axes = tf.util.parseAxisParam(attrs.axis as number[], x.shape);
    const kept = x.shape.slice(axes.length);
    if (!axes.every((axis) => axis < axes.length) || kept.length === 0) return undefined;
    return totals(memory, x, kept, attrs.keepDims ? [...axes.map(() => 1), ...kept] : kept);
  },
};

const done = new WeakSet<TfModule>();

export function replaceStock(tf: TfModule, memoryOf: (backend: object) => KernelMemory): void {
  if (done.has(tf)) return;
  done.add(tf);
  for (const [kernelName, replacement] of Object.entries(replacements)) {
    const stock = tf.getKernel(kernelName, 'wasm');
    tf.unregisterKernel(kernelName, 'wasm');
    tf.registerKernel({
      ...stock,
      kernelFunc: (kernel) => {
        const x = kernel.inputs.x as Info;
        const ours =
          x.dtype === 'float32' &&
          replacement({
            tf,
            memory: memoryOf(kernel.backend as object),
            x,
            attrs: (kernel.attrs ?? {}) as Record<string, unknown>,
          });
        return ours || stock.kernelFunc(kernel);
      },
    });
  }
}
