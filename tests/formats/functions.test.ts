// Functions that a file defines: calls are read as their bodies, and written so once something changed.

import { expect, it } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { openModel, writeModel } from '../../src/formats/formats.ts';
import { writeAttribute } from '../../src/formats/onnx/attribute.ts';
import { writeOpset } from '../../src/formats/onnx/opsets.ts';
import { ATTRIBUTE, FUNCTION, GRAPH, MODEL, TENSOR, VALUE_INFO } from '../../src/formats/onnx/schema.ts';
import { writeValueInfo } from '../../src/formats/onnx/value-info.ts';
import type { MessageWriter } from '../../src/formats/onnx/wire.ts';
import { encodeNumbers } from '../../src/graph/tensor.ts';
import { Random } from '../../src/lib/random.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { expectLaw } from '../conformance/random/law.ts';
import { runOnnx } from '../onnx-runtime.ts';
import { attribute, message, node, onnxFile, payloads, tensor } from './files.ts';

const LAYERS = 'my.layers';
const random = new Random(5);
const noise = (...dims: number[]): Uint8Array =>
  encodeNumbers(
    'float32',
    Array.from({ length: dims.reduce((a, b) => a * b) }, () => random.normal()),
  );
const weight = (name: string, ...dims: number[]): MessageWriter =>
  tensor(name, 1, dims).bytes(TENSOR.rawData, noise(...dims));

interface Parts {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly MessageWriter[];
  readonly defaults?: readonly MessageWriter[];
  /** Attributes without a default. */
  readonly asked?: readonly string[];
  readonly opsets?: Readonly<Record<string, number>>;
}

function define({ name, inputs, outputs, nodes, defaults = [], asked = [], opsets = {} }: Parts) {
  const writer = message().string(FUNCTION.name, name).string(FUNCTION.domain, LAYERS);
  for (const input of inputs) writer.string(FUNCTION.input, input);
  for (const output of outputs) writer.string(FUNCTION.output, output);
  for (const each of asked) writer.string(FUNCTION.attributeName, each);
  for (const each of nodes) writer.bytes(FUNCTION.node, each);
  for (const each of defaults) writer.bytes(FUNCTION.attribute, each);
  for (const [domain, version] of Object.entries({ '': 17, [LAYERS]: 1, ...opsets }))
    writer.bytes(FUNCTION.opsetImport, writeOpset(domain, version));
  return writer;
}

const call = (op: string, inputs: string[], outputs: string[], attributes: MessageWriter[] = []) =>
  node({ op, domain: LAYERS, name: `the ${op} of ${outputs}`, inputs, outputs, attributes });

const given = (name: string, type: number): MessageWriter =>
  attribute(name).integer(ATTRIBUTE.type, type).string(ATTRIBUTE.refAttrName, name);

const FLOAT = 1;
const INT = 2;

/** The leaky activation that a call asks for, 0.1 unless stated; `tmp` is a name that others use, too. */
const activation = define({
  name: 'Activation',
  inputs: ['x'],
  outputs: ['y'],
  nodes: [
    node({ op: 'LeakyRelu', inputs: ['x'], outputs: ['tmp'], attributes: [given('alpha', FLOAT)] }),
    node({ op: 'Identity', inputs: ['tmp'], outputs: ['y'] }),
  ],
  defaults: [writeAttribute('alpha', 0.1, true)],
});

/** A convolution with a bias that may be missing; it adds what it was given where it is as wide, in a nested graph. */
const nested = (op: string) =>
  message()
    .bytes(GRAPH.node, node({ op, name: op, inputs: ['tmp'], outputs: ['inner'] }))
    .string(GRAPH.name, op)
    .bytes(GRAPH.output, message().string(VALUE_INFO.name, 'inner'));
const branch = (name: string, op: string): MessageWriter =>
  attribute(name).integer(ATTRIBUTE.type, 5).bytes(ATTRIBUTE.g, nested(op));
const layer = define({
  name: 'Layer',
  inputs: ['x', 'w', 'b'],
  outputs: ['y'],
  nodes: [
    node({ op: 'Conv', inputs: ['x', 'w', 'b'], outputs: ['tmp'], attributes: [given('group', INT)] }),
    node({ op: 'Constant', outputs: ['yes'], attributes: [constantOf(9, Uint8Array.of(1))] }),
    node({
      op: 'If',
      inputs: ['yes'],
      outputs: ['chosen'],
      attributes: [branch('then_branch', 'Tanh'), branch('else_branch', 'Neg')],
    }),
    call('Activation', ['chosen'], ['y'], [given('alpha', FLOAT)]),
  ],
  defaults: [writeAttribute('alpha', 0.25, true)],
  asked: ['group'],
});

function constantOf(type: number, bytes: Uint8Array): MessageWriter {
  return attribute('value')
    .integer(ATTRIBUTE.type, 4)
    .bytes(ATTRIBUTE.t, message().integer(TENSOR.dataType, type).bytes(TENSOR.rawData, bytes));
}

const image = (name: string, channels: number): MessageWriter =>
  writeValueInfo({ name, dtype: 'float32', dims: [1, channels, 4, 4] });

interface FileParts {
  readonly nodes: readonly MessageWriter[];
  readonly functions: readonly MessageWriter[];
  readonly initializers?: readonly MessageWriter[];
}

const fileOf = ({ nodes, functions, initializers = [] }: FileParts): Uint8Array =>
  onnxFile({
    nodes,
    initializers,
    opset: 17,
    irVersion: 8,
    inputs: [],
    outputs: [],
    graph: (graph) => graph.bytes(GRAPH.input, image('x', 3)).bytes(GRAPH.output, image('out', 2)),
    model: (model) => {
      model.bytes(MODEL.opsetImport, writeOpset(LAYERS, 1));
      for (const each of functions) model.bytes(MODEL.functions, each);
    },
  });

/** Two layers, the second with a bias and its own slope, then a plain convolution. */
const file = fileOf({
  nodes: [
    call('Layer', ['x', 'v'], ['a']),
    call('Layer', ['a', 'w', 'b'], ['tmp'], [writeAttribute('alpha', 0.5, true)]),
    node({ op: 'Conv', inputs: ['tmp', 'u'], outputs: ['out'] }),
  ],
  initializers: [weight('v', 6, 3, 1, 1), weight('w', 8, 6, 1, 1), weight('b', 8), weight('u', 2, 8, 1, 1)],
  functions: [activation, layer],
});

const open = (bytes: Uint8Array) => openModel(bytes, 'layers.onnx');
const input = { x: { dims: [1, 3, 4, 4], data: Float32Array.from({ length: 48 }, (_, i) => Math.sin(i)) } };

it('reads calls as the bodies of their functions, with what each call gives', () => {
  const { graph, problems } = open(file);
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
  expect(writeModel(open(file))).toBe(file);
});

it('writes a changed one without calls, and ONNX Runtime computes the same', async () => {
  const model = open(file);
  const tensors = new Map([...model.graph.tensors].map(([name, each]) => [name, { ...each }]));
  const written = writeModel({ ...model, graph: { ...model.graph, tensors } });
  const expected = await runOnnx(file, input);
  expect((await runOnnx(written, input)).out).toEqual(expected.out);
});

it('prunes through calls', async () => {
  const model = open(file);
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
