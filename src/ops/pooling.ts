// Pools over windows: MaxPool, AveragePool, LpPool. Channels pass through each by itself.
// Formulas: ONNX operators of these names.

import type * as Tf from '@tensorflow/tfjs';
import { elementCount } from '../graph/tensor.ts';
import { alwaysLast } from './channels-last.ts';
import { sequence } from './host.ts';
import {
  type AttrsOf,
  type Equations,
  int,
  type NodeView,
  noMacs,
  noResize,
  notFolded,
  noWeights,
  type Operator,
  operator,
  type RunView,
  type ValueType,
} from './op.ts';
import { illShaped } from './refusal.ts';
import {
  extent,
  kernelOptions,
  type WindowAttrs,
  type Windows,
  windowAttrs,
  windowedAxes,
  windowsOf,
} from './windows.ts';

const poolAttrs = { ...windowAttrs, ceil_mode: int(0) };
type PoolView = NodeView<WindowAttrs & { readonly ceil_mode: number }>;

function poolWindows(view: PoolView): Windows[] {
  const { kernel_shape, ceil_mode } = view.attrs;
  if (!kernel_shape) throw illShaped(view, 'does not state the size of its window');
  return windowsOf(view, view.shape(0).slice(2), kernel_shape, ceil_mode === 1);
}

const poolShape = (view: PoolView): ValueType[] => {
  const dims = [...view.shape(0).slice(0, 2), ...poolWindows(view).map(({ count }) => count)];
  return [
    { dtype: view.dtype(0), dims },
    { dtype: 'int64', dims },
  ];
};

function poolTerms(eq: Equations<AttrsOf<typeof poolAttrs>>): void {
  const [batch, channels, ...spatial] = eq.axes(0);
  eq.out(0, [batch, channels, ...windowedAxes(eq, spatial, poolWindows(eq))]);
}

const poolOptions = (windows: readonly Windows[], countPadding: boolean) => ({
  ...kernelOptions(windows),
  window: windows.map(({ taps }) => taps),
  outSpatial: windows.map(({ count }) => count),
  countPadding,
});

const pool = {
  attrs: poolAttrs,
  shape: poolShape,
  fold: notFolded,
  terms: poolTerms,
  resize: noResize,
  weights: noWeights,
  layout: 'channels-last',
  macs: noMacs,
} as const;

const AveragePool = operator({
  ...pool,
  name: 'AveragePool',
  attrs: { ...poolAttrs, count_include_pad: int(0) },
  coupling: 'averages over windows, each channel by itself',
  shape: (view) => poolShape(view).slice(0, 1),
  run: (view) =>
    view.kernels.pool(
      view.input(0),
      'avg',
      poolOptions(poolWindows(view), view.attrs.count_include_pad === 1),
    ),
});

const LpPool = operator({
  ...pool,
  name: 'LpPool',
  attrs: { ...poolAttrs, p: int(2) },
  coupling: 'takes a norm over windows, each channel by itself',
  shape: (view) => poolShape(view).slice(0, 1),
  run: (view) => {
    const { tf } = view;
    const { p } = view.attrs;
    // Padding up to the end of the last window makes every average one over the whole window.
    const windows = poolWindows(view).map((window) => ({ ...window, end: endOfLast(window) }));
    const taps = elementCount(windows.map((window) => window.taps));
    const powers = tf.pow(tf.abs(view.input(0)), p);
    const means = view.kernels.pool(powers, 'avg', poolOptions(windows, true));
    return root(tf, tf.mul(means, taps), p);
  },
});

/** The p-th root; where nothing is, its slope is taken as 0 instead of infinite. */
export const root = (tf: typeof Tf, x: Tf.Tensor, p: number): Tf.Tensor =>
  tf.pow(tf.maximum(x, 1e-36), 1 / p);

const endOfLast = (window: Windows): number =>
  Math.max(window.end, (window.count - 1) * window.stride + extent(window) - window.begin - window.length);

// ---------------------------------------------------------------- MaxPool

const wantsIndices = (view: NodeView<unknown>): boolean => (view.node.outputs[1] ?? '') !== '';

const MaxPool = operator({
  ...pool,
  name: 'MaxPool',
  attrs: { ...poolAttrs, storage_order: int(0) },
  coupling: 'takes the largest of each window, each channel by itself',
  terms: (eq) => {
    poolTerms(eq);
    if (!wantsIndices(eq)) return;
    const why = 'the positions of its maxima are numbered across all channels';
    const [batch, channels] = eq.axes(0);
    eq.fix(batch, why);
    eq.fix(channels, why);
    eq.out(
      1,
      eq.outShape(1).map((length) => eq.fixed(length, why)),
    );
  },
  run: (view) => {
    const windows = poolWindows(view);
    const y = view.kernels.pool(view.input(0), 'max', poolOptions(windows, false));
    return wantsIndices(view) ? [y, maxima(view, windows)] : y;
  },
});

/** For every window the row-major number of its first largest element in the tensor as the file orders it. */
function maxima(view: RunView<{ readonly storage_order: number }>, windows: readonly Windows[]): Tf.Tensor {
  const { tf } = view;
  const x = view.input(0);
  const [batch, channels] = view.shape(0);
  const numbered = tf.tensor(elementNumbers(view), x.shape, 'float32');
  const lengths = windows.map(endOfLast);
  const around = [[0, 0], ...windows.map(({ begin }, i) => [begin, Math.max(0, lengths[i])]), [0, 0]];
  const padded = tf.pad(x, around as [number, number][], Number.NEGATIVE_INFINITY);
  const numbers = tf.pad(numbered, around as [number, number][], -1);
  let best: Tf.Tensor | undefined;
  let at: Tf.Tensor | undefined;
  for (const tap of tapsOf(windows)) {
    const begin = [0, ...tap, 0];
    const end = [
      batch,
      ...windows.map(({ count, stride }, i) => tap[i] + (count - 1) * stride + 1),
      channels,
    ];
    const strides = [1, ...windows.map(({ stride }) => stride), 1];
    const values = tf.stridedSlice(padded, begin, end, strides);
    const places = tf.stridedSlice(numbers, begin, end, strides);
    const larger: Tf.Tensor | undefined = best && tf.greater(values, best);
    at = larger && at ? tf.where(larger, places, at) : places;
    best = best ? tf.maximum(best, values) : values;
  }
  return tf.cast(at as Tf.Tensor, 'int32');
}

/** Where each element of input 0, in the order it arrives in, stands in the file's; by columns for storage_order 1. */
function elementNumbers(view: RunView<{ readonly storage_order: number }>): Float32Array {
  const [batch, channels, ...spatial] = view.shape(0);
  const area = elementCount(spatial);
  const columnMajor = view.attrs.storage_order === 1 ? columnNumbers(spatial) : undefined;
  const out = new Float32Array(batch * channels * area);
  let next = 0;
  for (let b = 0; b < batch; b++)
    for (let p = 0; p < area; p++)
      for (let c = 0; c < channels; c++)
        out[next++] = (b * channels + c) * area + (columnMajor ? columnMajor[p] : p);
  return out;
}

function columnNumbers(spatial: readonly number[]): number[] {
  return sequence(elementCount(spatial)).map((p) => {
    let [rest, number] = [p, 0];
    const digits = spatial.map(() => 0);
    for (let axis = spatial.length - 1; axis >= 0; axis--) {
      digits[axis] = rest % spatial[axis];
      rest = Math.floor(rest / spatial[axis]);
    }
    for (let axis = spatial.length - 1; axis >= 0; axis--) number = number * spatial[axis] + digits[axis];
    return number;
  });
}

/** Offsets of every tap of a window from its start, row-major. */
const tapsOf = (windows: readonly Windows[]): number[][] =>
  windows.reduce<number[][]>(
    (taps, { taps: count, dilation }) =>
      taps.flatMap((tap) => sequence(count, 0, dilation).map((offset) => [...tap, offset])),
    [[]],
  );

export const pools: readonly Operator[] = [MaxPool, AveragePool, LpPool, alwaysLast('NhwcMaxPool', MaxPool)];
