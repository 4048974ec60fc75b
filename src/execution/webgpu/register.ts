// Our kernels on tfjs's WebGPU backend, registered by name.

import type * as Tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { type Implementations, registerKernels } from '../own-kernels.ts';
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

const implementations: Implementations<WebGPUBackend> = {
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

export const registerWebgpuKernels = (tf: typeof Tf): void =>
  registerKernels(tf, 'webgpu', implementations, (backend) => backend as WebGPUBackend);
