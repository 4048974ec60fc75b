// The register tile that all products share: four rows of A by eight columns of B. Eight sums, two vectors of B and one
// broadcast element leave V8's allocator some of the sixteen registers: larger tiles and unrolled loops measured slower.

import {
  add,
  type Expr,
  type FunctionBuilder,
  greaterThan,
  type Local,
  lane,
  load,
  loadSplat,
  zeros,
} from './assembler.ts';

export const ROWS = 4;
/** Columns of a tile; B is packed in panels this wide. */
export const COLUMNS = 8;
const VECTOR_BYTES = 16;
export const PANEL_BYTES = COLUMNS * 4;

/** Two vectors per row. */
export type Sums = readonly (readonly [Local, Local])[];

export const pair = (f: FunctionBuilder): [Local, Local] => [f.local('v128'), f.local('v128')];

export const sumsOf = (f: FunctionBuilder): Sums => Array.from({ length: ROWS }, () => pair(f));

export function clear(f: FunctionBuilder, sums: Sums): void {
  for (const sum of sums.flat()) f.set(sum, zeros);
}

/** Sums of `count` products; rows of A are contiguous, B is a panel. Pointers are left behind what they have read. */
export function rowsTimesPanel(
  f: FunctionBuilder,
  rows: readonly Local[],
  panel: Local,
  count: Expr,
  counter: Local,
  registers: readonly [Local, Local],
  sums: Sums,
): void {
  f.forEach(counter, 0, count, 1, () => {
    columnTimesRow(f, rows, panel, registers, sums);
    for (const row of rows) f.set(row, add(row, 4));
    f.set(panel, add(panel, PANEL_BYTES));
  });
}

/** One product of a column of A, whose elements are at fixed offsets from a pointer, and a row of B. */
export function columnTimesRow(
  f: FunctionBuilder,
  a: readonly Expr[],
  b: Expr,
  registers: readonly [Local, Local],
  sums: Sums,
): void {
  const broadcast = f.local('v128');
  loadRow(f, b, registers);
  sums.forEach(([left, right], row) => {
    f.set(broadcast, loadSplat(a[row]));
    f.accumulate(left, broadcast, registers[0]);
    f.accumulate(right, broadcast, registers[1]);
  });
}

/** Starts sums from what is stored. May read past the end of a row, never past its neighbours. */
export function loadRow(f: FunctionBuilder, address: Expr, [left, right]: readonly [Local, Local]): void {
  f.set(left, load('v128', address));
  f.set(right, load('v128', address, VECTOR_BYTES));
}

/** Stores a row's sums, or the first `columns` of them. */
export function storeRow(
  f: FunctionBuilder,
  address: Expr,
  [left, right]: readonly [Local, Local],
  columns: Expr,
): void {
  f.when(
    greaterThan(columns, COLUMNS - 1),
    () => {
      f.store(address, left);
      f.store(address, right, VECTOR_BYTES);
    },
    () => {
      for (let i = 0; i < COLUMNS - 1; i++)
        f.when(greaterThan(columns, i), () => f.store(address, lane(i < 4 ? left : right, i % 4), i * 4));
    },
  );
}
