// Our kernels on tfjs's WebAssembly backend: assembled when the backend first runs one of them, registered by name.

import type * as Tf from '@tensorflow/tfjs';
import { type Implementations, registerKernels } from '../own-kernels.ts';
import { convolution, convolutionFilter, convolutionInput, largestInput } from './host/convolution.ts';
import { clippedInput, rectifiedInput } from './host/elements.ts';
import {
  affine,
  batchNormalization,
  batchNormalizationInput,
  rowNormalization,
  rowNormalizationInput,
} from './host/normalisation.ts';
import { stackedProduct } from './host/products.ts';
import type { ModuleBuilder } from './kernels/assembler.ts';
import { defineConvolution } from './kernels/convolution.ts';
import { defineDepthwise } from './kernels/depthwise.ts';
import { defineElements } from './kernels/elements.ts';
import { defineExponentials } from './kernels/exponentials.ts';
import { defineNormalisation } from './kernels/normalisation.ts';
import { defineProducts } from './kernels/products.ts';
import { KernelMemory } from './memory.ts';
import { replaceStock } from './stock.ts';
import type { StartThread } from './team.ts';

const implementations: Required<Implementations<KernelMemory>> = {
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
  defineExponentials(m);
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

/** Copies `value` over what `held` holds, unless other tensors share that; both are of one size and type. */
export const overwriteInWasm = (tf: typeof Tf, held: Tf.Tensor, value: Tf.Tensor): boolean =>
  memoryOf(tf.backend()).overwrite(held, value);

export function registerWasmKernels(tf: typeof Tf): void {
  registerKernels(tf, 'wasm', implementations, (backend) => memoryOf(backend as object));
  replaceStock(tf, memoryOf);
}
