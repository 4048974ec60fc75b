// Pooling over any windows: padding is made explicit, so that the backend's own kernels and gradients for unpadded
// windows serve every case (ceil mode, uneven padding, padded zeros counted or not).

import type * as Tf from '@tensorflow/tfjs';
import { sequence } from '../../ops/host.ts';
import type { Kernels } from '../../ops/op.ts';
import { takeAlong } from '../../ops/rearrange.ts';
import { type Pads, padSpatial, size, type TfModule } from './shapes.ts';

type PoolOptions = Parameters<Kernels['pool']>[2];

/** Below every activation, and finite: an infinity would poison gradients with NaN. */
const LOWEST = -3.4e38;

export function pool(tf: TfModule, x: Tf.Tensor, kind: 'max' | 'avg', options: PoolOptions): Tf.Tensor {
  if (x.rank === 3) {
    const widened = widen(options);
    return tf.squeeze(pool(tf, tf.expandDims(x, 1), kind, widened), [1]);
  }
  const pads = exactPads(x.shape, options);
  if (kind === 'max') return windows(tf, padSpatial(tf, x, pads, LOWEST), 'max', options);
  const sums = windows(tf, padSpatial(tf, x, pads), 'avg', options);
  if (pads.every(([before, after]) => before === 0 && after === 0)) return sums;
  return tf.div(sums, coverage(tf, x.shape, pads, options));
}

/** A pool over one spatial axis as one over two. */
const widen = (options: PoolOptions): PoolOptions => ({
  ...options,
  window: [1, ...options.window],
  strides: [1, ...options.strides],
  dilations: [1, ...options.dilations],
  padding: [[0, 0], ...options.padding],
  outSpatial: [1, ...options.outSpatial],
});

const span = (k: number, dilation: number) => (k - 1) * dilation + 1;

/** Padding after which unpadded windows give exactly the wanted output size. */
function exactPads(
  shape: readonly number[],
  { window, strides, dilations, padding, outSpatial }: PoolOptions,
): Pads {
  return window.map((k, i) => {
    const needed = (outSpatial[i] - 1) * strides[i] + span(k, dilations[i]);
    const before = padding[i][0];
    return [before, needed - shape[i + 1] - before];
  });
}

/** Which share of each window counts: all real elements, and padded zeros where `countPadding` asks for them. */
function coverage(tf: TfModule, shape: readonly number[], pads: Pads, options: PoolOptions): Tf.Tensor {
  const { countPadding, padding } = options;
  const counted = pads.map(([before, after], i): [number, number] =>
    countPadding ? [before, Math.max(0, Math.min(after, padding[i][1]))] : [0, 0],
  );
  const spatial = shape.slice(1, -1);
  const inside = tf.ones([1, ...spatial.map((n, i) => n + counted[i][0] + counted[i][1]), 1]);
  const rest = pads.map(([before, after], i): [number, number] => [
    before - counted[i][0],
    after - counted[i][1],
  ]);
  return windows(tf, padSpatial(tf, inside, rest), 'avg', options);
}

type Pair = [number, number];

function windows(tf: TfModule, x: Tf.Tensor, kind: 'max' | 'avg', options: PoolOptions): Tf.Tensor {
  const { window, strides, dilations, outSpatial } = options;
  if (dilations.some((d) => d > 1)) return tapByTap(tf, x, kind, options);
  if (window.every((k, i) => k === 1 && strides[i] === 1)) return tf.clone(x);
  if (x.rank === 4) {
    const image = x as Tf.Tensor4D;
    const [k, s] = [window as Pair, strides as Pair];
    const whole = outSpatial.every((n) => n === 1);
    if (whole && kind === 'avg') return tf.mean(cropTo(tf, x, window), [1, 2], true);
    return kind === 'max' ? tf.maxPool(image, k, s, 'valid') : tf.avgPool(image, k, s, 'valid');
  }
  return planeByPlane(tf, x, kind, options);
}

/** A volume's windows are windows over height and width, and then over depth: tfjs's own 3-D pools err on WASM. */
function planeByPlane(tf: TfModule, x: Tf.Tensor, kind: 'max' | 'avg', options: PoolOptions): Tf.Tensor {
  const [batch, depth, height, width, channels] = x.shape;
  const [outDepth, ...outPlane] = options.outSpatial;
  const part = (from: number, to?: number): PoolOptions => ({
    ...options,
    window: options.window.slice(from, to),
    strides: options.strides.slice(from, to),
    dilations: options.dilations.slice(from, to),
    outSpatial: options.outSpatial.slice(from, to),
  });
  const planes = windows(tf, tf.reshape(x, [batch * depth, height, width, channels]), kind, part(1));
  const [, ...plane] = planes.shape;
  const along = tf.reshape(planes, [batch, depth, size(plane.slice(0, 2)), channels]);
  const lone = part(0, 1);
  const pooled = windows(tf, along, kind, {
    ...lone,
    window: [...lone.window, 1],
    strides: [...lone.strides, 1],
    dilations: [...lone.dilations, 1],
    outSpatial: [outDepth, size(outPlane)],
  });
  return tf.reshape(pooled, [batch, outDepth, ...outPlane, channels]);
}

const cropTo = (tf: TfModule, x: Tf.Tensor, window: readonly number[]): Tf.Tensor =>
  padSpatial(
    tf,
    x,
    window.map((k, i) => [0, Math.min(0, k - x.shape[i + 1])]),
  );

/** Dilated windows: one slice per tap, combined. */
function tapByTap(tf: TfModule, x: Tf.Tensor, kind: 'max' | 'avg', options: PoolOptions): Tf.Tensor {
  const { window, strides, dilations, outSpatial } = options;
  const taps = Array.from({ length: size(window) }, (_, t) => {
    let rest = t;
    const offsets = [...window].reverse().map((k) => {
      const offset = rest % k;
      rest = Math.floor(rest / k);
      return offset;
    });
    return offsets
      .reverse()
      .reduce<Tf.Tensor>(
        (y, offset, i) => takeAlong(tf, y, i + 1, sequence(outSpatial[i], offset * dilations[i], strides[i])),
        x,
      );
  });
  return kind === 'max'
    ? taps.reduce((a, b) => tf.maximum(a, b))
    : tf.div(
        taps.reduce((a, b) => tf.add(a, b)),
        taps.length,
      );
}
