// Files that define functions of their own: a convolution with an activation of its own as a layer, called twice.

import { writeAttribute } from '../../src/formats/onnx/attribute.ts';
import { writeOpset } from '../../src/formats/onnx/opsets.ts';
import { ATTRIBUTE, FUNCTION, GRAPH, MODEL, TENSOR, VALUE_INFO } from '../../src/formats/onnx/schema.ts';
import { writeValueInfo } from '../../src/formats/onnx/value-info.ts';
import type { MessageWriter } from '../../src/formats/onnx/wire.ts';
import { encodeNumbers } from '../../src/graph/tensor.ts';
import { Random } from '../../src/lib/random.ts';
import { attribute, message, node, onnxFile, tensor } from './files.ts';

const LAYERS = 'my.layers';
const random = new Random(5);
export const noise = (...dims: number[]): Uint8Array =>
  encodeNumbers(
    'float32',
    Array.from({ length: dims.reduce((a, b) => a * b) }, () => random.normal()),
  );
export const weight = (name: string, ...dims: number[]): MessageWriter =>
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

export function define({ name, inputs, outputs, nodes, defaults = [], asked = [], opsets = {} }: Parts) {
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

export const call = (op: string, inputs: string[], outputs: string[], attributes: MessageWriter[] = []) =>
  node({ op, domain: LAYERS, name: `the ${op} of ${outputs}`, inputs, outputs, attributes });

const given = (name: string, type: number): MessageWriter =>
  attribute(name).integer(ATTRIBUTE.type, type).string(ATTRIBUTE.refAttrName, name);

const FLOAT = 1;
const INT = 2;

/** The leaky activation that a call asks for, 0.1 unless stated; `tmp` is a name that others use, too. */
export const activation = define({
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

export const fileOf = ({ nodes, functions, initializers = [] }: FileParts): Uint8Array =>
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
export const layersFile = fileOf({
  nodes: [
    call('Layer', ['x', 'v'], ['a']),
    call('Layer', ['a', 'w', 'b'], ['tmp'], [writeAttribute('alpha', 0.5, true)]),
    node({ op: 'Conv', inputs: ['tmp', 'u'], outputs: ['out'] }),
  ],
  initializers: [weight('v', 6, 3, 1, 1), weight('w', 8, 6, 1, 1), weight('b', 8), weight('u', 2, 8, 1, 1)],
  functions: [activation, layer],
});
