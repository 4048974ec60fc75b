// Losses equal their formulas, their gradients equal central differences, and large scores neither overflow nor vanish.

import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { chooseBackend } from '../../src/execution/backend.ts';
import {
  attentionDistance,
  binaryCrossEntropy,
  classTable,
  crossEntropy,
  meanSquaredError,
  rightAnswers,
  rightClasses,
  smoothed,
  softTargets,
} from '../../src/training/losses.ts';

await chooseBackend('cpu');

const value = (loss: tf.Tensor): number => loss.dataSync()[0];
const matrix = (rows: number[][]) => tf.tensor2d(rows);

/** Largest difference between the gradient and central differences at `at`. */
function gradientError(at: tf.Tensor, loss: (x: tf.Tensor) => tf.Scalar): number {
  const given = tf
    .grad((x) => loss(x))(at)
    .dataSync();
  const from = Array.from(at.dataSync());
  const step = 1e-2;
  const moved = (i: number, by: number) =>
    value(
      loss(
        tf.tensor(
          from.map((x, j) => (i === j ? x + by : x)),
          at.shape,
        ),
      ),
    );
  return Math.max(
    ...from.map((_, i) => Math.abs((moved(i, step) - moved(i, -step)) / (2 * step) - given[i])),
  );
}

const scores = matrix([
  [2, -1, 0.5],
  [0.1, 0.2, -3],
]);
const numbers = tf.tensor1d([0, 2], 'int32');

describe('cross-entropy', () => {
  const ofTable = (x: tf.Tensor) => crossEntropy(tf, classTable(tf, x, numbers));

  test('is the mean negative log-likelihood of the right class', () => {
    const likelihood = (row: number[], right: number) =>
      Math.exp(row[right]) / row.reduce((sum, z) => sum + Math.exp(z), 0);
    const expected = -(Math.log(likelihood([2, -1, 0.5], 0)) + Math.log(likelihood([0.1, 0.2, -3], 2))) / 2;
    expect(value(ofTable(scores))).toBeCloseTo(expected, 5);
  });

  test('has the gradient of central differences', () => {
    expect(gradientError(scores, ofTable)).toBeLessThan(1e-3);
  });

  test('stays finite where a softmax would be 0 or 1', () => {
    const extreme = matrix([
      [1e4, -1e4, 0],
      [1e4, 0, -1e4],
    ]);
    expect(value(ofTable(extreme))).toBeCloseTo(1e4, 0);
    const gradient = tf
      .grad((x) => ofTable(x))(extreme)
      .dataSync();
    expect([...gradient]).toEqual([0, 0, 0, 0.5, 0, -0.5]);
  });

  test('takes classes along the second axis of an image', () => {
    const maps = tf.tensor(
      Array.from({ length: 24 }, (_, i) => Math.sin(i)),
      [2, 3, 2, 2],
    );
    const labels = tf.tensor([0, 1, 2, 0, 1, 2, 0, 1], [2, 2, 2], 'int32');
    const table = classTable(tf, maps, labels);
    expect(table.logits.shape).toEqual([8, 3]);
    expect([...table.logits.dataSync().slice(0, 3)].map((x) => x.toFixed(4))).toEqual(
      [0, 4, 8].map((i) => Math.sin(i).toFixed(4)),
    );
    expect(gradientError(maps, (x) => crossEntropy(tf, classTable(tf, x, labels)))).toBeLessThan(1e-3);
  });

  test('ignores examples whose class number is negative', () => {
    const some = classTable(tf, scores, tf.tensor1d([0, -1], 'int32'));
    const alone = classTable(tf, scores.slice([0, 0], [1, 3]), tf.tensor1d([0], 'int32'));
    expect(value(crossEntropy(tf, some))).toBeCloseTo(value(crossEntropy(tf, alone)) / 2, 5);
  });

  test('smoothing spreads a share of each target over all classes', () => {
    const { targets } = classTable(tf, scores, numbers);
    expect([...smoothed(tf, targets, 0.3).dataSync()].map((x) => Number(x.toFixed(5)))).toEqual([
      0.8, 0.1, 0.1, 0.1, 0.1, 0.8,
    ]);
  });
});

describe('binary cross-entropy', () => {
  const wanted = matrix([
    [1, 0, 1],
    [0, 0, 0.25],
  ]);

  test('equals its formula, with the gradient of central differences', () => {
    const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
    const t = wanted.dataSync();
    const each = [...scores.dataSync()].map(
      (z, i) => -(t[i] * Math.log(sigmoid(z)) + (1 - t[i]) * Math.log(1 - sigmoid(z))),
    );
    const loss = (x: tf.Tensor) => binaryCrossEntropy(tf, x, wanted);
    expect(value(loss(scores))).toBeCloseTo(each.reduce((a, b) => a + b) / 6, 5);
    expect(gradientError(scores, loss)).toBeLessThan(1e-3);
  });

  test('stays finite at large scores', () => {
    const extreme = tf.tensor1d([1e4, -1e4]);
    expect(value(binaryCrossEntropy(tf, extreme, tf.tensor1d([0, 1])))).toBeCloseTo(1e4, 0);
  });

  test('an answer is right on the right side of one half', () => {
    expect(value(rightAnswers(tf, scores, wanted))).toBeCloseTo(4 / 6, 5);
  });
});

test('mean squared error', () => {
  const from = matrix([[1, 2, 3]]);
  expect(value(meanSquaredError(tf, from, tf.tensor([0, 2, 5], [3])))).toBeCloseTo(5 / 3, 5);
});

test('the share of right classes', () => {
  expect(value(rightClasses(tf, classTable(tf, scores, numbers)))).toBe(0.5);
});

describe('soft targets', () => {
  test('cost nothing where the student says what the teacher says, whatever the temperature', () => {
    const shifted = tf.add(scores, 7) as tf.Tensor2D;
    for (const temperature of [1, 4])
      expect(Math.abs(value(softTargets(tf, shifted, scores, temperature)))).toBeLessThan(1e-4);
  });

  test('have the gradient of central differences', () => {
    const teacher = matrix([
      [0, 1, 2],
      [2, 1, 0],
    ]);
    const loss = (x: tf.Tensor) => softTargets(tf, x as tf.Tensor2D, teacher, 3);
    expect(gradientError(scores, loss)).toBeLessThan(1e-3);
  });
});

test('attention compares feature maps of different widths', () => {
  const wide = tf.randomNormal([2, 4, 3, 3], 0, 1, 'float32', 5);
  const narrow = tf.slice(wide, [0, 0, 0, 0], [2, 2, 3, 3]);
  expect(value(attentionDistance(tf, wide, tf.mul(wide, 3)))).toBeCloseTo(0, 5);
  expect(value(attentionDistance(tf, narrow, wide))).toBeGreaterThan(0.01);
  expect(gradientError(narrow, (x) => attentionDistance(tf, x, wide))).toBeLessThan(1e-2);
});
