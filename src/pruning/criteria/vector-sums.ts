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
  const machine = machineFor(term);
  return machine && new Summing(machine, bytes, rows, width, run).sums();
}

/** A compiled kernel and its memory. */
interface Machine {
  readonly run: Kernel['run'];
  readonly window: Uint8Array;
  readonly floats: Float32Array;
  readonly columnSums: Float32Array;
  readonly rowSums: Float32Array;
}

const machines = new Map<Term, Machine | undefined>();

function machineFor(term: Term): Machine | undefined {
  if (!machines.has(term)) {
    const kernel = compile(source(term));
    machines.set(term, kernel && machineOf(kernel));
  }
  return machines.get(term);
}

const machineOf = ({ run, memory }: Kernel): Machine => ({
  run,
  window: new Uint8Array(memory, 0, WINDOW * 4),
  floats: new Float32Array(memory, 0, WINDOW),
  columnSums: new Float32Array(memory, COLUMNS, CHUNK),
  rowSums: new Float32Array(memory, ROWS, WINDOW / LEAST_WIDTH),
});

/**
 * `run(start, height, stride, span, limit)`: rows of `stride` bytes from address 0 to `height`, four at a time and `span`
 * bytes of each: those from `start`, then the next, up to `limit`. Adds the sums over the rows to the floats at COLUMNS,
 * and leaves the sum of every span of every row at ROWS, span after span.
 */
function source(term: Term) {
  const [start, height, stride, span, limit] = [0, 1, 2, 3, 4];
  const pointers = [5, 6, 7, 8];
  const [column, stop, end, sums] = [9, 10, 11, 12];
  const [totals, terms] = [13, 17];
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
    ...[...get(pointers[0]), ...get(stop), ...less],
  ];
  const open: Code = [
    ...[1, 2, 3].flatMap((row) => [...get(pointers[row - 1]), ...get(stride), ...add, ...set(pointers[row])]),
    ...[...get(start), ...number(COLUMNS), ...add, ...set(column)],
    ...[...get(pointers[0]), ...get(span), ...add, ...set(stop)],
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
  const block: Code = [
    ...[...open, ...repeat(along), ...store, ...advance(sums, 16)],
    ...[...get(pointers[3]), ...get(stride), ...add, ...get(span), ...subtract, ...set(pointers[0])],
    ...[...get(pointers[0]), ...get(end), ...less],
  ];
  const spans: Code = [
    ...[...get(start), ...set(pointers[0]), ...get(start), ...get(height), ...add, ...set(end)],
    ...repeat(block),
    ...[...get(start), ...get(span), ...add, ...set(start), ...get(start), ...get(limit), ...less],
  ];
  return {
    parameters: 5,
    integers: 8,
    vectors: 8,
    bytes: ROWS + (WINDOW / LEAST_WIDTH) * 4,
    body: [...number(ROWS), ...set(sums), ...repeat(spans)],
  };
}

class Summing {
  private readonly machine: Machine;
  private readonly bytes: Uint8Array;
  private readonly width: number;
  private readonly run: number;
  private readonly rows: Float64Array;
  private readonly columns: Float64Array;

  constructor(machine: Machine, bytes: Uint8Array, rows: number, width: number, run: number) {
    this.machine = machine;
    this.bytes = bytes;
    this.width = width;
    this.run = run;
    this.rows = new Float64Array(rows);
    this.columns = new Float64Array(width / run);
  }

  sums(): Sums {
    for (let from = 0; from < this.width; from += CHUNK)
      this.sumChunk(from, Math.min(CHUNK, this.width - from));
    return { rows: this.rows, columns: this.columns };
  }

  /** All rows, from one element on. */
  private sumChunk(from: number, length: number): void {
    const { floats, columnSums } = this.machine;
    const rows = this.rows.length;
    const stride = STRIDE * Math.ceil(length / STRIDE);
    const held = Math.min(FLUSH, 4 * Math.floor(WINDOW / stride / 4));
    if (stride !== this.width) floats.fill(0);
    columnSums.fill(0, 0, stride);
    let unflushed = 0;
    for (let row = 0; row < rows; row += held) {
      const count = Math.min(held, rows - row);
      this.fill(row, count, from, length, stride);
      this.sumRows(row, count, stride);
      unflushed += count;
      if (unflushed + held <= FLUSH && row + held < rows) continue;
      this.flush(from, length);
      unflushed = 0;
    }
  }

  /** Copies rows into the window; zeros behind them up to a multiple of four rows. */
  private fill(row: number, count: number, from: number, length: number, stride: number): void {
    const { bytes, width } = this;
    const { window, floats } = this.machine;
    if (stride === width) window.set(bytes.subarray(row * width * 4, (row + count) * width * 4));
    else
      for (let r = 0; r < count; r++) {
        const start = ((row + r) * width + from) * 4;
        window.set(bytes.subarray(start, start + length * 4), r * stride * 4);
      }
    if (count % 4 !== 0) floats.fill(0, count * stride, Math.ceil(count / 4) * 4 * stride);
  }

  /** The rows in the window: whole spans first, then what is left of them. */
  private sumRows(row: number, count: number, stride: number): void {
    const whole = stride - (stride % REACH);
    if (whole > 0) this.sumSpans(row, count, stride, 0, whole, REACH);
    if (whole < stride) this.sumSpans(row, count, stride, whole, stride, stride - whole);
  }

  private sumSpans(row: number, count: number, stride: number, from: number, to: number, span: number): void {
    const { rows } = this;
    const { run, rowSums } = this.machine;
    run(from * 4, count * stride * 4, stride * 4, span * 4, to * 4);
    const summed = 4 * Math.ceil(count / 4);
    for (let first = 0; from < to; from += span, first += summed)
      for (let r = 0; r < count; r++) rows[row + r] += rowSums[first + r];
  }

  /** Adds the sums over the rows to those of the columns they belong to. */
  private flush(from: number, length: number): void {
    const { columns, run } = this;
    const { columnSums } = this.machine;
    if (run === 1) for (let e = 0; e < length; e++) columns[from + e] += columnSums[e];
    else
      for (let e = 0; e < length; ) {
        const column = Math.floor((from + e) / run);
        const end = Math.min(length, (column + 1) * run - from);
        let sum = 0;
        for (; e < end; e++) sum += columnSums[e];
        columns[column] += sum;
      }
    columnSums.fill(0, 0, length);
  }
}
