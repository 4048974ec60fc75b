// Operators forward and backward on a graphics backend of the browser: ours beside tfjs's own, each on a page of its own,
// because loading our backends registers our gradients for all of tfjs.

import * as tf from '@tensorflow/tfjs';
import { chooseBackend } from '../../src/execution/backend.ts';
import { kernelsOf } from '../../src/execution/gradients/kernels.ts';
import type { Kernels } from '../../src/ops/op.ts';
import { crossEntropy } from '../../src/training/losses.ts';
import { countDispatches, type Dispatches } from './dispatches.ts';

type Tensor = tf.Tensor;

interface Row {
  readonly title: string;
  readonly shapes: readonly (readonly number[])[];
  readonly ours: (kernels: Kernels, ...inputs: Tensor[]) => Tensor;
  readonly stock: (...inputs: Tensor[]) => Tensor;
}

const square = (n: number): [number, number] => [n, n];

function convolution(
  title: string,
  size: number,
  channels: number,
  out: number,
  kernel: number,
  stride = 1,
): Row {
  const pad = (kernel - 1) / 2;
  return {
    title,
    shapes: [
      [8, size, size, channels],
      [kernel, kernel, channels, out],
    ],
    ours: (kernels, x, filter) =>
      kernels.conv(x, filter, {
        strides: square(stride),
        dilations: square(1),
        padding: [square(pad), square(pad)],
        groups: 1,
      }),
    stock: (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, 'same'),
  };
}

function depthwise(title: string, size: number, channels: number, stride: number): Row {
  return {
    title,
    shapes: [
      [8, size, size, channels],
      [3, 3, 1, channels],
    ],
    ours: (kernels, x, filter) =>
      kernels.conv(x, filter, {
        strides: square(stride),
        dilations: square(1),
        padding: [square(1), square(1)],
        groups: channels,
      }),
    stock: (x, filter) =>
      tf.depthwiseConv2d(x as tf.Tensor4D, tf.reshape(filter, [3, 3, channels, 1]), stride, 'same'),
  };
}

function pool(title: string, kind: 'max' | 'avg'): Row {
  const options = {
    window: square(2),
    strides: square(2),
    dilations: square(1),
    padding: [square(0), square(0)],
    outSpatial: square(16),
    countPadding: false,
  };
  return {
    title,
    shapes: [[8, 32, 32, 32]],
    ours: (kernels, x) => kernels.pool(x, kind, options),
    stock: (x) =>
      kind === 'max'
        ? tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid')
        : tf.avgPool(x as tf.Tensor4D, 2, 2, 'valid'),
  };
}

const labels = (rows: number, classes: number): tf.Tensor2D =>
  tf.cast(
    tf.oneHot(tf.range(0, rows, 1, 'int32').mod(tf.scalar(classes, 'int32')), classes),
    'float32',
  ) as tf.Tensor2D;

const normalised = (x: Tensor, axes: number[]): Tensor => {
  const { mean, variance } = tf.moments(x, axes, true);
  return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
};

const rows: readonly Row[] = [
  convolution('Conv 3x3, 16 to 16', 32, 16, 16, 3),
  convolution('Conv 3x3, 13 to 19', 32, 13, 19, 3),
  convolution('Conv 3x3, 64 to 64', 8, 64, 64, 3),
  convolution('Conv 3x3, stride 2', 32, 16, 32, 3, 2),
  convolution('Conv 1x1', 16, 24, 96, 1),
  depthwise('Conv depthwise', 16, 96, 1),
  depthwise('Conv depthwise, stride 2', 16, 96, 2),
  {
    title: 'Dense with bias',
    shapes: [[512, 128], [128, 512], [512]],
    ours: (kernels, x, weights, bias) => tf.add(kernels.matMul(x, weights), bias),
    stock: (x, weights, bias) => tf.add(tf.matMul(x, weights), bias),
  },
  {
    title: 'BatchNormalization',
    shapes: [[8, 32, 32, 16], [16], [16]],
    ours: (kernels, x, scale, shift) =>
      kernels.batchNorm(x, scale as tf.Tensor1D, shift as tf.Tensor1D, 1e-5).y,
    stock: (x, scale, shift) => {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      return tf.batchNorm(
        x as tf.Tensor4D,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        shift as tf.Tensor1D,
        scale as tf.Tensor1D,
        1e-5,
      );
    },
  },
  pool('MaxPool', 'max'),
  pool('AveragePool', 'avg'),
  {
    title: 'Relu',
    shapes: [[8, 32, 32, 16]],
    ours: (_, x) => tf.relu(x),
    stock: (x) => tf.relu(x),
  },
  {
    title: 'Softmax, cross-entropy',
    shapes: [[512, 100]],
    ours: (_, x) => crossEntropy(tf, { logits: x as tf.Tensor2D, targets: labels(512, 100) }),
    stock: (x) => tf.losses.softmaxCrossEntropy(labels(512, 100), x),
  },
  {
    title: 'LayerNormalization',
    shapes: [[8, 64, 128], [128], [128]],
    ours: (kernels, x, scale, shift) => tf.add(tf.mul(kernels.normalize(x, [2], 1e-5), scale), shift),
    stock: (x, scale, shift) => tf.add(tf.mul(normalised(x, [2]), scale), shift),
  },
  {
    title: 'Gelu',
    shapes: [[8, 64, 512]],
    ours: (_, x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
    stock: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  },
  {
    title: 'Attention scores',
    shapes: [
      [32, 64, 32],
      [32, 64, 32],
    ],
    ours: (kernels, q, k) => tf.softmax(kernels.matMul(q, k, false, true)),
    stock: (q, k) => tf.softmax(tf.matMul(q, k, false, true)),
  },
];

export interface OperatorFigures extends Dispatches {
  readonly milliseconds: number;
}

export const operatorTitles = async (): Promise<string[]> => rows.map(({ title }) => title);

/** The fastest of a few runs of one operator, forward and backward. */
export async function operatorFigures(
  backend: 'webgpu' | 'webgl',
  ours: boolean,
  title: string,
): Promise<OperatorFigures> {
  const kernels = ours ? kernelsOf((await chooseBackend(backend)).tf) : await stockBackend(backend);
  const row = rows.find((one) => one.title === title)!;
  const inputs = row.shapes.map((shape, i) => tf.randomNormal([...shape], 0, 1, 'float32', i));
  const run = (...given: Tensor[]) => (kernels ? row.ours(kernels, ...given) : row.stock(...given));
  const dy = tf.tidy(() => tf.randomNormal(run(...inputs).shape));
  const work = async () => {
    const gradients = tf.tidy(() => tf.grads(run)(inputs, dy));
    await gradients[gradients.length - 1].data();
    tf.dispose(gradients);
  };
  await work();
  const meter = countDispatches(tf);
  await work();
  const count = meter.stop();
  const milliseconds = await fastest(work);
  tf.dispose([...inputs, dy]);
  return { milliseconds, ...count };
}

async function stockBackend(backend: 'webgpu' | 'webgl'): Promise<undefined> {
  if (backend === 'webgpu') await import('@tensorflow/tfjs-backend-webgpu');
  await tf.setBackend(backend);
}

async function fastest(work: () => Promise<void>, runs = 3): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await work();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}
