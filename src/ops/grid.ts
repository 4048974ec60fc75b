// GridSample and AffineGrid: reading an image where a grid of coordinates points. Channels pass through.
// Formulas: ONNX operators of these names. Coordinates run from -1 to 1 over an axis, the last axis first (x, y, z).

import type * as Tf from '@tensorflow/tfjs';
import { elementCount } from '../graph/tensor.ts';
import { sequence } from './host.ts';
import {
  int,
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

const sampleAttrs = { mode: string('linear'), padding_mode: string('zeros'), align_corners: int(0) };
interface SampleAttrs {
  readonly mode: string;
  readonly padding_mode: string;
  readonly align_corners: number;
}

const GridSample = operator({
  name: 'GridSample',
  attrs: sampleAttrs,
  coupling: 'samples the image where a grid points, each channel by itself',
  shape: (view) => {
    const [image, grid] = [view.shape(0), view.shape(1)];
    if (grid.length !== image.length || grid[grid.length - 1] !== image.length - 2)
      throw illShaped(view, `samples [${image}] with a grid of [${grid}]`);
    return [{ dtype: view.dtype(0), dims: [...image.slice(0, 2), ...grid.slice(1, -1)] }];
  },
  fold: notFolded,
  terms: (eq) => {
    const [batch, channels, ...spatial] = eq.axes(0);
    const [gridBatch, ...grid] = eq.axes(1);
    for (const axis of [...spatial, ...grid]) eq.fix(axis, SPATIAL);
    eq.same(batch, gridBatch);
    const places = eq.outShape(0).slice(2);
    eq.out(0, [batch, channels, ...places.map((length) => eq.fixed(length, SPATIAL))]);
  },
  resize: noResize,
  weights: noWeights,
  layout: 'channels-last',
  run: sample,
  macs: noMacs,
});

/** One element that a sampled place reads, along one axis. */
interface Tap {
  /** Position, int32, inside the axis. */
  readonly at: Tf.Tensor;
  readonly weight: Tf.Tensor;
}

/** Sums the taps' rows of the image seen as [batch × places, channels]; corner by corner. */
function sample(view: RunView<SampleAttrs>): Tf.Tensor {
  const { tf } = view;
  const [batch, channels, ...lengths] = view.shape(0);
  const places = elementCount(view.outShape(0).slice(2));
  const grid = tf.reshape(view.input(1), [batch * places, lengths.length]);
  const taps = lengths.map((length, axis) => {
    const coordinate = tf.slice(grid, [0, lengths.length - 1 - axis], [batch * places, 1]);
    return tapsOf(view, tf.reshape(coordinate, [batch * places]), length);
  });
  const rows = tf.reshape(view.input(0), [batch * elementCount(lengths), channels]) as Tf.Tensor2D;
  const firstRows = sequence(batch).flatMap((b) => new Array<number>(places).fill(b * elementCount(lengths)));
  const start = tf.tensor1d(firstRows, 'int32');
  const corners = taps.reduce<Tap[][]>(
    (all, own) => all.flatMap((corner) => own.map((tap) => [...corner, tap])),
    [[]],
  );
  const sums = corners.map((corner) => {
    const at = corner.reduce(
      (row, tap, axis) => tf.add(tf.mul(row, tf.scalar(lengths[axis], 'int32')), tap.at),
      tf.zerosLike(start),
    );
    const weight = corner.reduce<Tf.Tensor>((w, tap) => tf.mul(w, tap.weight), tf.scalar(1));
    const read = gatherRows(tf, rows, tf.add(start, at) as Tf.Tensor1D);
    return tf.mul(read, tf.reshape(weight, [-1, 1]));
  });
  const y = sums.reduce((a, b) => tf.add(a, b));
  return tf.reshape(y, [batch, ...view.outShape(0).slice(2), channels]);
}

/** The elements along one axis of this length that each coordinate reads. */
function tapsOf(view: RunView<SampleAttrs>, coordinate: Tf.Tensor, length: number): Tap[] {
  const { tf } = view;
  const aligned = view.attrs.align_corners === 1;
  const place = aligned
    ? tf.mul(tf.add(coordinate, 1), (length - 1) / 2)
    : tf.div(tf.sub(tf.mul(tf.add(coordinate, 1), length), 1), 2);
  const { offsets, weight, first } = kernelOf(view, place);
  return offsets.map((offset) => {
    const at = tf.add(first, offset);
    const inside = insideOf(view, at, length);
    const distance = tf.abs(tf.sub(place, at));
    return { at: inside.at, weight: inside.mask ? tf.mul(weight(distance), inside.mask) : weight(distance) };
  });
}

function kernelOf(view: RunView<SampleAttrs>, place: Tf.Tensor) {
  const { tf } = view;
  const first = tf.floor(place);
  switch (view.attrs.mode) {
    case 'nearest':
      return { offsets: [0], first: tf.round(place), weight: (d: Tf.Tensor) => tf.onesLike(d) };
    case 'linear':
    case 'bilinear':
      return { offsets: [0, 1], first, weight: (d: Tf.Tensor) => tf.sub(1, d) };
    case 'cubic':
    case 'bicubic':
      return { offsets: [-1, 0, 1, 2], first, weight: (d: Tf.Tensor) => cubic(tf, d) };
    default:
      throw unsupported(view, `samples by "${view.attrs.mode}"`);
  }
}

/** Cubic convolution (Keys 1981) with a = -0.75. */
function cubic(tf: typeof Tf, t: Tf.Tensor): Tf.Tensor {
  const a = -0.75;
  const near = tf.add(tf.mul(tf.mul(tf.sub(tf.mul(t, a + 2), a + 3), t), t), 1);
  const far = tf.mul(tf.sub(tf.mul(tf.add(tf.mul(tf.sub(t, 5), t), 8), t), 4), a);
  return tf.where(tf.lessEqual(t, 1), near, tf.where(tf.less(t, 2), far, tf.zerosLike(t)));
}

/** Where positions beyond the edge are read; for zeros they weigh nothing. */
function insideOf(
  view: RunView<SampleAttrs>,
  at: Tf.Tensor,
  length: number,
): { at: Tf.Tensor; mask?: Tf.Tensor } {
  const { tf } = view;
  const clamped = (x: Tf.Tensor) => tf.cast(tf.clipByValue(x, 0, length - 1), 'int32');
  switch (view.attrs.padding_mode) {
    case 'zeros': {
      const inside = tf.logicalAnd(tf.greaterEqual(at, 0), tf.lessEqual(at, length - 1));
      return { at: clamped(at), mask: tf.cast(inside, 'float32') };
    }
    case 'border':
      return { at: clamped(at) };
    case 'reflection': {
      // Mirrors stand on the outermost elements, or half an element beyond them.
      const mirror = view.attrs.align_corners === 1 ? 0 : -0.5;
      const span = Math.max(1e-6, length - 1 - 2 * mirror);
      const folded = tf.mod(tf.sub(at, mirror), 2 * span);
      const back = tf.minimum(folded, tf.sub(2 * span, folded));
      return { at: clamped(tf.round(tf.add(back, mirror))) };
    }
    default:
      throw unsupported(view, `pads by "${view.attrs.padding_mode}"`);
  }
}

// ---------------------------------------------------------------- AffineGrid

const sizeOf = (view: NodeView<unknown>) => view.numbers(1).slice(2);

const AffineGrid = operator({
  name: 'AffineGrid',
  attrs: { align_corners: int(0) },
  coupling: 'makes a grid of coordinates',
  shape: (view) => {
    const size = sizeOf(view);
    return [{ dtype: view.dtype(0), dims: [view.shape(0)[0], ...size, size.length] }];
  },
  fold: notFolded,
  terms: (eq) => {
    const [batch, ...matrix] = eq.axes(0);
    for (const axis of matrix) eq.fix(axis, SPATIAL);
    const [, ...places] = eq.outShape(0);
    eq.out(0, [batch, ...places.map((length) => eq.fixed(length, SPATIAL))]);
  },
  resize: noResize,
  weights: noWeights,
  layout: 'logical',
  run: (view) => {
    const { tf } = view;
    const size = sizeOf(view);
    const places = elementCount(size);
    const steps = size.map((length) =>
      sequence(length).map((i) => coordinateOf(i, length, view.attrs.align_corners === 1)),
    );
    const points = steps.reduce<number[][]>(
      (all, own) => all.flatMap((p) => own.map((c) => [c, ...p])),
      [[]],
    );
    const homogeneous = tf.tensor2d(
      points.flatMap((point) => [...point, 1]),
      [places, size.length + 1],
    );
    const [batch] = view.shape(0);
    const flat = tf.reshape(view.input(0), [batch * size.length, size.length + 1]);
    const moved = tf.reshape(tf.matMul(flat as Tf.Tensor2D, homogeneous, false, true), [
      batch,
      size.length,
      places,
    ]);
    return tf.reshape(tf.transpose(moved, [0, 2, 1]), [...view.outShape(0)]);
  },
  macs: noMacs,
});

/** Of element `i` of an axis; -1 and 1 are the centres of the outermost elements, or their outer edges. */
function coordinateOf(i: number, length: number, aligned: boolean): number {
  if (!aligned) return (2 * i + 1) / length - 1;
  return length === 1 ? 0 : (2 * i) / (length - 1) - 1;
}

export const grids: readonly Operator[] = [GridSample, AffineGrid];
