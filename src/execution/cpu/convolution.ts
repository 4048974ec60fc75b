// Convolutions and their gradients in plain JavaScript, for machines that have nothing else: loops over typed arrays, where
// tfjs's own look every element up by its coordinates. Sums are kept in double precision.

import type * as Tf from '@tensorflow/tfjs';
import { type ConvolutionOptions, type OwnKernel, type OwnKernels, registeredName } from '../own-kernels.ts';

type Info = Tf.TensorInfo;
type Shape = readonly number[];

interface CpuBackend {
  readonly data: { get(dataId: object): { readonly values: Float32Array } };
  makeTensorInfo(shape: Shape, dtype: 'float32', values: Float32Array): Info;
}

/** Where a tap of a window reads and writes: offsets of the first channel of a group. */
type Visit = (x: number, filter: number, y: number) => void;

/** Every group of every tap that every window has inside the image. */
function eachTap(x: Shape, filter: Shape, options: ConvolutionOptions, visit: Visit): void {
  const [images, height, width, channels] = x;
  const [kh, kw, inner, out] = filter;
  const { groups, strides, dilations, before, windows } = options;
  const each = out / groups;
  for (let image = 0, y = 0; image < images; image++)
    for (let down = 0; down < windows[0]; down++)
      for (let across = 0; across < windows[1]; across++, y += out)
        for (let i = 0; i < kh; i++) {
          const row = down * strides[0] - before[0] + i * dilations[0];
          if (row < 0 || row >= height) continue;
          for (let j = 0; j < kw; j++) {
            const column = across * strides[1] - before[1] + j * dilations[1];
            if (column < 0 || column >= width) continue;
            const pixel = ((image * height + row) * width + column) * channels;
            const tap = (i * kw + j) * inner * out;
            for (let group = 0; group < groups; group++)
              visit(pixel + group * inner, tap + group * each, y + group * each);
          }
        }
}

const size = (shape: Shape): number => shape.reduce((n, length) => n * length, 1);

function convolution(
  x: Float32Array,
  xShape: Shape,
  filter: Float32Array,
  filterShape: Shape,
  options: ConvolutionOptions,
): Float64Array {
  const [, , inner, out] = filterShape;
  const each = out / options.groups;
  const sums = new Float64Array(xShape[0] * size(options.windows) * out);
  eachTap(xShape, filterShape, options, (from, weights, to) => {
    for (let c = 0; c < inner; c++) {
      const value = x[from + c];
      const row = weights + c * out;
      for (let o = 0; o < each; o++) sums[to + o] += value * filter[row + o];
    }
  });
  return sums;
}

function inputGradient(
  dy: Float32Array,
  xShape: Shape,
  filter: Float32Array,
  filterShape: Shape,
  options: ConvolutionOptions,
): Float64Array {
  const [, , inner, out] = filterShape;
  const each = out / options.groups;
  const sums = new Float64Array(size(xShape));
  eachTap(xShape, filterShape, options, (to, weights, from) => {
    for (let c = 0; c < inner; c++) {
      const row = weights + c * out;
      let sum = 0;
      for (let o = 0; o < each; o++) sum += dy[from + o] * filter[row + o];
      sums[to + c] += sum;
    }
  });
  return sums;
}

function filterGradient(
  x: Float32Array,
  xShape: Shape,
  dy: Float32Array,
  filterShape: Shape,
  options: ConvolutionOptions,
): Float64Array {
  const [, , inner, out] = filterShape;
  const each = out / options.groups;
  const sums = new Float64Array(size(filterShape));
  eachTap(xShape, filterShape, options, (from, to, by) => {
    for (let c = 0; c < inner; c++) {
      const value = x[from + c];
      const row = to + c * out;
      for (let o = 0; o < each; o++) sums[row + o] += value * dy[by + o];
    }
  });
  return sums;
}

export function registerCpuKernels(tf: typeof Tf): void {
  const register = <K extends OwnKernel>(
    kernel: K,
    run: (
      values: (info: Info) => Float32Array,
      inputs: { readonly [N in keyof OwnKernels[K]['inputs']]: Info },
      attrs: OwnKernels[K]['attrs'],
    ) => { readonly shape: Shape; readonly sums: Float64Array },
  ) => {
    const kernelName = registeredName(kernel);
    if (tf.getKernel(kernelName, 'cpu')) return;
    tf.registerKernel({
      kernelName,
      backendName: 'cpu',
      kernelFunc: ({ inputs, attrs, backend }) => {
        const { data, makeTensorInfo } = backend as CpuBackend;
        const values = ({ dataId }: Info) => data.get(dataId).values;
        const { shape, sums } = run(values, inputs as never, attrs as never);
        return makeTensorInfo.call(backend, shape, 'float32', new Float32Array(sums));
      },
    });
  };
  register('Convolution', (values, { x, filter }, options) => ({
    shape: [x.shape[0], ...options.windows, filter.shape[3]],
    sums: convolution(values(x), x.shape, values(filter), filter.shape, options),
  }));
  register('ConvolutionInput', (values, { dy, filter }, options) => ({
    shape: options.shape,
    sums: inputGradient(values(dy), options.shape, values(filter), filter.shape, options),
  }));
  register('ConvolutionFilter', (values, { x, dy }, options) => ({
    shape: options.shape,
    sums: filterGradient(values(x), x.shape, values(dy), options.shape, options),
  }));
}
