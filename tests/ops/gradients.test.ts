// The moving operators are differentiable: their gradients equal central differences on the CPU backend.

import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { elementCount } from '../../src/graph/tensor.ts';
import { Random } from '../../src/lib/random.ts';
import type { HostTensor } from '../../src/ops/op.ts';
import { fed, floats, type SingleNode, single, vector, whole } from './single.ts';

const random = new Random(7);
const noise = (dims: readonly number[]): HostTensor =>
  floats(
    dims,
    Array.from({ length: elementCount(dims) }, () => random.uniform() * 4 - 2),
  );
/** Eight numbers far enough from each other that a small step changes no rank. */
const apart = (dims: readonly number[]) => floats(dims, [3, 8, 1, 6, 4, 2, 7, 5]);

const rows: [string, SingleNode][] = [
  ['joins', { op: 'Concat', inputs: [noise([2, 2]), noise([2, 3])], attributes: { axis: 1 } }],
  ['cuts', { op: 'Split', inputs: [noise([2, 5]), vector(2, 3)], attributes: { axis: 1 }, outputs: 2 }],
  [
    'slices with a step',
    { op: 'Slice', inputs: [noise([2, 7, 2]), vector(1), vector(7), vector(1), vector(3)] },
  ],
  ['slices backwards', { op: 'Slice', inputs: [noise([5]), vector(-1), vector(-9), vector(0), vector(-2)] }],
  ['slices rank 6', { op: 'Slice', inputs: [noise([1, 2, 2, 2, 1, 3]), vector(1), vector(3), vector(5)] }],
  [
    'gathers a list with repeats',
    { op: 'Gather', inputs: [noise([2, 3]), vector(2, 0, 2)], attributes: { axis: 1 } },
  ],
  ['looks up a table', { op: 'Gather', inputs: [noise([4, 3]), fed(whole([2, 2], [1, 3, 1, -1]))] }],
  [
    'looks up an inner axis',
    { op: 'Gather', inputs: [noise([2, 4, 2]), fed(vector(1, -1))], attributes: { axis: 1 } },
  ],
  [
    'looks up elements',
    { op: 'GatherElements', inputs: [noise([2, 3]), whole([2, 2], [2, 2, -1, 1])], attributes: { axis: 1 } },
  ],
  ['looks up slices', { op: 'GatherND', inputs: [noise([2, 3, 2]), whole([2, 2], [1, 2, 0, 0])] }],
  ['writes slices', { op: 'ScatterND', inputs: [noise([3, 2]), whole([1, 1], [1]), noise([1, 2])] }],
  [
    'adds elements',
    {
      op: 'ScatterElements',
      inputs: [noise([3]), vector(1, 1), noise([2])],
      attributes: { reduction: 'add' },
    },
  ],
  ['pads with zeros', { op: 'Pad', inputs: [noise([2, 2]), vector(1, 0, 0, 2)] }],
  ['pads rank 5', { op: 'Pad', inputs: [noise([1, 2, 1, 2, 2]), vector(0, 0, 1, 0, 1, 0, 0, 0, 1, 0)] }],
  ['reflects', { op: 'Pad', inputs: [noise([2, 3]), vector(0, 2, 0, 1)], attributes: { mode: 'reflect' } }],
  [
    'repeats the edge',
    { op: 'Pad', inputs: [noise([2, 2]), vector(2, 0, 0, 1)], attributes: { mode: 'edge' } },
  ],
  ['wraps', { op: 'Pad', inputs: [noise([3]), vector(2, 2)], attributes: { mode: 'wrap' } }],
  [
    'transposes rank 6',
    { op: 'Transpose', inputs: [noise([2, 1, 2, 2, 1, 2])], attributes: { perm: [5, 0, 3, 1, 2, 4] } },
  ],
  [
    'transposes rank 8',
    {
      op: 'Transpose',
      inputs: [noise([2, 1, 2, 2, 1, 2, 1, 2])],
      attributes: { perm: [7, 0, 3, 1, 2, 4, 6, 5] },
    },
  ],
  ['expands', { op: 'Expand', inputs: [noise([2, 1]), vector(3, 2, 4)] }],
  ['tiles rank 5', { op: 'Tile', inputs: [noise([2, 1, 1, 2, 1]), vector(1, 1, 2, 2, 1)] }],
  ['blanks a triangle', { op: 'Trilu', inputs: [noise([2, 3, 3])] }],
  ['crops and pads', { op: 'CenterCropPad', inputs: [noise([2, 4]), vector(4, 2)] }],
  [
    'compresses',
    { op: 'Compress', inputs: [noise([3, 2]), whole([3], [1, 0, 1], 'bool')], attributes: { axis: 0 } },
  ],
  [
    'adds windows up',
    { op: 'Col2Im', inputs: [noise([2, 8, 4]), vector(3, 3), vector(2, 2)], attributes: { strides: [1, 1] } },
  ],
  ['ranks', { op: 'TopK', inputs: [apart([2, 4]), vector(2)], outputs: 2 }],
  [
    'ranks the smallest',
    { op: 'TopK', inputs: [apart([4, 2]), vector(2)], attributes: { axis: 0, largest: 0 }, outputs: 2 },
  ],
  ['reverses sequences', { op: 'ReverseSequence', inputs: [noise([3, 2, 2]), vector(2, 3)] }],
];

/** Sum of the float outputs, each element with its own weight. */
function score(node: SingleNode, replaced: ReadonlyMap<number, tf.Tensor>): tf.Scalar {
  const [y] = single(node).runWith(replaced);
  const weights = tf.reshape(tf.sin(tf.range(1, y.size + 1)), y.shape);
  return tf.sum(tf.mul(y, weights));
}

function centralDifferences(node: SingleNode, input: number, { dims, values }: HostTensor): number[] {
  const step = 0.01;
  const at = (i: number, by: number) => {
    const moved = tf.tensor(values.with(i, values[i] + by), dims as number[]);
    return score(node, new Map([[input, moved]])).dataSync()[0];
  };
  return values.map((_, i) => (at(i, step) - at(i, -step)) / (2 * step));
}

describe('gradients', () => {
  test.each(rows)('%s', async (_, node) => {
    await tf.setBackend('cpu');
    for (const [input, value] of node.inputs.entries()) {
      if (!value || 'fed' in value || value.dtype !== 'float32') continue;
      const x = tf.tensor(value.values as number[], value.dims as number[]);
      // As a network runs it: whatever the node leaves behind is gone before the gradient is taken.
      const gradient = tf.grad((t) => tf.tidy(() => score(node, new Map([[input, t]]))))(x);
      const expected = centralDifferences(node, input, value);
      const found = Array.from(gradient.dataSync());
      expect(found.length).toBe(expected.length);
      found.forEach((g, i) => {
        expect(g).toBeCloseTo(expected[i], 2);
      });
    }
  });
});
