// Moving elements of tensors about with kernels that every tfjs backend has and gradients that are right.
// tfjs 4.22 has no gradient for StridedSlice, GatherND, ScatterND and TopK, none for Tile above rank 4, a wrong one
// for MirrorPad, and no UnsortedSegmentSum (the gradient of its Gather) on WASM; the two row kernels at the end,
// each the other's gradient, and views of rank 3 stand in for all of them.

import type * as Tf from '@tensorflow/tfjs';
import { elementCount, isFloat } from '../graph/tensor.ts';
import type { HostTensor, NodeView, RunView } from './op.ts';

type TfModule = typeof Tf;

/** Applies `change` to `x` seen as [before, along, after] the axis; it may change the middle length only. */
export function along(
  tf: TfModule,
  x: Tf.Tensor,
  axis: number,
  change: (flat: Tf.Tensor3D) => Tf.Tensor,
): Tf.Tensor {
  const before = x.shape.slice(0, axis);
  const after = x.shape.slice(axis + 1);
  const flat: Tf.Tensor3D = tf.reshape(x, [elementCount(before), x.shape[axis], elementCount(after)]);
  const changed = change(flat);
  return tf.reshape(changed, [...before, changed.shape[1] as number, ...after]);
}

export const sliceAlong = (tf: TfModule, x: Tf.Tensor, axis: number, start: number, length: number) =>
  along(tf, x, axis, (flat) => tf.slice(flat, [0, start, 0], [flat.shape[0], length, flat.shape[2]]));

export const reverseAlong = (tf: TfModule, x: Tf.Tensor, axis: number) =>
  along(tf, x, axis, (flat) => tf.reverse(flat, 1));

/** The constant distance between neighbours, or `undefined`. */
function stepOf(positions: readonly number[]): number | undefined {
  if (positions.length < 2) return 1;
  const step = positions[1] - positions[0];
  return positions.every((p, i) => p === positions[0] + i * step) ? step : undefined;
}

/** The chosen positions of one axis, in this order, repeats allowed: slices where they form a progression. */
export function takeAlong(tf: TfModule, x: Tf.Tensor, axis: number, positions: readonly number[]): Tf.Tensor {
  const step = stepOf(positions);
  const [first = 0] = positions;
  if (step === 1) return sliceAlong(tf, x, axis, first, positions.length);
  if (step === undefined || step === 0)
    return gatherAlong(tf, x, axis, tf.tensor1d(positions as number[], 'int32'));
  if (step > 1) return everyNth(tf, x, axis, first, step, positions.length);
  const last = positions[positions.length - 1];
  return reverseAlong(tf, everyNth(tf, x, axis, last, -step, positions.length), axis);
}

/** A strided slice as a plain slice of [before, count, step, after]. */
function everyNth(tf: TfModule, x: Tf.Tensor, axis: number, start: number, step: number, count: number) {
  if (step === 1) return sliceAlong(tf, x, axis, start, count);
  return along(tf, x, axis, (flat) => {
    const [before, length, after] = flat.shape;
    const available = Math.min(count * step, length - start);
    const part = tf.slice(flat, [0, start, 0], [before, available, after]);
    const whole = tf.pad(part, [
      [0, 0],
      [0, count * step - available],
      [0, 0],
    ]);
    const rows = tf.reshape(whole, [before, count, step * after]);
    return tf.slice(rows, [0, 0, 0], [before, count, after]);
  });
}

/** Positions of one axis chosen by a vector on the device; they count from the front. */
export const gatherAlong = (tf: TfModule, x: Tf.Tensor, axis: number, positions: Tf.Tensor1D): Tf.Tensor =>
  along(tf, x, axis, (flat) => {
    const [before, length, after] = flat.shape;
    const rows: Tf.Tensor2D = tf.reshape(transpose(tf, flat, [1, 0, 2]), [length, before * after]);
    const taken = tf.reshape(gatherRows(tf, rows, positions), [positions.size, before, after]);
    return transpose(tf, taken, [1, 0, 2]);
  });

/** The axis repeated as a whole: a b a b …; the gradient adds the copies up. */
export function repeatAlong(tf: TfModule, x: Tf.Tensor, axis: number, times: number): Tf.Tensor {
  if (times === 1) return x;
  const repeat = (flat: Tf.Tensor) => tf.tile(flat, [1, times, 1]);
  return along(tf, x, axis, (flat) => {
    if (flat.dtype !== 'float32') return repeat(flat);
    const [before, length, after] = flat.shape;
    const apply = tf.customGrad((input) => ({
      value: repeat(input as Tf.Tensor),
      gradFunc: (dy: Tf.Tensor) =>
        tf.reshape(tf.sum(tf.reshape(dy, [before, times, length * after]), 1), flat.shape),
    }));
    return apply(flat);
  });
}

/** Broadcasts `x` to `dims`, which its shape agrees with. */
export function expandTo(tf: TfModule, x: Tf.Tensor, dims: readonly number[]): Tf.Tensor {
  const lead = new Array<number>(dims.length - x.rank).fill(1);
  const aligned = tf.reshape(x, [...lead, ...x.shape]);
  return dims.reduce<Tf.Tensor>(
    (y, length, axis) => (y.shape[axis] === length ? y : repeatAlong(tf, y, axis, length)),
    aligned,
  );
}

/**
 * Transposes any rank: lone axes are dropped and axes that stay neighbours travel as one, which keeps the rank within
 * what the backends take and makes most transposes of real networks rank 3 or 4.
 */
export function transpose(tf: TfModule, x: Tf.Tensor, order: readonly number[]): Tf.Tensor {
  const shape = order.map((axis) => x.shape[axis]);
  const runs: number[][] = [];
  for (const axis of order.filter((axis) => x.shape[axis] !== 1)) {
    const run = runs.at(-1);
    if (run && between(x.shape, run[run.length - 1], axis)) run.push(axis);
    else runs.push([axis]);
  }
  if (runs.length <= 1) return tf.reshape(x, shape);
  const byPosition = [...runs].sort((a, b) => a[0] - b[0]);
  const flat = tf.reshape(
    x,
    byPosition.map((run) => elementCount(run.map((axis) => x.shape[axis]))),
  );
  return tf.reshape(
    tf.transpose(
      flat,
      runs.map((run) => byPosition.indexOf(run)),
    ),
    shape,
  );
}

/** Whether only lone axes lie between two axes, the first one before the second. */
const between = (shape: readonly number[], first: number, second: number): boolean =>
  first < second && shape.slice(first + 1, second).every((length) => length === 1);

/** The chosen rows of `x` [size, inner]; `rows` is int32 [n] and counts from the front. */
export function gatherRows(tf: TfModule, x: Tf.Tensor2D, rows: Tf.Tensor1D): Tf.Tensor2D {
  if (x.dtype !== 'float32') return tf.gather(x, rows);
  const [size] = x.shape;
  const apply = tf.customGrad((input, save) => {
    (save as Tf.GradSaveFunc)([rows]);
    return {
      value: tf.gather(input as Tf.Tensor2D, rows),
      gradFunc: (dy: Tf.Tensor, saved: Tf.Tensor[]) =>
        scatterRows(tf, dy as Tf.Tensor2D, saved[0] as Tf.Tensor1D, size),
    };
  });
  return apply(x) as Tf.Tensor2D;
}

/** Zeros [size, inner] with `updates` [n, inner] added to the named rows. */
export function scatterRows(
  tf: TfModule,
  updates: Tf.Tensor2D,
  rows: Tf.Tensor1D,
  size: number,
): Tf.Tensor2D {
  const [count, inner] = updates.shape;
  const scatter = (values: Tf.Tensor, at: Tf.Tensor): Tf.Tensor2D =>
    tf.scatterND(tf.reshape(at, [count, 1]), values, [size, inner]);
  if (updates.dtype !== 'float32') return scatter(updates, rows);
  const apply = tf.customGrad((input, save) => {
    (save as Tf.GradSaveFunc)([rows]);
    return {
      value: scatter(input as Tf.Tensor, rows),
      gradFunc: (dy: Tf.Tensor, saved: Tf.Tensor[]) =>
        gatherRows(tf, dy as Tf.Tensor2D, saved[0] as Tf.Tensor1D),
    };
  });
  return apply(updates) as Tf.Tensor2D;
}

/** `positions` with negative ones counted from the end. */
export const fromFront = (tf: TfModule, positions: Tf.Tensor, length: number | Tf.Tensor): Tf.Tensor =>
  tf.add(positions, tf.mul(tf.cast(tf.less(positions, tf.scalar(0, 'int32')), 'int32'), toInt(tf, length)));

const toInt = (tf: TfModule, length: number | Tf.Tensor): Tf.Tensor =>
  typeof length === 'number' ? tf.scalar(length, 'int32') : length;

/** A host array on the device; 64-bit integers become int32. */
export function toDevice(tf: TfModule, { dtype, dims, values }: HostTensor): Tf.Tensor {
  const type = isFloat(dtype) ? 'float32' : dtype === 'bool' ? 'bool' : 'int32';
  const clamped =
    type === 'int32' ? values.map((v) => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, v))) : values;
  return tf.tensor(clamped as number[], dims as number[], type);
}

/** `run` of an operator whose result the host can compute. */
export const onHost =
  <A>(fold: (view: NodeView<A>) => HostTensor[]) =>
  (view: RunView<A>): Tf.Tensor[] =>
    fold(view).map((value) => toDevice(view.tf, value));
