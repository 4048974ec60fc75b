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

/** The error function in double precision: its series near zero, its continued fraction beyond. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 3) {
    const tail = Array.from({ length: 60 }, (_, i) => 60 - i).reduce((f, k) => k / 2 / (a + f), 0);
    return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + tail));
  }
  let [sum, term] = [0, x];
  for (let n = 0; Math.abs(term) > 1e-18; n++, term *= (-a * a) / n) sum += term / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * sum;
}

describe('on WebAssembly, as near as single precision comes,', () => {
  const limits = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  const row = (count: number, reach: number) =>
    Float32Array.from([...limits, ...Array.from({ length: count }, (_, i) => reach * ((2 * i) / count - 1))]);

  it('powers of e, to where they leave the range', async () => {
    const { tf } = await chooseBackend('wasm');
    const x = row(10_001, 110);
    const y = await tf.exp(tf.tensor1d(x)).data();
    expect([...y.subarray(0, 4)]).toEqual([Number.NaN, Number.POSITIVE_INFINITY, 0, 1]);
    for (const [i, value] of [...x.entries()].slice(4)) {
      const expected = Math.fround(Math.exp(value));
      const error = y[i] === expected ? 0 : Math.abs(y[i] - expected) / Math.max(expected, 2 ** -126);
      if (!(error < 2 ** -22)) expect([value, y[i]]).toEqual([value, expected]);
    }
  });

  it('the error function', async () => {
    const { tf } = await chooseBackend('wasm');
    const x = row(10_001, 6);
    const y = await tf.erf(tf.tensor1d(x)).data();
    expect([...y.subarray(0, 4)]).toEqual([Number.NaN, 1, -1, 0]);
    for (const [i, value] of [...x.entries()].slice(4))
      if (!(Math.abs(y[i] - erf(value)) <= 5e-7 * Math.abs(erf(value))))
        expect([value, y[i]]).toEqual([value, erf(value)]);
  });
});
