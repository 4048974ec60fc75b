// Branches that sizes decide are followed, wherever a network is analysed, cut, run or written; others keep their
// channels, with the reason.

import { expect, test } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { followBranches } from '../../src/analysis/branches.ts';
import { createOnnx } from '../../src/formats/onnx/create.ts';
import { readOnnx } from '../../src/formats/onnx/read.ts';
import { writeOnnx } from '../../src/formats/onnx/write.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import type { Dim, Graph, Subgraph } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';
import { cut } from '../../src/pruning/surgery.ts';
import { expectLaw, inputsOf } from '../conformance/random/law.ts';
import { runOnnx } from '../onnx-runtime.ts';

const random = new Random(3);
const noise = (count: number) => Array.from({ length: count }, () => random.normal());

/** A branch over the outer value `y`: an own constant named `w`, like one outside, then `op`. */
function branch(name: string, op: string): Subgraph {
  const body = new GraphBuilder(name);
  const scaled = body.node('Mul', ['y', body.tensor('w', 'float32', [1], [2])], {}, { name: 'scaled' });
  body.output(body.node(op, [scaled], {}, { name }));
  return { kind: 'subgraph', captures: ['y'], body: body.graph() };
}

/** x [1, 3, height] → Conv w → y [1, 4, height] → If(height = `asked`) → Conv → output; a squeeze by the way. */
function network(height: Dim, asked: number): Graph {
  const b = new GraphBuilder('branching', { opset: 17 });
  const x = b.input('x', 'float32', [1, 3, height]);
  const attributes = { kernel_shape: [1] };
  const made = b.node('Conv', [x, b.tensor('w', 'float32', [4, 3, 1], noise(12))], attributes);
  const y = b.node('Relu', [made], {}, { name: 'y' });
  const size = b.node('Gather', [b.node('Shape', [y]), b.tensor('two', 'int64', [], [2])]);
  const condition = b.node('Equal', [size, b.tensor('asked', 'int64', [], [asked])]);
  const branches = { then_branch: branch('then', 'Tanh'), else_branch: branch('otherwise', 'Neg') };
  const chosen = b.node('If', [condition], branches, { name: 'choice' });
  const last = b.node(
    'Conv',
    [chosen, b.tensor('v', 'float32', [2, 4, 1], noise(8)), b.tensor('b', 'float32', [2], noise(2))],
    attributes,
  );
  const graph = b.output(last, [1, 2, height]).graph();
  const rename = (name: string) => (name === 'y_out' ? 'y' : name);
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
    })),
  };
}

test.each([
  ['then', 5, 'Tanh'],
  ['else', 7, 'Neg'],
])('the %s branch takes the place of its node', async (_, asked, op) => {
  const graph = network(5, asked);
  const followed = followBranches(graph);
  expect(followed.nodes.map((node) => node.op)).toEqual([
    'Conv',
    'Relu',
    'Shape',
    'Gather',
    'Equal',
    'Mul',
    op,
    'Conv',
  ]);
  expect(followBranches(followed)).toBe(followed);
  const { groups, problems } = analyse(graph);
  expect(problems).toEqual([]);
  expect(groups.map(({ members }) => members.map(({ tensor, axis }) => `${tensor} ${axis}`))).toEqual([
    ['w 0', 'v 1'],
  ]);
  expect(await expectLaw(graph, 1, { every: true })).toBeGreaterThan(0);
});

test('the kept file is patched: the branch is written where its node was', async () => {
  const file = writeOnnx(createOnnx(network(5, 5)));
  const model = readOnnx(file, 'branching.onnx');
  const analysis = analyse(model.graph);
  const same = writeOnnx({ ...model, graph: analysis.graph });
  const inputs = inputsOf(analysis, new Random(9));
  expect(await runOnnx(same, inputs)).toEqual(await runOnnx(file, inputs));
  const pruned = cut(analysis, new Map([[analysis.groups[0].id, [1, 2]]]));
  const written = readOnnx(writeOnnx({ ...model, graph: pruned.graph }), 'pruned.onnx').graph;
  expect(written.nodes.map(({ op }) => op)).toEqual(pruned.graph.nodes.map(({ op }) => op));
  expect(written.tensors.get('w')?.dims).toEqual([2, 3, 1]);
});

test('a branch that the size of the input decides is not followed', () => {
  const graph = network('length', 5);
  expect(followBranches(graph)).toBe(graph);
  const { frozen, problems } = analyse(graph);
  expect(problems.map(({ message }) => message)).toEqual([
    '"choice" (If) takes a branch that only its input decides; neither is followed.',
  ]);
  expect(frozen.find(({ tensor }) => tensor === 'w')?.why).toMatch(/takes a branch that only its input/);
});

test('a condition that is made of itself many times over is looked at once', () => {
  const b = new GraphBuilder('folded back', { opset: 17 });
  let sum = b.node('Size', [b.input('y', 'float32', [1, 3])]);
  for (let i = 0; i < 60; i++)
    sum = b.node('Mul', [sum, b.node('Min', [sum, b.tensor(`one ${i}`, 'int64', [], [1])])]);
  const condition = b.node('Equal', [sum, b.tensor('three', 'int64', [], [3])]);
  const branches = { then_branch: branch('then', 'Tanh'), else_branch: branch('otherwise', 'Neg') };
  const graph = b.output(b.node('If', [condition], branches)).graph();
  expect(followBranches(graph).nodes.at(-1)?.op).toBe('Tanh');
});
