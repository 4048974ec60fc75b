// Normalisations without learned parameters.

import type * as Tf from '@tensorflow/tfjs';
import { sequence } from './host.ts';
import {
  float,
  int,
  ints,
  noMacs,
  noResize,
  noWeights,
  type Operator,
  operator,
  positive,
  type RunView,
} from './op.ts';

/** b + α/n · Σ x² over n neighbouring channels, to the power -β (Krizhevsky et al. 2012). */
function neighbourhood(
  view: RunView<{ alpha: number; beta: number; bias: number; size: number }>,
): Tf.Tensor {
  const { tf, attrs } = view;
  const { alpha, beta, bias, size } = attrs;
  const x = view.input(0);
  const before = Math.floor((size - 1) / 2);
  const after = size - 1 - before;
  const channels = x.shape[x.rank - 1];
  const pads = x.shape.map((_, i): [number, number] => (i === x.rank - 1 ? [before, after] : [0, 0]));
  const squares = tf.pad(tf.square(x), pads);
  const begin = x.shape.map(() => 0);
  const windows = sequence(size).map((shift) =>
    tf.slice(squares, [...begin.slice(0, -1), shift], [...x.shape.slice(0, -1), channels]),
  );
  const sum = windows.reduce((a, b) => tf.add(a, b));
  return tf.div(x, tf.pow(tf.add(tf.mul(sum, alpha / size), bias), beta));
}

const LRN = operator({
  name: 'LRN',
  attrs: { alpha: float(1e-4), beta: float(0.75), bias: float(1), size: int(1) },
  coupling: 'divides each channel by the size of its neighbours',
  shape: (view) => [{ dtype: view.dtype(0), dims: view.shape(0) }],
  fold: 'not-folded',
  terms: (eq) => eq.out(0, eq.axes(0)),
  resize: noResize,
  weights: noWeights,
  layout: (view) => (view.shape(0).length > 2 ? 'channels-last' : 'logical'),
  run: neighbourhood,
  macs: noMacs,
});

const LpNormalization = operator({
  name: 'LpNormalization',
  attrs: { axis: int(-1), p: int(2) },
  coupling: 'divides its channels by their common size',
  shape: (view) => [{ dtype: view.dtype(0), dims: view.shape(0) }],
  fold: 'not-folded',
  terms: (eq) => eq.out(0, eq.axes(0)),
  resize: noResize,
  weights: noWeights,
  layout: 'axes',
  run: (view) => {
    const { tf, attrs } = view;
    const x = view.input(0);
    const axis = view.axis(attrs.axis);
    const size = attrs.p === 1 ? tf.sum(tf.abs(x), axis, true) : tf.sqrt(tf.sum(tf.square(x), axis, true));
    return tf.div(x, size);
  },
  macs: noMacs,
});

const MeanVarianceNormalization = operator({
  name: 'MeanVarianceNormalization',
  attrs: { axes: ints([0, 2, 3]) },
  coupling: 'normalises over its axes',
  shape: (view) => [{ dtype: view.dtype(0), dims: view.shape(0) }],
  fold: 'not-folded',
  terms: (eq) => eq.out(0, eq.axes(0)),
  resize: noResize,
  weights: noWeights,
  layout: 'axes',
  run: (view) => {
    const rank = view.shape(0).length;
    const axes = view.attrs.axes.map((axis) => view.axis(positive(axis, rank)));
    return view.kernels.normalize(view.input(0), axes, 1e-9);
  },
  macs: noMacs,
});

export const otherNormalisation: readonly Operator[] = [LRN, LpNormalization, MeanVarianceNormalization];
