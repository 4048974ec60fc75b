// Convolutions and their gradients in plain JavaScript, for machines that have nothing else: loops over typed arrays, where
// tfjs's own look every element up by its coordinates. Sums are kept in double precision.

import type * as Tf from '@tensorflow/tfjs';
import { type ConvolutionOptions, type Implementations, registerKernels } from '../own-kernels.ts';

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

const valuesOf = ({ data }: CpuBackend, { dataId }: Info): Float32Array => data.get(dataId).values;

const result = (backend: CpuBackend, shape: Shape, sums: Float64Array): Info =>
  backend.makeTensorInfo(shape, 'float32', new Float32Array(sums));

const implementations: Implementations<CpuBackend> = {
  Convolution: (backend, { x, filter }, options) =>
    result(
      backend,
      [x.shape[0], ...options.windows, filter.shape[3]],
      convolution(valuesOf(backend, x), x.shape, valuesOf(backend, filter), filter.shape, options),
    ),
  ConvolutionInput: (backend, { dy, filter }, options) =>
    result(
      backend,
      options.shape,
      inputGradient(valuesOf(backend, dy), options.shape, valuesOf(backend, filter), filter.shape, options),
    ),
  ConvolutionFilter: (backend, { x, dy }, options) =>
    result(
      backend,
      options.shape,
      filterGradient(valuesOf(backend, x), x.shape, valuesOf(backend, dy), options.shape, options),
    ),
};

export const registerCpuKernels = (tf: typeof Tf): void =>
  registerKernels(tf, 'cpu', implementations, (backend) => backend as CpuBackend);
