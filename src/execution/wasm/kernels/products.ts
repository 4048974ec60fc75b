// Matrix products. B is copied into panels of eight columns first; then every tile reads memory in order.

import { add, f32, lessThan, load, type ModuleBuilder, mul, select, sub } from './assembler.ts';
import {
  COLUMNS,
  clear,
  columnTimesRow,
  loadRow,
  PANEL_BYTES,
  pair,
  ROWS,
  rowsTimesPanel,
  storeRow,
  sumsOf,
} from './tile.ts';

export function defineProducts(m: ModuleBuilder): void {
  /**
   * Panels of `source`, `inner` by `columns`, with these byte steps per row and column; missing columns are zero.
   * `skip` bytes are left out after each panel, for the rows of other matrices.
   */
  m.define(
    'pack',
    {
      source: 'i32',
      target: 'i32',
      inner: 'i32',
      columns: 'i32',
      rowStep: 'i32',
      columnStep: 'i32',
      skip: 'i32',
    },
    (f, p) => {
      const [column, row, i, from] = f.locals('i32', 4);
      const value = f.local('f32');
      f.forEach(column, 0, add(p.columns, COLUMNS - 1), COLUMNS, () => {
        f.forEach(row, 0, p.inner, 1, () => {
          f.set(from, add(p.source, add(mul(row, p.rowStep), mul(column, p.columnStep))));
          f.forEach(i, 0, COLUMNS, 1, () => {
            f.set(value, f32(0));
            f.when(lessThan(add(column, i), p.columns), () => f.set(value, load('f32', from)));
            f.store(p.target, value);
            f.set(p.target, add(p.target, 4));
            f.set(from, add(from, p.columnStep));
          });
        });
        f.set(p.target, add(p.target, p.skip));
      });
    },
  );

  /** c = a · b, or c += a · b: a [rows, inner] with rows `aStep` bytes apart, b in panels, c [rows, columns]. */
  m.define(
    'product',
    {
      a: 'i32',
      b: 'i32',
      c: 'i32',
      rows: 'i32',
      inner: 'i32',
      columns: 'i32',
      aStep: 'i32',
      cStep: 'i32',
      more: 'i32',
    },
    (f, p) => {
      const [row, column, k, panel, last, left] = f.locals('i32', 6);
      const pointers = f.locals('i32', ROWS);
      const registers = pair(f);
      const sums = sumsOf(f);
      const panelBytes = f.let(mul(p.inner, PANEL_BYTES));
      f.set(last, sub(p.rows, 1));
      const place = (r: number) => select(lessThan(add(row, r), last), add(row, r), last);
      f.forEach(column, 0, add(p.columns, COLUMNS - 1), COLUMNS, () => {
        f.set(left, sub(p.columns, column));
        const target = (r: number) => add(p.c, add(mul(place(r), p.cStep), mul(column, 4)));
        f.forEach(row, 0, add(p.rows, ROWS - 1), ROWS, () => {
          clear(f, sums);
          f.when(p.more, () => {
            for (const [r, sum] of sums.entries()) loadRow(f, target(r), sum);
          });
          for (const [r, pointer] of pointers.entries()) f.set(pointer, add(p.a, mul(place(r), p.aStep)));
          f.set(panel, p.b);
          rowsTimesPanel(f, pointers, panel, p.inner, k, registers, sums);
          for (const [r, sum] of sums.entries()) storeRow(f, target(r), sum, left);
        });
        f.set(p.b, add(p.b, panelBytes));
      });
    },
  );

  /**
   * c = aᵀ · b: a [inner, rows], b [inner, columns], c [rows, columns], with these byte steps from row to row; `block` rows
   * of both at a time, few enough to stay in the nearest cache while all tiles pass over them. Two factors that are read
   * row by row: what a weight's gradient is.
   */
  m.define(
    'transposedProduct',
    {
      a: 'i32',
      b: 'i32',
      c: 'i32',
      rows: 'i32',
      inner: 'i32',
      columns: 'i32',
      aStep: 'i32',
      bStep: 'i32',
      cStep: 'i32',
      block: 'i32',
    },
    (f, p) => {
      const [first, end, row, column, k, last, left, pointer] = f.locals('i32', 8);
      const offsets = f.locals('i32', ROWS);
      const sums = sumsOf(f);
      const registers = pair(f);
      f.set(last, sub(p.rows, 1));
      const place = (r: number) => select(lessThan(add(row, r), last), add(row, r), last);
      f.forEach(first, 0, add(p.inner, sub(p.block, 1)), p.block, () => {
        f.set(end, add(first, p.block));
        f.set(end, select(lessThan(end, p.inner), end, p.inner));
        f.forEach(row, 0, add(p.rows, ROWS - 1), ROWS, () => {
          f.forEach(column, 0, add(p.columns, COLUMNS - 1), COLUMNS, () => {
            const target = (r: number) => add(p.c, add(mul(place(r), p.cStep), mul(column, 4)));
            clear(f, sums);
            f.when(first, () => {
              for (const [r, sum] of sums.entries()) loadRow(f, target(r), sum);
            });
            const from = add(p.a, mul(first, p.aStep));
            for (const [r, offset] of offsets.entries()) f.set(offset, add(from, mul(place(r), 4)));
            f.set(pointer, add(p.b, add(mul(first, p.bStep), mul(column, 4))));
            f.set(left, sub(p.columns, column));
            f.forEach(k, first, end, 1, () => {
              columnTimesRow(f, offsets, pointer, registers, sums);
              for (const offset of offsets) f.set(offset, add(offset, p.aStep));
              f.set(pointer, add(pointer, p.bStep));
            });
            for (const [r, sum] of sums.entries()) storeRow(f, target(r), sum, left);
          });
        });
      });
    },
  );
}
