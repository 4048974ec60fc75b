// Sizes that a file computes from its input go on following it after a cut, also where one is computed behind another
// that had to be rewritten. Exporters write them as Shape → Gather → Concat → Reshape.

import { describe, expect, test } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { inferTypes } from '../../src/analysis/fold.ts';
import { openModel, writeModel } from '../../src/formats/formats.ts';
import { createOnnx } from '../../src/formats/onnx/create.ts';
import { writeOnnx } from '../../src/formats/onnx/write.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import { printGraph } from '../../src/graph/print.ts';
import { cut } from '../../src/pruning/surgery.ts';
import { expectLaw } from '../conformance/random/law.ts';

const counting = (count: number) => Array.from({ length: count }, (_, i) => Math.sin(i));

/** [N, T, 4] → two kv heads, repeated as PyTorch's `expand` is exported → a linear layer. */
function repeated() {
  const b = new GraphBuilder('repeated heads', { opset: 17 });
  const x = b.input('x', 'float32', ['N', 'T', 4]);
  const shape = b.node('Shape', [x]);
  const [batch, length] = [0, 1].map((axis) => b.node('Gather', [shape, b.integers(`axis ${axis}`, [axis])]));
  const rows = b.node('MatMul', [x, b.tensor('w', 'float32', [4, 6], counting(24))]);
  const lone = b.node('Reshape', [rows, b.integers('lone', [0, 0, 2, 1, 3])]);
  const constants = [2, 2, 3].map((size, i) => b.integers(`size ${i}`, [size]));
  const sizes = b.node('Concat', [batch, length, ...constants], { axis: 0 });
  const isKept = b.node('Equal', [sizes, b.integers('minus ones', [-1, -1, -1, -1, -1])]);
  const target = b.node('Where', [isKept, b.integers('ones', [1, 1, 1, 1, 1]), sizes]);
  const heads = b.node('Expand', [lone, target]);
  const merged = b.node('Reshape', [heads, b.integers('merged', [0, 0, -1])]);
  return b.output(b.node('MatMul', [merged, b.tensor('head', 'float32', [12, 2], counting(24))])).graph();
}

/** Keys and values of two heads, repeated to sizes that are computed once, as ONNX Runtime merges equal arithmetic. */
function repeatedAlike() {
  const b = new GraphBuilder('keys and values repeated alike', { opset: 17 });
  const x = b.input('x', 'float32', ['N', 'T', 4]);
  const shape = b.node('Shape', [x]);
  const [batch, length] = [0, 1].map((axis) => b.node('Gather', [shape, b.integers(`axis ${axis}`, [axis])]));
  const constants = [2, 2, 3].map((size, i) => b.integers(`size ${i}`, [size]));
  const target = b.node('Concat', [batch, length, ...constants], { axis: 0 });
  const lone = b.integers('lone', [0, 0, 2, 1, 3]);
  const repeat = (name: string) => {
    const rows = b.node('MatMul', [x, b.tensor(name, 'float32', [4, 6], counting(24))]);
    const heads = b.node('Expand', [b.node('Reshape', [rows, lone]), target]);
    return b.node('Reshape', [heads, b.integers(`${name} merged`, [0, 0, -1])]);
  };
  const head = (name: string, y: string) =>
    b.node('MatMul', [y, b.tensor(name, 'float32', [12, 2], counting(24))]);
  return b.output(b.node('Add', [head('hk', repeat('k')), head('hv', repeat('v'))])).graph();
}

/** [N, T, 4] → a linear layer on rows, written with computed targets → heads → merged → a linear layer. */
function network() {
  const b = new GraphBuilder('rows and heads', { opset: 17 });
  const weights = (name: string, dims: readonly number[]) =>
    b.tensor(name, 'float32', dims, counting(dims[0] * dims[1]));
  const size = (value: string, axis: number) =>
    b.node('Gather', [b.node('Shape', [value]), b.integers(`${value} axis ${axis}`, [axis])]);
  const reshape = (value: string, ...sizes: (string | number)[]) => {
    const parts = sizes.map((s, i) => (typeof s === 'string' ? s : b.integers(`${value} size ${i}`, [s])));
    return b.node('Reshape', [value, b.node('Concat', parts, { axis: 0 })]);
  };
  const x = b.input('x', 'float32', ['N', 'T', 4]);
  const rows = b.node('MatMul', [reshape(x, -1, 4), weights('w', [4, 6])]);
  const tokens = reshape(rows, size(x, 0), size(x, 1), 6);
  const heads = reshape(tokens, size(tokens, 0), size(tokens, 1), 2, 3);
  const merged = reshape(heads, size(heads, 0), size(heads, 1), 6);
  return b.output(b.node('MatMul', [merged, weights('head', [6, 2])])).graph();
}

/**
 * [N, T, 4] → twice [N · heads, T, 3], each head an example of its own, of sizes that are computed once → merged → a
 * linear layer.
 * @param through what the sizes go through
 */
function besideTheBatch(
  join: (b: GraphBuilder, parts: readonly string[]) => readonly string[],
  through: (b: GraphBuilder, sizes: string) => string = (_, sizes) => sizes,
) {
  const b = new GraphBuilder('heads beside the batch', { opset: 17 });
  const list = (value: number) => b.integers(`${value}`, [value]);
  const x = b.input('x', 'float32', ['N', 'T', 4]);
  const shape = b.node('Shape', [x]);
  const [batch, length] = [0, 1].map((axis) =>
    b.node('Gather', [shape, b.tensor(`axis ${axis}`, 'int64', [], [axis])]),
  );
  const inList = (size: string) => b.node('Unsqueeze', [size, list(0)]);
  const all = b.node('Mul', [batch, b.tensor('heads', 'int64', [], [2])]);
  const seen = (value: string, ...sizes: string[]) =>
    b.node('Reshape', [value, b.node('Concat', sizes, { axis: 0 })]);
  const swapped = (value: string) => b.node('Transpose', [value], { perm: [0, 2, 1, 3] });
  const flat = through(b, b.node('Concat', [inList(all), list(-1), list(3)], { axis: 0 }));
  const examples = ['q', 'k'].map((name) => {
    const rows = b.node('MatMul', [x, b.tensor(name, 'float32', [4, 6], counting(24))]);
    const heads = seen(rows, inList(batch), list(-1), list(2), list(3));
    return b.node('Reshape', [swapped(heads), flat]);
  });
  const ends = join(b, examples).map((value, i) => {
    const apart = swapped(seen(value, inList(batch), list(2), inList(length), list(3)));
    const merged = seen(apart, inList(batch), list(-1), list(6));
    return b.node('MatMul', [merged, b.tensor(`head ${i}`, 'float32', [6, 2], counting(12))]);
  });
  return b.output(ends.length === 1 ? ends[0] : b.node('Add', ends)).graph();
}
const multiplied = besideTheBatch((b, parts) => [b.node('Mul', parts)]);
const apart = besideTheBatch((_, parts) => parts);

test.each([
  ['rows and heads', 'head-dims', network()],
  ['repeated heads', 'head-dims', repeated()],
  ['keys and values repeated alike', 'head-dims', repeatedAlike()],
  ['the dims of heads beside the batch', 'head-dims', multiplied],
  ['heads beside the batch', 'heads', multiplied],
  ['heads beside the batch, of one layer alone', 'heads', apart],
  ['the dims of heads beside the batch, of one layer alone', 'head-dims', apart],
])('a pruned network takes every batch and length that the original takes: %s', (_, wanted, original) => {
  const analysis = analyse(original);
  const group = analysis.groups.find(({ kind }) => kind === wanted);
  const { graph, problems } = cut(analysis, new Map([[group?.id ?? '', [1]]]));
  expect(problems).toEqual([]);
  for (const [N, T] of [
    [1, 5],
    [3, 7],
  ]) {
    const inference = inferTypes(graph, { N, T });
    expect(inference.problems).toEqual([]);
    expect(inference.types.get(graph.outputs[0].name)?.dims).toEqual([N, T, 2]);
  }
});

test('a size that only the input makes is written down where it has to change, and that is told', () => {
  const raised = besideTheBatch(
    (_, parts) => parts,
    (b, sizes) => b.node('Add', [b.node('Sub', [sizes, sizes]), sizes]),
  );
  const analysis = analyse(raised);
  const group = analysis.groups.find(({ kind }) => kind === 'heads');
  const { graph, problems } = cut(analysis, new Map([[group?.id ?? '', [1]]]));
  expect(problems.map(({ code }) => code)).toEqual(['size-written-down']);
  const { types } = inferTypes(graph, analysis.bindings);
  expect(types.get(graph.outputs[0].name)).toEqual(analysis.types.get(raised.outputs[0].name));
});

describe('readers of one computed size that want different numbers are each given their own', () => {
  test.each([
    ['heads beside the batch', apart],
    ['keys and values repeated alike', repeatedAlike()],
  ])('%s', async (_, original) => {
    for (const seed of [1, 2, 3, 4])
      expect(await expectLaw(original, seed, { without: ['heads'], every: true })).toBeGreaterThan(0);
  });

  test('by copies of what computes them, which the file gets where they belong', () => {
    const model = openModel(writeOnnx(createOnnx(apart)), 'apart.onnx');
    const analysis = analyse(model.graph);
    const dims = analysis.groups.filter(({ kind }) => kind === 'head-dims');
    const { graph, problems } = cut(analysis, new Map(dims.map(({ id }, g) => [id, g === 0 ? [0] : [0, 2]])));
    expect(problems).toEqual([]);
    expect(graph.nodes.length).toBeGreaterThan(model.graph.nodes.length);
    const read = new Set([
      ...graph.outputs.map(({ name }) => name),
      ...graph.nodes.flatMap(({ inputs }) => inputs),
    ]);
    expect(graph.nodes.filter(({ outputs: [made] }) => !read.has(made))).toEqual([]);
    expect(printGraph(openModel(writeModel({ ...model, graph }), 'apart.onnx').graph)).toBe(
      printGraph(graph),
    );
  });
});
