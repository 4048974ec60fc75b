// Functions that a file defines: calls are read as their bodies, and written so once something changed.

import { expect, it } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { openModel, writeModel } from '../../src/formats/formats.ts';
import { writeAttribute } from '../../src/formats/onnx/attribute.ts';
import { ATTRIBUTE, GRAPH, MODEL, VALUE_INFO } from '../../src/formats/onnx/schema.ts';
import type { MessageWriter } from '../../src/formats/onnx/wire.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { expectLaw } from '../conformance/random/law.ts';
import { runOnnx } from '../onnx-runtime.ts';
import { attribute, message, node, payloads } from './files.ts';
import { activation, call, define, fileOf, layersFile, noise, weight } from './functions.ts';

const open = (bytes: Uint8Array) => openModel(bytes, 'layers.onnx');
const input = { x: { dims: [1, 3, 4, 4], data: Float32Array.from({ length: 48 }, (_, i) => Math.sin(i)) } };

it('reads calls as the bodies of their functions, with what each call gives', () => {
  const { graph, problems } = open(layersFile);
  expect(problems).toEqual([]);
  const body = ['Conv', 'If', 'LeakyRelu', 'Identity'];
  expect(graph.nodes.map(({ op }) => op)).toEqual([...body, ...body, 'Conv']);
  const slopes = graph.nodes.flatMap(({ op, attributes }) => (op === 'LeakyRelu' ? [attributes.alpha] : []));
  expect(slopes).toEqual([0.25, 0.5]);
  expect(analyse(graph).groups.map(({ root, units }) => [root.tensor, units])).toEqual([
    ['v', 6],
    ['w', 8],
  ]);
});

it('writes an unchanged file byte for byte', () => {
  expect(writeModel(open(layersFile))).toBe(layersFile);
});

it('writes a changed one without calls, and ONNX Runtime computes the same', async () => {
  const model = open(layersFile);
  const tensors = new Map([...model.graph.tensors].map(([name, each]) => [name, { ...each }]));
  const written = writeModel({ ...model, graph: { ...model.graph, tensors } });
  const expected = await runOnnx(layersFile, input);
  expect((await runOnnx(written, input)).out).toEqual(expected.out);
});

it('prunes through calls', async () => {
  const model = open(layersFile);
  expect(await expectLaw(model.graph, 1, { every: true })).toBeGreaterThan(0);
  const pruner = new MetaPruner(model.graph, { ratio: 0.5 });
  expect(pruner.step()).toBe(true);
  const written = writeModel({ ...model, graph: pruner.graph });
  expect(payloads(written, MODEL.functions)).toEqual([]);
  expect(open(written).graph.tensors.get('w')?.dims).toEqual([4, 3, 1, 1]);
  expect((await runOnnx(written, input)).out.dims).toEqual([1, 2, 4, 4]);
});

it('keeps the functions that a nested graph still calls', async () => {
  const inside = message()
    .bytes(GRAPH.node, call('Activation', ['x'], ['inner']))
    .string(GRAPH.name, 'then')
    .bytes(GRAPH.output, message().string(VALUE_INFO.name, 'inner'));
  const either = (name: string): MessageWriter =>
    attribute(name).integer(ATTRIBUTE.type, 5).bytes(ATTRIBUTE.g, inside);
  const total = node({ op: 'ReduceMax', inputs: ['x'], outputs: ['most'], attributes: [keepNothing] });
  const bytes = fileOf({
    nodes: [
      total,
      node({ op: 'Cast', inputs: ['most'], outputs: ['c'], attributes: [writeAttribute('to', 9, false)] }),
      node({
        op: 'If',
        inputs: ['c'],
        outputs: ['h'],
        attributes: [either('then_branch'), either('else_branch')],
      }),
      call('Activation', ['h'], ['g']),
      node({ op: 'Conv', inputs: ['g', 'v'], outputs: ['out'] }),
    ],
    initializers: [weight('v', 2, 3, 1, 1)],
    functions: [activation],
  });
  const model = open(bytes);
  const v = { ...model.graph.tensors.get('v')!, bytes: noise(2, 3, 1, 1) };
  const written = writeModel({ ...model, graph: { ...model.graph, tensors: new Map([['v', v]]) } });
  expect(payloads(written, MODEL.functions)).toHaveLength(1);
  expect((await runOnnx(written, input)).out.dims).toEqual([1, 2, 4, 4]);
});
const keepNothing = writeAttribute('keepdims', 0, false);

it('takes a call for an unknown operator where the function does not fit it', () => {
  const nodes = [call('Activation', ['x', 'x'], ['out'])];
  const { graph } = open(fileOf({ nodes, functions: [activation] }));
  expect(analyse(graph).problems).toMatchObject([{ code: 'unknown-operator' }]);
});

it('says where a function is written for other operators than the model', () => {
  const old = define({
    name: 'Old',
    inputs: ['x'],
    outputs: ['y'],
    nodes: [node({ op: 'Relu', inputs: ['x'], outputs: ['y'] })],
    opsets: { '': 13, 'other.domain': 4 },
  });
  const { graph, problems } = open(fileOf({ nodes: [call('Old', ['x'], ['out'])], functions: [old] }));
  expect(problems).toMatchObject([{ code: 'function-opset', where: 'Old' }]);
  expect(graph.opsets.get('')).toBe(17);
  expect(graph.opsets.get('other.domain')).toBe(4);
});

const chain = (name: string, calls: readonly string[]): MessageWriter =>
  define({
    name,
    inputs: ['x'],
    outputs: ['y'],
    nodes: calls.map((op, i) =>
      call(op, [i === 0 ? 'x' : `x${i}`], [i === calls.length - 1 ? 'y' : `x${i + 1}`]),
    ),
  });

it.each([
  ['calls itself', [chain('F0', ['F1']), chain('F1', ['F0'])]],
  [
    'unfold to more than half a million nodes',
    [...Array.from({ length: 30 }, (_, i) => chain(`F${i}`, [`F${i + 1}`, `F${i + 1}`])), chain('F30', [])],
  ],
  ['more than 64 deep', Array.from({ length: 80 }, (_, i) => chain(`F${i}`, [`F${i + 1}`]))],
])('refuses functions that %s', (why, functions) => {
  const nodes = [call('F0', ['x'], ['out'])];
  expect(() => open(fileOf({ nodes, functions }))).toThrow(why);
});
