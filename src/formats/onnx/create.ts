// A fresh ONNX file for a graph made in memory.

import { isSubgraph } from '../../graph/query.ts';
import type { Attribute, Graph, GraphNode } from '../../graph/types.ts';
import { operatorOf } from '../../ops/table.ts';
import type { Model } from '../format.ts';
import { writeAttribute } from './attribute.ts';
import { writeOpset } from './opsets.ts';
import { readOnnx } from './read.ts';
import { ATTRIBUTE, ATTRIBUTE_TYPE, ENTRY, GRAPH, MODEL, NODE } from './schema.ts';
import { writeTensor } from './tensor.ts';
import { writeValueInfo } from './value-info.ts';
import { MessageWriter } from './wire.ts';

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
  return readOnnx(encodeModel(graph, metadata).finish(), fileName);
}

function encodeModel(graph: Graph, metadata: Readonly<Record<string, string>>): MessageWriter {
  const writer = new MessageWriter()
    .integer(MODEL.irVersion, IR_VERSION)
    .string(MODEL.producerName, 'secateur')
    .bytes(MODEL.graph, encodeGraph(graph));
  for (const [domain, version] of graph.opsets) writer.bytes(MODEL.opsetImport, writeOpset(domain, version));
  for (const [key, value] of Object.entries(metadata))
    writer.bytes(MODEL.metadataProps, new MessageWriter().string(ENTRY.key, key).string(ENTRY.value, value));
  return writer;
}

function encodeGraph(graph: Graph): MessageWriter {
  const writer = new MessageWriter();
  for (const node of graph.nodes) writer.bytes(GRAPH.node, encodeNode(node));
  writer.string(GRAPH.name, graph.name);
  for (const tensor of graph.tensors.values()) writer.bytes(GRAPH.initializer, writeTensor(tensor));
  for (const input of graph.inputs) writer.bytes(GRAPH.input, writeValueInfo(input));
  for (const output of graph.outputs) writer.bytes(GRAPH.output, writeValueInfo(output));
  for (const value of graph.values.values()) writer.bytes(GRAPH.valueInfo, writeValueInfo(value));
  return writer;
}

/** A node that no file has held. @throws ModelError `cannot-write` for a nested graph that is not held either */
export function encodeNode(node: GraphNode): MessageWriter {
  const writer = new MessageWriter();
  for (const input of node.inputs) writer.string(NODE.input, input);
  for (const output of node.outputs) writer.string(NODE.output, output);
  writer.string(NODE.name, node.name).string(NODE.opType, node.op);
  if (node.domain) writer.string(NODE.domain, node.domain);
  for (const [name, value] of Object.entries(node.attributes))
    writer.bytes(NODE.attribute, encodeAttribute(node, name, value));
  return writer;
}

function encodeAttribute(node: GraphNode, name: string, value: Attribute): MessageWriter {
  if (!isSubgraph(value) || !value.body) return writeAttribute(name, value, takesFloats(node, name, value));
  return new MessageWriter()
    .string(ATTRIBUTE.name, name)
    .integer(ATTRIBUTE.type, ATTRIBUTE_TYPE.graph)
    .bytes(ATTRIBUTE.g, encodeGraph(value.body));
}

/** Whether the operator declares the attribute as a float, whose value may be whole; else as the value looks. */
export function takesFloats(node: GraphNode, name: string, value: Attribute): boolean {
  const kind = operatorOf(node.domain, node.op)?.attrs[name]?.kind;
  if (kind) return kind === 'float' || kind === 'floats';
  const numbers = typeof value === 'number' ? [value] : Array.isArray(value) ? value : [];
  return numbers.some((number) => typeof number === 'number' && !Number.isInteger(number));
}
