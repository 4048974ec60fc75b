// Small ONNX files made in memory, field by field.

import { createOnnx } from '../../src/formats/onnx/create.ts';
import { ATTRIBUTE, GRAPH, MODEL, NODE, OPSET, TENSOR } from '../../src/formats/onnx/schema.ts';
import { writeValueInfo } from '../../src/formats/onnx/value-info.ts';
import { fieldsOf, MessageWriter } from '../../src/formats/onnx/wire.ts';
import { writeOnnx } from '../../src/formats/onnx/write.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/types.ts';

export const message = (): MessageWriter => new MessageWriter();

export interface NodeParts {
  readonly op: string;
  readonly inputs?: readonly string[];
  readonly outputs: readonly string[];
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: readonly MessageWriter[];
}

export function node({
  op,
  inputs = [],
  outputs,
  name = '',
  domain = '',
  attributes = [],
}: NodeParts): MessageWriter {
  const writer = message();
  for (const input of inputs) writer.string(NODE.input, input);
  for (const output of outputs) writer.string(NODE.output, output);
  writer.string(NODE.name, name).string(NODE.opType, op);
  if (domain) writer.string(NODE.domain, domain);
  for (const attribute of attributes) writer.bytes(NODE.attribute, attribute);
  return writer;
}

export const attribute = (name: string): MessageWriter => message().string(ATTRIBUTE.name, name);

/** A TensorProto of element type number `type` without data. */
export function tensor(name: string, type: number, dims: readonly number[]): MessageWriter {
  const writer = message().integer(TENSOR.dataType, type).string(TENSOR.name, name);
  for (const dim of dims) writer.integer(TENSOR.dims, dim);
  return writer;
}

export interface ModelParts {
  readonly nodes?: readonly MessageWriter[];
  readonly initializers?: readonly MessageWriter[];
  /** Further fields of the GraphProto. */
  readonly graph?: (writer: MessageWriter) => void;
  /** Further fields of the ModelProto. */
  readonly model?: (writer: MessageWriter) => void;
  readonly irVersion?: number;
  readonly opset?: number;
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
}

/** A file whose inputs and outputs are float vectors of two. */
export function onnxFile({
  nodes = [],
  initializers = [],
  graph: moreGraph = () => {},
  model: moreModel = () => {},
  irVersion = 8,
  opset = 17,
  inputs = ['x'],
  outputs = ['y'],
}: ModelParts): Uint8Array {
  const graph = message();
  for (const each of nodes) graph.bytes(GRAPH.node, each);
  graph.string(GRAPH.name, 'test');
  for (const each of initializers) graph.bytes(GRAPH.initializer, each);
  const vector = (name: string) => writeValueInfo({ name, dtype: 'float32', dims: [2] });
  for (const name of inputs) graph.bytes(GRAPH.input, vector(name));
  for (const name of outputs) graph.bytes(GRAPH.output, vector(name));
  moreGraph(graph);
  const writer = message().integer(MODEL.irVersion, irVersion).bytes(MODEL.graph, graph);
  writer.bytes(MODEL.opsetImport, message().integer(OPSET.version, opset));
  moreModel(writer);
  return writer.finish();
}

/** y = x + w, for whatever `w` is. */
export const adding = (w: MessageWriter, more: ModelParts = {}): Uint8Array =>
  onnxFile({ nodes: [node({ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] })], initializers: [w], ...more });

/** What the fields of this number hold. */
export const payloads = (bytes: Uint8Array, no: number): Uint8Array[] =>
  [...fieldsOf(bytes)].filter((field) => field.no === no).map((field) => field.payload);

/** A small network: convolution, normalisation, activation, pooling, classifier. */
export function tinyNetwork(): Graph {
  const values = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i + 1));
  const b = new GraphBuilder('tiny');
  const x = b.input('x', 'float32', ['N', 1, 6, 6]);
  const kernel = b.tensor('conv.weight', 'float32', [4, 1, 3, 3], values(36));
  const conv = b.node('Conv', [x, kernel], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
  const positive = Float32Array.from([1, 2, 3, 4]);
  const statistics = ['scale', 'shift', 'mean', 'variance'].map((name) =>
    b.tensor(`bn.${name}`, 'float32', [4], positive),
  );
  const norm = b.node('BatchNormalization', [conv, ...statistics], { epsilon: 1e-5 });
  const pooled = b.node('GlobalAveragePool', [b.node('Relu', [norm])]);
  const flat = b.node('Reshape', [pooled, b.integers('flat', [0, -1])]);
  const y = b.node('Gemm', [flat, b.tensor('fc.weight', 'float32', [3, 4], values(12))], { transB: 1 });
  return b.output(y, ['N', 3]).graph();
}

export const tinyFile = (): Uint8Array => writeOnnx(createOnnx(tinyNetwork(), { metadata: { mean: '0.5' } }));
