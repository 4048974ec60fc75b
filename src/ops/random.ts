// Noise: RandomNormal, RandomUniform, their -Like forms and Bernoulli, drawn anew for every step of training from its
// seed. Noise knows no channels of its own: it is made in the size that is wanted.

import type * as Tf from '@tensorflow/tfjs';
import { elementTypeOf } from './host.ts';
import {
  type AttrsOf,
  float,
  int,
  ints,
  noMacs,
  noResize,
  notFolded,
  noWeights,
  type Operator,
  operator,
  type RunView,
} from './op.ts';
import { illShaped } from './refusal.ts';

const attrs = {
  dtype: int(),
  shape: ints(),
  mean: float(0),
  scale: float(1),
  low: float(0),
  high: float(1),
};
type Draw = (view: RunView<AttrsOf<typeof attrs>>, dims: number[]) => Tf.Tensor;

const normal: Draw = (view, dims) =>
  view.tf.randomNormal(dims, view.attrs.mean, view.attrs.scale, 'float32', view.seed());
const uniform: Draw = (view, dims) =>
  view.tf.randomUniform(dims, view.attrs.low, view.attrs.high, 'float32', view.seed());
const chance: Draw = (view, dims) => {
  const { tf } = view;
  return tf.cast(tf.less(tf.randomUniform(dims, 0, 1, 'float32', view.seed()), view.input(0)), 'float32');
};

/** Of a shape that is stated. */
const ofShape = (name: string, draw: Draw): Operator =>
  operator({
    name,
    attrs,
    coupling: 'makes noise for every position',
    shape: (view) => {
      const { dtype, shape } = view.attrs;
      if (!shape) throw illShaped(view, 'does not state the shape of its noise');
      return [{ dtype: dtype === undefined ? 'float32' : elementTypeOf(dtype), dims: shape }];
    },
    fold: notFolded,
    terms: (eq) =>
      eq.out(
        0,
        eq.outShape(0).map((length) => eq.free(length)),
      ),
    resize: (view) => {
      const dims = view.newOutShape(0);
      if (dims.some((length, axis) => length !== view.outShape(0)[axis])) view.set('shape', dims);
    },
    weights: noWeights,
    layout: 'logical',
    run: (view) => draw(view, [...view.outShape(0)]),
    macs: noMacs,
  });

/** Of the shape of its input. */
const alike = (name: string, coupling: string, draw: Draw): Operator =>
  operator({
    name,
    attrs,
    coupling,
    shape: (view) => {
      const { dtype } = view.attrs;
      return [{ dtype: dtype === undefined ? view.dtype(0) : elementTypeOf(dtype), dims: view.shape(0) }];
    },
    fold: notFolded,
    terms: (eq) => eq.out(0, eq.axes(0)),
    resize: noResize,
    weights: noWeights,
    layout: 'elementwise',
    run: (view) => draw(view, [...view.input(0).shape]),
    macs: noMacs,
  });

export const noises: readonly Operator[] = [
  ofShape('RandomNormal', normal),
  ofShape('RandomUniform', uniform),
  alike('RandomNormalLike', 'makes noise of the shape of its input', normal),
  alike('RandomUniformLike', 'makes noise of the shape of its input', uniform),
  alike('Bernoulli', 'draws 0 or 1 for each position', chance),
];
