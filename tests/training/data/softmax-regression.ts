// A linear classifier in plain arrays: the yardstick of how hard a data set is.

import type { Examples, Split } from '../../../src/training/types.ts';

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Test accuracy of softmax regression trained by stochastic gradient descent, step size falling to zero. */
export async function linearAccuracy(
  train: Split,
  test: Split,
  {
    classes = 10,
    epochs = 12,
    rate = 0.05,
    batch = 50,
  }: { classes?: number; epochs?: number; rate?: number; batch?: number } = {},
): Promise<number> {
  const examples = await train.read(range(0, train.length));
  const features = examples.inputs[0].data.length / train.length;
  const weights = new Float32Array(classes * (features + 1));
  const steps = epochs * Math.floor(train.length / batch);
  for (let step = 0; step < steps; step++) {
    const start = (step * batch) % (train.length - batch + 1);
    descend(weights, examples, features, classes, start, batch, rate * (1 - step / steps));
  }
  return accuracy(weights, await test.read(range(0, test.length)), features, classes);
}

function descend(
  weights: Float32Array,
  { inputs, targets }: Examples,
  features: number,
  classes: number,
  start: number,
  batch: number,
  rate: number,
): void {
  const gradient = new Float32Array(weights.length);
  for (let i = start; i < start + batch; i++) {
    const x = inputs[0].data.subarray(i * features, (i + 1) * features);
    const scores = scoresOf(weights, x, classes);
    const top = Math.max(...scores);
    const exponentials = scores.map((score) => Math.exp(score - top));
    const total = exponentials.reduce((a, b) => a + b);
    for (let c = 0; c < classes; c++) {
      const error = exponentials[c] / total - (targets![0].data[i] === c ? 1 : 0);
      const row = gradient.subarray(c * (features + 1), (c + 1) * (features + 1));
      for (let j = 0; j < features; j++) row[j] += error * x[j];
      row[features] += error;
    }
  }
  for (let k = 0; k < weights.length; k++) weights[k] -= (rate / batch) * gradient[k];
}

function scoresOf(weights: Float32Array, x: ArrayLike<number>, classes: number): number[] {
  return range(0, classes).map((c) => {
    const row = weights.subarray(c * (x.length + 1), (c + 1) * (x.length + 1));
    let sum = row[x.length];
    for (let j = 0; j < x.length; j++) sum += row[j] * x[j];
    return sum;
  });
}

function accuracy(
  weights: Float32Array,
  { inputs, targets }: Examples,
  features: number,
  classes: number,
): number {
  const labels = targets![0].data;
  let right = 0;
  for (let i = 0; i < labels.length; i++) {
    const scores = scoresOf(weights, inputs[0].data.subarray(i * features, (i + 1) * features), classes);
    if (scores.indexOf(Math.max(...scores)) === labels[i]) right++;
  }
  return right / labels.length;
}
