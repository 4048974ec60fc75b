// Keeping some positions of a tensor's axes: one pass over the bytes, whatever number of axes shrink.
// Bytes that lie unaligned in the file are read through a small aligned window instead of being copied whole.

import { elementCount, elementSize } from '../graph/tensor.ts';
import type { Tensor } from '../graph/types.ts';

/** Positions that survive along each axis, ascending; `undefined` where all do. */
export type Kept = readonly (ArrayLike<number> | undefined)[];

type Words = Uint8Array | Uint16Array | Uint32Array;

/** Below this many words a loop beats a call of `set`. */
const SHORT_RUN = 48;

/**
 * The tensor with only the `kept` positions of its axes; the same tensor where nothing goes. A tensor without data
 * only changes its dimensions.
 */
export function gatherAxes(tensor: Tensor, kept: Kept): Tensor {
  const last = lastGathered(tensor.dims, kept);
  if (last < 0) return tensor;
  const dims = tensor.dims.map((length, axis) => kept[axis]?.length ?? length);
  const size = elementSize(tensor.dtype);
  if (!tensor.bytes || size === 0) return { ...tensor, dims };
  const word = size % 4 === 0 ? 4 : size;
  const inner = elementCount(tensor.dims.slice(last + 1)) * (size / word);
  const length = tensor.dims[last];
  const runs = runsOf(kept[last] ?? [], inner);
  const out = new Uint8Array(elementCount(dims) * size);
  copyBlocks(tensor.bytes, out, word, length * inner, blocksBefore(tensor.dims, kept, last), runs);
  return { ...tensor, dims, bytes: out };
}

function lastGathered(dims: readonly number[], kept: Kept): number {
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const keep = kept[axis];
    if (keep && keep.length < dims[axis]) return axis;
  }
  return -1;
}

/** Numbers of the blocks to read: every combination of surviving positions of the axes before the last gathered. */
function blocksBefore(dims: readonly number[], kept: Kept, last: number): Float64Array {
  let blocks = new Float64Array(1);
  for (let axis = 0; axis < last; axis++) {
    const keep = kept[axis];
    const count = keep?.length ?? dims[axis];
    const next = new Float64Array(blocks.length * count);
    let at = 0;
    for (const block of blocks)
      for (let i = 0; i < count; i++) next[at++] = block * dims[axis] + (keep ? keep[i] : i);
    blocks = next;
  }
  return blocks;
}

interface Runs {
  /** Words from the start of a block, and how many. */
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
}

/** Neighbouring positions are copied at once. */
function runsOf(keep: ArrayLike<number>, inner: number): Runs {
  const starts = new Int32Array(keep.length);
  const lengths = new Int32Array(keep.length);
  let count = 0;
  for (let i = 0; i < keep.length; ) {
    let end = i + 1;
    while (end < keep.length && keep[end] === keep[i] + (end - i)) end++;
    starts[count] = keep[i] * inner;
    lengths[count++] = (end - i) * inner;
    i = end;
  }
  return { starts: starts.subarray(0, count), lengths: lengths.subarray(0, count) };
}

function copyBlocks(
  source: Uint8Array,
  target: Uint8Array,
  word: number,
  blockWords: number,
  blocks: Float64Array,
  runs: Runs,
): void {
  const long = runs.lengths.length > 0 && average(runs.lengths) >= SHORT_RUN;
  if (long) {
    copyLongRuns(source, target, word, blockWords, blocks, runs);
    return;
  }
  const to = words(target, word);
  const window = alignedBlocks(source, word, blockWords);
  let at = 0;
  for (const block of blocks) {
    const { from, base } = window(block);
    at = copyShortRuns(from, base, to, at, runs);
  }
}

const average = (lengths: Int32Array): number => lengths.reduce((a, b) => a + b, 0) / lengths.length;

function copyLongRuns(
  source: Uint8Array,
  target: Uint8Array,
  word: number,
  blockWords: number,
  blocks: Float64Array,
  { starts, lengths }: Runs,
): void {
  let at = 0;
  for (const block of blocks)
    for (let r = 0; r < starts.length; r++) {
      const from = (block * blockWords + starts[r]) * word;
      const bytes = lengths[r] * word;
      target.set(source.subarray(from, from + bytes), at);
      at += bytes;
    }
}

function copyShortRuns(
  from: Words,
  base: number,
  to: Words,
  start: number,
  { starts, lengths }: Runs,
): number {
  let at = start;
  for (let r = 0; r < starts.length; r++) {
    const first = base + starts[r];
    const end = first + lengths[r];
    for (let p = first; p < end; p++) to[at++] = from[p];
  }
  return at;
}

function words(bytes: Uint8Array, word: number): Words {
  const { buffer, byteOffset, byteLength } = bytes;
  if (word === 4) return new Uint32Array(buffer, byteOffset, byteLength / 4);
  if (word === 2) return new Uint16Array(buffer, byteOffset, byteLength / 2);
  return bytes;
}

/** Where to read a block: in place where the bytes are aligned, else through a window that is filled block by block. */
function alignedBlocks(
  source: Uint8Array,
  word: number,
  blockWords: number,
): (block: number) => { from: Words; base: number } {
  if (source.byteOffset % word === 0) {
    const from = words(source, word);
    return (block) => ({ from, base: block * blockWords });
  }
  const bytes = new Uint8Array(blockWords * word);
  const from = words(bytes, word);
  return (block) => {
    const start = block * bytes.length;
    bytes.set(source.subarray(start, start + bytes.length));
    return { from, base: 0 };
  };
}
