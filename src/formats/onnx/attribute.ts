// AttributeProto to Attribute and back.

import type { Attribute, Graph, Tensor } from '../../graph/types.ts';
import { ModelError } from '../../lib/errors.ts';
import type { Companions } from '../format.ts';
import { ATTRIBUTE, ATTRIBUTE_TYPE, GRAPH, NODE, TENSOR, VALUE_INFO } from './schema.ts';
import { readSparseTensor } from './sparse.ts';
import { readTensor, writeTensor } from './tensor.ts';
import {
  Damage,
  type Field,
  fieldsOf,
  floats,
  integer,
  integers,
  type Message,
  MessageWriter,
  text,
} from './wire.ts';

const MAX_DEPTH = 64;

/**
 * Name and value; `undefined` for kinds that nobody here reads (types, lists of tensors), which the file keeps.
 * @param readBody reads a nested graph
 * @param given what the attributes of the function are that the node lies in
 * @throws Damage, ModelError `external-data`
 */
export function readAttribute(
  message: Message,
  companions: Companions,
  readBody: (message: Message) => Graph,
  given: ReadonlyMap<string, Attribute>,
): [string, Attribute] | undefined {
  let name = '';
  let reference = '';
  let type = 0;
  let single: Attribute | undefined;
  const numbers: number[] = [];
  const strings: string[] = [];
  const graphs: Field[] = [];
  for (const field of fieldsOf(message)) {
    switch (field.no) {
      case ATTRIBUTE.name:
        name = text(field);
        break;
      case ATTRIBUTE.type:
        type = integer(field);
        break;
      case ATTRIBUTE.refAttrName:
        reference = text(field);
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
        single = readTensor(field, companions);
        break;
      case ATTRIBUTE.sparseTensor:
        single = readSparseTensor(field, companions);
        break;
      case ATTRIBUTE.g:
      case ATTRIBUTE.graphs:
        graphs.push(field);
        break;
      case ATTRIBUTE.floats:
        for (const number of floats(field)) numbers.push(number);
        break;
      case ATTRIBUTE.ints:
        for (const number of integers(field)) numbers.push(number);
        break;
      case ATTRIBUTE.strings:
        strings.push(text(field));
        break;
    }
  }
  if (graphs.length > 0) {
    const captures = new Set(graphs.flatMap((graph) => [...capturesOf(graph, 1)]));
    const body = graphs.length === 1 ? { body: readBody(graphs[0]) } : {};
    return [name, { kind: 'subgraph', captures: [...captures], ...body }];
  }
  const value = reference ? given.get(reference) : (single ?? defaultValue(type, numbers, strings));
  return value === undefined ? undefined : [name, value];
}

/** Writers may leave zeros and empty lists out; the attribute's type still tells what is meant. */
function defaultValue(
  type: number,
  numbers: readonly number[],
  strings: readonly string[],
): Attribute | undefined {
  if (numbers.length > 0 || type === ATTRIBUTE_TYPE.floats || type === ATTRIBUTE_TYPE.ints) return numbers;
  if (strings.length > 0 || type === ATTRIBUTE_TYPE.strings) return strings;
  if (type === ATTRIBUTE_TYPE.float || type === ATTRIBUTE_TYPE.int) return 0;
  return type === ATTRIBUTE_TYPE.string ? '' : undefined;
}

/** Names that the nodes of a nested graph read from outside of it. */
function capturesOf(message: Message, depth: number): Set<string> {
  if (depth > MAX_DEPTH) throw new Damage(`nests graphs more than ${MAX_DEPTH} deep`);
  const own = new Set<string>();
  const read = new Set<string>();
  for (const field of fieldsOf(message)) {
    if (field.no === GRAPH.input) own.add(nameIn(field, VALUE_INFO.name));
    else if (field.no === GRAPH.initializer) own.add(nameIn(field, TENSOR.name));
    else if (field.no === GRAPH.output) read.add(nameIn(field, VALUE_INFO.name));
    else if (field.no === GRAPH.node)
      for (const part of fieldsOf(field)) {
        if (part.no === NODE.input) read.add(text(part));
        else if (part.no === NODE.output) own.add(text(part));
        else if (part.no === NODE.attribute) for (const name of nestedCaptures(part, depth)) read.add(name);
      }
  }
  read.delete('');
  return new Set([...read].filter((name) => !own.has(name)));
}

function nestedCaptures(attribute: Field, depth: number): string[] {
  return [...fieldsOf(attribute)]
    .filter((field) => field.no === ATTRIBUTE.g || field.no === ATTRIBUTE.graphs)
    .flatMap((field) => [...capturesOf(field, depth + 1)]);
}

/** The text of field `no`; `''` where there is none. */
export function nameIn(message: Message, no: number): string {
  for (const field of fieldsOf(message)) if (field.no === no) return text(field);
  return '';
}

/** Whether an attribute holds floats, by its type or, in files that state none, by its fields. */
export function isFloating(message: Message): boolean {
  for (const field of fieldsOf(message)) {
    if (field.no === ATTRIBUTE.f || field.no === ATTRIBUTE.floats) return true;
    if (field.no === ATTRIBUTE.type)
      return integer(field) === ATTRIBUTE_TYPE.float || integer(field) === ATTRIBUTE_TYPE.floats;
  }
  return false;
}

/** @param floating whether whole numbers are to be written as floats */
export function writeAttribute(name: string, value: Attribute, floating: boolean): MessageWriter {
  const writer = new MessageWriter().string(ATTRIBUTE.name, name);
  return writer.integer(ATTRIBUTE.type, writeValue(writer, name, value, floating));
}

/** Writes the value's field; returns the attribute's type. */
function writeValue(writer: MessageWriter, name: string, value: Attribute, floating: boolean): number {
  if (typeof value === 'string') {
    writer.string(ATTRIBUTE.s, value);
    return ATTRIBUTE_TYPE.string;
  }
  if (typeof value === 'number') {
    if (floating) writer.float(ATTRIBUTE.f, value);
    else writer.integer(ATTRIBUTE.i, value);
    return floating ? ATTRIBUTE_TYPE.float : ATTRIBUTE_TYPE.int;
  }
  if ('kind' in value)
    throw new ModelError({
      code: 'cannot-write',
      where: name,
      message: `The attribute "${name}" is a nested graph, which only the file it came in can hold.`,
    });
  if ('dtype' in value) {
    writer.bytes(ATTRIBUTE.t, writeTensor(value as Tensor));
    return ATTRIBUTE_TYPE.tensor;
  }
  for (const item of value) {
    if (typeof item === 'string') writer.string(ATTRIBUTE.strings, item);
    else if (floating) writer.float(ATTRIBUTE.floats, item);
    else writer.integer(ATTRIBUTE.ints, item);
  }
  if (typeof value[0] === 'string') return ATTRIBUTE_TYPE.strings;
  return floating ? ATTRIBUTE_TYPE.floats : ATTRIBUTE_TYPE.ints;
}
