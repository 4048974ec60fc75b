// Gradients of our own kernels. A gradient is worked out only for the inputs that have one to pass on: frozen filters and
// the images themselves cost nothing.

import type * as Tf from '@tensorflow/tfjs';
import {
  type ConvolutionOptions,
  hasKernel,
  type OwnKernels,
  registeredName,
  runKernel,
} from '../own-kernels.ts';
import type { TfModule } from './shapes.ts';

type Gradients = Record<string, () => Tf.Tensor>;

export function registerOwnGradients(tf: TfModule): void {
  registerConvolution(tf);
  registerProduct(tf);
  registerNormalisation(tf);
  registerLargest(tf);
}

/** A transposed convolution is the input gradient of a convolution, and the other way round. */
function registerConvolution(tf: TfModule): void {
  tf.registerGradient({
    kernelName: registeredName('Convolution'),
    inputsToSave: ['x', 'filter'],
    gradFunc: (dy, saved, attrs): Gradients => {
      const [x, filter] = saved as Tf.Tensor[];
      const options = attrs as unknown as ConvolutionOptions;
      return {
        x: () =>
          runKernel(
            tf,
            'ConvolutionInput',
            { dy: dy as Tf.Tensor, filter },
            { ...options, shape: x.shape },
          )[0],
        filter: () =>
          runKernel(
            tf,
            'ConvolutionFilter',
            { x, dy: dy as Tf.Tensor },
            { ...options, shape: filter.shape },
          )[0],
      };
    },
  });
  tf.registerGradient({
    kernelName: registeredName('ConvolutionInput'),
    inputsToSave: ['dy', 'filter'],
    gradFunc: (up, saved, attrs): Gradients => {
      const [dy, filter] = saved as Tf.Tensor[];
      const options = attrs as unknown as ConvolutionOptions;
      return {
        dy: () => runKernel(tf, 'Convolution', { x: up as Tf.Tensor, filter }, options)[0],
        filter: () =>
          runKernel(
            tf,
            'ConvolutionFilter',
            { x: up as Tf.Tensor, dy },
            { ...options, shape: filter.shape },
          )[0],
      };
    },
  });
}

/** With A, B as multiplied: dA = dY · Bᵀ and dB = Aᵀ · dY; for a transposed factor the transpose of that. */
function registerProduct(tf: TfModule): void {
  const product = (a: Tf.Tensor, b: Tf.Tensor, transposeA: boolean, transposeB: boolean) =>
    runKernel(tf, 'Product', { a, b }, { transposeA, transposeB })[0];
  tf.registerGradient({
    kernelName: registeredName('Product'),
    inputsToSave: ['a', 'b'],
    gradFunc: (up, saved, attrs): Gradients => {
      const [a, b] = saved as Tf.Tensor[];
      const dy = up as Tf.Tensor;
      const { transposeA, transposeB } = attrs as unknown as OwnKernels['Product']['attrs'];
      return {
        a: () => (transposeA ? product(b, dy, transposeB, true) : product(dy, b, false, !transposeB)),
        b: () => (transposeB ? product(dy, a, true, transposeA) : product(a, dy, !transposeA, false)),
      };
    },
  });
}

function registerNormalisation(tf: TfModule): void {
  tf.registerGradient({
    kernelName: registeredName('BatchNormalization'),
    inputsToSave: ['x', 'scale'],
    outputsToSave: [false, true, true],
    gradFunc: (dys, saved, attrs): Gradients => {
      const [x, scale, mean, variance] = saved as Tf.Tensor[];
      const [dy] = dys as Tf.Tensor[];
      const { epsilon } = attrs as unknown as { epsilon: number };
      // One kernel gives all three.
      const inputs = { x, dy, scale, mean, variance };
      const [dx, dscale, dshift] = runKernel(tf, 'BatchNormalizationInput', inputs, { epsilon });
      return { x: () => dx, scale: () => dscale, shift: () => dshift };
    },
  });
  tf.registerGradient({
    kernelName: registeredName('RowNormalization'),
    outputsToSave: [true, true],
    gradFunc: (dys, saved): Gradients => {
      const [y, deviation] = saved as Tf.Tensor[];
      const [dy] = dys as Tf.Tensor[];
      return { x: () => runKernel(tf, 'RowNormalizationInput', { y, dy, deviation }, {})[0] };
    },
  });
}

/** tfjs's own gradient of MaxPool overlooks, on WASM, windows without a positive element. */
function registerLargest(tf: TfModule): void {
  const stock = tf.getGradient('MaxPool');
  tf.registerGradient({
    kernelName: 'MaxPool',
    inputsToSave: ['x'],
    outputsToSave: [true],
    gradFunc: (dy, saved, attrs): Gradients => {
      const { filterSize, strides, pad } = attrs as Record<string, unknown>;
      if (pad !== 'valid' || !hasKernel(tf, 'LargestInput'))
        return (stock.gradFunc as (...args: unknown[]) => Gradients)(dy, saved, attrs);
      const [x] = saved as Tf.Tensor[];
      const [, down, across] = (dy as Tf.Tensor).shape;
      const options = {
        window: filterSize as [number, number],
        strides: strides as [number, number],
        dilations: [1, 1],
        before: [0, 0],
        windows: [down, across],
      } as const;
      return { x: () => runKernel(tf, 'LargestInput', { x, dy: dy as Tf.Tensor }, options)[0] };
    },
  });
}
