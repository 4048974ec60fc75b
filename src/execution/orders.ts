// In which order a tensor holds its axes. `order[i]` names the logical axis (the file's) that the tensor's axis `i` is.
// Plans work on orders; elements move only where `rearranged` has to.

import type * as Tf from '@tensorflow/tfjs';
import { sequence } from '../ops/host.ts';
import { transpose } from '../ops/rearrange.ts';

export type Order = readonly number[];

/** The order of the file. */
export const asStated = (rank: number): Order => sequence(rank);

/** [batch, spatial…, channels], which tfjs's kernels want; ranks below 3 have no spatial axes. */
export const channelsLast = (rank: number): Order =>
  rank < 3 ? asStated(rank) : [0, ...sequence(rank - 2, 2), 1];

export const sameOrder = (a: Order, b: Order): boolean =>
  a.length === b.length && a.every((axis, i) => axis === b[i]);

export const isStated = (order: Order): boolean => order.every((axis, i) => axis === i);

/** The lengths of the axes as the tensor holds them. */
export const arranged = (dims: readonly number[], order: Order): number[] => order.map((axis) => dims[axis]);

/** `inverse[axis]` is where the logical axis is. */
export function inverse(order: Order): number[] {
  const places = new Array<number>(order.length);
  order.forEach((axis, i) => {
    places[axis] = i;
  });
  return places;
}

/** `x`, whose axes are in the order `from`, in the order `to`; a higher rank adds lone axes in front. */
export function rearranged(tf: typeof Tf, x: Tf.Tensor, from: Order, to: Order): Tf.Tensor {
  const lead = to.length - from.length;
  const wide = lead > 0 ? tf.reshape(x, [...new Array<number>(lead).fill(1), ...x.shape]) : x;
  const present = [...sequence(lead), ...from.map((axis) => axis + lead)];
  if (sameOrder(present, to)) return wide;
  const places = inverse(present);
  return transpose(
    tf,
    wide,
    to.map((axis) => places[axis]),
  );
}
