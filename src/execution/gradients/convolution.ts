// Convolution with gradients that every backend can take. Stock tfjs has no filter gradient on WASM, a naive one on
// WebGPU, and none anywhere for dilated kernels. Both gradients of a convolution are convolutions themselves, and
// forward convolution is what each backend does best:
//   dL/dx = spread(dy, stride) * flip(w), channels swapped;
//   dL/dw[i, j] = Σ x[i + s·p, j + s·q] · dy[p, q]: x convolved with dy as the filter, batch and channels swapped,
//   stride and dilation exchanged.

import type * as Tf from '@tensorflow/tfjs';
import { sequence } from '../../ops/host.ts';
import type { Kernels } from '../../ops/op.ts';
import { takeAlong, transpose } from '../../ops/rearrange.ts';
import { type ConvolutionOptions, hasKernel, runKernel } from '../own-kernels.ts';
import { flipped, type Pads, padSpatial, splitLast, spread, type TfModule } from './shapes.ts';

type ConvOptions = Parameters<Kernels['conv']>[2];
type TransposeOptions = Parameters<Kernels['convTranspose']>[2];

/** x [N, spatial…, C], filter [spatial…, C / groups, O]. */
export function conv(tf: TfModule, x: Tf.Tensor, filter: Tf.Tensor, options: ConvOptions): Tf.Tensor {
  if (x.rank === 3) return conv1d(tf, x, filter, options);
  if (x.rank === 4 && hasKernel(tf, 'Convolution')) return ownConvolution(tf, x, filter, options);
  const channels = x.shape[x.rank - 1];
  if (options.groups > 1 && options.groups === channels && x.rank === 4)
    return depthwise(tf, x as Tf.Tensor4D, filter as Tf.Tensor4D, options);
  if (options.groups > 1) return grouped(tf, x, filter, options);
  if (x.rank === 5) return conv3d(tf, x, filter, options);
  return conv2d(tf, x as Tf.Tensor4D, filter as Tf.Tensor4D, options);
}

// ---------------------------------------------------------------- with kernels of our own

const windowsOf = (length: number, taps: number, options: ConvOptions, i: number): number => {
  const [before, after] = options.padding[i];
  return (
    Math.floor((length + before + after - (taps - 1) * options.dilations[i] - 1) / options.strides[i]) + 1
  );
};

function ownConvolution(tf: TfModule, x: Tf.Tensor, filter: Tf.Tensor, options: ConvOptions): Tf.Tensor {
  const attrs: ConvolutionOptions = {
    strides: pair(options.strides),
    dilations: pair(options.dilations),
    before: pair(options.padding.map(([before]) => before)),
    windows: pair([0, 1].map((i) => windowsOf(x.shape[i + 1], filter.shape[i], options, i))),
    groups: options.groups,
  };
  return runKernel(tf, 'Convolution', { x, filter }, attrs)[0];
}

/** A transposed convolution is the input gradient of a convolution, and the other way round. */
function ownTransposed(tf: TfModule, x: Tf.Tensor, filter: Tf.Tensor, options: TransposeOptions): Tf.Tensor {
  const { padding, outSpatial, groups } = options;
  const attrs: ConvolutionOptions = {
    strides: pair(options.strides),
    dilations: pair(options.dilations),
    before: pair(padding.map(([before]) => before)),
    windows: pair(x.shape.slice(1, 3)),
    groups,
  };
  const spatial = outSpatial.map((length, i) => length - padding[i][0] - padding[i][1]);
  const shape = [x.shape[0], ...spatial, (filter.shape[2] as number) * groups];
  return runKernel(tf, 'ConvolutionInput', { dy: x, filter }, { ...attrs, shape })[0];
}

// ---------------------------------------------------------------- of tfjs's kernels

/** One spatial axis is two, the first of length 1. */
function conv1d(tf: TfModule, x: Tf.Tensor, filter: Tf.Tensor, options: ConvOptions): Tf.Tensor {
  const y = conv(tf, tf.expandDims(x, 1), tf.expandDims(filter, 0), {
    strides: [1, ...options.strides],
    dilations: [1, ...options.dilations],
    padding: [[0, 0], ...options.padding],
    groups: options.groups,
  });
  return tf.squeeze(y, [1]);
}

function grouped(tf: TfModule, x: Tf.Tensor, filter: Tf.Tensor, options: ConvOptions): Tf.Tensor {
  const { groups } = options;
  const inputs = splitLast(tf, x, groups);
  const filters = splitLast(tf, filter, groups);
  const parts = inputs.map((input, g) => conv(tf, input, filters[g], { ...options, groups: 1 }));
  return tf.concat(parts, x.rank - 1);
}

/**
 * A volume's slices that one tap in depth sees, for every tap one after the other along the channels, are images to an
 * ordinary convolution: tfjs's own 3-D kernels have no dilation, and err on WASM.
 */
function conv3d(tf: TfModule, x: Tf.Tensor, filter: Tf.Tensor, options: ConvOptions): Tf.Tensor {
  const [stride, ...strides] = options.strides;
  const [dilation, ...dilations] = options.dilations;
  const [[before, after], ...padding] = options.padding;
  const padded = padSpatial(tf, x, [[before, after], ...padding.map((): Pair => [0, 0])]);
  const [taps, kh, kw, channels, out] = filter.shape;
  const [batch, depth, height, width] = padded.shape;
  const count = Math.floor((depth - (taps - 1) * dilation - 1) / stride) + 1;
  const slices = sequence(taps).map((tap) =>
    takeAlong(tf, padded, 1, sequence(count, tap * dilation, stride)),
  );
  const images = tf.reshape(tf.concat(slices, 4), [batch * count, height, width, taps * channels]);
  const kernel = tf.reshape(transpose(tf, filter, [1, 2, 0, 3, 4]), [kh, kw, taps * channels, out]);
  const y = conv(tf, images, kernel, { strides, dilations, padding, groups: 1 });
  return tf.reshape(y, [batch, count, ...y.shape.slice(1)]);
}

/** The filter with zeros between its taps. */
function dilate(tf: TfModule, filter: Tf.Tensor, dilations: readonly number[]): Tf.Tensor {
  if (dilations.every((d) => d === 1)) return filter;
  const taps = filter.shape.slice(0, -2);
  const [channels, out] = filter.shape.slice(-2);
  const wide = spread(tf, tf.reshape(filter, [1, ...taps, channels * out]), dilations);
  const crop = padSpatial(
    tf,
    wide,
    dilations.map((d) => [0, 1 - d]),
  );
  return tf.reshape(crop, [...crop.shape.slice(1, -1), channels, out]);
}

type Pair = [number, number];
const pair = (values: readonly number[]) => values as Pair;

const crops = (padding: Pads): boolean => padding.flat().some((pad) => pad < 0);

/** Padding as tfjs states it. */
const explicit = ([down, across]: Pads): [Pair, Pair, Pair, Pair] => [[0, 0], [...down], [...across], [0, 0]];

/** The plain forward convolution of the backend. */
function forward(
  tf: TfModule,
  x: Tf.Tensor4D,
  filter: Tf.Tensor4D,
  strides: Pair,
  dilations: Pair,
  padding: Pads,
): Tf.Tensor4D {
  if (Math.max(...strides) > 1 && Math.max(...dilations) > 1)
    return forward(tf, x, dilate(tf, filter, dilations) as Tf.Tensor4D, strides, [1, 1], padding);
  if (crops(padding))
    return forward(tf, padSpatial(tf, x, padding) as Tf.Tensor4D, filter, strides, dilations, [
      [0, 0],
      [0, 0],
    ]);
  return tf.conv2d(x, filter, strides, explicit(padding), 'NHWC', dilations);
}

function conv2d(tf: TfModule, x: Tf.Tensor4D, filter: Tf.Tensor4D, options: ConvOptions): Tf.Tensor {
  const { padding } = options;
  const strides = pair(options.strides);
  const dilations = pair(options.dilations);
  const op = tf.customGrad((input, kernel, save) => {
    const [a, w] = [input, kernel] as [Tf.Tensor4D, Tf.Tensor4D];
    (save as Tf.GradSaveFunc)([a, w]);
    return {
      value: forward(tf, a, w, strides, dilations, padding),
      gradFunc: (dy: Tf.Tensor, saved: Tf.Tensor[]) => {
        const [savedX, savedFilter] = saved as [Tf.Tensor4D, Tf.Tensor4D];
        const upstream = dy as Tf.Tensor4D;
        return [
          inputGradient(tf, upstream, savedFilter, savedX.shape, strides, dilations, padding),
          filterGradient(tf, savedX, upstream, savedFilter.shape, strides, dilations, padding),
        ];
      },
    };
  });
  return op(x, filter);
}

/** dL/dx: dy with zeros between its elements, convolved with the flipped filter; tfjs's kernel skips them where it can. */
function inputGradient(
  tf: TfModule,
  dy: Tf.Tensor4D,
  filter: Tf.Tensor4D,
  shape: readonly number[],
  strides: Pair,
  dilations: Pair,
  padding: Pads,
): Tf.Tensor4D {
  if (Math.max(...strides) > 1 && Math.max(...dilations) === 1 && !crops(padding))
    return tf
      .engine()
      .runKernel(
        'Conv2DBackpropInput',
        { dy, filter },
        { strides, pad: explicit(padding), dataFormat: 'NHWC', inputShape: [...shape] },
      ) as Tf.Tensor4D;
  const [kh, kw] = filter.shape;
  const swapped = tf.transpose(flipped(tf, filter), [0, 1, 3, 2]) as Tf.Tensor4D;
  const wide = spread(tf, dy, strides) as Tf.Tensor4D;
  const pads = [kh, kw].map((k, i): Pair => {
    const reach = (k - 1) * dilations[i];
    const before = reach - padding[i][0];
    // Chosen so that the result is exactly as long as the input was.
    return [before, shape[i + 1] - wide.shape[i + 1] + reach - before];
  });
  return forward(tf, wide, swapped, [1, 1], dilations, pads);
}

/** dL/dw: x with batch and channels swapped, convolved with dy as the filter. */
function filterGradient(
  tf: TfModule,
  x: Tf.Tensor4D,
  dy: Tf.Tensor4D,
  shape: readonly number[],
  strides: Pair,
  dilations: Pair,
  padding: Pads,
): Tf.Tensor4D {
  const [kh, kw, channels, out] = shape;
  const [batch, oh, ow] = dy.shape;
  const dense = Math.max(...strides, ...dilations) === 1;
  if (kh === 1 && kw === 1 && dense && padding.every(([a, b]) => a === 0 && b === 0)) {
    const rows = batch * oh * ow;
    const flat = tf.transpose(tf.reshape(x, [rows, channels]));
    return tf.reshape(tf.matMul(flat, tf.reshape(dy, [rows, out])), [1, 1, channels, out]);
  }
  // The window over which the filter is slid: exactly (k - 1) · dilation + (o - 1) · stride + 1 long.
  const pads = [kh, kw].map((k, i): Pair => {
    const needed = (k - 1) * dilations[i] + (dy.shape[i + 1] - 1) * strides[i] + 1;
    return [padding[i][0], needed - x.shape[i + 1] - padding[i][0]];
  });
  const images = tf.transpose(x, [3, 1, 2, 0]) as Tf.Tensor4D;
  const kernel = tf.transpose(dy, [1, 2, 0, 3]) as Tf.Tensor4D;
  const gradient = forward(tf, images, kernel, dilations, strides, pads);
  return tf.transpose(gradient, [1, 2, 0, 3]) as Tf.Tensor4D;
}

// ---------------------------------------------------------------- one input channel per group

/** Filter [kh, kw, 1, C · multiplier] as tfjs wants it: [kh, kw, C, multiplier]. Its own gradients know no dilation. */
function depthwise(tf: TfModule, x: Tf.Tensor4D, filter: Tf.Tensor4D, options: ConvOptions): Tf.Tensor {
  const [kh, kw, , out] = filter.shape;
  const channels = x.shape[3];
  const taps = tf.reshape(filter, [kh, kw, channels, out / channels]) as Tf.Tensor4D;
  const strides = pair(options.strides);
  const dilations = pair(options.dilations);
  if (Math.max(...dilations) === 1 && !crops(options.padding))
    return tf.depthwiseConv2d(x, taps, strides, explicit(options.padding));
  const padded = padSpatial(tf, x, options.padding) as Tf.Tensor4D;
  if (Math.max(...dilations) === 1) return tf.depthwiseConv2d(padded, taps, strides, 'valid');
  if (Math.max(...strides) > 1)
    return tf.depthwiseConv2d(padded, dilate(tf, taps, dilations) as Tf.Tensor4D, strides, 'valid');
  const op = tf.customGrad((input, weights, save) => {
    const [a, w] = [input, weights] as [Tf.Tensor4D, Tf.Tensor4D];
    (save as Tf.GradSaveFunc)([a, w]);
    return {
      value: tf.depthwiseConv2d(a, w, 1, 'valid', 'NHWC', dilations),
      gradFunc: (dy: Tf.Tensor, saved: Tf.Tensor[]) => {
        const [savedX, savedFilter] = saved as [Tf.Tensor4D, Tf.Tensor4D];
        return [
          dilatedInputGradient(tf, dy as Tf.Tensor4D, savedFilter, dilations),
          dilatedFilterGradient(tf, savedX, dy as Tf.Tensor4D, savedFilter.shape, dilations),
        ];
      },
    };
  });
  return op(padded, taps);
}

/** dL/dx: per output of each channel a depthwise convolution of dy with the flipped taps. */
function dilatedInputGradient(
  tf: TfModule,
  dy: Tf.Tensor4D,
  filter: Tf.Tensor4D,
  dilations: Pair,
): Tf.Tensor4D {
  const [kh, kw, channels, multiplier] = filter.shape;
  const pads = [kh, kw].map((k, i): Pair => {
    const reach = (k - 1) * dilations[i];
    return [reach, reach];
  });
  const padded = padSpatial(tf, dy, pads) as Tf.Tensor4D;
  const taps = tf.reshape(flipped(tf, filter), [kh, kw, channels * multiplier, 1]) as Tf.Tensor4D;
  const each = tf.depthwiseConv2d(padded, taps, 1, 'valid', 'NHWC', dilations);
  if (multiplier === 1) return each;
  return tf.sum(tf.reshape(each, [...each.shape.slice(0, 3), channels, multiplier]), 4) as Tf.Tensor4D;
}

/** dL/dw[i, j, c, m] = Σ over positions of x shifted by (i, j) times dy: one reduction per tap. */
function dilatedFilterGradient(
  tf: TfModule,
  x: Tf.Tensor4D,
  dy: Tf.Tensor4D,
  shape: readonly number[],
  dilations: Pair,
): Tf.Tensor4D {
  const [kh, kw, channels, multiplier] = shape;
  const [batch, oh, ow] = dy.shape;
  const rows = batch * oh * ow;
  const ones = tf.ones([1, rows]) as Tf.Tensor2D;
  const upstream = tf.reshape(dy, [rows, channels, multiplier]);
  const taps: Tf.Tensor[] = [];
  for (let i = 0; i < kh; i++)
    for (let j = 0; j < kw; j++) {
      const window = tf.slice(x, [0, i * dilations[0], j * dilations[1], 0], [batch, oh, ow, channels]);
      const product = tf.mul(upstream, tf.reshape(window, [rows, channels, 1]));
      taps.push(tf.matMul(ones, tf.reshape(product, [rows, channels * multiplier]) as Tf.Tensor2D));
    }
  return tf.reshape(tf.concat(taps, 0), [kh, kw, channels, multiplier]);
}

// ---------------------------------------------------------------- transposed

/** Filter [spatial…, O / groups, C]: the input gradient of a convolution, as an operator of its own. */
export function convTranspose(
  tf: TfModule,
  x: Tf.Tensor,
  filter: Tf.Tensor,
  options: TransposeOptions,
): Tf.Tensor {
  if (x.rank === 4 && hasKernel(tf, 'Convolution')) return ownTransposed(tf, x, filter, options);
  const { strides, dilations, padding, outSpatial, groups } = options;
  const spatial = strides.map((_, i) => i);
  const wide = spread(tf, x, strides);
  const reversed = flipped(tf, filter);
  const parts = groups === 1 ? [reversed] : splitLast(tf, reversed, groups);
  const order = [...spatial, strides.length + 1, strides.length];
  const kernel = tf.concat(
    parts.map((part) => transpose(tf, part, order)),
    strides.length + 1,
  );
  const pads = spatial.map((i): Pair => {
    const reach = (filter.shape[i] - 1) * dilations[i];
    const before = reach - padding[i][0];
    const wanted = outSpatial[i] - padding[i][0] - padding[i][1];
    return [before, wanted - wide.shape[i + 1] + reach - before];
  });
  return conv(tf, padSpatial(tf, wide, pads), kernel, {
    strides: strides.map(() => 1),
    dilations,
    padding: strides.map((): Pair => [0, 0]),
    groups,
  });
}
