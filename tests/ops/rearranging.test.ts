// Operators that only move elements: what the host folds, what the device computes and what the spec says agree.

import { describe, expect, test } from 'vitest';
import type { HostTensor } from '../../src/ops/op.ts';
import { fed, floats, type SingleNode, single, vector, whole } from './single.ts';

interface Row {
  readonly title: string;
  readonly node: SingleNode;
  readonly expected: readonly { dims: readonly number[]; values: readonly number[] }[];
}

const row = (
  title: string,
  op: string,
  inputs: SingleNode['inputs'],
  expected: Row['expected'],
  rest: Partial<SingleNode> = {},
): Row => ({ title, node: { op, inputs, outputs: expected.length, ...rest }, expected });

const x23 = floats([2, 3]); // 1 2 3 / 4 5 6
const line = (n: number) => floats([n]);
const out = (dims: readonly number[], values: readonly number[]) => ({ dims, values });

const rows: Row[] = [
  row(
    'joins along an axis',
    'Concat',
    [x23, floats([2, 1], [8, 9])],
    [out([2, 4], [1, 2, 3, 8, 4, 5, 6, 9])],
    {
      attributes: { axis: -1 },
    },
  ),
  row('cuts by stated sizes', 'Split', [line(5), vector(2, 3)], [out([2], [1, 2]), out([3], [3, 4, 5])]),
  row(
    'cuts by an attribute before opset 13',
    'Split',
    [x23],
    [out([2, 2], [1, 2, 4, 5]), out([2, 1], [3, 6])],
    {
      opset: 11,
      attributes: { axis: 1, split: [2, 1] },
    },
  ),
  row('cuts into equal parts', 'Split', [line(4)], [out([2], [1, 2]), out([2], [3, 4])], { opset: 13 }),
  row(
    'cuts into parts of which the last is smaller',
    'Split',
    [line(5)],
    [out([3], [1, 2, 3]), out([2], [4, 5])],
    {
      attributes: { num_outputs: 2 },
    },
  ),

  row('slices with clamped bounds', 'Slice', [line(6), vector(2), vector(2 ** 62)], [out([4], [3, 4, 5, 6])]),
  row('slices from the end', 'Slice', [line(6), vector(-3), vector(-1)], [out([2], [4, 5])]),
  row(
    'slices backwards',
    'Slice',
    [line(5), vector(3), vector(-(2 ** 62)), vector(0), vector(-1)],
    [out([4], [4, 3, 2, 1])],
  ),
  row(
    'slices every third',
    'Slice',
    [line(8), vector(1), vector(8), vector(0), vector(3)],
    [out([3], [2, 5, 8])],
  ),
  row(
    'slices every second backwards',
    'Slice',
    [line(6), vector(-1), vector(-6), vector(0), vector(-2)],
    [out([3], [6, 4, 2])],
  ),
  row('slices two axes', 'Slice', [x23, vector(1, 0), vector(2, 2), vector(0, 1)], [out([1, 2], [4, 5])]),
  row('slices by attributes before opset 10', 'Slice', [x23], [out([2, 1], [2, 5])], {
    opset: 9,
    attributes: { starts: [1], ends: [2], axes: [1] },
  }),
  row('takes nothing', 'Slice', [line(3), vector(2), vector(1)], [out([0], [])]),
  row(
    'crops and pads around the middle',
    'CenterCropPad',
    [x23, vector(1, 5)],
    [out([1, 5], [0, 1, 2, 3, 0])],
  ),

  row('gathers by a list', 'Gather', [x23, vector(2, 0, -1)], [out([2, 3], [3, 1, 3, 6, 4, 6])], {
    attributes: { axis: 1 },
  }),
  row('gathers by one number', 'Gather', [x23, whole([], [-1])], [out([3], [4, 5, 6])]),
  row('gathers by a table', 'Gather', [line(4), whole([2, 2], [3, 2, 0, 3])], [out([2, 2], [4, 3, 1, 4])]),
  row('gathers by computed numbers', 'Gather', [x23, fed(vector(2, -3))], [out([2, 2], [3, 1, 6, 4])], {
    attributes: { axis: 1 },
  }),
  row(
    'gathers elements',
    'GatherElements',
    [x23, whole([2, 2], [2, 0, -1, 1])],
    [out([2, 2], [3, 1, 6, 5])],
    {
      attributes: { axis: 1 },
    },
  ),
  row(
    'gathers elements along the first axis',
    'GatherElements',
    [x23, whole([1, 3], [1, 0, 1])],
    [out([1, 3], [4, 2, 6])],
  ),
  row('gathers slices', 'GatherND', [x23, whole([2, 1], [1, -2])], [out([2, 3], [4, 5, 6, 1, 2, 3])]),
  row('gathers single elements', 'GatherND', [x23, whole([2, 2], [0, 1, 1, -1])], [out([2], [2, 6])]),
  row(
    'gathers slices per batch',
    'GatherND',
    [floats([2, 2, 2]), whole([2, 1], [1, 0])],
    [out([2, 2], [3, 4, 5, 6])],
    {
      attributes: { batch_dims: 1 },
    },
  ),
  row(
    'writes slices',
    'ScatterND',
    [x23, whole([1, 1], [-1]), floats([1, 3], [7, 8, 9])],
    [out([2, 3], [1, 2, 3, 7, 8, 9])],
  ),
  row('adds slices', 'ScatterND', [line(3), whole([3, 1], [0, 2, 0]), line(3)], [out([3], [5, 2, 5])], {
    attributes: { reduction: 'add' },
  }),
  row(
    'writes elements',
    'ScatterElements',
    [x23, whole([2, 1], [0, -1]), floats([2, 1], [7, 8])],
    [out([2, 3], [7, 2, 3, 4, 5, 8])],
    {
      attributes: { axis: 1 },
    },
  ),
  row(
    'adds elements',
    'ScatterElements',
    [line(3), vector(1, 1), floats([2], [10, 20])],
    [out([3], [1, 32, 3])],
    {
      attributes: { reduction: 'add' },
    },
  ),

  row(
    'multiplies elements that are hit twice',
    'ScatterElements',
    [line(3), vector(1, 1, -1), floats([3], [10, 2, 7])],
    [out([3], [1, 40, 21])],
    { attributes: { reduction: 'mul' } },
  ),
  row(
    'keeps the greatest of slices',
    'ScatterND',
    [x23, whole([2, 1], [0, 0]), floats([2, 3], [0, 9, 0, 2, 4, 3])],
    [out([2, 3], [2, 9, 3, 4, 5, 6])],
    { attributes: { reduction: 'max' } },
  ),
  row(
    'writes elements at computed positions',
    'ScatterElements',
    [x23, fed(whole([2, 1], [0, -1])), floats([2, 1], [7, 8])],
    [out([2, 3], [7, 2, 3, 4, 5, 8])],
    { attributes: { axis: 1 } },
  ),
  row(
    'adds slices at computed positions',
    'ScatterND',
    [line(3), fed(whole([3, 1], [0, -1, 0])), line(3)],
    [out([3], [5, 2, 5])],
    { attributes: { reduction: 'add' } },
  ),

  row(
    'pads with zeros and crops',
    'Pad',
    [x23, vector(0, 1, 1, -1)],
    [out([3, 3], [0, 1, 2, 0, 4, 5, 0, 0, 0])],
  ),
  row(
    'pads some axes with a number',
    'Pad',
    [x23, vector(1, 0), floats([], [9]), vector(-1)],
    [out([2, 4], [9, 1, 2, 3, 9, 4, 5, 6])],
  ),
  row('reflects', 'Pad', [line(3), vector(2, 2)], [out([7], [3, 2, 1, 2, 3, 2, 1])], {
    attributes: { mode: 'reflect' },
  }),
  row(
    'reflects further than the axis is long',
    'Pad',
    [line(3), vector(4, 0)],
    [out([7], [1, 2, 3, 2, 1, 2, 3])],
    {
      attributes: { mode: 'reflect' },
    },
  ),
  row(
    'repeats the edge',
    'Pad',
    [x23, vector(0, 2, 0, 1)],
    [out([2, 6], [1, 1, 1, 2, 3, 3, 4, 4, 4, 5, 6, 6])],
    {
      attributes: { mode: 'edge' },
    },
  ),
  row('wraps', 'Pad', [line(3), vector(2, 1)], [out([6], [2, 3, 1, 2, 3, 1])], {
    attributes: { mode: 'wrap' },
  }),
  row('pads by an attribute before opset 11', 'Pad', [line(2)], [out([3], [5, 1, 2])], {
    opset: 9,
    attributes: { pads: [1, 0], value: 5 },
  }),

  row(
    'reshapes with 0 and -1',
    'Reshape',
    [floats([2, 3, 2]), vector(0, -1)],
    [out([2, 6], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])],
  ),
  row('reshapes an empty value', 'Reshape', [floats([0, 3]), vector(3, 0)], [out([3, 0], [])], {
    attributes: { allowzero: 1 },
  }),
  row('flattens', 'Flatten', [floats([2, 1, 3])], [out([2, 3], [1, 2, 3, 4, 5, 6])], {
    attributes: { axis: -1 },
  }),
  row('drops every lone axis', 'Squeeze', [floats([1, 3, 1])], [out([3], [1, 2, 3])]),
  row('drops one axis', 'Squeeze', [floats([1, 3, 1]), vector(-1)], [out([1, 3], [1, 2, 3])]),
  row('inserts axes in any order', 'Unsqueeze', [line(2), vector(2, 0)], [out([1, 2, 1], [1, 2])]),
  row('inserts axes by an attribute before opset 13', 'Unsqueeze', [line(2)], [out([2, 1], [1, 2])], {
    opset: 11,
    attributes: { axes: [-1] },
  }),
  row('reverses the axes', 'Transpose', [x23], [out([3, 2], [1, 4, 2, 5, 3, 6])]),
  row('permutes around lone axes', 'Transpose', [floats([2, 1, 3])], [out([3, 1, 2], [1, 4, 2, 5, 3, 6])], {
    attributes: { perm: [2, 1, 0] },
  }),
  row(
    'expands',
    'Expand',
    [floats([2, 1]), vector(2, 1, 3)],
    [out([2, 2, 3], [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2])],
  ),
  row('tiles', 'Tile', [x23, vector(1, 2)], [out([2, 6], [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6])]),

  row('tells sizes', 'Shape', [floats([2, 3, 4])], [out([2], [3, 4])], { attributes: { start: -2 } }),
  row('tells no sizes', 'Shape', [floats([2, 3, 4])], [out([0], [])], { attributes: { start: 2, end: 1 } }),
  row('counts elements', 'Size', [floats([2, 3])], [out([], [6])]),
  row('makes zeros', 'ConstantOfShape', [vector(2, 1)], [out([2, 1], [0, 0])]),
  row('counts down', 'Range', [whole([], [7]), whole([], [1]), whole([], [-3])], [out([2], [7, 4])]),
  row('makes an identity above the diagonal', 'EyeLike', [x23], [out([2, 3], [0, 1, 0, 0, 0, 1])], {
    attributes: { k: 1 },
  }),
  row(
    'marks positions',
    'OneHot',
    [vector(1, -1, 5), whole([], [3]), floats([2], [0, 2])],
    [out([3, 3], [0, 0, 0, 2, 0, 0, 0, 2, 0])],
    {
      attributes: { axis: 0 },
    },
  ),
  row('keeps the upper triangle', 'Trilu', [floats([3, 2])], [out([3, 2], [1, 2, 0, 4, 0, 0])]),
  row(
    'keeps the lower triangle beside the diagonal',
    'Trilu',
    [floats([2, 3]), whole([], [1])],
    [out([2, 3], [1, 2, 0, 4, 5, 6])],
    {
      attributes: { upper: 0 },
    },
  ),

  row(
    'keeps what a condition names',
    'Compress',
    [x23, whole([3], [0, 1, 1], 'bool')],
    [out([2, 2], [2, 3, 5, 6])],
    {
      attributes: { axis: 1 },
    },
  ),
  row(
    'keeps elements of the flattened input',
    'Compress',
    [x23, whole([5], [0, 1, 0, 0, 1], 'bool')],
    [out([2], [2, 5])],
  ),
  row('lists what is not zero', 'NonZero', [floats([2, 2], [1, 0, 1, 1])], [out([2, 3], [0, 1, 1, 0, 0, 1])]),
  row(
    'ranks',
    'TopK',
    [floats([2, 3], [1, 5, 3, 6, 4, 6]), vector(2)],
    [out([2, 2], [5, 3, 6, 6]), out([2, 2], [1, 2, 0, 2])],
  ),
  row(
    'ranks the smallest down an axis',
    'TopK',
    [x23, vector(1)],
    [out([1, 3], [1, 2, 3]), out([1, 3], [0, 0, 0])],
    {
      attributes: { axis: 0, largest: 0 },
    },
  ),
  row('reverses sequences', 'ReverseSequence', [x23, vector(3, 1)], [out([2, 3], [3, 2, 1, 4, 5, 6])], {
    attributes: { batch_axis: 0, time_axis: 1 },
  }),
  row(
    'reverses sequences in the second axis',
    'ReverseSequence',
    [x23, vector(1, 2, 2)],
    [out([2, 3], [1, 5, 6, 4, 2, 3])],
  ),
  row(
    'adds overlapping windows up',
    'Col2Im',
    [floats([1, 2, 3], [1, 2, 3, 10, 20, 30]), vector(4), vector(2)],
    [out([1, 1, 4], [1, 12, 23, 30])],
  ),
  row(
    'drops what falls into the padding',
    'Col2Im',
    [floats([1, 4, 1], [1, 2, 3, 4]), vector(1, 1), vector(2, 2)],
    [out([1, 1, 1, 1], [4])],
    { attributes: { pads: [1, 1, 0, 0] } },
  ),
];

const plain = ({ dims, values }: HostTensor) => ({ dims: [...dims], values: values.map((v) => v + 0) });

describe('what the device computes', () => {
  test.each(rows)('$node.op $title', async ({ node, expected }) => {
    expect((await single(node).run()).map(plain)).toEqual(expected);
  });
});

describe('what the host folds', () => {
  const folding = rows.filter(({ node }) => !['TopK', 'ReverseSequence', 'Col2Im'].includes(node.op));
  const constant = ({ node }: Row) => node.inputs.every((input) => !input || !('fed' in input));
  test.each(folding.filter(constant))('$node.op $title', ({ node, expected }) => {
    const { folded, inference } = single(node);
    expect(folded.map((value) => plain(value!))).toEqual(expected);
    expect(folded.map((value) => value!.dtype)).toEqual(
      folded.map((_, o) => inference.types.get(`out${o}`)!.dtype),
    );
  });
});

describe('what cannot be', () => {
  const refusals: [string, SingleNode, string][] = [
    ['parts that differ', { op: 'Concat', inputs: [x23, line(2)], attributes: { axis: 0 } }, 'shape-error'],
    ['sizes that do not add up', { op: 'Split', inputs: [line(5), vector(2, 2)], outputs: 2 }, 'shape-error'],
    ['a shape of another size', { op: 'Reshape', inputs: [x23, vector(4, 2)] }, 'shape-error'],
    ['a shape that -1 cannot fill', { op: 'Reshape', inputs: [x23, vector(4, -1)] }, 'shape-error'],
    ['dropping a long axis', { op: 'Squeeze', inputs: [x23, vector(0)] }, 'shape-error'],
    ['a new axis beyond the others', { op: 'Unsqueeze', inputs: [x23, vector(3)] }, 'shape-error'],
    ['two new axes in one place', { op: 'Unsqueeze', inputs: [x23, vector(0, -4)] }, 'shape-error'],
    [
      'an axis in two places',
      { op: 'Transpose', inputs: [x23], attributes: { perm: [1, 1] } },
      'shape-error',
    ],
    ['a computed shape', { op: 'Reshape', inputs: [x23, fed(vector(6))] }, 'data-dependent'],
    ['non-zero elements of a computed value', { op: 'NonZero', inputs: [fed(x23)] }, 'data-dependent'],
    ['a computed condition', { op: 'Compress', inputs: [x23, fed(vector(1, 1))] }, 'data-dependent'],
    ['control flow', { op: 'If', inputs: [whole([], [1], 'bool')] }, 'control-flow'],
  ];
  test.each(refusals)('%s', (_, node, code) => {
    expect(single(node).inference.problems.map((problem) => problem.code)).toEqual([code]);
  });

  test('a mode of padding we do not know is refused by name', async () => {
    const node: SingleNode = { op: 'Pad', inputs: [fed(line(3)), vector(1, 1)], attributes: { mode: 'odd' } };
    await expect(single(node).run()).rejects.toThrow(/Pad\) pads in mode 'odd'/);
  });
});
