// Scales that a network computes from its own sizes, once those shrink.

import { expect, test } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import { toNumbers } from '../../src/graph/tensor.ts';
import { cut } from '../../src/pruning/surgery.ts';

/** A layer of 9 channels, divided by the root of their number, as Swin computes it from its stream. */
function divided(): GraphBuilder {
  const b = new GraphBuilder('divided');
  const layer = (x: string, name: string, from: number, to: number) =>
    b.node('MatMul', [x, b.tensor(name, 'float32', [from, to], new Array(from * to).fill(1))]);
  const y = layer(b.input('x', 'float32', ['N', 4]), 'wide', 4, 9);
  const width = b.node('Gather', [b.node('Shape', [y]), b.integers('last', [1])]);
  const root = b.node('Sqrt', [b.node('Cast', [width], { to: 1 })], {}, { name: 'root' });
  return b.output(layer(b.node('Div', [y, root]), 'head', 9, 2));
}

test('a scale of what is no head stays as it was, under a name that is free', () => {
  const b = divided();
  b.input('root_out_kept', 'float32', [1]);
  const analysis = analyse(b.graph());
  const { graph } = cut(analysis, new Map([['wide:1', [0, 1, 2, 3, 4]]]));
  const divisor = graph.nodes.find(({ op }) => op === 'Div')?.inputs[1] ?? '';
  const kept = graph.tensors.get(divisor);
  expect(kept && toNumbers(kept)).toEqual([3]);
});
