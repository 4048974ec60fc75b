// A training pass at rest, as bytes. Layout: "SECP", version, length of a JSON head (32-bit little endian each), the
// head, then the elements of all arrays as float32 in the order the head lists them. Where the bytes are kept is the
// caller's affair.

import { elementCount } from '../graph/tensor.ts';
import { ModelError } from '../lib/errors.ts';
import type { Checkpoint, SavedTensor } from './types.ts';

const MAGIC = 0x50434553;
const VERSION = 1;
const PREFIX = 12;

type Tensors = ReadonlyMap<string, SavedTensor>;
type Listed = readonly (readonly [name: string, dims: readonly number[]])[];

type Figures = Omit<Checkpoint, 'weights' | 'optimizer' | 'best' | 'penalty'>;

interface Head extends Figures {
  readonly weights: Listed;
  readonly optimizer: Listed;
  readonly best?: Pick<NonNullable<Checkpoint['best']>, 'epoch' | 'evaluation'> & {
    readonly weights: Listed;
  };
  /** Number of elements. */
  readonly penalty?: number;
}

const list = (tensors: Tensors): Listed => [...tensors].map(([name, { dims }]) => [name, dims]);

export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { weights, optimizer, best, penalty, ...figures } = checkpoint;
  const head: Head = {
    ...figures,
    weights: list(weights),
    optimizer: list(optimizer),
    ...(best
      ? { best: { epoch: best.epoch, evaluation: best.evaluation, weights: list(best.weights) } }
      : {}),
    ...(penalty ? { penalty: penalty.length } : {}),
  };
  const text = new TextEncoder().encode(JSON.stringify(head, withInfinities));
  const arrays = [weights, optimizer, best?.weights ?? new Map<string, SavedTensor>()]
    .flatMap((tensors: Tensors) => [...tensors.values()].map(({ data }) => data))
    .concat(penalty ?? []);
  const elements = arrays.reduce((n, { length }) => n + length, 0);
  const bytes = new Uint8Array(PREFIX + text.length + 4 * elements);
  const prefix = new DataView(bytes.buffer);
  for (const [i, value] of [MAGIC, VERSION, text.length].entries()) prefix.setUint32(4 * i, value, true);
  bytes.set(text, PREFIX);
  let at = PREFIX + text.length;
  for (const data of arrays) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** @throws ModelError `bad-checkpoint` when these bytes are no checkpoint, or not all of one */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { head, start } = readHead(bytes);
  let at = start;
  const take = (count: number): Float32Array => {
    const end = at + 4 * count;
    if (end > bytes.length) throw broken('it ends too early');
    const data = new Float32Array(bytes.slice(at, end).buffer);
    at = end;
    return data;
  };
  const tensors = (listed: Listed): Map<string, SavedTensor> =>
    new Map(listed.map(([name, dims]) => [name, { dims, data: take(elementCount(dims)) }]));
  const { weights, optimizer, best, penalty, ...figures } = head;
  return {
    ...figures,
    weights: tensors(weights),
    optimizer: tensors(optimizer),
    ...(best ? { best: { ...best, weights: tensors(best.weights) } } : {}),
    ...(penalty === undefined ? {} : { penalty: take(penalty) }),
  };
}

function readHead(bytes: Uint8Array): { readonly head: Head; readonly start: number } {
  if (bytes.length < PREFIX) throw broken('it is too short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw broken('it does not begin like one');
  if (view.getUint32(4, true) !== VERSION) throw broken('it was written by another version of this program');
  const start = PREFIX + view.getUint32(8, true);
  if (start > bytes.length) throw broken('it ends too early');
  try {
    const text = new TextDecoder().decode(bytes.subarray(PREFIX, start));
    return { head: JSON.parse(text, fromInfinities) as Head, start };
  } catch {
    throw broken('its head cannot be read');
  }
}

const broken = (why: string): ModelError =>
  new ModelError({
    code: 'bad-checkpoint',
    where: 'checkpoint',
    message: `These bytes are no training checkpoint: ${why}.`,
    hint: 'Start the training pass anew.',
  });

/** JSON has no infinite numbers, but a pass that has no best epoch yet does. */
const withInfinities = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value;

const fromInfinities = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'number' in value && Object.keys(value).length === 1
    ? Number(value.number)
    : value;
