// Which readers of one vector are layers of their own.

import { expect, it } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import { checkGraph } from '../../src/graph/spec.ts';

/** x → MatMul → Add of a bias, scaled by a number of the bias's type and size, as library functions are written. */
it('a bias whose type and sizes are asked for stays one', () => {
  const b = new GraphBuilder('scaled bias', { opset: 18 });
  const x = b.input('x', 'float32', [1, 4]);
  const bias = b.tensor('bias', 'float32', [6], [1, 2, 3, 4, 5, 6]);
  const one = b.node('CastLike', [b.tensor('one', 'float32', [], [1]), bias]);
  const size = b.node('CastLike', [b.node('Size', [bias]), bias]);
  const scaled = b.node('Div', [b.node('Mul', [b.node('Mul', [bias, one]), size]), size]);
  const h = b.node('Add', [
    scaled,
    b.node('MatMul', [
      x,
      b.tensor(
        'v',
        'float32',
        [4, 6],
        Array.from({ length: 24 }, (_, i) => i),
      ),
    ]),
  ]);
  const w = b.tensor('w', 'float32', [6, 2], new Array(12).fill(1));
  const { copies, groups } = analyse(b.output(b.node('MatMul', [h, w])).graph());
  expect([...copies]).toEqual([]);
  expect(groups[0].members.map(({ tensor }) => tensor)).toEqual(['bias', 'v', 'w']);
});

/** Two layers with one constant as the bias of both. */
function twoLayers(): GraphBuilder {
  const b = new GraphBuilder('two layers');
  let h = b.input('x', 'float32', [1, 4]);
  const bias = b.tensor('bias', 'float32', [6], [0, 0, 0, 0, 0, 0]);
  for (const [name, width] of [
    ['v', 4],
    ['w', 6],
  ] as const) {
    const kernel = b.tensor(name, 'float32', [width, 6], new Array(width * 6).fill(1));
    h = b.node('Relu', [b.node('Add', [b.node('MatMul', [h, kernel]), bias])]);
  }
  const last = b.tensor('u', 'float32', [6, 2], new Array(12).fill(1));
  return b.output(b.node('MatMul', [h, last]));
}

it('a bias that exporters gave to two layers is told apart', () => {
  const { copies, groups } = analyse(twoLayers().graph());
  expect([...copies.values()]).toEqual(['bias']);
  expect(groups.map(({ root }) => root.tensor)).toEqual(['v', 'w']);
});

it('a vector that is told apart takes no name of the network', () => {
  const [copy] = analyse(twoLayers().graph()).copies.keys();
  const crowded = twoLayers();
  crowded.input(copy, 'float32', [1]);
  const { graph, copies } = analyse(crowded.graph());
  expect(checkGraph(graph)).toEqual([]);
  expect([...copies.values()]).toEqual(['bias']);
});
