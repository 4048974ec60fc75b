// Sizes stored as data follow the cut: after removing channels, the rewritten node gives the surviving part of what the
// node gave before.

import { describe, expect, test } from 'vitest';
import { resolve } from '../../src/analysis/axis.ts';
import type { Attribute } from '../../src/graph/types.ts';
import { pick } from '../../src/ops/host.ts';
import type { HostTensor, ResizeView } from '../../src/ops/op.ts';
import { floats, type SingleNode, single, vector, whole } from './single.ts';

/** Positions to remove from one axis of a value. */
interface Cut {
  readonly value: string;
  readonly axis: number;
  readonly positions: readonly number[];
}

/** The positions of every axis that survive when the atoms at some positions go. */
function survivors(node: SingleNode, { value, axis, positions }: Cut) {
  const solution = single(node).solve();
  const { terms } = solution;
  const atomsAt = (name: string, a: number) =>
    Array.from(terms.termsOf(resolve(solution.axesOf(name)[a])), (term) => terms.atoms.atomsOf(term));
  const removed = new Set(positions.flatMap((p) => atomsAt(value, axis)[p]));
  return (name: string): number[][] =>
    solution
      .axesOf(name)
      .map((_, a) =>
        atomsAt(name, a).flatMap((atoms, p) => (atoms.some((atom) => removed.has(atom)) ? [] : [p])),
      );
}

interface Resized {
  readonly attributes: Record<string, Attribute | undefined>;
  readonly numbers: Record<number, readonly number[]>;
}

/** What the operator wants rewritten. */
function resize(node: SingleNode, keptOf: (name: string) => number[][]): Resized {
  const { graph, inference } = single(node);
  const bound = inference.bound(0)!;
  const attributes: Resized['attributes'] = {};
  const numbers: Resized['numbers'] = {};
  const some = (name: string, axis: number) => {
    const kept = keptOf(name)[axis];
    return kept && kept.length < inference.types.get(name)!.dims[axis] ? kept : undefined;
  };
  const lengths = (name: string) => keptOf(name).map((kept) => kept.length);
  const { inputs, outputs } = graph.nodes[0];
  const view: Partial<ResizeView<never>> = {
    outShape: (o) => inference.types.get(outputs[o])!.dims,
    newShape: (i) => lengths(inputs[i]),
    newOutShape: (o) => lengths(outputs[o]),
    kept: (i, axis) => some(inputs[i], axis),
    keptOut: (o, axis) => some(outputs[o], axis),
    set: (attribute, value) => {
      attributes[attribute] = value;
    },
    setNumbers: (i, values) => {
      numbers[i] = values;
    },
  };
  bound.operator.resize(Object.setPrototypeOf(view, bound.view));
  return { attributes, numbers };
}

/** The node after the cut: constants shrunk, sizes rewritten. */
function cutNode(node: SingleNode, keptOf: (name: string) => number[][], resized: Resized): SingleNode {
  const inputs = node.inputs.map((input, i) => {
    const numbers = resized.numbers[i];
    if (numbers) return vector(...numbers);
    return input && !('fed' in input) ? pick(input, keptOf(`in${i}`)) : input;
  });
  for (const [i, numbers] of Object.entries(resized.numbers)) inputs[Number(i)] ??= vector(...numbers);
  const attributes = Object.fromEntries(
    Object.entries({ ...node.attributes, ...resized.attributes }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
  return { ...node, inputs, attributes };
}

const removing = (value: string, axis: number, ...positions: number[]): Cut => ({ value, axis, positions });
const END = 2 ** 63;

interface Row {
  readonly title: string;
  readonly node: SingleNode;
  readonly cut: Cut;
  readonly numbers?: Resized['numbers'];
  readonly attributes?: Resized['attributes'];
}
const row = (
  title: string,
  op: string,
  inputs: SingleNode['inputs'],
  cut: Cut,
  expected: Partial<Row> & { rest?: Partial<SingleNode> } = {},
): Row => {
  const { rest, ...found } = expected;
  return { title, node: { op, inputs, ...rest }, cut, ...found };
};

const rows: Row[] = [
  row('parts of their new sizes', 'Split', [floats([6]), vector(4, 2)], removing('in0', 0, 1, 2), {
    numbers: { 1: [2, 2] },
    rest: { outputs: 2 },
  }),
  row('an attribute before opset 13', 'Split', [floats([6])], removing('in0', 0, 0), {
    attributes: { split: [3, 2] },
    rest: { outputs: 2, opset: 11, attributes: { split: [4, 2] } },
  }),
  row('equal parts stay unstated', 'Split', [floats([6])], removing('in0', 0, 0, 3), {
    numbers: {},
    rest: { outputs: 2, attributes: { num_outputs: 2 } },
  }),
  row('unequal parts are stated', 'Split', [floats([6])], removing('in0', 0, 0, 1), {
    numbers: { 1: [1, 3] },
    attributes: { num_outputs: undefined },
    rest: { outputs: 2, attributes: { num_outputs: 2 } },
  }),

  row('bounds from the front', 'Slice', [floats([8]), vector(2), vector(6)], removing('in0', 0, 0, 3, 7), {
    numbers: { 1: [1], 2: [4] },
  }),
  row('bounds from the end', 'Slice', [floats([8]), vector(-6), vector(-2)], removing('in0', 0, 0, 3, 7), {
    numbers: { 1: [-4], 2: [-1] },
  }),
  row(
    'a bound from the end that comes to be the end',
    'Slice',
    [floats([4]), vector(0), vector(-1)],
    removing('in0', 0, 3),
    {
      numbers: { 1: [0], 2: [3] },
    },
  ),
  row(
    'bounds beyond the ends stay',
    'Slice',
    [floats([8]), vector(-END), vector(END)],
    removing('in0', 0, 0, 3),
    {
      numbers: { 1: [-END], 2: [END] },
    },
  ),
  row(
    'only the bounds of the axis that shrank',
    'Slice',
    [floats([4, 6]), vector(1, 3), vector(3, END), vector(0, 1)],
    removing('in0', 1, 0, 5),
    {
      numbers: { 1: [1, 2], 2: [3, END] },
    },
  ),
  row(
    'a reversed run',
    'Slice',
    [floats([6]), vector(4), vector(0), vector(0), vector(-1)],
    removing('in0', 0, 0, 2),
    {
      numbers: { 1: [2], 2: [-5] },
    },
  ),
  row(
    'a whole axis reversed',
    'Slice',
    [floats([4]), vector(-1), vector(-END), vector(0), vector(-1)],
    removing('in0', 0, 1),
    {
      numbers: { 1: [-1], 2: [-END] },
    },
  ),
  row('attributes before opset 10', 'Slice', [floats([4])], removing('in0', 0, 0), {
    attributes: { starts: [0], ends: [2] },
    rest: { opset: 9, attributes: { starts: [1], ends: [3] } },
  }),

  row('gathered numbers', 'Gather', [floats([5]), vector(4, -5, 2, 4)], removing('in0', 0, 0, 1), {
    numbers: { 1: [2, 0, 2] },
  }),
  row('gathered numbers from the end', 'Gather', [floats([2, 4]), vector(-1, -4)], removing('in0', 1, 1), {
    numbers: { 1: [-1, -3] },
    rest: { attributes: { axis: 1 } },
  }),

  row('padded channels', 'Pad', [floats([3]), vector(2, 2)], removing('out0', 0, 0, 3, 5, 6), {
    numbers: { 1: [1, 0] },
  }),
  row('cropped channels', 'Pad', [floats([6]), vector(-2, -2)], removing('in0', 0, 1, 2, 4, 5), {
    numbers: { 1: [-1, 0] },
  }),
  row('padding stated as an attribute', 'Pad', [floats([1, 2])], removing('out0', 1, 0), {
    attributes: { pads: [0, 1, 0, 1] },
    rest: { opset: 9, attributes: { pads: [0, 2, 0, 1] } },
  }),

  row('a flattened target', 'Reshape', [floats([2, 3]), vector(6)], removing('in0', 1, 0), {
    numbers: { 1: [4] },
  }),
  row('0 and -1 stay', 'Reshape', [floats([2, 3, 4]), vector(0, -1)], removing('in0', 1, 0), {
    numbers: { 1: [0, -1] },
  }),
  row(
    '0 that copied the length of another axis',
    'Reshape',
    [floats([2, 3, 3, 2]), vector(6, 0, 2)],
    removing('in0', 1, 0),
    {
      numbers: { 1: [4, 3, 2] },
    },
  ),
  row('heads', 'Reshape', [floats([1, 8]), vector(1, 4, 2)], removing('out0', 1, 1), {
    numbers: { 1: [1, 3, 2] },
  }),
  row('dims of every head', 'Reshape', [floats([1, 8]), vector(1, 4, 2)], removing('out0', 2, 1), {
    numbers: { 1: [1, 4, 1] },
  }),
  row('a target stated as an attribute', 'Reshape', [floats([2, 3])], removing('in0', 0, 0), {
    attributes: { shape: [3] },
    rest: { opset: 1, attributes: { shape: [6] } },
  }),
  row('expanded shapes', 'Expand', [floats([1, 3]), vector(4, 1)], removing('out0', 0, 2), {
    numbers: { 1: [3, 1] },
  }),
  row(
    'expanded shapes that name the old length',
    'Expand',
    [floats([3]), vector(2, 3)],
    removing('in0', 0, 2),
    {
      numbers: { 1: [2, 2] },
    },
  ),
  row('tiles', 'Tile', [floats([2, 3]), vector(1, 3)], removing('out0', 1, 3), { numbers: { 1: [1, 2] } }),
  row('tiles of fewer channels', 'Tile', [floats([2, 3]), vector(1, 3)], removing('in0', 1, 0), {
    numbers: { 1: [1, 3] },
  }),
  row('zeros', 'ConstantOfShape', [vector(3, 2)], removing('out0', 0, 1), { numbers: { 0: [2, 2] } }),
  row('sizes around the middle', 'CenterCropPad', [floats([3, 4]), vector(3, 2)], removing('in0', 0, 1), {
    numbers: { 1: [2, 2] },
  }),

  // Nothing to rewrite: the cut constants do it.
  row('joined', 'Concat', [floats([2]), floats([3])], removing('in1', 0, 0), {
    rest: { attributes: { axis: 0 } },
  }),
  row('reordered', 'Transpose', [floats([2, 3])], removing('in0', 1, 0)),
  row(
    'looked up elements',
    'GatherElements',
    [floats([3, 2]), whole([2, 2], [0, 2, 1, 1])],
    removing('in0', 1, 0),
  ),
  row('looked up slices', 'GatherND', [floats([2, 3]), whole([1, 1], [1])], removing('in0', 1, 0)),
  row(
    'written slices',
    'ScatterND',
    [floats([2, 3]), whole([1, 1], [1]), floats([1, 3])],
    removing('in0', 1, 0),
  ),
];

describe('rewritten sizes', () => {
  test.each(rows)('$node.op: $title', async ({ node, cut, numbers, attributes }) => {
    const keptOf = survivors(node, cut);
    const resized = resize(node, keptOf);
    if (numbers) expect(resized.numbers).toEqual(numbers);
    if (attributes) expect(resized.attributes).toEqual(attributes);

    const before = await single(node).run();
    const after = await single(cutNode(node, keptOf, resized)).run();
    const expected = before.map((output, o) => pick(output, keptOf(`out${o}`)));
    expect(after.map(plain)).toEqual(expected.map(plain));
    expect(keptOf(cut.value)[cut.axis].length).toBeLessThan(
      (cut.value === 'out0' ? before[0] : (node.inputs[Number(cut.value.slice(2))] as HostTensor)).dims[
        cut.axis
      ],
    );
  });
});

const plain = ({ dims, values }: HostTensor) => ({ dims: [...dims], values: [...values] });
