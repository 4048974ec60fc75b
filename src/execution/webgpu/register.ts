// Our kernels on tfjs's WebGPU backend, registered by name.

import type * as Tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { type OwnKernel, type OwnKernels, registeredName } from '../own-kernels.ts';
import { convolution, convolutionInput } from './convolution.ts';
import { affine, clippedInput, rectifiedInput } from './elements.ts';
import { convolutionFilter } from './filter-gradient.ts';
import {
  batchNormalization,
  batchNormalizationInput,
  rowNormalization,
  rowNormalizationInput,
} from './normalisation.ts';
import { product } from './products.ts';

/** A kernel on tensors as the backend sees them. */
type Implementation<K extends OwnKernel> = (
  backend: WebGPUBackend,
  inputs: { readonly [N in keyof OwnKernels[K]['inputs']]: Tf.TensorInfo },
  attrs: OwnKernels[K]['attrs'],
) => Tf.TensorInfo | Tf.TensorInfo[];

const implementations: { readonly [K in OwnKernel]?: Implementation<K> } = {
  Convolution: (backend, { x, filter }, attrs) => convolution(backend, x, filter, attrs),
  ConvolutionInput: (backend, { dy, filter }, attrs) => convolutionInput(backend, dy, filter, attrs),
  ConvolutionFilter: (backend, { x, dy }, attrs) => convolutionFilter(backend, x, dy, attrs),
  Product: (backend, { a, b }, attrs) => product(backend, a, b, attrs),
  BatchNormalization: batchNormalization,
  BatchNormalizationInput: batchNormalizationInput,
  RowNormalization: (backend, { x }, attrs) => rowNormalization(backend, x, attrs),
  RowNormalizationInput: rowNormalizationInput,
  Affine: (backend, { x, factor, offset }) => affine(backend, x, factor, offset),
  ClippedInput: (backend, { x, dy }, attrs) => clippedInput(backend, x, dy, attrs),
  RectifiedInput: (backend, { y, dy }) => rectifiedInput(backend, y, dy),
};

export function registerWebgpuKernels(tf: typeof Tf): void {
  for (const kernel of Object.keys(implementations) as OwnKernel[]) {
    if (tf.getKernel(registeredName(kernel), 'webgpu')) continue;
    const run = implementations[kernel] as Implementation<never>;
    tf.registerKernel({
      kernelName: registeredName(kernel),
      backendName: 'webgpu',
      kernelFunc: ({ inputs, attrs, backend }) =>
        run(backend as WebGPUBackend, inputs as never, attrs as never),
    });
  }
}
