// What the moving operators say about channels, read as one letter per atom; `.` stands for a position that stays.

import { describe, expect, test } from 'vitest';
import { resolve } from '../../src/analysis/axis.ts';
import { alignAxes } from '../../src/ops/reshaping.ts';
import { fed, floats, type SingleNode, single, vector, whole } from './single.ts';

/** The axes of input 0 and of every output, positions apart by spaces. */
function coupling(node: SingleNode): Record<string, string[]> {
  const solution = single(node).solve();
  const names = new Map<number, string>();
  const { terms } = solution;
  const letter = (atom: number) => {
    const known = names.get(atom) ?? String.fromCharCode(97 + names.size);
    names.set(atom, known);
    return known;
  };
  const read = (value: string) =>
    solution
      .axesOf(value)
      .map((axis) =>
        Array.from(
          terms.termsOf(resolve(axis)),
          (term) => terms.atoms.atomsOf(term).map(letter).join('') || '.',
        ).join(' '),
      );
  const outputs = Array.from({ length: node.outputs ?? 1 }, (_, o) => `out${o}`);
  return Object.fromEntries(['in0', ...outputs].map((value) => [value, read(value)]));
}

const problems = (node: SingleNode) => single(node).solve().problems;

interface Row {
  readonly title: string;
  readonly node: SingleNode;
  readonly in0: string[];
  readonly out0: string[];
  readonly out1?: string[];
}
const row = (
  title: string,
  op: string,
  inputs: SingleNode['inputs'],
  in0: string[],
  out0: string[],
  rest: Partial<SingleNode> = {},
): Row => ({
  title,
  node: { op, inputs, ...rest },
  in0,
  out0,
});
const reshape = (title: string, from: number[], to: number[], in0: string[], out0: string[]) =>
  row(title, 'Reshape', [floats(from), vector(...to)], in0, out0);

describe('a reshape falls into blocks of equal size', () => {
  test.each([
    [
      [2, 6, 5],
      [12, 5],
      ['0-2:0-1', '2-3:1-2'],
    ],
    [[12], [3, 4], ['0-1:0-2']],
    [
      [4, 6],
      [4, 2, 3],
      ['0-1:0-1', '1-2:1-3'],
    ],
    [
      [1, 5, 1, 1],
      [1, 5],
      ['0-1:0-1', '1-2:1-2', '2-4:2-2'],
    ],
    [[5], [1, 5, 1], ['0-1:0-2', '1-1:2-3']],
    [[], [1, 1], ['0-0:0-2']],
    [
      [2, 3, 4],
      [2, 3, 4],
      ['0-1:0-1', '1-2:1-2', '2-3:2-3'],
    ],
    [
      [6, 4, 7],
      [8, 3, 7],
      ['0-2:0-2', '2-3:2-3'],
    ],
  ])('%j → %j', (from, to, expected) => {
    expect(alignAxes(from, to).map((b) => `${b.from}-${b.to}:${b.outFrom}-${b.outTo}`)).toEqual(expected);
  });
});

/** Quantised data of this shape, with its scale and zero point. */
const levels = (...dims: number[]): SingleNode['inputs'] => [
  whole(dims, new Array(dims.reduce((n, length) => n * length, 1)).fill(1), 'uint8'),
  floats([], [1]),
  whole([], [0], 'uint8'),
];

describe('channels', () => {
  const rows: Row[] = [
    reshape('keeps equal axes', [3, 2], [3, 2], ['a b c', 'd e'], ['a b c', 'd e']),
    reshape('flattens an image', [1, 2, 2], [1, -1], ['a', 'b c', 'd e'], ['a', 'bd be cd ce']),
    reshape('cuts heads', [2, 4], [2, 2, 2], ['a b', 'cd ce fd fe'], ['a b', 'c f', 'd e']),
    reshape('merges heads', [2, 2, 2], [2, 4], ['a b', 'c d', 'e f'], ['a b', 'ce cf de df']),
    reshape(
      'cuts three ways at once',
      [8],
      [2, 2, 2],
      ['abc abd aec aed fbc fbd fec fed'],
      ['a f', 'b e', 'c d'],
    ),
    reshape(
      'groups channels and merges the rest',
      [4, 3],
      [2, 6],
      ['ab ac db dc', 'e f g'],
      ['a d', 'be bf bg ce cf cg'],
    ),
    reshape(
      'fixes what no channel survives',
      [6, 4],
      [8, 3],
      ['. . . . . .', '. . . .'],
      ['. . . . . . . .', '. . .'],
    ),
    reshape('drops a lone axis', [1, 3], [3], ['.', 'a b c'], ['a b c']),
    reshape('inserts a lone axis', [3], [3, 1], ['a b c'], ['a b c', '.']),
    row('flattens', 'Flatten', [floats([2, 2, 2])], ['a b', 'c d', 'e f'], ['a b', 'ce cf de df']),
    row('drops', 'Squeeze', [floats([1, 2])], ['.', 'a b'], ['a b']),
    row('inserts', 'Unsqueeze', [floats([2]), vector(0)], ['a b'], ['.', 'a b']),
    row('reorders', 'Transpose', [floats([2, 3])], ['a b', 'c d e'], ['c d e', 'a b']),

    row('joins', 'Concat', [floats([2]), floats([2])], ['a b'], ['a b c d'], { attributes: { axis: 0 } }),
    { ...row('cuts', 'Split', [floats([3]), vector(2, 1)], ['a b .'], ['a b'], { outputs: 2 }), out1: ['.'] },
    {
      ...row('hands out one by one', 'Split', [floats([2])], ['. .'], ['.'], { outputs: 2, opset: 13 }),
      out1: ['.'],
    },
    row('takes a run', 'Slice', [floats([4]), vector(1), vector(3)], ['a b c d'], ['b c']),
    row(
      'reverses',
      'Slice',
      [floats([3]), vector(-1), vector(-9), vector(0), vector(-1)],
      ['a b c'],
      ['c b a'],
    ),
    row(
      'takes every second',
      'Slice',
      [floats([4]), vector(0), vector(4), vector(0), vector(2)],
      ['. . . .'],
      ['. .'],
    ),
    row('takes one', 'Slice', [floats([3]), vector(0), vector(1)], ['. a b'], ['.']),
    row('gathers a list', 'Gather', [floats([3]), vector(2, 0, 2)], ['a b c'], ['c a c']),
    row('picks one', 'Gather', [floats([3, 2]), whole([], [1])], ['. . .', 'a b'], ['a b']),
    row('looks up', 'Gather', [floats([3, 2]), fed(vector(0, 1))], ['. . .', 'a b'], ['. .', 'a b']),
    row(
      'looks up elements',
      'GatherElements',
      [floats([2, 2]), whole([2, 1], [0, 1])],
      ['a b', '. .'],
      ['a b', '.'],
      {
        attributes: { axis: 1 },
      },
    ),
    row(
      'looks up slices',
      'GatherND',
      [floats([2, 3]), whole([1, 1], [0])],
      ['. .', 'a b c'],
      ['d', 'a b c'],
    ),
    row(
      'writes slices',
      'ScatterND',
      [floats([2, 2]), whole([1, 1], [0]), floats([1, 2])],
      ['. .', 'a b'],
      ['. .', 'a b'],
    ),
    row('pads with zeros', 'Pad', [floats([2]), vector(1, 2)], ['a b'], ['c a b d e']),
    row('crops', 'Pad', [floats([4]), vector(-1, -2)], ['a b c d'], ['b']),
    row('pads with ones', 'Pad', [floats([2]), vector(1, 0), floats([], [1])], ['a b'], ['c a b']),
    row('reflects', 'Pad', [floats([2, 2]), vector(0, 1, 0, 0)], ['a b', '. .'], ['a b', '. . .'], {
      attributes: { mode: 'reflect' },
    }),
    row('expands', 'Expand', [floats([1, 2]), vector(2, 1)], ['.', 'a b'], ['c d', 'a b']),
    row('tiles', 'Tile', [floats([2, 2]), vector(2, 1)], ['a b', 'c d'], ['ea eb fa fb', 'c d']),
    row('makes zeros', 'ConstantOfShape', [vector(2)], ['a'], ['b c']),
    row('blanks a triangle', 'Trilu', [floats([2, 1, 1])], ['a b', '.', '.'], ['a b', '.', '.']),
    row('ranks', 'TopK', [floats([2, 2]), vector(1)], ['a b', '. .'], ['a b', '.']),
    row(
      'adds levels',
      'QLinearAdd',
      [...levels(1, 2), ...levels(2), floats([], [1]), whole([], [0], 'uint8')],
      ['a', 'b c'],
      ['a', 'b c'],
      { domain: 'com.microsoft', opset: 1 },
    ),
    row(
      'moves taps',
      'DeformConv',
      [floats([1, 2, 3, 3]), floats([2, 2, 2, 2]), fed(floats([1, 8, 2, 2]))],
      ['a', 'b c', '. . .', '. . .'],
      ['a', 'd e', '. .', '. .'],
      { opset: 19 },
    ),
    row(
      'writes into a cache',
      'TensorScatter',
      [floats([1, 2, 3, 2]), floats([1, 2, 1, 2])],
      ['a', 'b c', '. . .', 'd e'],
      ['a', 'b c', '. . .', 'd e'],
      { opset: 24 },
    ),
    row('transforms', 'DFT', [floats([2, 4, 1])], ['a b', '. . . .', '.'], ['a b', '. . . .', '. .'], {
      opset: 17,
    }),
    row('quantises by channel', 'QuantizeLinear', [floats([1, 2]), floats([2])], ['a', 'b c'], ['a', 'b c']),
  ];
  test.each(rows)('$node.op $title', ({ node, in0, out0, out1 }) => {
    expect(problems(node)).toEqual([]);
    const found = coupling(node);
    expect(found).toMatchObject(out1 ? { in0, out0, out1 } : { in0, out0 });
  });
});
