// ModelProto to Model. What is read: the graph's nodes, constants and declared values. What is left to the kept bytes:
// functions, training information, quantisation notes and every field we have no use for.

import { checkGraph } from '../../graph/spec.ts';
import { elementSize } from '../../graph/tensor.ts';
import type { Attribute, Graph, GraphNode, Tensor, ValueInfo } from '../../graph/types.ts';
import { ModelError, type Problem } from '../../lib/errors.ts';
import type { Companions, Model } from '../format.ts';
import { recognise } from '../recognise.ts';
import { readAttribute } from './attribute.ts';
import { filledConstant } from './fills.ts';
import { sortNodes } from './order.ts';
import { GRAPH, MODEL, NODE, OPSET } from './schema.ts';
import { readSparseTensor } from './sparse.ts';
import { readEntry, readTensor } from './tensor.ts';
import { readValueInfo } from './value-info.ts';
import { Damage, type Field, fieldsOf, integer, type Message, text } from './wire.ts';

/** What the writer patches: the file's bytes, and what each part of it said when it was read. */
export interface OnnxSource {
  readonly bytes: Uint8Array;
  readonly irVersion: number;
  readonly graph: Graph;
  readonly nodes: ReadonlyMap<number, GraphNode>;
  /** Whether some constants came from other files; the written file holds them all. */
  readonly external: boolean;
}

/** Older operator sets mean other things by the same names. */
const OLDEST_OPSET = 7;

/** @throws ModelError `damaged-file`, `not-onnx`, `external-data`, `cyclic-graph`, `illegal-graph` */
export function readOnnx(bytes: Uint8Array, fileName: string, companions: Companions = new Map()): Model {
  try {
    return readModel(bytes, fileName, companions);
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    throw new ModelError({
      code: 'damaged-file',
      where: fileName,
      message: `"${fileName}" looks like ONNX but ${error.message}; it is truncated or damaged.`,
      hint: 'Download or export it again.',
    });
  }
}

interface Header {
  readonly graph: Field;
  readonly opsets: ReadonlyMap<string, number>;
  readonly irVersion: number;
  readonly metadata: Readonly<Record<string, string>>;
}

function readModel(bytes: Uint8Array, fileName: string, companions: Companions): Model {
  const { graph: message, opsets, irVersion, metadata } = readHeader(bytes, fileName);
  const reader = new GraphReader(companions);
  const graph = reader.read(message, opsets);
  const [illegal] = checkGraph(graph);
  if (illegal)
    throw new ModelError({ ...illegal, hint: 'The file breaks a rule of ONNX. Export the model again.' });
  const source: OnnxSource = {
    bytes,
    irVersion,
    graph,
    nodes: new Map(graph.nodes.map((node) => [node.id, node])),
    external: companions.size > 0,
  };
  const problems = [...opsetProblems(opsets, fileName), ...reader.problems()];
  return { format: 'onnx', fileName, graph, source, problems, metadata };
}

function readHeader(bytes: Uint8Array, fileName: string): Header {
  const metadata: [string, string][] = [];
  const opsets = new Map<string, number>();
  let graph: Field | undefined;
  let irVersion = 0;
  for (const field of fieldsOf(bytes)) {
    if (field.no === MODEL.graph) {
      if (graph) throw new Damage('holds two graphs');
      graph = field;
    } else if (field.no === MODEL.opsetImport) readOpset(field, opsets);
    else if (field.no === MODEL.metadataProps) metadata.push(readEntry(field));
    else if (field.no === MODEL.producerName) metadata.push(['producer', text(field)]);
    else if (field.no === MODEL.producerVersion) metadata.push(['producer_version', text(field)]);
    else if (field.no === MODEL.irVersion) irVersion = integer(field);
  }
  if (!graph) throw notOnnx(bytes, fileName);
  metadata.push(['ir_version', String(irVersion)]);
  return { graph, opsets, irVersion, metadata: Object.fromEntries(metadata) };
}

/** Another protobuf file; formats of other frameworks begin like ONNX. */
function notOnnx(bytes: Uint8Array, fileName: string): ModelError {
  const kind = recognise(bytes, fileName);
  return new ModelError({
    code: 'not-onnx',
    where: fileName,
    message: `"${fileName}" is ${kind ? `${kind.what}, not ONNX` : 'protobuf but holds no ONNX graph'}.`,
    hint: kind?.hint ?? 'Export the model as ONNX again.',
  });
}

function readOpset(message: Message, opsets: Map<string, number>): void {
  let domain = '';
  let version = 1;
  for (const field of fieldsOf(message)) {
    if (field.no === OPSET.domain) domain = text(field);
    else if (field.no === OPSET.version) version = integer(field);
  }
  opsets.set(standardDomain(domain), version);
}

/** `ai.onnx` is another name of the standard domain. */
const standardDomain = (domain: string): string => (domain === 'ai.onnx' ? '' : domain);

function opsetProblems(opsets: ReadonlyMap<string, number>, fileName: string): Problem[] {
  const version = opsets.get('') ?? (opsets.size === 0 ? 1 : OLDEST_OPSET);
  if (version >= OLDEST_OPSET) return [];
  return [
    {
      code: 'old-opset',
      where: fileName,
      message: `The model uses operator set ${version}; below ${OLDEST_OPSET}, operators may mean something else than they are read as.`,
      hint: 'Convert it with onnx.version_converter, or export it again.',
    },
  ];
}

class GraphReader {
  private readonly companions: Companions;
  private readonly tensors = new Map<string, Tensor>();
  /** Bytes spelled out for constants that the file only describes. */
  private filled = 0;

  constructor(companions: Companions) {
    this.companions = companions;
  }

  /** Constants that bring no values. */
  problems(): Problem[] {
    const empty = [...this.tensors.values()].filter(({ bytes, dtype }) => !bytes && elementSize(dtype) > 0);
    if (empty.length === 0) return [];
    return [
      {
        code: 'no-data',
        where: empty[0].name,
        message: `${empty.length} constants have a shape but no values: the model can be analysed, but not scored or run.`,
      },
    ];
  }

  read(message: Message, opsets: ReadonlyMap<string, number>): Graph {
    let name = '';
    const nodes: GraphNode[] = [];
    const inputs: ValueInfo[] = [];
    const outputs: ValueInfo[] = [];
    const values = new Map<string, ValueInfo>();
    let id = 0;
    const readBody = (body: Message) => new GraphReader(this.companions).read(body, opsets);
    for (const field of fieldsOf(message)) {
      const { no } = field;
      if (no === GRAPH.node) this.addNode(readNode(field, id++, this.companions, readBody), nodes);
      else if (no === GRAPH.name) name = text(field);
      else if (no === GRAPH.initializer) this.addTensor(readTensor(field, '', this.companions));
      else if (no === GRAPH.sparseInitializer) this.addTensor(readSparseTensor(field, this.companions));
      else if (no === GRAPH.input) inputs.push(readValueInfo(field));
      else if (no === GRAPH.output) outputs.push(readValueInfo(field));
      else if (no === GRAPH.valueInfo) {
        const info = readValueInfo(field);
        values.set(info.name, info);
      }
    }
    const computed = nodes.filter((node) => !this.fill(node));
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
    const empty = !tensor.bytes && elementSize(tensor.dtype) > 0 && tensor.dims.includes(0);
    this.tensors.set(tensor.name, empty ? { ...tensor, bytes: new Uint8Array(0) } : tensor);
  }

  /** Constant nodes become tensors; the writer finds them again by their output. */
  private addNode(node: GraphNode, nodes: GraphNode[]): void {
    const constant = node.op === 'Constant' && node.domain === '' ? constantOf(node) : undefined;
    if (constant) this.addTensor(constant);
    else nodes.push(node);
  }

  /** Whether the node only fills a shape that is written down, and became a constant. */
  private fill(node: GraphNode): boolean {
    const constant = filledConstant(node, this.tensors.get(node.inputs[0]), this.filled);
    if (!constant) return false;
    this.filled += constant.bytes?.length ?? 0;
    this.addTensor(constant);
    return true;
  }
}

function constantOf({ attributes, outputs: [name] }: GraphNode): Tensor | undefined {
  const { value_float: f, value_floats: fs, value_int: i, value_ints: is } = attributes;
  const { value_string: s, value_strings: ss } = attributes;
  const value = attributes.value ?? attributes.sparse_value;
  if (typeof value === 'object' && 'dtype' in value) return { ...value, name };
  if (s !== undefined) return { name, dtype: 'string', dims: [] };
  if (ss !== undefined) return { name, dtype: 'string', dims: [(ss as readonly string[]).length] };
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

function readNode(
  message: Message,
  id: number,
  companions: Companions,
  readBody: (message: Message) => Graph,
): GraphNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: [string, Attribute][] = [];
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
      const attribute = readAttribute(field, companions, readBody);
      if (attribute) attributes.push(attribute);
    }
  }
  return {
    id,
    name: name || `${op}_${id}`,
    op,
    domain: standardDomain(domain),
    inputs,
    outputs,
    attributes: Object.fromEntries(attributes),
  };
}
