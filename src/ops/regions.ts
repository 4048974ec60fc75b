// Pools over regions that boxes choose: RoiAlign (He et al., arXiv 1703.06870), MaxRoiPool. Channels pass through.
// MaxRoiPool is left to the runtime the model is meant for.

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
import { dataDependent, illShaped, unsupported } from './refusal.ts';
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

/** One axis of the boxes: where they begin and end, in pixels of the input, and what they are cut into. */
interface Side {
  readonly from: Tf.Tensor;
  readonly to: Tf.Tensor;
  readonly bins: number;
  /** Of the image. */
  readonly length: number;
  /** Where the coordinates of a box have these two. */
  readonly columns: readonly [from: number, to: number];
}

/** What samples read along one axis, all of [boxes, bins, samples, length] or [boxes, 1, samples]. */
interface Reading {
  /** The elements before and after each sample, weighed by how near they are. */
  readonly before: Tf.Tensor;
  readonly after: Tf.Tensor;
  /** 1 over the number of samples in a bin; 0 for a sample that its box has not. */
  readonly share: Tf.Tensor;
}

/** Pixels are squares around their coordinates, or points at them. */
function isHalfPixel({ attrs, opset }: NodeView<AttrsOf<typeof alignAttrs>>): boolean {
  const mode = attrs.coordinate_transformation_mode ?? (opset < 16 ? 'output_half_pixel' : 'half_pixel');
  return mode === 'half_pixel';
}

/** Samples of each box along one axis: as stated, or as many as its bins are large. */
function sampleCounts(view: AlignView, { bins, columns }: Side): number[] {
  const { sampling_ratio: stated, spatial_scale: scale } = view.attrs;
  const boxes = view.shape(1)[0];
  if (stated > 0) return new Array<number>(boxes).fill(stated);
  const known = view.known(1);
  if (!known) throw dataDependent(view, 'takes as many samples as its boxes are large');
  return sequence(boxes).map((box) => {
    const [from, to] = columns.map((column) => known.values[4 * box + column]);
    const span = (to - from) * scale;
    return Math.max(0, Math.ceil((isHalfPixel(view) ? span : Math.max(span, 1)) / bins));
  });
}

/**
 * A sample between two elements reads both; one farther than an element outside of the image reads nothing.
 */
function readAlong(view: AlignView, side: Side): Reading {
  const { tf, attrs } = view;
  const { from, to, bins, length } = side;
  const { spatial_scale: scale } = attrs;
  const counts = sampleCounts(view, side);
  const most = Math.max(1, ...counts);
  const column = (values: Tf.Tensor | readonly number[]) => tf.reshape(values as Tf.Tensor, [-1, 1, 1]);
  const start = tf.sub(tf.mul(from, scale), isHalfPixel(view) ? 0.5 : 0);
  const span = tf.mul(tf.sub(to, from), scale);
  const size = column(tf.div(isHalfPixel(view) ? span : tf.maximum(span, 1), bins));
  const within = tf.div(
    tf.reshape(tf.range(0.5, most), [1, 1, most]),
    column(counts.map((n) => Math.max(n, 1))),
  );
  const steps = tf.add(tf.reshape(tf.range(0, bins), [1, bins, 1]), within);
  const places = tf.add(column(start), tf.mul(size, steps));
  const reads = tf.cast(tf.logicalAnd(tf.greaterEqual(places, -1), tf.lessEqual(places, length)), 'float32');
  const inside = tf.clipByValue(places, 0, length - 1);
  const lower = tf.floor(inside);
  const fraction = tf.sub(inside, lower);
  const elements = tf.reshape(tf.range(0, length), [1, 1, 1, length]);
  const at = (position: Tf.Tensor, weight: Tf.Tensor) =>
    tf.mul(
      tf.cast(tf.equal(tf.expandDims(position, 3), elements), 'float32'),
      tf.expandDims(tf.mul(weight, reads), 3),
    );
  const shares = counts.flatMap((count) => sequence(most).map((i) => (i < count ? 1 / count : 0)));
  return {
    before: at(lower, tf.sub(1, fraction)),
    after: at(tf.minimum(tf.add(lower, 1), length - 1), fraction),
    share: tf.reshape(shares, [-1, 1, most]),
  };
}

/** The image of each box [boxes · channels, height, width] between what reads its rows and what reads its columns. */
type Between = (rows: Tf.Tensor, columns: Tf.Tensor) => Tf.Tensor;

function between(view: AlignView): Between {
  const { tf, kernels } = view;
  const [, channels, height, width] = view.shape(0);
  const boxes = view.shape(1)[0];
  const images = tf.reshape(view.input(0), [-1, channels * height * width]) as Tf.Tensor2D;
  const chosen = gatherRows(tf, images, tf.cast(view.input(2), 'int32') as Tf.Tensor1D);
  const image = tf.reshape(chosen, [boxes * channels, height, width]);
  const spread = (weights: Tf.Tensor) => {
    const length = weights.shape.at(-1) as number;
    const rows = weights.size / (boxes * length);
    const flat = tf.reshape(weights, [boxes, 1, rows, length]);
    return tf.reshape(tf.tile(flat, [1, channels, 1, 1]), [boxes * channels, rows, length]);
  };
  return (rows, columns) => kernels.matMul(kernels.matMul(spread(rows), image), spread(columns), false, true);
}

/** Bilinear reading and averaging work on each axis by itself: a product with a matrix on either side. */
function averaged({ tf }: AlignView, rows: Reading, columns: Reading, product: Between): Tf.Tensor {
  const [vertical, horizontal] = [rows, columns].map(({ before, after, share }) =>
    tf.sum(tf.mul(tf.add(before, after), tf.expandDims(share, 3)), 2),
  );
  return product(vertical, horizontal);
}

/** The greatest of the four weighed elements of all samples: the specification does not add them up first. */
function greatest(view: AlignView, rows: Reading, columns: Reading, product: Between): Tf.Tensor {
  const { tf, attrs } = view;
  const corners = [rows.before, rows.after].flatMap((row) =>
    [columns.before, columns.after].map((column) => product(row, column)),
  );
  const highest = corners.reduce((a, b) => tf.maximum(a, b));
  const [down, across] = [rows, columns].map(({ share }) => share.shape[2] as number);
  const boxes = view.shape(1)[0];
  const samples = tf.reshape(highest, [boxes, -1, attrs.output_height, down, attrs.output_width, across]);
  const taken = tf.mul(
    tf.reshape(tf.sign(rows.share), [boxes, 1, 1, down, 1, 1]),
    tf.reshape(tf.sign(columns.share), [boxes, 1, 1, 1, 1, across]),
  );
  const left = tf.add(tf.mul(samples, taken), tf.mul(tf.sub(taken, 1), 3e38));
  return tf.max(tf.max(left, 5), 3);
}

function align(view: AlignView): Tf.Tensor {
  const { tf, attrs } = view;
  const { output_height, output_width } = attrs;
  const [, , height, width] = view.shape(0);
  const boxes = view.shape(1)[0];
  const coordinate = (i: number) => tf.reshape(tf.slice(view.input(1), [0, i], [boxes, 1]), [boxes]);
  const along = (columns: Side['columns'], bins: number, length: number) => {
    const [from, to] = columns.map(coordinate);
    return readAlong(view, { from, to, bins, length, columns });
  };
  const rows = along([1, 3], output_height, height);
  const columns = along([0, 2], output_width, width);
  const pool = attrs.mode === 'max' ? greatest : averaged;
  return tf.reshape(pool(view, rows, columns, between(view)), [...view.outShape(0)]);
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
