// Resize and its forerunner Upsample. Each axis is read by itself, so any layout serves; axes that keep their size
// pass their channels on.
// Formulas: ONNX operators Resize (opset 10 to current) and Upsample (7, 9).

import type * as Tf from '@tensorflow/tfjs';
import { sequence } from './host.ts';
import { type Reading, readingOf, type Sampling, type Stretch } from './interpolation.ts';
import {
  type AttrsOf,
  type Equations,
  float,
  floats,
  int,
  ints,
  type NodeView,
  noMacs,
  noResize,
  notFolded,
  noWeights,
  type Operator,
  operator,
  positive,
  type ResizeView,
  type RunView,
  string,
} from './op.ts';
import { along, repeatAlong, takeAlong } from './rearrange.ts';
import { illShaped } from './refusal.ts';
import { SPATIAL } from './windows.ts';

const attrs = {
  mode: string('nearest'),
  coordinate_transformation_mode: string('half_pixel'),
  nearest_mode: string('round_prefer_floor'),
  cubic_coeff_a: float(-0.75),
  exclude_outside: int(0),
  antialias: int(0),
  extrapolation_value: float(0),
  axes: ints(),
  keep_aspect_ratio_policy: string('stretch'),
};
type View = NodeView<AttrsOf<typeof attrs>>;

const [ROI, SCALES, SIZES] = [1, 2, 3];

/** Lists of no elements stand for omitted ones before opset 13. */
const given = (view: NodeView<unknown>, i: number): boolean => view.has(i) && view.shape(i)[0] !== 0;

/** The axes that sizes, scales and regions speak of. */
const statedAxes = (view: View): number[] => {
  const rank = view.shape(0).length;
  return view.attrs.axes?.map((axis) => positive(axis, rank)) ?? sequence(rank);
};

/** Every axis that is stated, in the order stated. */
function stretches(view: View): Stretch[] {
  const dims = view.shape(0);
  if (view.opset < 11) return scaledAxes(view, view.numbers(1));
  const axes = statedAxes(view);
  const crops = view.attrs.coordinate_transformation_mode === 'tf_crop_and_resize' && given(view, ROI);
  const roi = crops ? view.numbers(ROI) : [];
  const region = (i: number): readonly [number, number] => (crops ? [roi[i], roi[axes.length + i]] : [0, 1]);
  if (given(view, SIZES)) {
    const sizes = view.numbers(SIZES);
    const stated = axes.map((axis, i) => sizes[i] / dims[axis]);
    const policy = view.attrs.keep_aspect_ratio_policy;
    const common = policy === 'not_larger' ? Math.min(...stated) : Math.max(...stated);
    return axes.map((axis, i) => {
      const length = dims[axis];
      if (policy === 'stretch')
        return { axis, length, outLength: sizes[i], scale: stated[i], region: region(i) };
      const outLength = Math.floor(common * length + 0.5);
      return { axis, length, outLength, scale: common, region: region(i) };
    });
  }
  if (!given(view, SCALES)) throw illShaped(view, 'states neither sizes nor scales');
  const scales = view.numbers(SCALES);
  return axes.map((axis, i) => {
    const [start, end] = region(i);
    return { ...scaledAxis(dims[axis], scales[i], end - start), axis, region: [start, end] };
  });
}

/** Output lengths are rounded down in single precision, as runtimes compute them. */
const scaledAxis = (length: number, scale: number, share = 1) => ({
  length,
  scale,
  outLength: Math.floor(Math.fround(Math.fround(scale) * Math.fround(length * share))),
});

const scaledAxes = (view: NodeView<unknown>, scales: readonly number[]): Stretch[] =>
  view.shape(0).map((length, axis) => ({ ...scaledAxis(length, scales[axis]), axis, region: [0, 1] }));

/** Axes that change; the others are copied. */
const changing = (all: readonly Stretch[]): Stretch[] =>
  all.filter(
    ({ length, outLength, scale, region: [start, end] }) =>
      length !== outLength || scale !== 1 || start !== 0 || end !== 1,
  );

function resizedShape(view: NodeView<unknown>, all: readonly Stretch[]) {
  const dims = [...view.shape(0)];
  for (const { axis, outLength } of all) dims[axis] = outLength;
  return [{ dtype: view.dtype(0), dims }];
}

function resizedTerms(eq: Equations<unknown>, all: readonly Stretch[]): void {
  const axes = [...eq.axes(0)];
  for (const { axis, outLength } of changing(all)) {
    eq.fix(axes[axis], SPATIAL);
    axes[axis] = eq.fixed(outLength, SPATIAL);
  }
  eq.out(0, axes);
}

/** Sizes state the channels too, unless `axes` leaves them out. */
function rewriteSizes(view: ResizeView<AttrsOf<typeof attrs>>): void {
  if (view.opset < 11 || !given(view, SIZES)) return;
  const sizes = view.numbers(SIZES);
  const resized = statedAxes(view).map((axis, i) =>
    view.keptOut(0, axis) ? view.newOutShape(0)[axis] : sizes[i],
  );
  if (resized.some((size, i) => size !== sizes[i])) view.setNumbers(SIZES, resized);
}

// ---------------------------------------------------------------- running

/** Axes that shrink come first: what follows works on less. */
function resample(
  view: RunView<unknown>,
  all: readonly Stretch[],
  sampling: Sampling,
  extrapolation: number,
): Tf.Tensor {
  const { tf } = view;
  return changing(all)
    .sort((a, b) => a.outLength / a.length - b.outLength / b.length)
    .reduce<Tf.Tensor>((x, stretch) => {
      const reading = readingOf(view, stretch, sampling);
      const at = view.axis(stretch.axis);
      const read = reading.copied ? copyAlong(tf, x, at, reading.copied) : mixAlong(tf, x, at, reading);
      return reading.outside.length > 0 ? blank(tf, read, at, reading.outside, extrapolation) : read;
    }, view.input(0));
}

/** Enlarging by a whole factor repeats each element that often. */
function copyAlong(tf: typeof Tf, x: Tf.Tensor, axis: number, positions: readonly number[]): Tf.Tensor {
  const times = positions.length / x.shape[axis];
  if (!Number.isInteger(times) || !positions.every((position, i) => position === Math.floor(i / times)))
    return takeAlong(tf, x, axis, positions);
  return along(tf, x, axis, (flat) => {
    const [before, length, after] = flat.shape;
    const lone = tf.reshape(flat, [before * length, 1, after]);
    return tf.reshape(repeatAlong(tf, lone, 1, times), [before, length * times, after]);
  });
}

/** Output positions are weighted sums: one product with the [outLength, length] matrix of weights. */
const mixAlong = (tf: typeof Tf, x: Tf.Tensor, axis: number, { weights }: Reading): Tf.Tensor =>
  along(tf, x, axis, (flat) => {
    const [before, length, after] = flat.shape;
    const matrix = tf.tensor2d(weights as Float32Array, [(weights as Float32Array).length / length, length]);
    if (after === 1)
      return tf.reshape(tf.matMul(tf.reshape(flat, [before, length]), matrix, false, true), [before, -1, 1]);
    return tf.matMul(tf.expandDims(matrix, 0), flat);
  });

/** Positions that lie outside the input take a constant. */
const blank = (tf: typeof Tf, x: Tf.Tensor, axis: number, positions: readonly number[], value: number) =>
  along(tf, x, axis, (flat) => {
    const out = new Float32Array(flat.shape[1]);
    for (const position of positions) out[position] = 1;
    const mask = tf.tensor3d(out, [1, out.length, 1]);
    return tf.add(tf.mul(flat, tf.sub(1, mask)), tf.mul(mask, value));
  });

// ---------------------------------------------------------------- the records

const Resize = operator({
  name: 'Resize',
  attrs,
  coupling: 'resizes the image, each channel by itself',
  shape: (view) => resizedShape(view, stretches(view)),
  fold: notFolded,
  terms: (eq) => resizedTerms(eq, stretches(eq)),
  resize: rewriteSizes,
  weights: noWeights,
  layout: 'axes',
  run: (view) => {
    const { mode, coordinate_transformation_mode, nearest_mode, cubic_coeff_a } = view.attrs;
    const { exclude_outside, antialias, extrapolation_value } = view.attrs;
    const old = view.opset < 11;
    const sampling = {
      mode,
      coordinates: old ? 'asymmetric' : coordinate_transformation_mode,
      rounding: old ? 'floor' : nearest_mode,
      cubicA: cubic_coeff_a,
      excludeOutside: exclude_outside === 1,
      antialias: antialias === 1,
    };
    return resample(view, stretches(view), sampling, extrapolation_value);
  },
  macs: noMacs,
});

type UpsampleView = NodeView<{ readonly scales: readonly number[] | undefined }>;
const enlarged = (view: UpsampleView) => scaledAxes(view, view.attrs.scales ?? view.numbers(1));

const Upsample = operator({
  name: 'Upsample',
  attrs: { mode: string('nearest'), scales: floats() },
  coupling: 'enlarges the image, each channel by itself',
  shape: (view) => resizedShape(view, enlarged(view)),
  fold: notFolded,
  terms: (eq) => resizedTerms(eq, enlarged(eq)),
  resize: noResize,
  weights: noWeights,
  layout: 'axes',
  run: (view) => {
    const sampling: Sampling = {
      mode: view.attrs.mode,
      coordinates: 'asymmetric',
      rounding: 'floor',
      cubicA: -0.75,
      excludeOutside: false,
      antialias: false,
    };
    return resample(view, enlarged(view), sampling, 0);
  },
  macs: noMacs,
});

export const resampling: readonly Operator[] = [Resize, Upsample];
