// Noise: RandomNormal, RandomUniform, their -Like forms and Bernoulli, drawn anew for every step of training from its
// seed. Noise knows no channels of its own: it is made in the size that is wanted.

import type * as Tf from '@tensorflow/tfjs';
import type { DataType } from '../graph/types.ts';
import { elementTypeOf } from './host.ts';
import {
  type AttrSchema,
  type AttrsOf,
  float,
  int,
  ints,
  type NodeView,
  noMacs,
  noResize,
  notFolded,
  noWeights,
  type Operator,
  operator,
  type RunView,
} from './op.ts';
import { illShaped } from './refusal.ts';

const common = { dtype: int(), seed: float() };
const normal = { mean: float(0), scale: float(1) };
const uniform = { low: float(0), high: float(1) };

interface Kind<S extends AttrSchema> {
  readonly attrs: S;
  readonly draw: (view: RunView<AttrsOf<S>>, dims: number[]) => Tf.Tensor;
}

const normals: Kind<typeof normal> = {
  attrs: normal,
  draw: (view, dims) => view.tf.randomNormal(dims, view.attrs.mean, view.attrs.scale, 'float32', view.seed()),
};
const uniforms: Kind<typeof uniform> = {
  attrs: uniform,
  draw: (view, dims) => view.tf.randomUniform(dims, view.attrs.low, view.attrs.high, 'float32', view.seed()),
};

const typeOr = (view: NodeView<{ dtype: number | undefined }>, otherwise: () => DataType): DataType =>
  view.attrs.dtype === undefined ? otherwise() : elementTypeOf(view.attrs.dtype);

/** Of a shape that is stated. */
const ofShape = <S extends AttrSchema>(name: string, { attrs, draw }: Kind<S>): Operator =>
  operator({
    name,
    attrs: { ...attrs, ...common, shape: ints() },
    coupling: 'makes noise for every position',
    shape: (view) => {
      const { shape } = view.attrs as AttrsOf<typeof common> & { shape: readonly number[] | undefined };
      if (!shape) throw illShaped(view, 'does not state the shape of its noise');
      return [{ dtype: typeOr(view as never, () => 'float32'), dims: shape }];
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
    run: (view) => draw(view as never, [...view.outShape(0)]),
    macs: noMacs,
  });

/** Of the shape of its input. */
const alike = <S extends AttrSchema>(name: string, coupling: string, { attrs, draw }: Kind<S>): Operator =>
  operator({
    name,
    attrs: { ...attrs, ...common },
    coupling,
    shape: (view) => [{ dtype: typeOr(view as never, () => view.dtype(0)), dims: view.shape(0) }],
    fold: notFolded,
    terms: (eq) => eq.out(0, eq.axes(0)),
    resize: noResize,
    weights: noWeights,
    layout: 'elementwise',
    run: (view) => draw(view as never, [...view.input(0).shape]),
    macs: noMacs,
  });

const chances: Kind<Record<never, never>> = {
  attrs: {},
  draw: (view, dims) =>
    view.tf.cast(
      view.tf.less(view.tf.randomUniform(dims, 0, 1, 'float32', view.seed()), view.input(0)),
      'float32',
    ),
};

export const noises: readonly Operator[] = [
  ofShape('RandomNormal', normals),
  ofShape('RandomUniform', uniforms),
  alike('RandomNormalLike', 'makes noise of the shape of its input', normals),
  alike('RandomUniformLike', 'makes noise of the shape of its input', uniforms),
  alike('Bernoulli', 'draws 0 or 1 for each position', chances),
];
