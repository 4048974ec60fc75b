// Normalisation with learned scale and shift. Batch: Ioffe and Szegedy (arXiv 1502.03167); instance: Ulyanov et al.
// (1607.08022); group: Wu and He (1803.08494); layer: Ba et al. (1607.06450); RMS: Zhang and Sennrich (1910.07467).

import type * as Tf from '@tensorflow/tfjs';
import { sequence } from './host.ts';
import {
  type Equations,
  float,
  int,
  type Layout,
  type NodeView,
  noMacs,
  noResize,
  type Operator,
  operator,
  positive,
  type ResizeView,
  type RunView,
  type ValueType,
  type WeightUse,
} from './op.ts';

/** Images arrive with their channels last; of a [batch, channels] table they are last anyway. */
const channelsLast = (view: NodeView<unknown>): Layout =>
  view.shape(0).length > 2 ? 'channels-last' : 'logical';

const sameType = (view: NodeView<unknown>): ValueType[] => [{ dtype: view.dtype(0), dims: view.shape(0) }];

const scaleAndShift = (view: NodeView<unknown>): WeightUse[] => [
  { input: 1, role: 'norm-scale' },
  ...(view.has(2) ? [{ input: 2, role: 'norm-shift' } as const] : []),
];

/** Inputs 1 … `last` hold one number per channel. */
function perChannel(eq: Equations<unknown>, last: number): void {
  const axes = eq.axes(0);
  for (let i = 1; i <= last; i++) if (eq.has(i)) eq.same(axes[1], eq.axes(i)[0]);
  eq.out(0, axes);
}

// ---------------------------------------------------------------- batch

type BatchNormView = RunView<{ epsilon: number; momentum: number; training_mode: number }>;

function runBatchNorm(view: BatchNormView): Tf.Tensor[] {
  const { tf, attrs, kernels } = view;
  const [x, scale, shift, mean, variance] = sequence(5).map((i) => view.input(i)) as [
    Tf.Tensor,
    ...Tf.Tensor1D[],
  ];
  if (!view.training && !attrs.training_mode) {
    const factor = tf.mul(scale, tf.rsqrt(tf.add(variance, attrs.epsilon)));
    return [tf.add(tf.mul(x, factor), tf.sub(shift, tf.mul(mean, factor)))];
  }
  const batch = kernels.batchNorm(x, scale, shift, attrs.epsilon);
  const moved = (running: Tf.Tensor, present: Tf.Tensor) =>
    tf.add(tf.mul(running, attrs.momentum), tf.mul(present, 1 - attrs.momentum));
  const running = [moved(mean, batch.mean), moved(variance, batch.variance)];
  if (view.training) for (const [i, value] of running.entries()) view.update(3 + i, value);
  return view.outputs > 1 ? [batch.y, ...running].slice(0, view.outputs) : [batch.y];
}

const BatchNormalization = operator({
  name: 'BatchNormalization',
  attrs: {
    epsilon: float(1e-5),
    momentum: float(0.9),
    training_mode: int(0),
    spatial: int(1),
    is_test: int(0),
  },
  coupling: 'normalises each channel with its own statistics',
  shape: (view) => [
    ...sameType(view),
    ...sequence(4).map(() => ({ dtype: view.dtype(0), dims: view.shape(1) })),
  ],
  fold: 'not-folded',
  terms: (eq) => {
    perChannel(eq, 4);
    for (let o = 1; o < eq.outputs; o++) eq.out(o, eq.axes(1));
  },
  resize: noResize,
  weights: (view) => [
    ...scaleAndShift(view),
    { input: 3, role: 'running-mean' },
    { input: 4, role: 'running-variance' },
  ],
  layout: channelsLast,
  run: runBatchNorm,
  macs: noMacs,
});

// ---------------------------------------------------------------- instance and group

const InstanceNormalization = operator({
  name: 'InstanceNormalization',
  attrs: { epsilon: float(1e-5) },
  coupling: 'normalises each channel of each example',
  shape: sameType,
  fold: 'not-folded',
  terms: (eq) => perChannel(eq, 2),
  resize: noResize,
  weights: (view) => (learnsAffine(view) ? scaleAndShift(view) : []),
  layout: channelsLast,
  run: (view) => {
    const x = view.input(0);
    const y = view.kernels.normalize(x, sequence(x.rank - 2, 1), view.attrs.epsilon);
    return view.tf.add(view.tf.mul(y, view.input(1)), view.input(2));
  },
  macs: noMacs,
});

/** Exporters hand ones and zeros to a normalisation that learns neither: nothing there is a weight. */
const learnsAffine = (view: NodeView<unknown>): boolean => {
  const [scale, shift] = [view.known(1), view.known(2)];
  return !scale?.values.every((one) => one === 1) || !shift?.values.every((zero) => zero === 0);
};

type GroupNormView = NodeView<{ num_groups: number; epsilon: number }>;

/** Until opset 20 scale and shift were given per group. */
const perGroup = (view: GroupNormView): boolean =>
  view.shape(1)[0] === view.attrs.num_groups && view.shape(1)[0] !== view.shape(0)[1];

const GroupNormalization = operator({
  name: 'GroupNormalization',
  attrs: { num_groups: int(1), epsilon: float(1e-5) },
  coupling: 'normalises its channels in groups',
  shape: sameType,
  fold: 'not-folded',
  terms: (eq) => {
    const axes = eq.axes(0);
    const groups = eq.attrs.num_groups;
    const each = axes[1].length / groups;
    const group = each === 1 ? axes[1] : eq.split(axes[1], [groups, each], 'norm-groups')[0];
    for (const i of [1, 2]) eq.same(perGroup(eq) ? group : axes[1], eq.axes(i)[0]);
    eq.out(0, axes);
  },
  resize: (view: ResizeView<{ num_groups: number; epsilon: number }>) => {
    const kept = view.kept(0, 1);
    const { num_groups: groups } = view.attrs;
    if (!kept) return;
    const each = view.shape(0)[1] / groups;
    const left = new Set(Array.from(kept, (position) => Math.floor(position / each))).size;
    if (left !== groups) view.set('num_groups', left);
  },
  weights: scaleAndShift,
  layout: channelsLast,
  run: (view) => {
    const { tf } = view;
    const x = view.input(0);
    const groups = view.attrs.num_groups;
    const channels = view.shape(0)[1];
    const [batch] = x.shape;
    const flat = tf.reshape(x, [batch, -1, groups, channels / groups]);
    const y = tf.reshape(view.kernels.normalize(flat, [1, 3], view.attrs.epsilon), x.shape);
    const spread = (v: Tf.Tensor) =>
      perGroup(view)
        ? tf.reshape(tf.tile(tf.reshape(v, [groups, 1]), [1, channels / groups]), [channels])
        : v;
    return tf.add(tf.mul(y, spread(view.input(1))), spread(view.input(2)));
  },
  macs: noMacs,
});

// ---------------------------------------------------------------- layer and root-mean-square

/** Axes from `axis` on, which are normalised together. */
const normalisedAxes = (view: NodeView<unknown>, axis: number): number[] => {
  const rank = view.shape(0).length;
  const first = positive(axis, rank);
  return sequence(rank - first, first);
};

/** Scale and shift line up with the trailing axes. */
function trailing(eq: Equations<unknown>, inputs: readonly number[]): void {
  const axes = eq.axes(0);
  for (const i of inputs) {
    if (!eq.has(i)) continue;
    const own = eq.axes(i);
    own.forEach((axis, k) => {
      const data = axes[axes.length - own.length + k];
      if (axis.length === data.length) eq.same(axis, data);
    });
  }
}

const statisticsShape = (view: NodeView<unknown>, axis: number): ValueType => {
  const reduced = normalisedAxes(view, axis);
  return { dtype: view.dtype(0), dims: view.shape(0).map((length, i) => (reduced.includes(i) ? 1 : length)) };
};

function layerTerms(eq: Equations<unknown>, axis: number, inputs: readonly number[]): void {
  trailing(eq, inputs);
  const axes = eq.axes(0);
  eq.out(0, axes);
  const reduced = normalisedAxes(eq, axis);
  for (let o = 1; o < eq.outputs; o++)
    eq.out(
      o,
      axes.map((a, i) => (reduced.includes(i) ? eq.fixed(1, 'it is a single position') : a)),
    );
}

const LayerNormalization = operator({
  name: 'LayerNormalization',
  attrs: { axis: int(-1), epsilon: float(1e-5), stash_type: int(1) },
  coupling: 'normalises over its channels and scales each',
  shape: (view) => {
    const statistics = statisticsShape(view, view.attrs.axis);
    return [...sameType(view), statistics, statistics];
  },
  fold: 'not-folded',
  terms: (eq) => layerTerms(eq, eq.attrs.axis, [1, 2]),
  resize: noResize,
  weights: scaleAndShift,
  layout: 'logical',
  run: (view) => {
    const { tf, attrs } = view;
    const x = view.input(0);
    const axes = normalisedAxes(view, attrs.axis);
    const scaled = tf.mul(view.kernels.normalize(x, axes, attrs.epsilon), view.input(1));
    const y = view.has(2) ? tf.add(scaled, view.input(2)) : scaled;
    if (view.outputs === 1) return [y];
    const mean = tf.mean(x, axes, true);
    const variance = tf.mean(tf.square(tf.sub(x, mean)), axes, true);
    return [y, mean, tf.rsqrt(tf.add(variance, attrs.epsilon))].slice(0, view.outputs);
  },
  macs: noMacs,
});

/** x / √(mean(x²) + ε). */
function rms(tf: typeof Tf, x: Tf.Tensor, axes: number[], epsilon: number): Tf.Tensor {
  return tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), axes, true), epsilon)));
}

const rmsNorm = (name: string): Operator =>
  operator({
    name,
    attrs: { axis: int(-1), epsilon: float(1e-5), stash_type: int(1) },
    coupling: 'divides its channels by their common size and scales each',
    shape: (view) => [...sameType(view), statisticsShape(view, view.attrs.axis)],
    fold: 'not-folded',
    terms: (eq) => layerTerms(eq, eq.attrs.axis, [1]),
    resize: noResize,
    weights: (view) => scaleAndShift(view).slice(0, 1),
    layout: 'logical',
    run: (view) => {
      const axes = normalisedAxes(view, view.attrs.axis);
      return view.tf.mul(rms(view.tf, view.input(0), axes, view.attrs.epsilon), view.input(1));
    },
    macs: noMacs,
  });

/** ONNX Runtime's residual add followed by a normalisation; its fourth output is the sum. */
function skipNorm(name: string, simplified: boolean): Operator {
  const shift = simplified ? undefined : 3;
  const bias = simplified ? 3 : 4;
  return operator({
    name,
    domain: 'com.microsoft',
    attrs: { epsilon: float(1e-12) },
    coupling: 'adds two streams channel by channel and normalises the sum',
    shape: (view) => {
      const statistics = statisticsShape(view, -1);
      return [...sameType(view), statistics, statistics, ...sameType(view)];
    },
    fold: 'not-folded',
    terms: (eq) => {
      const axes = eq.axes(0).map((axis, i) => eq.same(axis, eq.axes(1)[i]));
      trailing(eq, [2, 3, 4]);
      eq.out(0, axes);
      for (const o of [1, 2])
        if (o < eq.outputs)
          eq.out(
            o,
            axes.map((axis, i) => (i === axes.length - 1 ? eq.fixed(1, 'it is a single position') : axis)),
          );
      if (eq.outputs > 3) eq.out(3, axes);
    },
    resize: noResize,
    weights: (view) => [
      { input: 2, role: 'norm-scale' },
      ...(shift !== undefined && view.has(shift) ? [{ input: shift, role: 'norm-shift' } as const] : []),
      ...(view.has(bias) ? [{ input: bias, role: 'bias' } as const] : []),
    ],
    layout: 'logical',
    run: (view) => {
      const { tf, attrs } = view;
      const joined = tf.add(view.input(0), view.input(1));
      const total = view.has(bias) ? tf.add(joined, view.input(bias)) : joined;
      const last = [total.rank - 1];
      const mean = tf.mean(total, last, true);
      const normal = simplified
        ? rms(tf, total, last, attrs.epsilon)
        : view.kernels.normalize(total, last, attrs.epsilon);
      const scaled = tf.mul(normal, view.input(2));
      const y = shift !== undefined && view.has(shift) ? tf.add(scaled, view.input(shift)) : scaled;
      if (view.outputs === 1) return [y];
      const spread = tf.mean(tf.square(tf.sub(total, mean)), last, true);
      return [y, mean, tf.rsqrt(tf.add(spread, attrs.epsilon)), total].slice(0, view.outputs);
    },
    macs: noMacs,
  });
}

export const normalisation: readonly Operator[] = [
  BatchNormalization,
  InstanceNormalization,
  GroupNormalization,
  LayerNormalization,
  rmsNorm('RMSNormalization'),
  rmsNorm('SimplifiedLayerNormalization'),
  skipNorm('SkipLayerNormalization', false),
  skipNorm('SkipSimplifiedLayerNormalization', true),
];
