// Kernels of tfjs's WebAssembly backend that ours replace: what they compute is what the JavaScript backend computes.

import type * as Tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { chooseBackend } from '../../src/execution/backend.ts';
import type { BackendName } from '../../src/execution/types.ts';

type Computation = (tf: typeof Tf, x: Tf.Tensor) => Tf.Tensor;

/** Elements of the result for 0, 1, 2, … in this shape, some of them no numbers. */
async function computed(backend: BackendName, shape: readonly number[], compute: Computation) {
  const { tf } = await chooseBackend(backend);
  const before = tf.memory().numTensors;
  const size = shape.reduce((n, length) => n * length, 1);
  const y = tf.tidy(() => {
    const values = Array.from({ length: size }, (_, i) => (i % 11 === 5 ? Number.NaN : i - 7));
    return compute(tf, tf.tensor(values, [...shape]));
  });
  const result = { shape: y.shape, values: Array.from(await y.data()) };
  y.dispose();
  expect(tf.memory().numTensors).toBe(before);
  return result;
}

const rows: readonly (readonly [title: string, shape: readonly number[], compute: Computation])[] = [
  ['a slice of a vector', [40], (tf, x) => tf.slice(x, [3], [30])],
  ['a slice of rows', [6, 5], (tf, x) => tf.slice(x, [2, 0], [3, 5])],
  ['a slice of columns', [6, 5], (tf, x) => tf.slice(x, [0, 1], [6, 3])],
  ['a block', [3, 4, 5, 2], (tf, x) => tf.slice(x, [1, 1, 2, 0], [2, 3, 2, 2])],
  ['a block of rank 5', [2, 3, 2, 4, 3], (tf, x) => tf.slice(x, [0, 1, 1, 0, 1], [2, 2, 1, 4, 2])],
  ['nothing of it', [4, 3], (tf, x) => tf.slice(x, [1, 0], [0, 3])],
  ['parts', [4, 9], (tf, x) => tf.concat(tf.split(x, [2, 3, 4], 1).reverse(), 1)],
  ['a copy that outlives its original', [3, 4], (tf, x) => tf.tidy(() => tf.clone(tf.mul(x, 2)))],
  ['limits', [5, 9], (tf, x) => tf.clipByValue(x, -2, 20)],
  ['sums of columns', [200, 7], (tf, x) => tf.sum(x, 0)],
  ['sums over leading axes', [5, 6, 2, 3], (tf, x) => tf.sum(x, [0, 1], true)],
  ['sums of rows', [6, 9], (tf, x) => tf.sum(x, 1)],
  ['a sum of all', [4, 3], (tf, x) => tf.sum(x)],
];

describe('on WebAssembly', () => {
  it.each(rows)('%s', async (_, shape, compute) => {
    const expected = await computed('cpu', shape, compute);
    expect(await computed('wasm', shape, compute)).toEqual(expected);
  });
});
