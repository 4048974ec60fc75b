// ONNX Runtime's operators on quantised activations and weights, beside ONNX Runtime. Two roundings may put a level one apart.

import { test } from 'vitest';
import { elementCount } from '../../src/graph/tensor.ts';
import { expectAlike, flow, fused, noise, type Row } from './beside.ts';
import { fed, floats, type SingleNode, whole } from './single.ts';

type Inputs = SingleNode['inputs'];

/** Levels of 8 bits that repeat late, with their scale and zero point. */
const levels = (dims: readonly number[], scale: number, zero: number, signed = false): Inputs => {
  const type = signed ? 'int8' : 'uint8';
  return [fed(whole(dims, lateLevels(dims, type), type)), ...result(scale, zero, type)];
};
const lateLevels = (dims: readonly number[], type: 'uint8' | 'int8'): number[] =>
  Array.from({ length: elementCount(dims) }, (_, i) => ((i * 37 + 11) % 256) - (type === 'int8' ? 128 : 0));
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

const bytes = (dims: readonly number[], type: 'uint8' | 'int8' = 'uint8') =>
  whole(dims, lateLevels(dims, type), type);
const scales = (...dims: number[]) =>
  floats(
    dims,
    Array.from({ length: elementCount(dims) }, (_, i) => 0.01 * (1 + (i % 3))),
  );
const perColumn = [scales(4), whole([4], [0, 3, -5, 1], 'int8')];

test.each([
  ...(['scaled', 'with a bias'] as const).map((title) =>
    fused(title, 'MatMulIntegerToFloat', [
      ...levels([1, 3, 6], 0.02, 100).slice(0, 1),
      bytes([6, 4], 'int8'),
      floats([], [0.02]),
      perColumn[0],
      whole([], [100], 'uint8'),
      perColumn[1],
      ...(title === 'scaled' ? [] : [noise(4)]),
    ]),
  ),
  fused('of floats', 'DynamicQuantizeMatMul', [flow(1, 3, 6), bytes([6, 4], 'int8'), ...perColumn, noise(4)]),
  fused('of floats, without zero points', 'DynamicQuantizeMatMul', [
    flow(3, 6),
    bytes([6, 4], 'int8'),
    floats([], [0.02]),
  ]),
  fused(
    'of rows, as floats',
    'QGemm',
    [...levels([3, 6], 0.02, 100), bytes([4, 6], 'int8'), ...perColumn, whole([4], [1, 2, 300, -4], 'int32')],
    { transB: 1, alpha: 0.5 },
  ),
  fused(
    'of rows, as levels',
    'QGemm',
    [
      ...levels([3, 6], 0.02, 100),
      bytes([6, 4], 'int8'),
      ...result(0.03, 0, 'int8'),
      undefined,
      ...result(0.5, 90),
    ],
    {},
    { within: 1 },
  ),
])('$title', (row) => expectAlike(row));

/** Rows of 4 bits in blocks of 16, or of 8. */
const product = (title: string, K: number, rest: Inputs, bits = 4): Row => {
  const blocks = Math.ceil(K / 16);
  const inputs = [flow(2, 3, K), bytes([5, blocks, 2 * bits]), scales(5 * blocks), ...rest];
  return fused(title, 'MatMulNBits', inputs, { K, N: 5, bits, block_size: 16 });
};

test.each([
  product('around the middle', 32, []),
  product('around zero points', 48, [bytes([5 * 2])]),
  product('around zero points in rows', 32, [bytes([5])]),
  product('around fractions', 32, [scales(5, 2)]),
  product('with a bias', 32, [undefined, undefined, noise(5)]),
  product('with a short last block', 40, [bytes([5 * 2])]),
  product('of 8 bits', 32, [bytes([5, 2])], 8),
])('$title', (row) => expectAlike(row));

const places = fed(whole([2, 2], [0, 3, 2, -1]));
const nibbles = (...dims: number[]) =>
  whole(
    dims,
    Array.from({ length: elementCount(dims) }, (_, i) => (i * 7 + 3) % 16),
    'uint4',
  );

test.each([
  fused('of 4 bits', 'GatherBlockQuantized', [nibbles(4, 32), places, scales(4, 2), nibbles(4, 2)], {
    block_size: 16,
  }),
  fused('of 4 bits around zero', 'GatherBlockQuantized', [nibbles(4, 32), places, scales(4, 2)], {
    block_size: 16,
  }),
  fused('of pairs in bytes', 'GatherBlockQuantized', [bytes([4, 16]), places, scales(4, 2), bytes([4, 1])], {
    block_size: 16,
  }),
  fused(
    'of pairs in bytes around the middle',
    'GatherBlockQuantized',
    [bytes([4, 16]), places, scales(4, 2)],
    {
      block_size: 16,
    },
  ),
  fused('of bytes', 'GatherBlockQuantized', [bytes([4, 32]), places, scales(4, 2), bytes([4, 2])], {
    block_size: 16,
    bits: 8,
  }),
])('$title', (row) => expectAlike(row));

const image = levels([1, 5, 5, 3], 0.02, 100);
const last = { channels_last: 1 };

test.each([
  each(
    'QLinearConv',
    'with channels last',
    [...image, bytes([4, 3, 3, 3], 'int8'), scales(4), whole([4], [0, 0, 0, 0], 'int8'), ...result(0.2, 90)],
    { ...last, pads: [1, 1, 1, 1], strides: [2, 2] },
  ),
  each(
    'QLinearConv',
    'of each channel, with channels last',
    [...image, bytes([3, 1, 3, 3], 'int8'), scales(3), whole([3], [0, 0, 0], 'int8'), ...result(0.2, 90)],
    { ...last, group: 3 },
  ),
  each('NhwcMaxPool', 'of windows', image.slice(0, 1), { kernel_shape: [2, 2], strides: [2, 2] }),
  each('QLinearAveragePool', 'with channels last', [...image, ...result(0.03, 7)], {
    ...last,
    kernel_shape: [2, 2],
  }),
  each('QLinearGlobalAveragePool', 'with channels last', [...image, ...result(0.03, 7)], last),
])('$title', (row) => expectAlike(row));

const attention = (title: string, weight: Inputs, [scale, zero]: Inputs, rest: Inputs = []): Row =>
  fused(
    title,
    'QAttention',
    [
      ...levels([1, 3, 6], 0.02, 100).slice(0, 1),
      ...weight,
      noise(24),
      floats([], [0.02]),
      scale,
      rest[0],
      whole([], [100], 'uint8'),
      zero,
    ],
    { num_heads: 2 },
  );
const columnScales = floats(
  [24],
  Array.from({ length: 24 }, (_, i) => 0.002 * (1 + (i % 3))),
);

test.each([
  attention('of one scale', [bytes([6, 24], 'int8')], [floats([], [0.003]), whole([], [3], 'int8')]),
  attention(
    'of a scale per column',
    [bytes([6, 24], 'int8')],
    [columnScales, whole([24], new Array(24).fill(0), 'int8')],
  ),
  attention(
    'masked',
    [bytes([6, 24], 'int8')],
    [columnScales, whole([24], new Array(24).fill(0), 'int8')],
    [fed(whole([1], [2], 'int32'))],
  ),
])('$title', (row) => expectAlike(row));
