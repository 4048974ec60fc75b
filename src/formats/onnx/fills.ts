// Weights that a file leaves out and fills with one number: ConstantOfShape nodes whose sizes are written down. They
// are read as the constants they stand for, and written back as short as they came while they stay uniform.

import { elementCount, isFloat, isInteger, tensorOf, toNumbers } from '../../graph/tensor.ts';
import type { GraphNode, Tensor } from '../../graph/types.ts';
import { NODE } from './schema.ts';
import { fieldsOf, text } from './wire.ts';

/** Beyond this many bytes, in all constants of a file, nothing is spelled out. */
const LIMIT = 2 ** 30;

/**
 * The constant that a node stands for; `undefined` where its sizes are computed, or it makes no floats.
 * @param already bytes spelled out before
 */
export function filledConstant(
  node: GraphNode,
  sizes: Tensor | undefined,
  already: number,
): Tensor | undefined {
  if (node.op !== 'ConstantOfShape' || node.domain !== '') return undefined;
  const { value } = node.attributes;
  const fill = typeof value === 'object' && 'dtype' in value ? value : undefined;
  const known = sizes?.bytes && isInteger(sizes.dtype);
  if (!known || !fill?.bytes || !isFloat(fill.dtype) || elementCount(fill.dims) !== 1) return undefined;
  const dims = toNumbers(sizes);
  if (dims.some((dim) => dim < 0)) return undefined;
  const length = elementCount(dims) * fill.bytes.length;
  if (!(length > 0 && already + length <= LIMIT)) return undefined;
  const bytes = new Uint8Array(length);
  bytes.set(fill.bytes);
  for (let done = fill.bytes.length; done < length; done *= 2)
    bytes.copyWithin(done, 0, Math.min(done, length - done));
  return { name: node.outputs[0], dtype: fill.dtype, dims, bytes };
}

/**
 * New values of the size lists of filled constants that changed their shape and stayed as they were otherwise, by
 * name; a list that two constants want to be different is left out.
 * @param messages the NodeProtos of nodes that were read as constants
 */
export function refilledSizes(
  messages: Iterable<Uint8Array>,
  tensors: ReadonlyMap<string, Tensor>,
  before: ReadonlyMap<string, Tensor>,
): Map<string, Tensor> {
  const out = new Map<string, Tensor>();
  const torn = new Set<string>();
  for (const message of messages) {
    const { op, input, output } = namesOf(message);
    const [was, is, sizes] = [before.get(output), tensors.get(output), before.get(input)];
    if (op !== 'ConstantOfShape' || !was?.bytes || !is?.bytes || !sizes) continue;
    const wanted = tensorOf(input, sizes.dtype, sizes.dims, is.dims);
    const other = out.get(input);
    if (!startsAs(was.bytes, is.bytes) || (other && toNumbers(other).join() !== is.dims.join()))
      torn.add(input);
    out.set(input, wanted);
  }
  for (const [name, tensor] of out) if (torn.has(name) || same(before.get(name), tensor)) out.delete(name);
  return out;
}

/** Whether `bytes` are the first of those there were: for uniform numbers, whether they still are the same ones. */
function startsAs(before: Uint8Array, bytes: Uint8Array): boolean {
  if (before === bytes) return true;
  return bytes.length <= before.length && bytes.every((byte, i) => byte === before[i]);
}

const same = (a: Tensor | undefined, b: Tensor): boolean => a?.bytes?.join() === b.bytes?.join();

/** What a NodeProto is, and its first input and output. */
export function namesOf(message: Uint8Array): { op: string; input: string; output: string } {
  const names = { op: '', input: '', output: '' };
  for (const field of fieldsOf(message)) {
    if (field.no === NODE.opType) names.op = text(field);
    else if (field.no === NODE.input) names.input ||= text(field);
    else if (field.no === NODE.output) names.output ||= text(field);
  }
  return names;
}
