// Pools over regions that boxes choose: RoiAlign (He et al., arXiv 1703.06870), MaxRoiPool. Channels pass through.
// Computed: averages of a stated number of samples; the rest is left to the runtime the model is meant for.

import type * as Tf from '@tensorflow/tfjs';
import { sequence } from './host.ts';
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
  string,
} from './op.ts';
import { gatherRows } from './rearrange.ts';
import { illShaped, unsupported } from './refusal.ts';
import { SPATIAL } from './windows.ts';

const BOX = 'it tells boxes apart';

const overBoxes = <S extends AttrSchema>(row: {
  name: string;
  attrs: S;
  coupling: string;
  /** Height and width of what each box becomes. */
  size: (view: NodeView<AttrsOf<S>>) => readonly number[];
  run?: (view: RunView<AttrsOf<S>>) => Tf.Tensor;
}): Operator =>
  operator<S>({
    ...row,
    shape: (view) => {
      const [height, width] = row.size(view);
      return [{ dtype: view.dtype(0), dims: [view.shape(1)[0], view.shape(0)[1], height, width] }];
    },
    fold: notFolded,
    terms: (eq) => {
      const [batch, channels, ...spatial] = eq.axes(0);
      for (const axis of [batch, ...spatial]) eq.fix(axis, SPATIAL);
      for (let i = 1; i < eq.inputs; i++) if (eq.has(i)) for (const axis of eq.axes(i)) eq.fix(axis, BOX);
      const [boxes, , ...size] = eq.outShape(0);
      eq.out(0, [eq.fixed(boxes, BOX), channels, ...size.map((length) => eq.fixed(length, SPATIAL))]);
    },
    resize: noResize,
    weights: noWeights,
    layout: 'logical',
    run: (view) => {
      if (row.run) return row.run(view);
      throw unsupported(view, 'pools over boxes, which this program does not compute');
    },
    macs: noMacs,
  });

const alignAttrs = {
  coordinate_transformation_mode: string(),
  mode: string('avg'),
  output_height: int(1),
  output_width: int(1),
  sampling_ratio: int(0),
  spatial_scale: float(1),
};
type AlignView = RunView<AttrsOf<typeof alignAttrs>>;

/**
 * What each bin of each box reads along one axis: [boxes, bins, length]. A sample between two elements reads both;
 * one farther than an element outside of the image reads nothing.
 */
function weightsAlong(
  view: AlignView,
  from: Tf.Tensor,
  to: Tf.Tensor,
  bins: number,
  length: number,
): Tf.Tensor {
  const { tf, attrs, opset } = view;
  const { sampling_ratio: samples, spatial_scale: scale } = attrs;
  const mode = attrs.coordinate_transformation_mode ?? (opset < 16 ? 'output_half_pixel' : 'half_pixel');
  const shifted = mode === 'half_pixel' ? 0.5 : 0;
  const start = tf.sub(tf.mul(from, scale), shifted);
  const span = tf.mul(tf.sub(to, from), scale);
  const size = tf.div(shifted > 0 ? span : tf.maximum(span, 1), bins);
  const steps = sequence(bins * samples).map((i) => (i + 0.5) / samples);
  const places = tf.add(tf.expandDims(start, 1), tf.mul(tf.expandDims(size, 1), tf.reshape(steps, [1, -1])));
  const reads = tf.logicalAnd(tf.greaterEqual(places, -1), tf.lessEqual(places, length));
  const inside = tf.expandDims(tf.clipByValue(places, 0, length - 1), 2);
  const distance = tf.abs(tf.sub(inside, tf.reshape(tf.range(0, length), [1, 1, length])));
  const weights = tf.mul(tf.relu(tf.sub(1, distance)), tf.expandDims(tf.cast(reads, 'float32'), 2));
  return tf.mean(tf.reshape(weights, [-1, bins, samples, length]), 2);
}

/** Bilinear reading and averaging work on each axis by itself: a product with a matrix on either side. */
function align(view: AlignView): Tf.Tensor {
  const { tf, attrs, kernels } = view;
  if (attrs.mode !== 'avg' || attrs.sampling_ratio < 1)
    throw unsupported(view, 'takes maxima, or as many samples as its boxes are large');
  const [, channels, height, width] = view.shape(0);
  const boxes = view.shape(1)[0];
  const [left, top, right, bottom] = sequence(4).map((i) =>
    tf.reshape(tf.slice(view.input(1), [0, i], [boxes, 1]), [boxes]),
  );
  const spread = (weights: Tf.Tensor) => {
    const [, bins, length] = weights.shape as [number, number, number];
    return tf.reshape(tf.tile(tf.expandDims(weights, 1), [1, channels, 1, 1]), [
      boxes * channels,
      bins,
      length,
    ]);
  };
  const vertical = spread(weightsAlong(view, top, bottom, attrs.output_height, height));
  const horizontal = spread(weightsAlong(view, left, right, attrs.output_width, width));
  const images = tf.reshape(view.input(0), [-1, channels * height * width]) as Tf.Tensor2D;
  const chosen = gatherRows(tf, images, tf.cast(view.input(2), 'int32') as Tf.Tensor1D);
  const image = tf.reshape(chosen, [boxes * channels, height, width]);
  const y = kernels.matMul(kernels.matMul(vertical, image), horizontal, false, true);
  return tf.reshape(y, [boxes, channels, attrs.output_height, attrs.output_width]);
}

const RoiAlign = overBoxes({
  name: 'RoiAlign',
  attrs: alignAttrs,
  run: align,
  coupling: 'samples boxes of the image, each channel by itself',
  size: (view) => [view.attrs.output_height, view.attrs.output_width],
});

const MaxRoiPool = overBoxes({
  name: 'MaxRoiPool',
  attrs: { pooled_shape: ints(), spatial_scale: float(1) },
  coupling: 'takes the largest of each part of a box, each channel by itself',
  size: (view) => {
    const { pooled_shape } = view.attrs;
    if (pooled_shape?.length !== 2) throw illShaped(view, 'does not state the height and width of its pools');
    return pooled_shape;
  },
});

export const regions: readonly Operator[] = [RoiAlign, MaxRoiPool];
