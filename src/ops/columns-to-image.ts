// Col2Im: columns of window contents added up into the image they were taken from.
// Formula: ONNX operator Col2Im; the adjoint of taking windows (im2col).

import type * as Tf from '@tensorflow/tfjs';
import { elementCount } from '../graph/tensor.ts';
import { offsetsOf, sequence, stridesOf } from './host.ts';
import {
  type AttrsOf,
  ints,
  type NodeView,
  noMacs,
  noResize,
  notFolded,
  noWeights,
  type Operator,
  operator,
} from './op.ts';
import { scatterRows, transpose } from './rearrange.ts';
import { illShaped } from './refusal.ts';
import { extent, perAxis, SPATIAL } from './windows.ts';

const columnAttrs = { dilations: ints(), pads: ints(), strides: ints() };
type ColumnView = NodeView<AttrsOf<typeof columnAttrs>>;

interface WindowGrid {
  readonly image: readonly number[];
  readonly taps: readonly number[];
  /** For each spatial axis, tap and window the position in the image, outside of it where it is padding. */
  readonly positions: readonly (readonly (readonly number[])[])[];
}

function gridOf(view: ColumnView): WindowGrid {
  const [image, taps] = [view.numbers(1), view.numbers(2)];
  const axes = image.length;
  const strides = perAxis(view, 'strides', view.attrs.strides, axes, 1);
  const dilations = perAxis(view, 'dilations', view.attrs.dilations, axes, 1);
  const pads = perAxis(view, 'pads', view.attrs.pads, 2 * axes, 0);
  const positions = image.map((length, i) => {
    const window = extent({ taps: taps[i], dilation: dilations[i] });
    const count = Math.floor((length + pads[i] + pads[axes + i] - window) / strides[i]) + 1;
    return sequence(taps[i], -pads[i], dilations[i]).map((first) => sequence(count, first, strides[i]));
  });
  return { image, taps, positions };
}

/** For each tap and window, row-major, the element of the image; one past the last for padding. */
function targetsOf({ image, positions }: WindowGrid): number[] {
  const size = elementCount(image);
  const strides = stridesOf(image);
  const outside = (position: number, axis: number) => position < 0 || position >= image[axis];
  const taps = positions.reduce<number[][]>(
    (chosen, axis) => chosen.flatMap((tap) => sequence(axis.length).map((t) => [...tap, t])),
    [[]],
  );
  return taps.flatMap((tap) => {
    const windows = tap.map((t, axis) =>
      positions[axis][t].map((p) => (outside(p, axis) ? Number.POSITIVE_INFINITY : p * strides[axis])),
    );
    return offsetsOf(windows).map((at) => Math.min(at, size));
  });
}

const channelsOf = (view: ColumnView) => view.shape(0)[1] / elementCount(view.numbers(2));

const Col2Im = operator({
  name: 'Col2Im',
  attrs: columnAttrs,
  coupling: 'adds window contents up into an image, channel by channel',
  shape: (view) => {
    const { image, taps, positions } = gridOf(view);
    const windows = elementCount(positions.map((axis) => axis[0].length));
    const [batch, rows, columns] = view.shape(0);
    if (!Number.isInteger(channelsOf(view)) || columns !== windows)
      throw illShaped(view, `gets [${rows}, ${columns}] for windows of [${taps}] over [${image}]`);
    return [{ dtype: view.dtype(0), dims: [batch, channelsOf(view), ...image] }];
  },
  fold: notFolded,
  terms: (eq) => {
    const [batch, rows, columns] = eq.axes(0);
    const [channels, taps] = eq.split(rows, [channelsOf(eq), elementCount(eq.numbers(2))]);
    for (const axis of [taps, columns]) eq.fix(axis, SPATIAL);
    eq.out(0, [batch, channels, ...eq.numbers(1).map((length) => eq.fixed(length, SPATIAL))]);
  },
  resize: noResize,
  weights: noWeights,
  layout: 'logical',
  run: (view) => {
    const { tf } = view;
    const grid = gridOf(view);
    const targets = targetsOf(grid);
    const [batch, channels] = view.outShape(0);
    const size = elementCount(grid.image);
    const lanes = batch * channels;
    const rows: Tf.Tensor2D = tf.reshape(
      transpose(tf, tf.reshape(view.input(0), [lanes, targets.length]), [1, 0]),
      [targets.length, lanes],
    );
    const added = scatterRows(tf, rows, tf.tensor1d(targets, 'int32'), size + 1);
    const inside = tf.slice(added, [0, 0], [size, lanes]);
    return tf.reshape(transpose(tf, inside, [1, 0]), [...view.outShape(0)]);
  },
  macs: noMacs,
});

export const columnsToImage: readonly Operator[] = [Col2Im];
