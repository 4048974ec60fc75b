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
  subtract,
} from '../../lib/wasm.ts';

/** What is summed. */
export type Term = 'squares' | 'absolutes';

/** Floats in the window: 128 KiB. */
const WINDOW = 32768;
/** Elements along a row that are taken at once: the window holds four such rows. */
const CHUNK = 8192;
/** Elements of a row that are added up in single precision, and rows of a column. */
const REACH = 512;
const FLUSH = 128;
/** Floats per turn of the loop: rows are filled up to a multiple of it. */
const STRIDE = 8;
/** Where the sums of columns lie, and those of rows. */
const COLUMNS = WINDOW * 4;
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
  return kernel && new Summing(kernel, bytes, rows, width).sums(run);
}

const kernels = new Map<Term, Kernel | undefined>();

function kernelFor(term: Term): Kernel | undefined {
  if (!kernels.has(term)) kernels.set(term, compile(source(term)));
  return kernels.get(term);
}

/**
 * `run(x, end, stride, span, columns, sums)`: rows from address `x` to `end`, `stride` bytes apart, four at a time and
 * `span` bytes of each. Adds the sums over the rows to the floats at `columns`, and leaves each row's sum at `sums`.
 */
function source(term: Term) {
  const [x, end, stride, span, columns, sums] = [0, 1, 2, 3, 4, 5];
  const pointers = [x, 6, 7, 8];
  const [column, stop] = [9, 10];
  const [totals, terms] = [11, 15];
  const each = (make: (row: number) => Code): Code => [0, 1, 2, 3].flatMap(make);
  const advance = (pointer: number, bytes: number): Code => [
    ...[...get(pointer), ...number(bytes), ...add, ...set(pointer)],
  ];
  const f = (value: number): Code =>
    term === 'squares' ? [...get(value), ...get(value), ...four.multiply] : [...get(value), ...four.absolute];
  const take = (offset: number): Code => [
    ...each((row) => [...get(pointers[row]), ...four.load(offset), ...set(terms + row)]),
    ...each((row) => [...f(terms + row), ...set(terms + row)]),
    ...each((row) => [...get(totals + row), ...get(terms + row), ...four.add, ...set(totals + row)]),
    ...get(column),
    ...[...get(column), ...four.load(offset)],
    ...[...get(terms), ...get(terms + 1), ...four.add, ...get(terms + 2), ...get(terms + 3), ...four.add],
    ...[...four.add, ...four.add, ...four.store(offset)],
  ];
  const along: Code = [
    ...[...take(0), ...take(16)],
    ...each((row) => advance(pointers[row], 4 * STRIDE)),
    ...advance(column, 4 * STRIDE),
    ...[...get(x), ...get(stop), ...less],
  ];
  const start: Code = [
    ...[1, 2, 3].flatMap((row) => [...get(pointers[row - 1]), ...get(stride), ...add, ...set(pointers[row])]),
    ...[...get(columns), ...set(column)],
    ...[...get(x), ...get(span), ...add, ...set(stop)],
    ...each((row) => [...four.zero, ...set(totals + row)]),
  ];
  const store = each((row) => [
    ...get(sums),
    ...[0, 1, 2, 3].flatMap((lane) => [
      ...[...get(totals + row), ...four.lane(lane)],
      ...(lane > 0 ? float.add : []),
    ]),
    ...float.store(4 * row),
  ]);
  const next: Code = [
    ...advance(sums, 16),
    ...[...get(pointers[3]), ...get(stride), ...add, ...get(span), ...subtract, ...set(x)],
    ...[...get(x), ...get(end), ...less],
  ];
  return {
    parameters: 6,
    integers: 5,
    vectors: 8,
    bytes: ROWS + (WINDOW / LEAST_WIDTH) * 4,
    body: repeat([...start, ...repeat(along), ...store, ...next]),
  };
}

class Summing {
  private readonly kernel: Kernel;
  private readonly bytes: Uint8Array;
  private readonly width: number;
  private readonly rows: Float64Array;
  /** Sums over the rows, one per element of a row. */
  private readonly elements: Float64Array;
  private readonly window: Uint8Array;
  private readonly floats: Float32Array;
  private readonly columnSums: Float32Array;
  private readonly rowSums: Float32Array;

  constructor(kernel: Kernel, bytes: Uint8Array, rows: number, width: number) {
    this.kernel = kernel;
    this.bytes = bytes;
    this.width = width;
    this.rows = new Float64Array(rows);
    this.elements = new Float64Array(width);
    this.window = new Uint8Array(kernel.memory, 0, WINDOW * 4);
    this.floats = new Float32Array(kernel.memory, 0, WINDOW);
    this.columnSums = new Float32Array(kernel.memory, COLUMNS, CHUNK);
    this.rowSums = new Float32Array(kernel.memory, ROWS, WINDOW / LEAST_WIDTH);
  }

  sums(run: number): Sums {
    for (let from = 0; from < this.width; from += CHUNK)
      this.sumChunk(from, Math.min(CHUNK, this.width - from));
    return { rows: this.rows, columns: foldRuns(this.elements, run) };
  }

  /** All rows, from one element on. */
  private sumChunk(from: number, length: number): void {
    const rows = this.rows.length;
    const stride = STRIDE * Math.ceil(length / STRIDE);
    const held = Math.min(FLUSH, 4 * Math.floor(WINDOW / stride / 4));
    if (stride !== this.width) this.floats.fill(0);
    this.columnSums.fill(0, 0, stride);
    let unflushed = 0;
    for (let row = 0; row < rows; row += held) {
      const count = Math.min(held, rows - row);
      this.fill(row, count, from, length, stride);
      this.sumRows(row, count, stride);
      unflushed += count;
      if (unflushed + held <= FLUSH) continue;
      this.flush(from, length);
      unflushed = 0;
    }
    this.flush(from, length);
  }

  /** Copies rows into the window; zeros behind them up to a multiple of four rows. */
  private fill(row: number, count: number, from: number, length: number, stride: number): void {
    const { bytes, window, width } = this;
    if (stride === width) window.set(bytes.subarray(row * width * 4, (row + count) * width * 4));
    else
      for (let r = 0; r < count; r++) {
        const start = ((row + r) * width + from) * 4;
        window.set(bytes.subarray(start, start + length * 4), r * stride * 4);
      }
    if (count % 4 !== 0) this.floats.fill(0, count * stride, Math.ceil(count / 4) * 4 * stride);
  }

  /** The rows in the window. */
  private sumRows(row: number, count: number, stride: number): void {
    const { kernel, rows, rowSums } = this;
    for (let at = 0; at < stride; at += REACH) {
      const span = Math.min(REACH, stride - at);
      kernel.run(at * 4, (count * stride + at) * 4, stride * 4, span * 4, COLUMNS + at * 4, ROWS);
      for (let r = 0; r < count; r++) rows[row + r] += rowSums[r];
    }
  }

  private flush(from: number, length: number): void {
    const { elements, columnSums } = this;
    for (let e = 0; e < length; e++) elements[from + e] += columnSums[e];
    columnSums.fill(0, 0, length);
  }
}

/** The sums of every `run` neighbours. */
function foldRuns(values: Float64Array, run: number): Float64Array {
  if (run === 1) return values;
  const out = new Float64Array(values.length / run);
  for (let i = 0, at = 0; i < out.length; i++)
    for (const end = at + run; at < end; at++) out[i] += values[at];
  return out;
}
