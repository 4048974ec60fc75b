// MaxUnpool: puts maxima back where a MaxPool found them.
// Its indices count across all channels of an image, so channels stay; see MaxPool.

import { elementCount } from '../graph/tensor.ts';
import { sequence } from './host.ts';
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
import { padAlong } from './padding.ts';
import { scatterRows } from './rearrange.ts';
import { illShaped } from './refusal.ts';
import { SPATIAL } from './windows.ts';

const NUMBERED = 'the positions of its maxima are numbered across all channels';

const attrs = { kernel_shape: ints(), strides: ints(), pads: ints() };
type View = NodeView<AttrsOf<typeof attrs>>;

/** The size that the pool's windows covered, in which the indices count. */
function covered(view: View): number[] {
  const [batch, channels, ...spatial] = view.shape(0);
  const { kernel_shape: taps, strides, pads } = view.attrs;
  if (!taps) throw illShaped(view, 'does not state the size of its window');
  const lengths = spatial.map((count, i) => {
    const around = (pads?.[i] ?? 0) + (pads?.[i + taps.length] ?? 0);
    return (count - 1) * (strides?.[i] ?? 1) + taps[i] - around;
  });
  return [batch, channels, ...lengths];
}

const MaxUnpool = operator({
  name: 'MaxUnpool',
  attrs,
  coupling: 'puts maxima back where they were, each channel by itself',
  shape: (view) => [{ dtype: view.dtype(0), dims: view.has(2) ? view.numbers(2) : covered(view) }],
  fold: notFolded,
  terms: (eq) => {
    for (const axis of eq.axes(0)) eq.fix(axis, NUMBERED);
    for (const axis of eq.axes(1)) eq.fix(axis, NUMBERED);
    const [batch, channels] = eq.axes(0);
    const [, , ...spatial] = eq.outShape(0);
    eq.out(0, [batch, channels, ...spatial.map((length) => eq.fixed(length, SPATIAL))]);
  },
  resize: noResize,
  weights: noWeights,
  layout: 'logical',
  run: (view) => {
    const { tf } = view;
    const dims = covered(view);
    const count = elementCount(view.shape(0));
    const values = tf.reshape(view.input(0), [count, 1]);
    const places = tf.cast(tf.reshape(view.input(1), [count]), 'int32');
    const laid = tf.reshape(scatterRows(tf, values as never, places as never, elementCount(dims)), dims);
    return sequence(dims.length).reduce(
      (y, axis) => padAlong(tf, y, axis, 'constant', [0, view.outShape(0)[axis] - dims[axis]]),
      laid,
    );
  },
  macs: noMacs,
});

export const unpooling: readonly Operator[] = [MaxUnpool];
