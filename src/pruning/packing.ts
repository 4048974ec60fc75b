// Leaving out short pieces of many equal blocks, sixteen bytes at a time: a block is read in steps, each of which loads
// a vector, moves the bytes that stay to its front and stores it; the next one overwrites what lies behind them. Blocks
// pass through a window of WebAssembly memory, so that they may lie unaligned in a file.

import {
  add,
  type Code,
  compile,
  four,
  get,
  type Kernel,
  less,
  load,
  number,
  repeat,
  set,
} from '../lib/wasm.ts';

/** Pieces of a block that stay: byte positions and lengths, ascending. */
export interface Runs {
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
}

const VECTOR = 16;
/** Bytes of blocks that are held at a time. */
const WINDOW = 65536;
/** What is left of them, behind room for a vector that begins within the window; then the steps. */
const PACKED = WINDOW + VECTOR;
const STEPS = PACKED + WINDOW + VECTOR;
/** A step in bytes: where it reads in the block, how many bytes stay (32 bits each), and their places in the vector. */
const STEP = 8 + VECTOR;

/**
 * Copies the runs of each of `blocks` (numbers of blocks of `blockBytes`) from `source` to `target`, one after another.
 * @returns false, and nothing is done, where the engine has no vectors or a block exceeds the window
 */
export function packBlocks(
  source: Uint8Array,
  target: Uint8Array,
  blockBytes: number,
  blocks: ArrayLike<number>,
  runs: Runs,
): boolean {
  const kernel = blockBytes > WINDOW ? undefined : kernelOnce();
  if (!kernel) return false;
  const memory = new Uint8Array(kernel.memory);
  const end = writeSteps(kernel.memory, runs);
  const kept = target.length / blocks.length;
  const held = Math.floor(WINDOW / blockBytes);
  for (let first = 0; first < blocks.length; first += held) {
    const count = Math.min(held, blocks.length - first);
    fill(memory, source, blockBytes, blocks, first, count);
    kernel.run(0, count * blockBytes, blockBytes, end, PACKED);
    target.set(memory.subarray(PACKED, PACKED + count * kept), first * kept);
  }
  return true;
}

/** Copies `count` blocks into the window; neighbours at once. */
function fill(
  memory: Uint8Array,
  source: Uint8Array,
  blockBytes: number,
  blocks: ArrayLike<number>,
  first: number,
  count: number,
): void {
  for (let i = 0; i < count; ) {
    const block = blocks[first + i];
    let run = 1;
    while (i + run < count && blocks[first + i + run] === block + run) run++;
    memory.set(source.subarray(block * blockBytes, (block + run) * blockBytes), i * blockBytes);
    i += run;
  }
}

/** Writes the steps of a block. @returns the address behind the last one */
function writeSteps(memory: ArrayBuffer, { starts, lengths }: Runs): number {
  const bytes = new Uint8Array(memory);
  const words = new Int32Array(memory);
  let step = STEPS - STEP;
  let from = -VECTOR;
  let kept = 0;
  for (let r = 0; r < starts.length; r++)
    for (let p = starts[r]; p < starts[r] + lengths[r]; p++) {
      if (p >= from + VECTOR) {
        from = p;
        kept = 0;
        step += STEP;
        words[step / 4] = from;
      }
      bytes[step + 8 + kept++] = p - from;
      words[step / 4 + 1] = kept;
    }
  return step + STEP;
}

let compiled: { readonly kernel: Kernel | undefined } | undefined;

function kernelOnce(): Kernel | undefined {
  compiled ??= { kernel: compile(packing()) };
  return compiled.kernel;
}

/** `run(block, last, stride, end, target)`: takes the steps up to `end` through every block from `block` to `last`. */
function packing() {
  const [block, last, stride, end, target, step] = [0, 1, 2, 3, 4, 5];
  const take: Code = [
    ...get(target),
    ...[...get(block), ...get(step), ...load(), ...add, ...four.load()],
    ...[...get(step), ...four.load(8), ...four.pick],
    ...four.store(),
    ...[...get(target), ...get(step), ...load(4), ...add, ...set(target)],
    ...[...get(step), ...number(STEP), ...add, ...set(step)],
    ...[...get(step), ...get(end), ...less],
  ];
  const body: Code = [
    ...[...number(STEPS), ...set(step)],
    ...repeat(take),
    ...[...get(block), ...get(stride), ...add, ...set(block)],
    ...[...get(block), ...get(last), ...less],
  ];
  return {
    parameters: 5,
    integers: 1,
    vectors: 0,
    bytes: STEPS + (WINDOW / VECTOR) * STEP,
    body: repeat(body),
  };
}
