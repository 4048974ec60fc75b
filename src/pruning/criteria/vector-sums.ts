// Sums over the rows and columns of a matrix four numbers at a time. Elements pass through a window of WebAssembly
// memory that stays in the second-level cache; sums of a few hundred numbers are single precision, all further ones
// double, so that ranks do not hang on the order of additions.

import {
  add,
  type Code,
  compile,
  float,
  four,
  get,
  type Kernel,
  less,
  number,
  repeat,
  set,
} from '../../lib/wasm.ts';

/** What is summed. */
export type Term = 'squares' | 'absolutes';

/** Floats in the window: 128 KiB. */
const WINDOW = 32768;
/** Elements along a row that are taken at once: the window holds four such rows. */
const CHUNK = 8192;
/** Elements along a row per call. */
const REACH = 512;
/** Rows after which the single-precision sums of columns are added up. */
const FLUSH = 64;
/** Where the last elements of four rows lie, then the sums of columns and of the four rows. */
const SPARE = WINDOW * 4;
const COLUMNS = SPARE + 64;
const ROWS = COLUMNS + CHUNK * 4;

/** Below this many elements in a row, plain loops are faster. */
export const LEAST_WIDTH = 32;

export interface Sums {
  /** One per row. */
  readonly rows: Float64Array;
  /** One per column: every `run` elements along a row belong to one. */
  readonly columns: Float64Array;
}

/**
 * Sums of f(element) over a matrix [rows, width] of floats in row-major order.
 * @param bytes little-endian floats, at any alignment
 * @returns `undefined` where the engine has no vectors
 */
export function vectorSums(
  term: Term,
  bytes: Uint8Array,
  rows: number,
  width: number,
  run: number,
): Sums | undefined {
  const kernel = kernelFor(term);
  return kernel && new Summing(kernel, bytes, rows, width, run).sums();
}

const kernels = new Map<Term, Kernel | undefined>();

function kernelFor(term: Term): Kernel | undefined {
  if (!kernels.has(term)) kernels.set(term, compile(source(term)));
  return kernels.get(term);
}

/**
 * `run(x, stride, end, columns)`: four rows, the first from `x` up to `end`, the others `stride` bytes apart. Adds the
 * sums over the four to the vectors at `columns`, and leaves each row's sum at ROWS.
 */
function source(term: Term) {
  const [x, stride, end, columns] = [0, 1, 2, 3];
  const pointers = [x, 4, 5, 6];
  const [sums, terms] = [7, 11];
  const each = (make: (row: number) => Code): Code => [0, 1, 2, 3].flatMap(make);
  const advance = (pointer: number): Code => [...get(pointer), ...number(16), ...add, ...set(pointer)];
  const f = (value: number): Code =>
    term === 'squares' ? [...get(value), ...get(value), ...four.multiply] : [...get(value), ...four.absolute];
  const step: Code = [
    ...each((row) => [...get(pointers[row]), ...four.load(), ...set(terms + row)]),
    ...each((row) => [...f(terms + row), ...set(terms + row)]),
    ...each((row) => [...get(sums + row), ...get(terms + row), ...four.add, ...set(sums + row)]),
    ...get(columns),
    ...[...get(columns), ...four.load()],
    ...[...get(terms), ...get(terms + 1), ...four.add, ...get(terms + 2), ...get(terms + 3), ...four.add],
    ...[...four.add, ...four.add, ...four.store()],
    ...each((row) => advance(pointers[row])),
    ...advance(columns),
    ...[...get(x), ...get(end), ...less],
  ];
  const start = [1, 2, 3].flatMap((row) => [
    ...[...get(pointers[row - 1]), ...get(stride), ...add, ...set(pointers[row])],
  ]);
  const store = each((row) => [
    ...number(0),
    ...[0, 1, 2, 3].flatMap((lane) => [
      ...[...get(sums + row), ...four.lane(lane)],
      ...(lane > 0 ? float.add : []),
    ]),
    ...float.store(ROWS + 4 * row),
  ]);
  return {
    parameters: 4,
    integers: 3,
    vectors: 8,
    bytes: ROWS + 16,
    body: [...start, ...repeat(step), ...store],
  };
}

class Summing {
  private readonly kernel: Kernel;
  private readonly bytes: Uint8Array;
  private readonly width: number;
  private readonly run: number;
  private readonly rows: Float64Array;
  private readonly columns: Float64Array;
  private readonly window: Uint8Array;
  private readonly floats: Float32Array;
  private readonly spare: Float32Array;
  private readonly columnSums: Float32Array;
  private readonly rowSums: Float32Array;

  constructor(kernel: Kernel, bytes: Uint8Array, rows: number, width: number, run: number) {
    this.kernel = kernel;
    this.bytes = bytes;
    this.width = width;
    this.run = run;
    this.rows = new Float64Array(rows);
    this.columns = new Float64Array(width / run);
    this.window = new Uint8Array(kernel.memory, 0, WINDOW * 4);
    this.floats = new Float32Array(kernel.memory, 0, WINDOW);
    this.spare = new Float32Array(kernel.memory, SPARE, 16);
    this.columnSums = new Float32Array(kernel.memory, COLUMNS, CHUNK);
    this.rowSums = new Float32Array(kernel.memory, ROWS, 4);
  }

  sums(): Sums {
    for (let from = 0; from < this.width; from += CHUNK)
      this.sumChunk(from, Math.min(CHUNK, this.width - from));
    return { rows: this.rows, columns: this.columns };
  }

  /** All rows, from one element on. */
  private sumChunk(from: number, length: number): void {
    const rows = this.rows.length;
    const held = 4 * Math.floor(WINDOW / length / 4);
    this.columnSums.fill(0);
    let unflushed = 0;
    for (let row = 0; row < rows; row += held) {
      const count = Math.min(held, rows - row);
      this.fill(row, count, from, length);
      for (let first = 0; first < count; first += 4) {
        this.sumRows(row + first, first * length, length);
        unflushed += 4;
        if (unflushed < FLUSH) continue;
        this.flush(from, length);
        unflushed = 0;
      }
    }
    this.flush(from, length);
  }

  /** Copies rows into the window, and zeros up to a multiple of four. */
  private fill(row: number, count: number, from: number, length: number): void {
    const { bytes, window, width } = this;
    if (length === width) window.set(bytes.subarray(row * width * 4, (row + count) * width * 4));
    else
      for (let r = 0; r < count; r++) {
        const start = ((row + r) * width + from) * 4;
        window.set(bytes.subarray(start, start + length * 4), r * length * 4);
      }
    if (count % 4 !== 0) this.floats.fill(0, count * length, Math.ceil(count / 4) * 4 * length);
  }

  /** Four rows in the window, from float `base` on. */
  private sumRows(row: number, base: number, length: number): void {
    const { rows, rowSums } = this;
    const count = Math.min(4, rows.length - row);
    const whole = length - (length % 4);
    for (let at = 0; at < whole; at += REACH) {
      const x = (base + at) * 4;
      const end = (base + Math.min(whole, at + REACH)) * 4;
      this.kernel.run(x, length * 4, end, COLUMNS + at * 4);
      for (let r = 0; r < count; r++) rows[row + r] += rowSums[r];
    }
    if (whole < length) this.sumRest(row, count, base, whole, length);
  }

  /** The last elements of four rows, which fill no vector, and zeros behind them. */
  private sumRest(row: number, count: number, base: number, whole: number, length: number): void {
    const { floats, spare, rowSums, rows } = this;
    spare.fill(0);
    for (let r = 0; r < 4; r++)
      for (let at = whole; at < length; at++) spare[4 * r + at - whole] = floats[base + r * length + at];
    this.kernel.run(SPARE, 16, SPARE + 16, COLUMNS + whole * 4);
    for (let r = 0; r < count; r++) rows[row + r] += rowSums[r];
  }

  private flush(from: number, length: number): void {
    const { columns, columnSums, run } = this;
    for (let e = 0, column = Math.floor(from / run), left = run - (from % run); e < length; ) {
      const end = Math.min(length, e + left);
      let sum = 0;
      for (; e < end; e++) sum += columnSums[e];
      columns[column++] += sum;
      left = run;
    }
    columnSums.fill(0);
  }
}
