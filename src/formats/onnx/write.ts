// Model to bytes by patching: the kept file is walked once, and only the fields that pruning or training changed are
// written anew. An unchanged model is written back byte for byte.

import type { Attribute, Dim, Graph, GraphNode, Tensor, ValueInfo } from '../../graph/types.ts';
import type { Model } from '../format.ts';
import { namesOf, refilledSizes } from './fills.ts';
import type { OnnxSource } from './read.ts';
import {
  ATTRIBUTE,
  ATTRIBUTE_TYPE,
  DIMENSION,
  GRAPH,
  MODEL,
  NODE,
  SHAPE,
  TENSOR,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
} from './schema.ts';
import { patchTensor, writeTensor } from './tensor.ts';
import { BinaryWriter, type Field, fieldsOf, integer, text, WireType } from './wire.ts';

export function writeOnnx(model: Model): Uint8Array {
  const source = model.source as OnnxSource;
  return patch(source.bytes, (field) =>
    field.no === MODEL.graph ? writeGraph(field.payload, model.graph, source) : undefined,
  );
}

/** Copies a message field by field; where `replace` returns bytes they become the field's value. */
function patch(
  message: Uint8Array,
  replace: (field: Field) => Uint8Array | undefined,
  append: (writer: BinaryWriter) => void = () => {},
): Uint8Array {
  const writer = new BinaryWriter();
  for (const field of fieldsOf(message)) {
    const value = replace(field);
    if (value === undefined || value === field.payload) writer.raw(field.raw);
    else writer.tag(field.no, WireType.LengthDelimited).bytes(value);
  }
  append(writer);
  return writer.finish();
}

function writeGraph(message: Uint8Array, graph: Graph, source: OnnxSource): Uint8Array {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const changed = (name: string): Tensor | undefined => {
    const tensor = graph.tensors.get(name);
    return tensor && tensor !== source.tensors.get(name) ? tensor : undefined;
  };
  const sizes = refilledSizes(constantNodes(message, source), graph.tensors, source.tensors);
  let id = 0;
  return patch(
    message,
    (field) => {
      switch (field.no) {
        case GRAPH.node: {
          const before = source.nodes.get(id);
          const after = nodes.get(id++);
          if (before && after && before !== after) return patchNode(field.payload, before, after);
          return before ? undefined : patchConstant(field.payload, changed, sizes);
        }
        case GRAPH.initializer: {
          const name = nameOf(field.payload, TENSOR.name);
          const tensor = sizes.get(name) ?? changed(name);
          return tensor && patchTensor(field.payload, tensor);
        }
        case GRAPH.input:
        case GRAPH.output:
        case GRAPH.valueInfo:
          return patchValueInfo(field.payload, graph, changed);
        default:
          return undefined;
      }
    },
    (writer) => {
      for (const [name, tensor] of graph.tensors)
        if (!source.tensors.has(name))
          writer.tag(GRAPH.initializer, WireType.LengthDelimited).bytes(writeTensor(tensor));
    },
  );
}

function nameOf(message: Uint8Array, no: number): string {
  for (const field of fieldsOf(message)) if (field.no === no) return text(field);
  return '';
}

function patchNode(message: Uint8Array, before: GraphNode, after: GraphNode): Uint8Array {
  const names = new Set([...Object.keys(before.attributes), ...Object.keys(after.attributes)]);
  const edited = new Set([...names].filter((name) => before.attributes[name] !== after.attributes[name]));
  const inputsEdited = before.inputs.join('\n') !== after.inputs.join('\n');
  const writer = new BinaryWriter();
  for (const field of fieldsOf(message)) {
    if (field.no === NODE.input && inputsEdited) continue;
    if (field.no === NODE.attribute && edited.has(nameOf(field.payload, ATTRIBUTE.name))) continue;
    writer.raw(field.raw);
  }
  if (inputsEdited)
    for (const input of after.inputs) writer.tag(NODE.input, WireType.LengthDelimited).string(input);
  for (const name of edited) {
    const value = after.attributes[name];
    if (value !== undefined)
      writer.tag(NODE.attribute, WireType.LengthDelimited).bytes(writeAttribute(name, value));
  }
  return writer.finish();
}

/** Pruning rewrites whole numbers and lists of them; no other kind of attribute ever changes. */
function writeAttribute(name: string, value: Attribute): Uint8Array {
  const writer = new BinaryWriter().tag(ATTRIBUTE.name, WireType.LengthDelimited).string(name);
  const values = typeof value === 'number' ? [value] : (value as readonly number[]);
  const single = typeof value === 'number';
  for (const number of values)
    writer.tag(single ? ATTRIBUTE.i : ATTRIBUTE.ints, WireType.Varint).int64(number);
  writer.tag(ATTRIBUTE.type, WireType.Varint).int32(single ? ATTRIBUTE_TYPE.int : ATTRIBUTE_TYPE.ints);
  return writer.finish();
}

/** The NodeProtos that were read as constants. */
function* constantNodes(message: Uint8Array, source: OnnxSource): Iterable<Uint8Array> {
  let id = 0;
  for (const { no, payload } of fieldsOf(message))
    if (no === GRAPH.node && !source.nodes.has(id++)) yield payload;
}

/** The new value of a node that was read as a constant; lists of numbers become tensors. */
function patchConstant(
  message: Uint8Array,
  changed: (name: string) => Tensor | undefined,
  sizes: ReadonlyMap<string, Tensor>,
): Uint8Array | undefined {
  const { input, output } = namesOf(message);
  const tensor = changed(output);
  if (!tensor || sizes.has(input)) return undefined;
  const writer = new BinaryWriter();
  const replaced = new Set<number>([NODE.attribute, NODE.input, NODE.opType]);
  for (const field of fieldsOf(message)) if (!replaced.has(field.no)) writer.raw(field.raw);
  writer.tag(NODE.opType, WireType.LengthDelimited).string('Constant');
  const value = new BinaryWriter().tag(ATTRIBUTE.name, WireType.LengthDelimited).string('value');
  value.tag(ATTRIBUTE.t, WireType.LengthDelimited).bytes(writeTensor(tensor));
  value.tag(ATTRIBUTE.type, WireType.Varint).int32(ATTRIBUTE_TYPE.tensor);
  writer.tag(NODE.attribute, WireType.LengthDelimited).bytes(value.finish());
  return writer.finish();
}

function patchValueInfo(
  message: Uint8Array,
  graph: Graph,
  changed: (name: string) => Tensor | undefined,
): Uint8Array | undefined {
  const name = nameOf(message, VALUE_INFO.name);
  const declared: ValueInfo | undefined = graph.values.get(name);
  const dims = changed(name)?.dims ?? declared?.dims;
  if (!dims) return undefined;
  return nested(message, [VALUE_INFO.type, TYPE.tensorType, TENSOR_TYPE.shape], (shape) =>
    patchShape(shape, dims),
  );
}

/** Replaces what lies at the end of a path of message fields. */
function nested(
  message: Uint8Array,
  [no, ...rest]: readonly number[],
  replace: (message: Uint8Array) => Uint8Array | undefined,
): Uint8Array | undefined {
  let touched = false;
  const out = patch(message, (field) => {
    if (field.no !== no) return undefined;
    const value = rest.length === 0 ? replace(field.payload) : nested(field.payload, rest, replace);
    if (value) touched = true;
    return value;
  });
  return touched ? out : undefined;
}

/** Numbers that changed are rewritten; symbols stay. */
function patchShape(shape: Uint8Array, dims: readonly Dim[]): Uint8Array | undefined {
  let axis = 0;
  let touched = false;
  const out = patch(shape, (field) => {
    if (field.no !== SHAPE.dim) return undefined;
    const size = dims[axis++];
    const stated = [...fieldsOf(field.payload)].find((part) => part.no === DIMENSION.value);
    if (typeof size !== 'number' || !stated || integer(stated) === size) return undefined;
    touched = true;
    return new BinaryWriter().tag(DIMENSION.value, WireType.Varint).int64(size).finish();
  });
  return touched ? out : undefined;
}
