// Sums over a weight along several of its axes at once, reading it only once: the work of every weight criterion.
// A weight is taken as rows of columns of runs: [out, in, taps] for a kernel. Rows come in small blocks, four at a
// time, so that the column sums stay in the first-level cache; bytes that lie unaligned in the file are copied block by
// block, never whole. The loops are written out because the engine does not inline a function passed to them.

import { bytesOf, elementCount, toFloat32 } from '../../graph/tensor.ts';
import type { Tensor } from '../../graph/types.ts';
import { LEAST_WIDTH, type Sums, vectorSums } from './vector-sums.ts';

/** Elements that a block has at least. */
const LEAST_BLOCK = 512;

/** Elements of a block, and where they start in `from`. */
interface Window {
  readonly from: Float32Array;
  readonly base: number;
}

/** Writes f(element) for `count` elements of `from` after `base` to `out`; `at` numbers the first one in the tensor. */
export type Form = (from: Float32Array, base: number, count: number, out: Float32Array, at: number) => void;

/** |w| */
export const absolutes: Form = (from, base, count, out) => {
  for (let i = 0; i < count; i++) out[i] = Math.abs(from[base + i]);
};

/** |w · g| with a second array in the same order. */
export const productsWith =
  (other: Float32Array): Form =>
  (from, base, count, out, at) => {
    for (let i = 0; i < count; i++) out[i] = Math.abs(from[base + i] * other[at + i]);
  };

/** w² · h with a second array in the same order. */
export const squaresTimes =
  (other: Float32Array): Form =>
  (from, base, count, out, at) => {
    for (let i = 0; i < count; i++) out[i] = from[base + i] * from[base + i] * other[at + i];
  };

/**
 * For each of `axes` the sum at every position of that axis: of f(element) where a `form` is given, of the squares
 * where none is.
 * @throws ModelError `no-data` for a tensor without elements
 */
export function axisSums(tensor: Tensor, axes: readonly number[], form?: Form): Float64Array[] {
  const { dims } = tensor;
  const last = Math.max(...axes);
  const rows = last === 0 ? dims[0] : elementCount(dims.slice(0, last));
  const columns = last === 0 ? 1 : dims[last];
  const run = elementCount(dims.slice(last + 1));
  const sums = vectorised(tensor, rows, columns, run, form) ?? plain(tensor, rows, columns, run, form);
  return axes.map((axis) => {
    if (axis === last) return last === 0 ? sums.rows : sums.columns;
    return foldRows(sums.rows, dims, axis, last);
  });
}

function vectorised(
  tensor: Tensor,
  rows: number,
  columns: number,
  run: number,
  form: Form | undefined,
): Sums | undefined {
  const summed = form === undefined || form === absolutes;
  if (!summed || tensor.dtype !== 'float32' || columns * run < LEAST_WIDTH) return undefined;
  return vectorSums(form ? 'absolutes' : 'squares', bytesOf(tensor), rows, columns * run, run);
}

function plain(tensor: Tensor, rows: number, columns: number, run: number, form: Form | undefined): Sums {
  const rowSums = new Float64Array(rows);
  const columnSums = new Float64Array(columns);
  const width = columns * run;
  const height = 4 * Math.ceil(LEAST_BLOCK / width / 4);
  const read = reader(tensor, height * width);
  const formed = form ? new Float32Array(height * width) : undefined;
  for (let row = 0; row < rows; row += height) {
    const count = Math.min(height, rows - row);
    const { from, base } = read(row * width, count * width);
    if (form && formed) {
      form(from, base, count * width, formed, row * width);
      addValues(formed, count, columns, run, row, rowSums, columnSums);
    } else if (run === 1) addSquares(from, base, count, columns, row, rowSums, columnSums);
    else addSquaresOfRuns(from, base, count, columns, run, row, rowSums, columnSums);
  }
  return { rows: rowSums, columns: columnSums };
}

/** Row sums added up per position of an axis before the last one. */
function foldRows(rowSums: Float64Array, dims: readonly number[], axis: number, last: number): Float64Array {
  if (last === 1) return rowSums;
  const inner = elementCount(dims.slice(axis + 1, last));
  const out = new Float64Array(dims[axis]);
  for (let r = 0; r < rowSums.length; r++) out[Math.floor(r / inner) % out.length] += rowSums[r];
  return out;
}

function addSquares(
  from: Float32Array,
  base: number,
  count: number,
  columns: number,
  row: number,
  rowSums: Float64Array,
  columnSums: Float64Array,
): void {
  const whole = count - (count % 4);
  for (let r = 0; r < whole; r += 4)
    addFourRows(from, base + r * columns, columns, row + r, rowSums, columnSums);
  for (let r = whole; r < count; r++)
    for (let c = 0; c < columns; c++) {
      const v = from[base + r * columns + c];
      rowSums[row + r] += v * v;
      columnSums[c] += v * v;
    }
}

function addFourRows(
  from: Float32Array,
  base: number,
  columns: number,
  row: number,
  rowSums: Float64Array,
  columnSums: Float64Array,
): void {
  const second = base + columns;
  const third = second + columns;
  const fourth = third + columns;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let c = 0; c < columns; c++) {
    const a = from[base + c];
    const b = from[second + c];
    const d = from[third + c];
    const e = from[fourth + c];
    s0 += a * a;
    s1 += b * b;
    s2 += d * d;
    s3 += e * e;
    columnSums[c] += a * a + b * b + (d * d + e * e);
  }
  rowSums[row] += s0;
  rowSums[row + 1] += s1;
  rowSums[row + 2] += s2;
  rowSums[row + 3] += s3;
}

function addSquaresOfRuns(
  from: Float32Array,
  base: number,
  count: number,
  columns: number,
  run: number,
  row: number,
  rowSums: Float64Array,
  columnSums: Float64Array,
): void {
  let at = base;
  for (let r = 0; r < count; r++) {
    let rowSum = 0;
    for (let c = 0; c < columns; c++, at += run) {
      const sum = run === 9 ? sumOfNineSquares(from, at) : sumOfSquares(from, at, run);
      columnSums[c] += sum;
      rowSum += sum;
    }
    rowSums[row + r] += rowSum;
  }
}

function sumOfSquares(from: Float32Array, start: number, run: number): number {
  const end = start + run;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let at = start;
  for (; at + 2 < end; at += 3) {
    const a = from[at];
    const b = from[at + 1];
    const c = from[at + 2];
    s0 += a * a;
    s1 += b * b;
    s2 += c * c;
  }
  for (; at < end; at++) s0 += from[at] * from[at];
  return s0 + s1 + s2;
}

/** A 3x3 kernel's: by far the most common run. */
function sumOfNineSquares(from: Float32Array, at: number): number {
  const a = from[at];
  const b = from[at + 1];
  const c = from[at + 2];
  const d = from[at + 3];
  const e = from[at + 4];
  const f = from[at + 5];
  const g = from[at + 6];
  const h = from[at + 7];
  const i = from[at + 8];
  return a * a + b * b + c * c + (d * d + e * e + f * f) + (g * g + h * h + i * i);
}

function addValues(
  from: Float32Array,
  count: number,
  columns: number,
  run: number,
  row: number,
  rowSums: Float64Array,
  columnSums: Float64Array,
): void {
  for (let r = 0; r < count; r++) {
    const start = r * columns * run;
    rowSums[row + r] +=
      run === 1 ? addRow(from, start, columns, columnSums) : addRowOfRuns(from, start, run, columnSums);
  }
}

function addRow(from: Float32Array, start: number, columns: number, columnSums: Float64Array): number {
  let sum = 0;
  for (let c = 0; c < columns; c++) {
    const value = from[start + c];
    columnSums[c] += value;
    sum += value;
  }
  return sum;
}

function addRowOfRuns(from: Float32Array, start: number, run: number, columnSums: Float64Array): number {
  let rowSum = 0;
  for (let c = 0, at = start; c < columnSums.length; c++) {
    let sum = 0;
    for (const end = at + run; at < end; at++) sum += from[at];
    columnSums[c] += sum;
    rowSum += sum;
  }
  return rowSum;
}

/** Windows of up to `size` elements as float32: in place where type and alignment allow. */
function reader(tensor: Tensor, size: number): (at: number, count: number) => Window {
  const bytes = bytesOf(tensor);
  if (tensor.dtype !== 'float32' || bytes.byteOffset % 4 === 0) {
    const from = toFloat32(tensor);
    return (at) => ({ from, base: at });
  }
  const from = new Float32Array(size);
  const target = new Uint8Array(from.buffer);
  const window = { from, base: 0 };
  return (at, count) => {
    target.set(bytes.subarray(at * 4, (at + count) * 4));
    return window;
  };
}
