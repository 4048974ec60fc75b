// ModelProto to Model. What is read: the graph's nodes, constants and declared values. What is left to the kept bytes:
// functions, training information, sparse tensors and every field we have no use for.

import type { Attribute, DataType, Dim, Graph, GraphNode, Tensor, ValueInfo } from '../../graph/types.ts';
import { ModelError, type Problem } from '../../lib/errors.ts';
import type { Companions, Model } from '../format.ts';
import { filledConstant } from './fills.ts';
import {
  ATTRIBUTE,
  DIMENSION,
  dataTypes,
  GRAPH,
  MODEL,
  NODE,
  OPSET,
  SHAPE,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
} from './schema.ts';
import { readEntry, readTensor } from './tensor.ts';
import { type Field, fieldsOf, floats, integer, integers, text } from './wire.ts';

/** What the writer patches: the file's bytes, and what each part of it said when it was read. */
export interface OnnxSource {
  readonly bytes: Uint8Array;
  readonly nodes: ReadonlyMap<number, GraphNode>;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

const MAX_DEPTH = 64;

/** @throws ModelError `damaged-file`, `not-onnx`, `external-data`, `cyclic-graph` */
export function readOnnx(bytes: Uint8Array, fileName: string, companions: Companions = new Map()): Model {
  const metadata: Record<string, string> = {};
  const opsets = new Map<string, number>();
  const problems: Problem[] = [];
  let graphMessage: Uint8Array | undefined;
  for (const field of fieldsOf(bytes)) {
    if (field.no === MODEL.graph) graphMessage = field.payload;
    else if (field.no === MODEL.opsetImport) readOpset(field.payload, opsets);
    else if (field.no === MODEL.metadataProps) {
      const [key, value] = readEntry(field.payload);
      metadata[key] = value;
    } else if (field.no === MODEL.producerName) metadata.producer = text(field);
    else if (field.no === MODEL.producerVersion) metadata.producer_version = text(field);
    else if (field.no === MODEL.irVersion) metadata.ir_version = String(integer(field));
  }
  if (!graphMessage || opsets.size === 0)
    throw new ModelError({
      code: 'not-onnx',
      where: fileName,
      message: `"${fileName}" reads as protobuf but holds no ONNX graph.`,
      hint: 'Export the model as ONNX again.',
    });
  const reader = new GraphReader(companions, problems);
  const graph = reader.read(graphMessage, opsets);
  if (reader.withoutData.length > 0)
    problems.push({
      code: 'no-data',
      where: reader.withoutData[0],
      message: `${reader.withoutData.length} constants have a shape but no values: the model can be analysed, but not scored or run.`,
    });
  const source: OnnxSource = {
    bytes,
    nodes: new Map(graph.nodes.map((node) => [node.id, node])),
    tensors: graph.tensors,
  };
  return { format: 'onnx', fileName, graph, source, problems, metadata };
}

function readOpset(message: Uint8Array, opsets: Map<string, number>): void {
  let domain = '';
  let version = 1;
  for (const field of fieldsOf(message)) {
    if (field.no === OPSET.domain) domain = text(field);
    else if (field.no === OPSET.version) version = integer(field);
  }
  opsets.set(domain === 'ai.onnx' ? '' : domain, version);
}

class GraphReader {
  private readonly companions: Companions;
  private readonly problems: Problem[];
  private readonly tensors = new Map<string, Tensor>();
  readonly withoutData: string[] = [];

  constructor(companions: Companions, problems: Problem[]) {
    this.companions = companions;
    this.problems = problems;
  }

  read(message: Uint8Array, opsets: ReadonlyMap<string, number>): Graph {
    let name = '';
    const nodes: GraphNode[] = [];
    const inputs: ValueInfo[] = [];
    const outputs: ValueInfo[] = [];
    const values = new Map<string, ValueInfo>();
    let id = 0;
    for (const field of fieldsOf(message)) {
      if (field.no === GRAPH.node) this.addNode(readNode(field.payload, id++, this.companions), nodes);
      else if (field.no === GRAPH.name) name = text(field);
      else if (field.no === GRAPH.initializer) this.addTensor(readTensor(field.payload, '', this.companions));
      else if (field.no === GRAPH.input) inputs.push(readValueInfo(field.payload));
      else if (field.no === GRAPH.output) outputs.push(readValueInfo(field.payload));
      else if (field.no === GRAPH.valueInfo) {
        const info = readValueInfo(field.payload);
        values.set(info.name, info);
      } else if (field.no === GRAPH.sparseInitializer)
        this.problems.push({
          code: 'sparse-tensor',
          where: 'graph',
          message:
            'A sparse constant of this model is kept but not understood; what reads it stays as it is.',
        });
    }
    const computed = nodes.filter((node) => {
      const filled = filledConstant(node, this.tensors.get(node.inputs[0]));
      if (filled) this.addTensor(filled);
      return !filled;
    });
    const realInputs = inputs.filter((input) => !this.tensors.has(input.name));
    const available = new Set([...realInputs.map((input) => input.name), ...this.tensors.keys()]);
    return {
      name,
      inputs: realInputs,
      outputs,
      nodes: sortNodes(computed, available),
      tensors: this.tensors,
      values,
      opsets,
    };
  }

  private addTensor(tensor: Tensor): void {
    if (!tensor.bytes && tensor.dtype !== 'string' && tensor.dtype !== 'opaque') {
      if (tensor.dims.every((dim) => dim > 0)) this.withoutData.push(tensor.name);
      else {
        this.tensors.set(tensor.name, { ...tensor, bytes: new Uint8Array(0) });
        return;
      }
    }
    this.tensors.set(tensor.name, tensor);
  }

  /** Constant nodes become tensors; the writer finds them again by their output. */
  private addNode(node: GraphNode, nodes: GraphNode[]): void {
    const constant = node.op === 'Constant' && node.domain === '' ? constantOf(node) : undefined;
    if (constant) this.addTensor(constant);
    else nodes.push(node);
  }
}

function constantOf({ attributes, outputs: [name] }: GraphNode): Tensor | undefined {
  const { value, value_float: f, value_floats: fs, value_int: i, value_ints: is } = attributes;
  if (typeof value === 'object' && 'dtype' in value) return { ...value, name };
  const floating = f ?? fs;
  const whole = i ?? is;
  if (floating !== undefined) return listTensor(name, 'float32', floating as number | readonly number[]);
  if (whole !== undefined) return listTensor(name, 'int64', whole as number | readonly number[]);
  return undefined;
}

function listTensor(name: string, dtype: 'float32' | 'int64', value: number | readonly number[]): Tensor {
  const values = typeof value === 'number' ? [value] : value;
  const data = dtype === 'float32' ? Float32Array.from(values) : BigInt64Array.from(values, BigInt);
  return {
    name,
    dtype,
    dims: typeof value === 'number' ? [] : [values.length],
    bytes: new Uint8Array(data.buffer),
  };
}

function readNode(message: Uint8Array, id: number, companions: Companions): GraphNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: Record<string, Attribute> = {};
  let name = '';
  let op = '';
  let domain = '';
  for (const field of fieldsOf(message)) {
    if (field.no === NODE.input) inputs.push(text(field));
    else if (field.no === NODE.output) outputs.push(text(field));
    else if (field.no === NODE.name) name = text(field);
    else if (field.no === NODE.opType) op = text(field);
    else if (field.no === NODE.domain) domain = text(field);
    else if (field.no === NODE.attribute) {
      const attribute = readAttribute(field.payload, companions, 0);
      if (attribute) attributes[attribute.name] = attribute.value;
    }
  }
  return {
    id,
    name: name || `${op}_${id}`,
    op,
    domain: domain === 'ai.onnx' ? '' : domain,
    inputs,
    outputs,
    attributes,
  };
}

function readAttribute(
  message: Uint8Array,
  companions: Companions,
  depth: number,
): { name: string; value: Attribute } | undefined {
  let name = '';
  let type = 0;
  let single: Attribute | undefined;
  const numbers: number[] = [];
  const strings: string[] = [];
  const captures = new Set<string>();
  let subgraphs = 0;
  for (const field of fieldsOf(message)) {
    switch (field.no) {
      case ATTRIBUTE.name:
        name = text(field);
        break;
      case ATTRIBUTE.type:
        type = integer(field);
        break;
      case ATTRIBUTE.f:
        single = floats(field)[0];
        break;
      case ATTRIBUTE.i:
        single = integer(field);
        break;
      case ATTRIBUTE.s:
        single = text(field);
        break;
      case ATTRIBUTE.t:
        single = readTensor(field.payload, '', companions);
        break;
      case ATTRIBUTE.g:
      case ATTRIBUTE.graphs:
        subgraphs++;
        for (const capture of capturesOf(field.payload, depth + 1)) captures.add(capture);
        break;
      case ATTRIBUTE.floats:
        numbers.push(...floats(field));
        break;
      case ATTRIBUTE.ints:
        numbers.push(...integers(field));
        break;
      case ATTRIBUTE.strings:
        strings.push(text(field));
        break;
    }
  }
  if (subgraphs > 0) return { name, value: { kind: 'subgraph', captures: [...captures] } };
  const value = single ?? defaultValue(type, numbers, strings);
  return value === undefined ? undefined : { name, value };
}

/** Proto3 leaves zeros and empty lists out; the attribute's type still tells what is meant. */
function defaultValue(type: number, numbers: number[], strings: string[]): Attribute | undefined {
  if (numbers.length > 0 || type === 6 || type === 7) return numbers;
  if (strings.length > 0 || type === 8) return strings;
  if (type === 1 || type === 2) return 0;
  return type === 3 ? '' : undefined;
}

/** Names that the nodes of a nested graph read from outside of it. */
function capturesOf(message: Uint8Array, depth: number): Set<string> {
  if (depth > MAX_DEPTH)
    throw new ModelError({
      code: 'damaged-file',
      where: 'graph',
      message: `Its graphs are nested more than ${MAX_DEPTH} deep; the file is damaged.`,
    });
  const own = new Set<string>();
  const read = new Set<string>();
  for (const field of fieldsOf(message)) {
    if (field.no === GRAPH.input) own.add(readValueInfo(field.payload).name);
    else if (field.no === GRAPH.initializer) own.add(readTensor(field.payload, '', new Map()).name);
    else if (field.no === GRAPH.output) read.add(readValueInfo(field.payload).name);
    else if (field.no === GRAPH.node)
      for (const part of fieldsOf(field.payload)) {
        if (part.no === NODE.input) read.add(text(part));
        else if (part.no === NODE.output) own.add(text(part));
        else if (part.no === NODE.attribute) for (const name of nestedCaptures(part, depth)) read.add(name);
      }
  }
  read.delete('');
  return new Set([...read].filter((name) => !own.has(name)));
}

function nestedCaptures(attribute: Field, depth: number): string[] {
  return [...fieldsOf(attribute.payload)]
    .filter((field) => field.no === ATTRIBUTE.g || field.no === ATTRIBUTE.graphs)
    .flatMap((field) => [...capturesOf(field.payload, depth + 1)]);
}

function readValueInfo(message: Uint8Array): ValueInfo {
  let name = '';
  let dtype: DataType = 'opaque';
  let dims: Dim[] | undefined;
  for (const field of fieldsOf(message)) {
    if (field.no === VALUE_INFO.name) name = text(field);
    else if (field.no === VALUE_INFO.type)
      for (const kind of fieldsOf(field.payload)) {
        if (kind.no !== TYPE.tensorType) continue;
        for (const part of fieldsOf(kind.payload)) {
          if (part.no === TENSOR_TYPE.elemType) dtype = dataTypes[integer(part)] ?? 'opaque';
          else if (part.no === TENSOR_TYPE.shape) dims = readShape(part.payload);
        }
      }
  }
  // A dimension nobody named is a symbol of its own.
  const named = dims?.map((dim, axis) => (dim === '' ? `${name}.${axis}` : dim));
  return named ? { name, dtype, dims: named } : { name, dtype };
}

function readShape(message: Uint8Array): Dim[] {
  const dims: Dim[] = [];
  for (const field of fieldsOf(message)) {
    if (field.no !== SHAPE.dim) continue;
    let dim: Dim = '';
    for (const part of fieldsOf(field.payload)) {
      if (part.no === DIMENSION.value) dim = Math.max(0, integer(part));
      else if (part.no === DIMENSION.param) dim = text(part);
    }
    dims.push(dim);
  }
  return dims;
}

/** Topological order that leaves nodes where they are when it can. @throws ModelError `cyclic-graph` */
function sortNodes(nodes: readonly GraphNode[], available: Set<string>): GraphNode[] {
  const producers = new Map<string, GraphNode>();
  for (const node of nodes) for (const name of node.outputs) if (name) producers.set(name, node);
  const out: GraphNode[] = [];
  const state = new Map<GraphNode, 'open' | 'done'>();
  for (const root of nodes) {
    const stack = [root];
    while (stack.length > 0) {
      const node = stack[stack.length - 1];
      if (state.get(node) === 'done') {
        stack.pop();
        continue;
      }
      state.set(node, 'open');
      const waiting = readsOf(node)
        .filter((name) => !available.has(name))
        .map((name) => producers.get(name))
        .filter((producer) => producer !== undefined && state.get(producer) !== 'done') as GraphNode[];
      if (waiting.length === 0) {
        stack.pop();
        state.set(node, 'done');
        for (const name of node.outputs) available.add(name);
        out.push(node);
      } else {
        const cyclic = waiting.find((producer) => state.get(producer) === 'open');
        if (cyclic) throw cyclicGraph(cyclic);
        stack.push(...waiting.reverse());
      }
    }
  }
  return out;
}

const readsOf = (node: GraphNode): string[] => [
  ...node.inputs,
  ...Object.values(node.attributes).flatMap((value) =>
    typeof value === 'object' && 'kind' in value ? value.captures : [],
  ),
];

const cyclicGraph = (node: GraphNode): ModelError =>
  new ModelError({
    code: 'cyclic-graph',
    where: node.name,
    message: `The node "${node.name}" (${node.op}) depends on its own output, so this graph cannot be run.`,
    hint: 'Export the model again; an ONNX graph has no cycles.',
  });
