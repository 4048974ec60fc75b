// A layer's input and output as the two sides of a regression: each row an output position of an example, its input
// columns what the layer's window sees there.

import type * as Tf from '@tensorflow/tfjs';
import type { Random } from '../../lib/random.ts';
import type { Windows } from '../../ops/windows.ts';
import { samplePositions } from '../streams.ts';

export interface Rows {
  /** [rows, taps · inputs], the input channel varying fastest. */
  readonly x: Tf.Tensor2D;
  /** [rows, outputs]. */
  readonly y: Tf.Tensor2D;
}

/**
 * Some output positions of a convolution, the same ones for every example of the batch.
 * @param x [batch, inputs, …spatial] @param y [batch, outputs, …spatial]
 */
export function convolutionRows(
  tf: typeof Tf,
  x: Tf.Tensor,
  y: Tf.Tensor,
  windows: readonly Windows[],
  count: number,
  random: Random,
): Rows {
  const [batch, inputs] = x.shape;
  const [, outputs] = y.shape;
  const cells: number = x.size / (batch * inputs);
  const places = samplePositions(random, y.size / (batch * outputs), count);
  const taps = windows.reduce((product, window) => product * window.taps, 1);
  const seen = Array.from(places).flatMap((place) => cellsSeen(place, windows, cells));
  // One more cell, of zeros, stands for the padding.
  const table = tf.transpose(tf.reshape(x, [batch * inputs, cells]));
  const padded = tf.concat([table, tf.zeros([1, batch * inputs])], 0);
  const patches = tf.reshape(tf.gather(padded, tf.tensor1d(seen, 'int32')), [
    places.length,
    taps,
    batch,
    inputs,
  ]);
  const answers = tf.gather(
    tf.transpose(tf.reshape(y, [batch * outputs, -1])),
    tf.tensor1d(Int32Array.from(places), 'int32'),
  );
  return {
    x: tf.reshape(tf.transpose(patches, [0, 2, 1, 3]), [places.length * batch, taps * inputs]) as Tf.Tensor2D,
    y: tf.reshape(answers, [places.length * batch, outputs]) as Tf.Tensor2D,
  };
}

/** The input cells under each tap of the window at an output position; `cells` for padding. */
function cellsSeen(place: number, windows: readonly Windows[], cells: number): number[] {
  const origin: number[] = [];
  let rest = place;
  for (const { count, stride, begin } of windows.toReversed()) {
    origin.unshift((rest % count) * stride - begin);
    rest = Math.floor(rest / count);
  }
  return windows
    .reduce<number[]>(
      (before, { taps, dilation, length }, axis) =>
        before.flatMap((cell) =>
          Array.from({ length: taps }, (_, tap) => {
            const at = origin[axis] + tap * dilation;
            return cell < 0 || at < 0 || at >= length ? -1 : cell * length + at;
          }),
        ),
      [0],
    )
    .map((cell) => (cell < 0 ? cells : cell));
}

/** [.., features] on both sides as tables. */
export const productRows = (tf: typeof Tf, x: Tf.Tensor, y: Tf.Tensor): Rows => ({
  x: tf.reshape(x, [-1, x.shape[x.rank - 1]]) as Tf.Tensor2D,
  y: tf.reshape(y, [-1, y.shape[y.rank - 1]]) as Tf.Tensor2D,
});
