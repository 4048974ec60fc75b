// Convolution without copying windows out: a table names, for every output pixel and tap, the input pixel that the tap
// sees (-1 outside the image). The same loop computes a convolution, its input gradient and a transposed convolution;
// only the table and the packed filter differ. Filters are packed as for a product, tap by tap.

import { add, atLeast, lessThan, load, type ModuleBuilder, mul, select, sub } from './assembler.ts';
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

export function defineConvolution(m: ModuleBuilder): void {
  /**
   * For every image: y[target[p]] = Σ over taps t and channels c of x[table[p, t], c] · filter[t, c].
   * `xStep`, `yStep`: bytes from pixel to pixel; `xImage`, `yImage`: from image to image; `nothing`: as many zeros as
   * there are channels.
   */
  m.define(
    'convolve',
    {
      x: 'i32',
      filter: 'i32',
      y: 'i32',
      table: 'i32',
      targets: 'i32',
      nothing: 'i32',
      images: 'i32',
      pixels: 'i32',
      taps: 'i32',
      channels: 'i32',
      columns: 'i32',
      xStep: 'i32',
      yStep: 'i32',
      xImage: 'i32',
      yImage: 'i32',
    },
    (f, p) => {
      const [image, column, pixel, tap, k, panel, panels, left, index] = f.locals('i32', 9);
      const seen = f.locals('i32', ROWS);
      const pointers = f.locals('i32', ROWS);
      const registers = pair(f);
      const sums = sumsOf(f);
      const last = f.let(sub(p.pixels, 1));
      const panelBytes = f.let(mul(mul(p.taps, p.channels), PANEL_BYTES));
      const tapBytes = f.let(mul(p.taps, 4));
      const place = (r: number) => select(lessThan(add(pixel, r), last), add(pixel, r), last);
      f.forEach(image, 0, p.images, 1, () => {
        f.set(panels, p.filter);
        f.forEach(column, 0, add(p.columns, COLUMNS - 1), COLUMNS, () => {
          f.set(left, sub(p.columns, column));
          f.forEach(pixel, 0, add(p.pixels, ROWS - 1), ROWS, () => {
            clear(f, sums);
            for (const [r, row] of seen.entries()) f.set(row, add(p.table, mul(place(r), tapBytes)));
            f.set(panel, panels);
            f.forEach(tap, 0, p.taps, 1, () => {
              for (const [r, pointer] of pointers.entries()) {
                f.set(index, load('i32', seen[r]));
                f.set(seen[r], add(seen[r], 4));
                f.set(pointer, select(atLeast(index, 0), add(p.x, mul(index, p.xStep)), p.nothing));
              }
              rowsTimesPanel(f, pointers, panel, p.channels, k, registers, sums);
            });
            for (const [r, sum] of sums.entries()) {
              const target = load('i32', add(p.targets, mul(place(r), 4)));
              storeRow(f, add(p.y, add(mul(target, p.yStep), mul(column, 4))), sum, left);
            }
          });
          f.set(panels, add(panels, panelBytes));
        });
        f.set(p.x, add(p.x, p.xImage));
        f.set(p.y, add(p.y, p.yImage));
      });
    },
  );

  /**
   * gradient[t, c] += Σ over images and pixels p of x[table[p, t], c] · dy[p], `block` pixels at a time: few enough for what
   * they read to stay in the nearest cache while all taps and channels pass over it. Some of the taps and channels will do;
   * `tableStep` is then still the bytes from pixel to pixel of the whole table, `rowStep` and `tapStep` those from channel
   * to channel and from tap to tap of the whole gradient.
   */
  m.define(
    'filterGradient',
    {
      x: 'i32',
      dy: 'i32',
      gradient: 'i32',
      table: 'i32',
      nothing: 'i32',
      images: 'i32',
      pixels: 'i32',
      block: 'i32',
      taps: 'i32',
      channels: 'i32',
      columns: 'i32',
      xStep: 'i32',
      yStep: 'i32',
      xImage: 'i32',
      yImage: 'i32',
      tableStep: 'i32',
      tapStep: 'i32',
      rowStep: 'i32',
    },
    (f, p) => {
      const [image, first, end, tap, channel, column, pixel] = f.locals('i32', 7);
      const [left, index, from, seen, pointer, gradient] = f.locals('i32', 6);
      const offsets = f.locals('i32', ROWS);
      const registers = pair(f);
      const sums = sumsOf(f);
      const last = f.let(sub(p.channels, 1));
      const place = (r: number) => select(lessThan(add(channel, r), last), add(channel, r), last);
      const tile = () => {
        const target = (r: number) => add(gradient, add(mul(place(r), p.rowStep), mul(column, 4)));
        for (const [r, sum] of sums.entries()) loadRow(f, target(r), sum);
        f.set(left, sub(p.columns, column));
        f.set(seen, add(p.table, add(mul(first, p.tableStep), mul(tap, 4))));
        f.set(pointer, add(p.dy, add(mul(first, p.yStep), mul(column, 4))));
        for (const [r, offset] of offsets.entries()) f.set(offset, mul(place(r), 4));
        f.forEach(pixel, first, end, 1, () => {
          f.set(index, load('i32', seen));
          f.set(from, select(atLeast(index, 0), add(p.x, mul(index, p.xStep)), p.nothing));
          const row = offsets.map((offset) => add(from, offset));
          columnTimesRow(f, row, pointer, registers, sums);
          f.set(seen, add(seen, p.tableStep));
          f.set(pointer, add(pointer, p.yStep));
        });
        for (const [r, sum] of sums.entries()) storeRow(f, target(r), sum, left);
      };
      f.forEach(image, 0, p.images, 1, () => {
        f.forEach(first, 0, add(p.pixels, sub(p.block, 1)), p.block, () => {
          f.set(end, add(first, p.block));
          f.set(end, select(lessThan(end, p.pixels), end, p.pixels));
          f.set(gradient, p.gradient);
          f.forEach(tap, 0, p.taps, 1, () => {
            f.forEach(channel, 0, add(p.channels, ROWS - 1), ROWS, () => {
              f.forEach(column, 0, add(p.columns, COLUMNS - 1), COLUMNS, tile);
            });
            f.set(gradient, add(gradient, p.tapStep));
          });
        });
        f.set(p.x, add(p.x, p.xImage));
        f.set(p.dy, add(p.dy, p.yImage));
      });
    },
  );
}
