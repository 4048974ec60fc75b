// ONNX Runtime's operators on quantised activations, beside ONNX Runtime. Two roundings may put a level one apart.

import { test } from 'vitest';
import { elementCount } from '../../src/graph/tensor.ts';
import { expectAlike, fused, type Row } from './beside.ts';
import { fed, floats, type SingleNode, whole } from './single.ts';

type Inputs = SingleNode['inputs'];

/** Levels of 8 bits that repeat late, with their scale and zero point. */
const levels = (dims: readonly number[], scale: number, zero: number, signed = false): Inputs => {
  const [type, lowest] = signed ? (['int8', -128] as const) : (['uint8', 0] as const);
  const values = Array.from({ length: elementCount(dims) }, (_, i) => ((i * 37 + 11) % 256) + lowest);
  return [fed(whole(dims, values, type)), ...result(scale, zero, type)];
};
const result = (scale: number, zero: number, type: 'uint8' | 'int8' = 'uint8'): Inputs => [
  floats([], [scale]),
  whole([], [zero], type),
];

const each = (op: string, title: string, inputs: Inputs, attributes: SingleNode['attributes'] = {}): Row =>
  fused(title, op, inputs, attributes, { within: 1 });

test.each([
  each('QLinearAdd', 'of an image and its channels', [
    ...levels([1, 3, 4, 4], 0.02, 100),
    ...levels([1, 3, 1, 1], 0.03, 7),
    ...result(0.04, 90),
  ]),
  each('QLinearAdd', 'of signed levels', [
    ...levels([2, 3], 0.02, 3, true),
    ...levels([3], 0.03, -7, true),
    ...result(0.04, -2, 'int8'),
  ]),
  each('QLinearMul', 'of images', [
    ...levels([1, 3, 4, 4], 0.02, 100),
    ...levels([1, 3, 4, 4], 0.03, 7),
    ...result(0.06, 90),
  ]),
  each('QLinearLeakyRelu', 'of an image', [...levels([1, 3, 4, 4], 0.02, 100), ...result(0.03, 7)], {
    alpha: 0.1,
  }),
  each('QLinearSigmoid', 'of an image', [...levels([1, 3, 4, 4], 0.02, 100), ...result(0.004, 0)]),
  each('QLinearSoftmax', 'of rows', [...levels([2, 6], 0.02, 100), ...result(0.004, 0)], {
    axis: -1,
    opset: 13,
  }),
  each('QLinearGlobalAveragePool', 'of an image', [...levels([1, 3, 4, 4], 0.02, 100), ...result(0.03, 7)]),
  each(
    'QLinearConcat',
    'of images',
    [...result(0.03, 7), ...levels([1, 3, 4, 4], 0.02, 100), ...levels([1, 2, 4, 4], 0.05, 10)],
    { axis: 1 },
  ),
])('$title', (row) => expectAlike(row));
