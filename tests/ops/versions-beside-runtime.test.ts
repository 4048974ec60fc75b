// What newer versions of old operators added, and corners of their attributes, beside ONNX Runtime.

import { test } from 'vitest';
import { expectAlike, flow, noise, type Row, row } from './beside.ts';
import { fed, floats, type SingleNode, vector, whole } from './single.ts';

type Attributes = NonNullable<SingleNode['attributes']>;
const since = (
  opset: number,
  op: string,
  title: string,
  inputs: SingleNode['inputs'],
  attributes: Attributes = {},
  outputs = 1,
): Row => row(`${title} (${opset})`, op, inputs, { opset, attributes, outputs });

const reducing = (): readonly Row[] => [
  ...['ReduceSum', 'ReduceProd', 'ReduceMax', 'ReduceMin', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare'].map(
    (op) => since(20, op, 'of nothing', [fed(floats([2, 0, 4], [])), vector(1)], { keepdims: 1 }),
  ),
  ...['ReduceLogSum', 'ReduceLogSumExp'].map((op) =>
    since(18, op, 'of nothing', [fed(floats([2, 0, 4], [])), vector(1)], { keepdims: 0 }),
  ),
  since(18, 'ReduceSum', 'over no axes', [flow(2, 3)], { noop_with_empty_axes: 1 }),
  since(18, 'ReduceMean', 'over all axes', [flow(2, 3), whole([0], [])], { keepdims: 0 }),
  since(18, 'ReduceSumSquare', 'over no axes', [flow(2, 3), whole([0], [])], { noop_with_empty_axes: 1 }),
  since(18, 'ReduceMean', 'of whole numbers', [fed(whole([2, 3], [-2, -2, 0, 1, 1, 3], 'int32')), vector(1)]),
  since(20, 'ReduceMax', 'of truth values', [fed(whole([2, 3], [1, 0, 0, 0, 0, 0], 'bool')), vector(1)]),
];

const moving = (): readonly Row[] => [
  since(18, 'Split', 'into uneven parts', [flow(2, 7)], { axis: 1, num_outputs: 3 }, 3),
  since(13, 'Split', 'of nothing', [fed(floats([0], [])), vector(0, 0, 0)], {}, 3),
  since(18, 'Pad', 'of some axes', [flow(1, 2, 3, 4), vector(1, 2, 0, 1), floats([], [0.5]), vector(-1, 1)]),
  since(19, 'Pad', 'around the end', [flow(3, 4), vector(1, 2, 2, 1)], { mode: 'wrap' }),
  since(19, 'Pad', 'cropping', [flow(3, 4), vector(-1, 2, 1, -2)]),
  since(14, 'Reshape', 'of nothing', [fed(floats([0, 3, 4], [])), vector(3, 4, 0)], { allowzero: 1 }),
  since(18, 'CenterCropPad', 'of some axes', [flow(20, 8, 3), vector(10, 9)], { axes: [1, -1] }),
  since(18, 'Col2Im', 'of padded blocks', [flow(1, 10, 15), vector(5, 5), vector(1, 5)], {
    pads: [0, 1, 0, 1],
    strides: [1, 1],
    dilations: [1, 1],
  }),
  since(10, 'ReverseSequence', 'along time', [flow(4, 4), vector(4, 3, 2, 1)], {
    time_axis: 0,
    batch_axis: 1,
  }),
  since(11, 'OneHot', 'counted from the end', [
    fed(whole([3], [0, -7, -8])),
    whole([], [10]),
    floats([2], [1, 3]),
  ]),
  since(11, 'TopK', 'of the least', [flow(3, 4), vector(2)], { axis: -1, largest: 0 }, 2),
];

const windows = (): readonly Row[] => {
  const dilated = { kernel_shape: [2, 2], dilations: [2, 2], strides: [2, 2] };
  const wide = { kernel_shape: [3, 3], dilations: [2, 2], strides: [2, 2], pads: [1, 1, 1, 1] };
  const automatic = ['SAME_UPPER', 'SAME_LOWER', 'VALID'].map((auto_pad) => ({ auto_pad, strides: [2, 2] }));
  return [
    ...[0, 1].flatMap((ceil_mode) => [
      since(19, 'AveragePool', `dilated, ${ceil_mode}`, [flow(1, 2, 7, 7)], {
        ...dilated,
        ceil_mode,
        pads: [1, 1, 1, 1],
        count_include_pad: 1,
      }),
      since(18, 'LpPool', `dilated, ${ceil_mode}`, [flow(1, 2, 7, 7)], { ...wide, ceil_mode }),
      since(12, 'MaxPool', `dilated, ${ceil_mode}`, [flow(1, 2, 7, 7)], { ...dilated, ceil_mode }),
    ]),
    ...automatic.flatMap((attributes) => [
      since(12, 'MaxPool', attributes.auto_pad, [flow(1, 2, 6, 7)], { ...attributes, kernel_shape: [3, 2] }),
      since(12, 'AveragePool', attributes.auto_pad, [flow(1, 2, 6, 7)], {
        ...attributes,
        kernel_shape: [3, 2],
      }),
      since(11, 'Conv', attributes.auto_pad, [flow(1, 2, 7, 5), noise(3, 2, 3, 2)], attributes),
      since(11, 'ConvTranspose', attributes.auto_pad, [flow(1, 2, 4, 5), noise(2, 3, 3, 3)], attributes),
    ]),
    since(11, 'ConvTranspose', 'of a stated shape', [flow(1, 1, 3, 3), noise(1, 2, 3, 3)], {
      output_shape: [10, 8],
      strides: [3, 2],
    }),
    since(11, 'ConvTranspose', 'padded at the end', [flow(1, 1, 3, 3), noise(1, 2, 3, 3)], {
      output_padding: [1, 1],
      strides: [3, 2],
      dilations: [2, 1],
    }),
    since(12, 'MaxPool', 'with indices', [flow(1, 1, 5, 5)], { kernel_shape: [2, 2], strides: [2, 2] }, 2),
  ];
};

const scaled = (length: number, factor: number) => [
  flow(1, 1, length, 2),
  undefined,
  floats([4], [1, 1, factor, 1]),
];

const sampling = (): readonly Row[] => [
  ...['linear', 'nearest', 'cubic'].flatMap((mode) =>
    ['zeros', 'border', 'reflection'].flatMap((padding_mode) =>
      [0, 1].map((align_corners) =>
        since(
          20,
          'GridSample',
          `${mode}, ${padding_mode}, ${align_corners}`,
          [flow(1, 2, 4, 5), flow(1, 3, 3, 2)],
          {
            mode,
            padding_mode,
            align_corners,
          },
        ),
      ),
    ),
  ),
  since(20, 'GridSample', 'of a volume', [flow(1, 2, 3, 4, 5), flow(1, 2, 3, 2, 3)], {
    padding_mode: 'border',
  }),
  ...[0, 1].flatMap((align_corners) => [
    since(20, 'AffineGrid', `in the plane, ${align_corners}`, [flow(1, 2, 3), vector(1, 2, 3, 4)], {
      align_corners,
    }),
    since(20, 'AffineGrid', `in space, ${align_corners}`, [flow(1, 3, 4), vector(1, 2, 3, 4, 2)], {
      align_corners,
    }),
  ]),
  // A place that falls on an element only in single precision.
  ...['asymmetric', 'half_pixel', 'pytorch_half_pixel', 'half_pixel_symmetric'].map(
    (coordinate_transformation_mode) =>
      since(19, 'Resize', `to the nearest below, ${coordinate_transformation_mode}`, scaled(7, 0.8), {
        mode: 'nearest',
        nearest_mode: 'floor',
        coordinate_transformation_mode,
      }),
  ),
  since(9, 'Upsample', 'linear', [flow(1, 1, 2, 2), floats([4], [1, 1, 2, 3])], { mode: 'linear' }),
];

const numbers = (): readonly Row[] => [
  since(13, 'Hardmax', 'of equals', [fed(floats([2, 3], [1, 4, 4, 5, 2, 5]))]),
  since(13, 'Hardmax', 'of a single one', [flow(3, 1)]),
  since(18, 'GroupNormalization', 'scaled by groups', [flow(3, 4, 2, 2), noise(2), noise(2)], {
    num_groups: 2,
  }),
  since(21, 'GroupNormalization', 'scaled by channels', [flow(3, 4, 2, 2), noise(4), noise(4)], {
    num_groups: 2,
  }),
  since(13, 'MeanVarianceNormalization', 'over batch and space', [flow(2, 3, 2, 2)]),
  since(1, 'LpNormalization', 'by magnitudes', [flow(2, 3)], { axis: 0, p: 1 }),
  since(13, 'Mod', 'of floats', [flow(6), noise(6)], { fmod: 1 }),
  since(13, 'Mod', 'of negative numbers', [
    fed(whole([6], [-4, 7, 5, 4, -7, 8], 'int32')),
    whole([6], [2, -3, 8, -2, 3, 5], 'int32'),
  ]),
  since(15, 'Pow', 'of whole numbers', [
    fed(whole([3], [2, 3, -2], 'int32')),
    whole([3], [1, 2, 3], 'int32'),
  ]),
  since(12, 'Clip', 'of whole numbers', [
    fed(whole([4], [-5, 3, 9, 1], 'int32')),
    whole([], [0], 'int32'),
    whole([], [4], 'int32'),
  ]),
  since(14, 'CumSum', 'backwards, without itself', [flow(2, 3), whole([], [-1])], {
    exclusive: 1,
    reverse: 1,
  }),
  since(20, 'IsInf', 'of negatives', [fed(floats([3], [1, Infinity, -Infinity]))], { detect_positive: 0 }),
  since(20, 'Gelu', 'by tanh', [flow(6)], { approximate: 'tanh' }),
  since(24, 'Swish', 'steep', [flow(6)], { alpha: 0.5 }),
  since(12, 'Celu', 'steep', [flow(6)], { alpha: 2 }),
  since(12, 'Einsum', 'of a diagonal', [flow(3, 3)], { equation: 'ii->i' }),
  since(12, 'Einsum', 'of stacks', [flow(2, 3, 4), noise(2, 4, 5)], { equation: '...ij,...jk->...ik' }),
  since(12, 'Einsum', 'to a number', [flow(3), noise(3)], { equation: 'i,i' }),
  since(21, 'QuantizeLinear', 'by blocks', [flow(2, 6), floats([2, 2], [0.1, 0.2, 0.05, 0.3])], {
    axis: 1,
    block_size: 3,
  }),
  since(
    21,
    'DequantizeLinear',
    'by blocks',
    [
      fed(whole([2, 6], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 'uint8')),
      floats([2, 2], [0.1, 0.2, 0.05, 0.3]),
    ],
    { axis: 1, block_size: 3 },
  ),
];

const turning = (): readonly Row[] => {
  const places = whole([2, 4], [0, 1, 2, 3, 4, 5, 6, 7]);
  const turn = (title: string, inputs: SingleNode['inputs'], attributes: Attributes = {}) =>
    since(23, 'RotaryEmbedding', title, inputs, attributes);
  return [
    turn('of heads', [flow(2, 3, 4, 8), noise(9, 4), noise(9, 4), places]),
    turn('of rows', [flow(2, 4, 24), noise(9, 4), noise(9, 4), places], { num_heads: 3 }),
    turn('of some dims', [flow(2, 4, 24), noise(9, 2), noise(9, 2), places], {
      num_heads: 3,
      rotary_embedding_dim: 4,
    }),
    turn('of neighbouring dims', [flow(2, 3, 4, 8), noise(9, 2), noise(9, 2), places], {
      rotary_embedding_dim: 4,
      interleaved: 1,
    }),
    turn('without places', [flow(2, 3, 4, 8), noise(2, 4, 4), noise(2, 4, 4)]),
  ];
};

const rows = [...reducing(), ...moving(), ...windows(), ...sampling(), ...numbers(), ...turning()];

test.each(rows)('$title', (each) => expectAlike(each));
