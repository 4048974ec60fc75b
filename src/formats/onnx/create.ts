// A fresh ONNX file for a graph made in memory.

import type { Attribute, Graph, GraphNode, Tensor, ValueInfo } from '../../graph/types.ts';
import type { Model } from '../format.ts';
import { readOnnx } from './read.ts';
import {
  ATTRIBUTE,
  ATTRIBUTE_TYPE,
  DIMENSION,
  dataTypes,
  ENTRY,
  GRAPH,
  MODEL,
  NODE,
  OPSET,
  SHAPE,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
} from './schema.ts';
import { writeTensor } from './tensor.ts';
import { BinaryWriter, WireType } from './wire.ts';

const IR_VERSION = 8;

export interface CreateOptions {
  readonly fileName?: string;
  /** Key-value pairs kept in the file: class names, normalisation, origin. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The graph as an opened ONNX model, which `writeOnnx` saves. Node ids become positions in the file. */
export function createOnnx(
  graph: Graph,
  { fileName = `${graph.name}.onnx`, metadata = {} }: CreateOptions = {},
): Model {
  return readOnnx(encodeModel(graph, metadata), fileName);
}

const bytes = (writer: BinaryWriter, no: number, value: Uint8Array) =>
  writer.tag(no, WireType.LengthDelimited).bytes(value);
const string = (writer: BinaryWriter, no: number, value: string) =>
  writer.tag(no, WireType.LengthDelimited).string(value);
const varint = (writer: BinaryWriter, no: number, value: number) =>
  writer.tag(no, WireType.Varint).int64(value);

function encodeModel(graph: Graph, metadata: Readonly<Record<string, string>>): Uint8Array {
  const writer = new BinaryWriter();
  varint(writer, MODEL.irVersion, IR_VERSION);
  string(writer, MODEL.producerName, 'secateur');
  bytes(writer, MODEL.graph, encodeGraph(graph));
  for (const [domain, version] of graph.opsets) {
    const opset = new BinaryWriter();
    string(opset, OPSET.domain, domain);
    varint(opset, OPSET.version, version);
    bytes(writer, MODEL.opsetImport, opset.finish());
  }
  for (const [key, value] of Object.entries(metadata)) {
    const entry = new BinaryWriter();
    string(entry, ENTRY.key, key);
    string(entry, ENTRY.value, value);
    bytes(writer, MODEL.metadataProps, entry.finish());
  }
  return writer.finish();
}

function encodeGraph(graph: Graph): Uint8Array {
  const writer = new BinaryWriter();
  for (const node of graph.nodes) bytes(writer, GRAPH.node, encodeNode(node));
  string(writer, GRAPH.name, graph.name);
  for (const tensor of graph.tensors.values()) bytes(writer, GRAPH.initializer, writeTensor(tensor));
  for (const input of graph.inputs) bytes(writer, GRAPH.input, encodeValueInfo(input));
  for (const output of graph.outputs) bytes(writer, GRAPH.output, encodeValueInfo(output));
  for (const value of graph.values.values()) bytes(writer, GRAPH.valueInfo, encodeValueInfo(value));
  return writer.finish();
}

function encodeNode(node: GraphNode): Uint8Array {
  const writer = new BinaryWriter();
  for (const input of node.inputs) string(writer, NODE.input, input);
  for (const output of node.outputs) string(writer, NODE.output, output);
  string(writer, NODE.name, node.name);
  string(writer, NODE.opType, node.op);
  if (node.domain) string(writer, NODE.domain, node.domain);
  for (const [name, value] of Object.entries(node.attributes))
    bytes(writer, NODE.attribute, encodeAttribute(name, value));
  return writer.finish();
}

/** Attributes the spec declares as floats although their value may be whole. */
const floatAttributes = new Set([
  'alpha',
  'beta',
  'gamma',
  'epsilon',
  'momentum',
  'ratio',
  'value_float',
  'bias',
  'lambd',
  'spatial_scale',
  'cubic_coeff_a',
  'extrapolation_value',
  'scale',
  'softcap',
  'norm_coefficient',
  'rotary_embedding_dim_scale',
  'clip',
]);
const floatLists = new Set(['scales', 'value_floats', 'activation_alpha', 'activation_beta']);

function encodeAttribute(name: string, value: Attribute): Uint8Array {
  const writer = new BinaryWriter();
  string(writer, ATTRIBUTE.name, name);
  const type = encodeValue(writer, name, value);
  varint(writer, ATTRIBUTE.type, type);
  return writer.finish();
}

function encodeValue(writer: BinaryWriter, name: string, value: Attribute): number {
  if (typeof value === 'number') {
    if (floatAttributes.has(name) || !Number.isInteger(value)) {
      writer.tag(ATTRIBUTE.f, WireType.Bit32).float(value);
      return ATTRIBUTE_TYPE.float;
    }
    varint(writer, ATTRIBUTE.i, value);
    return ATTRIBUTE_TYPE.int;
  }
  if (typeof value === 'string') {
    string(writer, ATTRIBUTE.s, value);
    return ATTRIBUTE_TYPE.string;
  }
  if (Array.isArray(value)) return encodeList(writer, name, value);
  bytes(writer, ATTRIBUTE.t, writeTensor(value as Tensor));
  return ATTRIBUTE_TYPE.tensor;
}

function encodeList(writer: BinaryWriter, name: string, values: readonly (number | string)[]): number {
  if (values.some((value) => typeof value === 'string')) {
    for (const value of values) string(writer, ATTRIBUTE.strings, String(value));
    return ATTRIBUTE_TYPE.strings;
  }
  const numbers = values as readonly number[];
  if (floatLists.has(name) || numbers.some((value) => !Number.isInteger(value))) {
    for (const value of numbers) writer.tag(ATTRIBUTE.floats, WireType.Bit32).float(value);
    return ATTRIBUTE_TYPE.floats;
  }
  for (const value of numbers) varint(writer, ATTRIBUTE.ints, value);
  return ATTRIBUTE_TYPE.ints;
}

function encodeValueInfo({ name, dtype, dims }: ValueInfo): Uint8Array {
  const tensorType = new BinaryWriter();
  varint(tensorType, TENSOR_TYPE.elemType, dataTypes.indexOf(dtype));
  if (dims) {
    const shape = new BinaryWriter();
    for (const dim of dims) {
      const dimension = new BinaryWriter();
      if (typeof dim === 'number') varint(dimension, DIMENSION.value, dim);
      else string(dimension, DIMENSION.param, dim);
      bytes(shape, SHAPE.dim, dimension.finish());
    }
    bytes(tensorType, TENSOR_TYPE.shape, shape.finish());
  }
  const type = new BinaryWriter();
  bytes(type, TYPE.tensorType, tensorType.finish());
  const writer = new BinaryWriter();
  string(writer, VALUE_INFO.name, name);
  bytes(writer, VALUE_INFO.type, type.finish());
  return writer.finish();
}
