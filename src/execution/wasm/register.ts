// Our kernels on tfjs's WebAssembly backend: assembled when the backend first runs one of them, registered by name.

import type * as Tf from '@tensorflow/tfjs';
import { type OwnKernel, type OwnKernels, registeredName } from '../own-kernels.ts';
import type { ModuleBuilder } from './assembler.ts';
import { defineConvolution } from './convolution.ts';
import { defineDepthwise } from './depthwise.ts';
import { defineElements } from './elements.ts';
import { convolution, convolutionFilter, convolutionInput, largestInput } from './host-convolution.ts';
import { clip, clippedInput, rectifiedInput } from './host-elements.ts';
import {
  affine,
  batchNormalization,
  batchNormalizationInput,
  rowNormalization,
  rowNormalizationInput,
} from './host-normalisation.ts';
import { stackedProduct } from './host-products.ts';
import { KernelMemory } from './memory.ts';
import { defineNormalisation } from './normalisation.ts';
import { defineProducts } from './products.ts';
import type { StartThread } from './team.ts';

/** A kernel on tensors as the backend sees them. */
type Implementation<K extends OwnKernel> = (
  memory: KernelMemory,
  inputs: { readonly [N in keyof OwnKernels[K]['inputs']]: Tf.TensorInfo },
  attrs: OwnKernels[K]['attrs'],
) => Tf.TensorInfo | Tf.TensorInfo[];

const implementations: { readonly [K in OwnKernel]: Implementation<K> } = {
  Convolution: (memory, { x, filter }, attrs) => convolution(memory, x, filter, attrs),
  ConvolutionInput: (memory, { dy, filter }, attrs) => convolutionInput(memory, dy, filter, attrs),
  ConvolutionFilter: (memory, { x, dy }, attrs) => convolutionFilter(memory, x, dy, attrs),
  LargestInput: (memory, { x, dy }, attrs) => largestInput(memory, x, dy, attrs),
  Product: (memory, { a, b }, attrs) => stackedProduct(memory, a, b, attrs),
  BatchNormalization: batchNormalization,
  BatchNormalizationInput: batchNormalizationInput,
  RowNormalization: rowNormalization,
  RowNormalizationInput: rowNormalizationInput,
  Affine: affine,
  RectifiedInput: rectifiedInput,
  ClippedInput: clippedInput,
};

function defineAll(m: ModuleBuilder): void {
  defineProducts(m);
  defineConvolution(m);
  defineDepthwise(m);
  defineNormalisation(m);
  defineElements(m);
}

const memories = new WeakMap<object, KernelMemory>();

function memoryOf(backend: object): KernelMemory {
  const present = memories.get(backend);
  if (present) return present;
  const memory = new KernelMemory(backend, defineAll);
  memories.set(backend, memory);
  return memory;
}

/**
 * Has our kernels run on several threads from now on, where tfjs's memory is shared.
 * @returns how many, this one included
 */
export async function startThreads(tf: typeof Tf, count: number, start: StartThread): Promise<number> {
  const backend = tf.backend() as unknown as { dispose(): void };
  const memory = memoryOf(backend);
  if (!memory.isShared || memory.threads > 1) return memory.threads;
  await memory.startThreads(count, start);
  const dispose = backend.dispose.bind(backend);
  backend.dispose = () => {
    memory.stopThreads();
    dispose();
  };
  return memory.threads;
}

export function registerWasmKernels(tf: typeof Tf): void {
  for (const kernel of Object.keys(implementations) as OwnKernel[]) {
    if (tf.getKernel(registeredName(kernel), 'wasm')) continue;
    const run = implementations[kernel] as Implementation<never>;
    tf.registerKernel({
      kernelName: registeredName(kernel),
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs, backend }) =>
        run(memoryOf(backend as object), inputs as never, attrs as never),
    });
  }
  replaceKernels(tf);
}

const replaced = new WeakSet<typeof Tf>();

/** Kernels of tfjs (4.22) that err or waste. */
function replaceKernels(tf: typeof Tf): void {
  if (replaced.has(tf)) return;
  replaced.add(tf);
  const replace = (kernelName: string, ours: (stock: Tf.KernelFunc) => Tf.KernelFunc) => {
    const stock = tf.getKernel(kernelName, 'wasm');
    tf.unregisterKernel(kernelName, 'wasm');
    tf.registerKernel({ ...stock, kernelFunc: ours(stock.kernelFunc) });
  };
  // It copies, and everything that a gradient saves goes through it; a count of users is all that is needed.
  replace('Identity', () => ({ inputs: { x }, backend }) => {
    const info = x as Tf.TensorInfo;
    (backend as { incRef(dataId: object): void }).incRef(info.dataId);
    return { dataId: info.dataId, shape: info.shape, dtype: info.dtype };
  });
  // It turns what is not a number into a limit, and so hides that a training diverged.
  replace('ClipByValue', (stock) => (kernel) => {
    const x = kernel.inputs.x as Tf.TensorInfo;
    if (x.dtype !== 'float32') return stock(kernel);
    const { clipValueMin: low, clipValueMax: high } = kernel.attrs as unknown as Record<string, number>;
    return clip(memoryOf(kernel.backend as object), { x }, { low, high });
  });
}
