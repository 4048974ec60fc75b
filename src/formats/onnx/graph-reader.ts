// GraphProto, and the body of a FunctionProto, to Graph.

import { inlined, prefixed } from '../../graph/inline.ts';
import { elementSize } from '../../graph/tensor.ts';
import type { Attribute, Graph, GraphNode, Tensor, ValueInfo } from '../../graph/types.ts';
import type { Problem } from '../../lib/errors.ts';
import type { Companions } from '../format.ts';
import { readAttribute } from './attribute.ts';
import { filledConstant } from './fills.ts';
import type { FunctionDefinition, Functions } from './functions.ts';
import { standardDomain } from './opsets.ts';
import { sortNodes } from './order.ts';
import { FUNCTION, GRAPH, NODE } from './schema.ts';
import { readSparseTensor } from './sparse.ts';
import { readTensor } from './tensor.ts';
import { readValueInfo } from './value-info.ts';
import { fieldsOf, type Message, text } from './wire.ts';

/** What all graphs of a file share. */
export interface FileParts {
  readonly companions: Companions;
  readonly functions: Functions;
  readonly opsets: ReadonlyMap<string, number>;
  /** Bytes spelled out so far for constants that the file only describes. */
  filled: number;
}

/** Where in a function a graph lies. */
interface Scope {
  /** Functions whose bodies are being read, outermost first. */
  readonly open: readonly FunctionDefinition[];
  /** What the attributes of the innermost one are. */
  readonly given: ReadonlyMap<string, Attribute>;
}

const MAIN: Scope = { open: [], given: new Map() };

export class GraphReader {
  private readonly file: FileParts;
  private readonly scope: Scope;
  private readonly tensors = new Map<string, Tensor>();
  private readonly nodes: GraphNode[] = [];
  private readonly values = new Map<string, ValueInfo>();
  /** The bodies of called functions, by `GraphNode.id`. */
  private readonly calls = new Map<number, Graph>();
  private nextId = 0;

  constructor(file: FileParts, scope = MAIN) {
    this.file = file;
    this.scope = scope;
  }

  /** The graph with its calls as nodes. @throws Damage, ModelError */
  read(message: Message): Graph {
    let name = '';
    const inputs: ValueInfo[] = [];
    const outputs: ValueInfo[] = [];
    for (const field of fieldsOf(message)) {
      const { no } = field;
      if (no === GRAPH.node) this.addNode(field);
      else if (no === GRAPH.name) name = text(field);
      else if (no === GRAPH.initializer) this.addTensor(readTensor(field, this.file.companions));
      else if (no === GRAPH.sparseInitializer) this.addTensor(readSparseTensor(field, this.file.companions));
      else if (no === GRAPH.input) inputs.push(readValueInfo(field));
      else if (no === GRAPH.output) outputs.push(readValueInfo(field));
      else if (no === GRAPH.valueInfo) this.addValue(field);
    }
    return this.graph(name, inputs, outputs);
  }

  /** The graph with the bodies of functions in place of their calls. */
  unfolded(graph: Graph): Graph {
    if (this.calls.size === 0) return graph;
    const { functions, opsets } = this.file;
    return { ...inlined(graph, this.calls), opsets: functions.joinOpsets(opsets) };
  }

  private graph(name: string, inputs: readonly ValueInfo[], outputs: readonly ValueInfo[]): Graph {
    const computed = this.nodes.filter((node) => !this.fill(node));
    const realInputs = inputs.filter((input) => !this.tensors.has(input.name));
    const available = new Set([...realInputs.map((input) => input.name), ...this.tensors.keys()]);
    return {
      name,
      inputs: realInputs,
      outputs,
      nodes: sortNodes(computed, available),
      tensors: this.tensors,
      values: this.values,
      opsets: this.file.opsets,
    };
  }

  private readonly readInner = (message: Message): Graph => {
    const reader = new GraphReader(this.file, this.scope);
    return reader.unfolded(reader.read(message));
  };

  /** The body of a function as one call asks for it. */
  private readCalled(definition: FunctionDefinition, call: GraphNode): Graph {
    const { file, scope } = this;
    file.functions.enter(definition, scope.open);
    const given = new Map<string, Attribute>(Object.entries(call.attributes));
    for (const message of definition.defaults) {
      const attribute = this.readAttributeOf(message);
      if (attribute && !given.has(attribute[0])) given.set(...attribute);
    }
    const reader = new GraphReader(file, { open: [...scope.open, definition], given });
    const body = reader.unfolded(reader.readFunction(definition));
    file.functions.count(body.nodes.length);
    return prefixed(body, `${call.name}/`);
  }

  private readFunction({ message, inputs, outputs }: FunctionDefinition): Graph {
    for (const field of fieldsOf(message))
      if (field.no === FUNCTION.node) this.addNode(field);
      else if (field.no === FUNCTION.valueInfo) this.addValue(field);
    return this.graph('', inputs.map(untyped), outputs.map(untyped));
  }

  private addValue(message: Message): void {
    const info = readValueInfo(message);
    this.values.set(info.name, info);
  }

  private addTensor(tensor: Tensor): void {
    const empty = !tensor.bytes && elementSize(tensor.dtype) > 0 && tensor.dims.includes(0);
    this.tensors.set(tensor.name, empty ? { ...tensor, bytes: new Uint8Array(0) } : tensor);
  }

  /** Constant nodes become tensors; the writer finds them again by their output. */
  private addNode(message: Message): void {
    const node = this.readNode(message, this.nextId++);
    const definition = this.file.functions.calledBy(node, message);
    if (definition) this.calls.set(node.id, this.readCalled(definition, node));
    const constant =
      node.op === 'Constant' && node.domain === '' && !definition ? constantOf(node) : undefined;
    if (constant) this.addTensor(constant);
    else this.nodes.push(node);
  }

  private readNode(message: Message, id: number): GraphNode {
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
        const attribute = this.readAttributeOf(field);
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

  private readAttributeOf(message: Message): [string, Attribute] | undefined {
    return readAttribute(message, this.file.companions, this.readInner, this.scope.given);
  }

  /** Whether the node only fills a shape that is written down, and became a constant. */
  private fill(node: GraphNode): boolean {
    const constant = filledConstant(node, this.tensors.get(node.inputs[0]), this.file.filled);
    if (!constant) return false;
    this.file.filled += constant.bytes?.length ?? 0;
    this.addTensor(constant);
    return true;
  }
}

const untyped = (name: string): ValueInfo => ({ name, dtype: 'opaque' });

/** Constants that bring no values. */
export function missingData(tensors: ReadonlyMap<string, Tensor>): Problem[] {
  const empty = [...tensors.values()].filter(({ bytes, dtype }) => !bytes && elementSize(dtype) > 0);
  if (empty.length === 0) return [];
  return [
    {
      code: 'no-data',
      where: empty[0].name,
      message: `${empty.length} constants have a shape but no values: the model can be analysed, but not scored or run.`,
    },
  ];
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
