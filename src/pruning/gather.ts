// Keeping some positions of a tensor's axes: one pass over the bytes, whatever number of axes shrink and whatever the
// type of the elements.

import { elementCount, elementSize } from '../graph/tensor.ts';
import type { Tensor } from '../graph/types.ts';
import { packBlocks, type Runs } from './packing.ts';

/** Positions that survive along each axis, ascending; `undefined` where all do. */
export type Kept = readonly (ArrayLike<number> | undefined)[];

/** Runs of fewer bytes on average are packed in vectors; longer ones are copied one by one. */
const LONG_RUN = 1024;
/** Fewer blocks are not worth preparing. */
const MANY_BLOCKS = 4;
/** Below this many bytes a loop beats a call of `set`. */
const SHORT_RUN = 64;

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
  const bytes = new Uint8Array(elementCount(dims) * size);
  if (bytes.length > 0) {
    const inner = elementCount(tensor.dims.slice(last + 1)) * size;
    const blocks = blocksBefore(tensor.dims, kept, last);
    copyBlocks(tensor.bytes, bytes, tensor.dims[last] * inner, blocks, runsOf(kept[last] ?? [], inner));
  }
  return { ...tensor, dims, bytes };
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

/** Neighbouring positions of `inner` bytes each form a run. */
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
  blockBytes: number,
  blocks: Float64Array,
  runs: Runs,
): void {
  const average = target.length / blocks.length / runs.starts.length;
  const short = average < LONG_RUN && blocks.length >= MANY_BLOCKS;
  if (!short || !packBlocks(source, target, blockBytes, blocks, runs))
    copyRuns(source, target, blockBytes, blocks, runs);
}

function copyRuns(
  source: Uint8Array,
  target: Uint8Array,
  blockBytes: number,
  blocks: Float64Array,
  { starts, lengths }: Runs,
): void {
  let at = 0;
  for (const block of blocks)
    for (let r = 0; r < starts.length; r++) {
      const from = block * blockBytes + starts[r];
      const end = from + lengths[r];
      if (lengths[r] < SHORT_RUN) for (let p = from, to = at; p < end; ) target[to++] = source[p++];
      else target.set(source.subarray(from, end), at);
      at += lengths[r];
    }
}
