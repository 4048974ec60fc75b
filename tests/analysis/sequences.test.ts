// Lists of values are taken apart where it is settled what they hold, and a network prunes through them.

import { expect, it } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { withoutSequences } from '../../src/analysis/sequences.ts';
import { openModel, writeModel } from '../../src/formats/formats.ts';
import { createOnnx } from '../../src/formats/onnx/create.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import type { Dim, Graph } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { expectLaw } from '../conformance/random/law.ts';
import { runOnnx } from '../onnx-runtime.ts';

const random = new Random(8);
const noise = (count: number) => Array.from({ length: count }, () => random.normal());
const opsOf = (graph: Graph) => withoutSequences(graph).nodes.map(({ op }) => op);

class Builder extends GraphBuilder {
  kernel(name: string, x: string, from: number, to: number): string {
    return this.node('MatMul', [x, this.tensor(name, 'float32', [from, to], noise(from * to))]);
  }

  scalar(value: number): string {
    return this.tensor(`scalar ${value}`, 'int64', [], [value]);
  }
}

/** x [rows, 4] → 12 channels → two chunks, one the gate of the other → 3 channels. */
function gated(opset: number, rows: Dim = 2): Graph {
  const b = new Builder('gated', { opset });
  const h = b.kernel('v', b.input('x', 'float32', [rows, 4]), 4, 12);
  const chunks = b.node('SplitToSequence', [h, b.scalar(6)], { axis: -1 });
  const [gate, value] = [0, -1].map((i) => b.node('SequenceAt', [chunks, b.scalar(i)]));
  const y = b.node('Mul', [b.node('Sigmoid', [gate]), value]);
  return b.output(b.kernel('w', y, 6, 3), [rows, 3]).graph();
}

it.each([11, 17])('chunks of channels, operator set %i', async (opset) => {
  const graph = gated(opset);
  expect(opsOf(graph)).toEqual(['MatMul', 'Split', 'Identity', 'Identity', 'Sigmoid', 'Mul', 'MatMul']);
  const { groups, problems } = analyse(graph);
  expect(problems).toEqual([]);
  expect(groups.map(({ units }) => units)).toEqual([6]);
  expect(await expectLaw(graph, 1, { every: true })).toBeGreaterThan(0);
});

it('are written as what took their place', async () => {
  const model = openModel(writeModel(createOnnx(gated(17))), 'gated.onnx');
  const pruner = new MetaPruner(model.graph, { ratio: 0.5 });
  expect(pruner.step()).toBe(true);
  const written = writeModel({ ...model, graph: pruner.graph });
  const again = openModel(written, 'smaller.onnx');
  expect(again.graph.tensors.get('v')?.dims).toEqual([4, 6]);
  const { y } = { y: again.graph.outputs[0].name };
  const x = { dims: [2, 4], data: Float32Array.from(noise(8)) };
  expect((await runOnnx(written, { x }))[y].dims).toEqual([2, 3]);
});

it('lists that grow are stacked, joined and counted', async () => {
  const b = new Builder('growing', { opset: 17 });
  const x = b.input('x', 'float32', [2, 4]);
  let list = b.node('SequenceConstruct', [b.kernel('a', x, 4, 6), b.kernel('b', x, 4, 6)]);
  list = b.node('SequenceInsert', [list, b.kernel('c', x, 4, 6), b.scalar(0)]);
  list = b.node('SequenceInsert', [list, b.kernel('d', x, 4, 5)]);
  list = b.node('SequenceErase', [list]);
  const stacked = b.node('ConcatFromSequence', [list], { axis: -2, new_axis: 1 });
  const joined = b.node('ConcatFromSequence', [list], { axis: 1 });
  const count = b.node('Cast', [b.node('SequenceLength', [list])], { to: 1 });
  const mean = b.node('Div', [
    b.node('ReduceSum', [stacked, b.integers('axes', [1])], { keepdims: 0 }),
    count,
  ]);
  const y = b.node('Add', [b.kernel('v', mean, 6, 3), b.kernel('w', joined, 18, 3)]);
  const graph = b.output(y, [2, 3]).graph();
  const { groups, problems, known } = analyse(graph);
  expect(problems).toEqual([]);
  expect(groups.map(({ root, units }) => [root.tensor, units])).toEqual([
    ['a', 6],
    ['d', 5],
  ]);
  expect([...known.values()].some(({ values }) => values[0] === 3)).toBe(true);
  expect(await expectLaw(graph, 2, { every: true })).toBeGreaterThan(0);
});

it('single positions come without their axis where the list asks for it', async () => {
  const b = new Builder('unbound', { opset: 17 });
  const x = b.input('x', 'float32', [2, 3, 4]);
  const rows = b.node('SplitToSequence', [b.kernel('v', x, 4, 6)], { axis: 1, keepdims: 0 });
  const row = (i: number) => b.node('SequenceAt', [rows, b.scalar(i)]);
  const y = b.kernel('w', b.node('Sub', [row(0), row(2)]), 6, 3);
  const graph = b.output(y, [2, 3]).graph();
  expect(analyse(graph).groups.map(({ units }) => units)).toEqual([6]);
  expect(await expectLaw(graph, 3, { every: true })).toBeGreaterThan(0);
});

it('a list that somebody else reads is made of its values', () => {
  const b = new Builder('both', { opset: 17 });
  const h = b.kernel('v', b.input('x', 'float32', [2, 4]), 4, 12);
  const chunks = b.node('SplitToSequence', [h, b.scalar(6)], { axis: 1 });
  const other = b.node('SequenceMap', [chunks]);
  const graph = b
    .output(b.node('SequenceAt', [chunks, b.scalar(1)]))
    .output(other)
    .graph();
  const nodes = withoutSequences(graph).nodes.map(({ op, inputs }) => [op, inputs.length]);
  expect(nodes).toEqual([
    ['MatMul', 2],
    ['Split', 2],
    ['SequenceConstruct', 2],
    ['SequenceMap', 1],
    ['Identity', 1],
  ]);
  expect(withoutSequences(withoutSequences(graph))).toStrictEqual(withoutSequences(graph));
});

it('a list whose length follows the input stays, and says so', () => {
  const b = new Builder('rows', { opset: 17 });
  const h = b.kernel('v', b.input('x', 'float32', ['N', 4]), 4, 12);
  const rows = b.node('SplitToSequence', [h, b.scalar(1)], { axis: 0 });
  const graph = b.output(b.node('SequenceAt', [rows, b.scalar(0)])).graph();
  expect(withoutSequences(graph)).toBe(graph);
  const { problems, frozen } = analyse(graph);
  expect(problems.map(({ code }) => code)).toContain('unknown-operator');
  expect(frozen).toMatchObject([{ tensor: 'v', axis: 1 }]);
});
