// Quantised values against the formulas of the ONNX spec, worked out by hand.

import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { fed, floats, type SingleNode, single, vector, whole } from './single.ts';

const bytes = (dims: readonly number[], values: readonly number[], dtype: 'uint8' | 'int8' = 'uint8') =>
  whole(dims, values, dtype);
const scalar = (value: number) => floats([], [value]);

const rows: [string, SingleNode, number[]][] = [
  [
    'rounds halves to even and saturates',
    { op: 'QuantizeLinear', inputs: [floats([1, 6], [1, 3, 5, -1, 1000, -1000]), scalar(2)] },
    [0, 2, 2, 0, 255, 0],
  ],
  [
    'quantises by channel around zero points',
    {
      op: 'QuantizeLinear',
      inputs: [floats([2, 2], [1, 2, 3, 4]), floats([2], [1, 0.5]), bytes([2], [0, -100], 'int8')],
      attributes: { axis: 0 },
    },
    [1, 2, -94, -92],
  ],
  [
    'dequantises by blocks',
    {
      op: 'DequantizeLinear',
      opset: 21,
      inputs: [bytes([1, 4], [1, 2, 3, 4]), floats([1, 2], [10, 100]), bytes([1, 2], [1, 0])],
      attributes: { axis: 1, block_size: 2 },
    },
    [0, 10, 300, 400],
  ],
  [
    'multiplies integers',
    {
      op: 'MatMulInteger',
      inputs: [
        bytes([2, 2], [11, 7, 10, 6]),
        bytes([2, 2], [1, 4, 2, 5]),
        bytes([], [10]),
        bytes([2], [0, 1]),
      ],
    },
    // [1 -3; 0 -4] · [1 3; 2 4]
    [-5, -9, -8, -16],
  ],
  [
    'multiplies quantised matrices with a scale per row',
    {
      op: 'QLinearMatMul',
      inputs: [
        bytes([2, 2], [3, 4, 5, 6]),
        floats([2], [1, 0.5]),
        bytes([2], [2, 4]),
        bytes([2, 1], [2, 3]),
        scalar(2),
        bytes([], [1]),
        scalar(0.5),
        bytes([], [7]),
      ],
    },
    // [1 2; 1 2] · [1; 2] = [5; 5], times [2; 1] / 0.5, plus 7
    [27, 17],
  ],
];

describe('quantised values', () => {
  test.each(rows)('%s', async (_, node, expected) => {
    const [y] = await single(node).run();
    expect(y.values).toEqual(expected);
  });

  test('dynamic quantisation covers zero and the extremes', async () => {
    const x = floats([6], [0, 2, -3, -2.5, 1.34, 0.5]);
    const [y, scale, zero] = await single({ op: 'DynamicQuantizeLinear', inputs: [x], outputs: 3 }).run();
    expect(scale.values[0]).toBeCloseTo(5 / 255, 6);
    expect(zero.values).toEqual([153]);
    expect(y.values).toEqual([153, 255, 0, 26, 221, 179]);
  });

  test('a pair of quantise and dequantise lets gradients through where it does not saturate', async () => {
    await tf.setBackend('cpu');
    const x = floats([3], [0.4, 1.2, 900]);
    const pair = (input: tf.Tensor) => {
      const [levels] = single({
        op: 'QuantizeLinear',
        inputs: [fed(x), scalar(1)],
        attributes: { axis: 0 },
      }).runWith(new Map([[0, input]]));
      const back: SingleNode = {
        op: 'DequantizeLinear',
        inputs: [fed(bytes([3], [0, 0, 0])), scalar(1)],
        attributes: { axis: 0 },
      };
      return tf.sum(single(back).runWith(new Map([[0, levels]]))[0]) as tf.Scalar;
    };
    const gradient = tf.grad(pair)(tf.tensor1d(x.values as number[]));
    expect(Array.from(await gradient.data())).toEqual([1, 1, 0]);
  });
});

test('products of integers learn through their rounding', async () => {
  await tf.setBackend('cpu');
  const weight = bytes([2, 2], [1, 2, 3, 4]);
  const { runWith } = single({ op: 'MatMulInteger', inputs: [fed(bytes([1, 2], [1, 1])), weight] });
  const sum = (x: tf.Tensor) => tf.sum(runWith(new Map([[0, x]]))[0]) as tf.Scalar;
  expect(
    Array.from(
      await tf
        .grad(sum)(tf.tensor2d([[5, 6]]))
        .data(),
    ),
  ).toEqual([3, 7]);
});

describe('quantised types', () => {
  test.each([
    [
      'the zero point',
      { op: 'QuantizeLinear', inputs: [floats([2]), scalar(1), bytes([], [0], 'int8')] },
      'int8',
    ],
    [
      'the attribute',
      { op: 'QuantizeLinear', inputs: [floats([2]), scalar(1)], attributes: { output_dtype: 5 }, opset: 23 },
      'int16',
    ],
    ['the spec', { op: 'QuantizeLinear', inputs: [floats([2]), scalar(1)] }, 'uint8'],
    ['the scale', { op: 'DequantizeLinear', inputs: [bytes([2], [1, 2]), scalar(1)] }, 'float32'],
    ['integer sums', { op: 'MatMulInteger', inputs: [bytes([1, 1], [1]), bytes([1, 1], [1])] }, 'int32'],
  ] as [string, SingleNode, string][])('come from %s', (_, node, dtype) => {
    expect(single(node).inference.types.get('out0')?.dtype).toBe(dtype);
  });

  test('a scale per column goes with the columns of its weight', () => {
    const inputs = [bytes([1, 2], [1, 1]), bytes([2, 3], [1, 1, 1, 1, 1, 1]), undefined, vector(1, 1, 1)];
    const solution = single({ op: 'MatMulInteger', inputs }).solve();
    expect(solution.axesOf('in3')[0]).toBe(solution.axesOf('in1')[1]);
  });
});
