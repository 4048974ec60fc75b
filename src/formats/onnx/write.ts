// Model to bytes by patching: the kept file is walked once, and only the fields that pruning or training changed are
// written anew. An unchanged model is written back byte for byte, but for weights that came from other files: they are
// in the written one.

import { isSubgraph } from '../../graph/query.ts';
import type { Graph, GraphNode, Tensor } from '../../graph/types.ts';
import type { Model } from '../format.ts';
import { isFloating, nameIn, writeAttribute } from './attribute.ts';
import { encodeNode, takesFloats } from './create.ts';
import { namesOf, refilledSizes } from './fills.ts';
import { writeOpset } from './opsets.ts';
import type { OnnxSource } from './read.ts';
import { ATTRIBUTE, GRAPH, MODEL, NODE, SPARSE, TENSOR, VALUE_INFO } from './schema.ts';
import { isExternal, patchTensor, writeTensor } from './tensor.ts';
import { patchValueInfo, writeValueInfo } from './value-info.ts';
import { type Field, fieldsOf, MessageWriter } from './wire.ts';

/** From this version on, constants need not be listed among the graph's inputs. */
const FREE_CONSTANTS = 4;

/** @throws ModelError `too-large`, `cannot-write` */
export function writeOnnx(model: Model): Uint8Array {
  const source = model.source as OnnxSource;
  if (model.graph === source.graph && !source.external) return source.bytes;
  const spent = hasNestedGraphs(model.graph) ? new Set() : source.functions;
  const writer = new MessageWriter();
  for (const field of fieldsOf(source.bytes))
    if (field.no === MODEL.graph) writer.bytes(field.no, writeGraph(field.payload, model.graph, source));
    else if (field.no !== MODEL.functions || !spent.has(field.start)) writer.raw(field.raw);
  for (const [domain, version] of model.graph.opsets)
    if (!source.stated.opsets.has(domain)) writer.bytes(MODEL.opsetImport, writeOpset(domain, version));
  return writer.finish();
}

/** These may call functions of the file, and are kept as they are. */
const hasNestedGraphs = ({ nodes }: Graph): boolean =>
  nodes.some(({ attributes }) => Object.values(attributes).some(isSubgraph));

function writeGraph(message: Uint8Array, graph: Graph, source: OnnxSource): MessageWriter {
  const writer = new MessageWriter();
  const patch = new GraphPatch(message, graph, source);
  for (const field of fieldsOf(message)) {
    const value = patch.valueOf(field);
    if (value === 'unchanged') writer.raw(field.raw);
    else for (const patched of value) writer.bytes(field.no, patched);
  }
  for (const node of patch.appended()) writer.bytes(GRAPH.node, node);
  for (const tensor of patch.added()) {
    writer.bytes(GRAPH.initializer, writeTensor(tensor));
    if (source.irVersion < FREE_CONSTANTS) writer.bytes(GRAPH.input, writeValueInfo(tensor));
  }
  return writer;
}

/** The messages that take a field's place; none where it is gone. */
type Patched = readonly (MessageWriter | Uint8Array)[] | 'unchanged';

/** What becomes of each field of a GraphProto; ask in the order of the fields. */
class GraphPatch {
  private readonly graph: Graph;
  private readonly source: OnnxSource;
  private readonly nodes: ReadonlyMap<number, GraphNode>;
  /** New size lists of constants that are filled with one number. */
  private readonly sizes: ReadonlyMap<string, Tensor>;
  /** Nodes that the file did not have, by the id of the node of the file that they come before; `undefined`: the last. */
  private readonly fresh: ReadonlyMap<number | undefined, readonly GraphNode[]>;
  /** Constants that are written densely from now on. */
  private readonly dense: Tensor[] = [];
  private id = 0;

  constructor(message: Uint8Array, graph: Graph, source: OnnxSource) {
    this.graph = graph;
    this.source = source;
    this.nodes = new Map(graph.nodes.map((node) => [node.id, node]));
    this.fresh = freshNodes(graph, source);
    this.sizes = refilledSizes(constantNodes(message, source), graph.tensors, source.stated.tensors);
  }

  valueOf({ no, payload }: Field): Patched {
    switch (no) {
      case GRAPH.node:
        return this.nodeOf(payload, this.id++);
      case GRAPH.initializer: {
        const name = nameIn(payload, TENSOR.name);
        const tensor = this.sizes.get(name) ?? this.changed(name) ?? this.inlined(payload, name);
        return tensor ? [patchTensor(payload, tensor)] : 'unchanged';
      }
      case GRAPH.sparseInitializer: {
        const tensor = this.changed(sparseName(payload));
        if (tensor) this.dense.push(tensor);
        return tensor ? [] : 'unchanged';
      }
      case GRAPH.input:
      case GRAPH.output:
      case GRAPH.valueInfo: {
        const name = nameIn(payload, VALUE_INFO.name);
        const dims = this.changed(name)?.dims ?? this.graph.values.get(name)?.dims;
        const patched = dims && patchValueInfo(payload, dims);
        return patched ? [patched] : 'unchanged';
      }
      default:
        return 'unchanged';
    }
  }

  /** Nodes that the file did not have, and that come after all of its own. */
  appended(): MessageWriter[] {
    return encoded(this.fresh.get(undefined));
  }

  /** Constants that the file did not have. */
  added(): Tensor[] {
    const { tensors } = this.source.stated;
    return [...this.dense, ...[...this.graph.tensors.values()].filter(({ name }) => !tensors.has(name))];
  }

  private changed(name: string): Tensor | undefined {
    const tensor = this.graph.tensors.get(name);
    return tensor === this.source.stated.tensors.get(name) ? undefined : tensor;
  }

  private inlined(message: Uint8Array, name: string): Tensor | undefined {
    return this.source.external && isExternal(message) ? this.graph.tensors.get(name) : undefined;
  }

  private nodeOf(message: Uint8Array, id: number): Patched {
    const before = this.source.nodes.get(id);
    if (before) return this.nodeIn(message, before);
    const { input, output } = namesOf(message);
    const tensor = this.changed(output) ?? this.inlinedConstant(message, output);
    return tensor && !this.sizes.has(input) ? [constantNode(message, tensor)] : 'unchanged';
  }

  private nodeIn(message: Uint8Array, before: GraphNode): Patched {
    const after = this.nodes.get(before.id);
    if (!after) return [];
    const fresh = this.fresh.get(before.id);
    const isChanged = before !== after;
    if (!fresh && !isChanged) return 'unchanged';
    return [...encoded(fresh), isChanged ? patchNode(message, before, after) : message];
  }

  private inlinedConstant(message: Uint8Array, name: string): Tensor | undefined {
    if (!this.source.external) return undefined;
    for (const attribute of fieldsOf(message))
      if (attribute.no === NODE.attribute)
        for (const { no, payload } of fieldsOf(attribute.payload))
          if (no === ATTRIBUTE.t) return this.inlined(payload, name);
    return undefined;
  }
}

function freshNodes({ nodes }: Graph, source: OnnxSource): Map<number | undefined, readonly GraphNode[]> {
  const fresh = new Map<number | undefined, readonly GraphNode[]>();
  let waiting: GraphNode[] = [];
  for (const node of [...nodes, undefined]) {
    if (node && !source.nodes.has(node.id)) waiting.push(node);
    else if (waiting.length > 0) {
      fresh.set(node?.id, waiting);
      waiting = [];
    }
  }
  return fresh;
}

const encoded = (nodes: readonly GraphNode[] = []): MessageWriter[] => nodes.map(encodeNode);

function sparseName(message: Uint8Array): string {
  for (const field of fieldsOf(message))
    if (field.no === SPARSE.values) return nameIn(field.payload, TENSOR.name);
  return '';
}

/** The NodeProtos that were read as constants. */
function* constantNodes(message: Uint8Array, source: OnnxSource): Iterable<Uint8Array> {
  let id = 0;
  for (const { no, payload } of fieldsOf(message))
    if (no === GRAPH.node && !source.nodes.has(id++)) yield payload;
}

/** The node with the inputs and attributes that changed. */
function patchNode(message: Uint8Array, before: GraphNode, after: GraphNode): MessageWriter {
  const names = new Set([...Object.keys(before.attributes), ...Object.keys(after.attributes)]);
  const edited = new Set([...names].filter((name) => before.attributes[name] !== after.attributes[name]));
  const inputsEdited = before.inputs.join('\n') !== after.inputs.join('\n');
  const floating = new Map<string, boolean>();
  const writer = new MessageWriter();
  for (const field of fieldsOf(message)) {
    if (field.no === NODE.input && inputsEdited) continue;
    if (field.no === NODE.attribute) {
      const name = nameIn(field.payload, ATTRIBUTE.name);
      floating.set(name, isFloating(field.payload));
      if (edited.has(name)) continue;
    }
    writer.raw(field.raw);
  }
  if (inputsEdited) for (const input of after.inputs) writer.string(NODE.input, input);
  for (const name of edited) {
    const value = after.attributes[name];
    if (value === undefined) continue;
    const asFloats = floating.get(name) ?? takesFloats(after, name, value);
    writer.bytes(NODE.attribute, writeAttribute(name, value, asFloats));
  }
  return writer;
}

/** A node that was read as a constant, with a new value; lists of numbers become tensors. */
function constantNode(message: Uint8Array, tensor: Tensor): MessageWriter {
  const writer = new MessageWriter();
  const replaced = new Set<number>([NODE.attribute, NODE.input, NODE.opType]);
  for (const field of fieldsOf(message)) if (!replaced.has(field.no)) writer.raw(field.raw);
  return writer.string(NODE.opType, 'Constant').bytes(NODE.attribute, writeAttribute('value', tensor, false));
}
