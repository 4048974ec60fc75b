// Distances between all pairs of rows of a matrix: |x - y|² = |x|² + |y|² - 2 x·y; where the rows are so near that little
// is left of the difference, from the elements themselves. Nearly all the work is in the products of rows, which a
// WebAssembly kernel takes two against four, four numbers at a time, in stretches that stay in the second-level cache;
// without WebAssembly the same loop runs in plain code.

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

/** Rows of a block, and features of a stretch: two blocks fill a megabyte. */
const BLOCK = 128;
const STRETCH = 1024;
/** Bytes from row to row: not a power of two, which would put all rows into the same few lines of the cache. */
const STRIDE = STRETCH * 4 + 64;
/** Where the second block lies, and the products. */
const SECOND = BLOCK * STRIDE;
const PRODUCTS = 2 * SECOND;

/** Of |x|² + |y|²: what is left below this share has lost two digits and more to the subtraction. */
const CANCELLED = 1 / 256;

/** Products of rows of one block with rows of another, over one stretch, added to [BLOCK, BLOCK] sums. */
interface Products {
  /** @param sums x·y at `i * BLOCK + j` */
  add(x: Block, y: Block, sums: Float64Array): void;
}

/** Some features of some rows. */
interface Block {
  readonly rows: Float32Array;
  readonly width: number;
  readonly first: number;
  readonly count: number;
  readonly from: number;
  readonly length: number;
}

/**
 * For every row the sum of its Euclidean distances to all rows.
 * @param rows [count, width], row-major
 */
export function distanceSums(rows: Float32Array, count: number, width: number): Float64Array {
  const norms = new Float64Array(count);
  for (let r = 0; r < count; r++)
    for (let i = r * width; i < (r + 1) * width; i++) norms[r] += rows[i] * rows[i];
  const sums = new Float64Array(count);
  const products = new Float64Array(BLOCK * BLOCK);
  const kernel = productsOf();
  for (let r = 0; r < count; r += BLOCK)
    for (let c = r; c < count; c += BLOCK) {
      products.fill(0);
      const [height, across] = [Math.min(BLOCK, count - r), Math.min(BLOCK, count - c)];
      for (let from = 0; from < width; from += STRETCH) {
        const stretch = { rows, width, from, length: Math.min(STRETCH, width - from) };
        const x = { ...stretch, first: r, count: height };
        kernel.add(x, { ...stretch, first: c, count: across }, products);
      }
      // Pairs are taken once, for both rows.
      for (let i = r; i < r + height; i++)
        for (let j = Math.max(c, i + 1); j < c + across; j++) {
          const both = norms[i] + norms[j];
          const squared = both - 2 * products[(i - r) * BLOCK + j - c];
          const distance = Math.sqrt(
            squared >= CANCELLED * both ? squared : squaredDistance(rows, width, i, j),
          );
          sums[i] += distance;
          sums[j] += distance;
        }
    }
  return sums;
}

/** From the differences of the elements: slower, and exact however near the rows are. */
function squaredDistance(rows: Float32Array, width: number, i: number, j: number): number {
  const [a, b] = [i * width, j * width];
  let sum = 0;
  for (let k = 0; k < width; k++) sum += (rows[a + k] - rows[b + k]) ** 2;
  return sum;
}

let chosen: Products | undefined;

function productsOf(): Products {
  const kernel = chosen ? undefined : compile(dotProducts());
  chosen ??= kernel ? new VectorProducts(kernel) : plainProducts;
  return chosen;
}

// ---------------------------------------------------------------- with WebAssembly

/**
 * `run(end, yEnd, length)`: products of the rows from address 0 to `end` with those from SECOND to `yEnd`, `length` bytes
 * of each; floats at PRODUCTS, a row of BLOCK for each of the first rows.
 */
function dotProducts() {
  const [end, yEnd, length] = [0, 1, 2];
  const [x, y, stop, row, out, nextX, nextY] = [3, 4, 5, 6, 7, 8, 9];
  const sum = (i: number, j: number): number => 10 + i * 4 + j;
  const [xs, ys] = [18, 20];
  const each = (make: (i: number, j: number) => Code): Code =>
    [0, 1].flatMap((i) => [0, 1, 2, 3].flatMap((j) => make(i, j)));
  const advance = (pointer: number, bytes: number): Code => [
    ...[...get(pointer), ...number(bytes), ...add, ...set(pointer)],
  ];
  const copy = (from: number, to: number): Code => [...get(from), ...set(to)];
  const step: Code = [
    ...[0, 1].flatMap((i) => [...get(nextX), ...four.load(i * STRIDE), ...set(xs + i)]),
    ...[0, 1, 2, 3].flatMap((j) => [...get(nextY), ...four.load(j * STRIDE), ...set(ys + j)]),
    ...each((i, j) => [
      ...get(sum(i, j)),
      ...get(xs + i),
      ...get(ys + j),
      ...four.multiply,
      ...four.add,
      ...set(sum(i, j)),
    ]),
    ...[...advance(nextX, 16), ...advance(nextY, 16)],
    ...[...get(nextX), ...get(stop), ...less],
  ];
  const store = each((i, j) => [
    ...get(out),
    ...[0, 1, 2, 3].flatMap((lane) => [
      ...get(sum(i, j)),
      ...four.lane(lane),
      ...(lane > 0 ? float.add : []),
    ]),
    ...float.store((i * BLOCK + j) * 4),
  ]);
  const tile: Code = [
    ...each((i, j) => [...four.zero, ...set(sum(i, j))]),
    ...[...copy(x, nextX), ...copy(y, nextY), ...get(x), ...get(length), ...add, ...set(stop)],
    ...[...repeat(step), ...store],
    ...[...advance(out, 4 * 4), ...advance(y, 4 * STRIDE), ...get(y), ...get(yEnd), ...less],
  ];
  const rows: Code = [
    ...[...number(SECOND), ...set(y), ...copy(row, out)],
    ...repeat(tile),
    ...[...advance(row, 2 * BLOCK * 4), ...advance(x, 2 * STRIDE), ...get(x), ...get(end), ...less],
  ];
  const body = [...number(0), ...set(x), ...number(PRODUCTS), ...set(row), ...repeat(rows)];
  return { parameters: 3, integers: 7, vectors: 14, bytes: PRODUCTS + BLOCK * BLOCK * 4, body };
}

class VectorProducts implements Products {
  private readonly run: Kernel['run'];
  private readonly floats: Float32Array;
  private readonly products: Float32Array;

  constructor({ run, memory }: Kernel) {
    this.run = run;
    this.floats = new Float32Array(memory, 0, PRODUCTS / 4);
    this.products = new Float32Array(memory, PRODUCTS, BLOCK * BLOCK);
  }

  add(x: Block, y: Block, sums: Float64Array): void {
    this.fill(x, 0);
    this.fill(y, SECOND / 4);
    this.run(x.count * STRIDE, SECOND + y.count * STRIDE, Math.ceil(x.length / 4) * 16);
    for (let i = 0; i < x.count; i++)
      for (let k = i * BLOCK; k < i * BLOCK + y.count; k++) sums[k] += this.products[k];
  }

  /** What is left of the last four numbers is zero. Rows past the last one are never read out. */
  private fill({ rows, width, first, count, from, length }: Block, to: number): void {
    for (let row = 0; row < count; row++) {
      const start = (first + row) * width + from;
      const target = to + (row * STRIDE) / 4;
      this.floats.set(rows.subarray(start, start + length), target);
      for (let i = length; i % 4 !== 0; i++) this.floats[target + i] = 0;
    }
  }
}

// ---------------------------------------------------------------- without

const plainProducts: Products = {
  add(x, y, sums) {
    for (let i = 0; i < x.count; i++)
      for (let j = 0; j < y.count; j++) {
        const a = (x.first + i) * x.width + x.from;
        const b = (y.first + j) * y.width + y.from;
        let sum = 0;
        for (let k = 0; k < x.length; k++) sum += x.rows[a + k] * y.rows[b + k];
        sums[i * BLOCK + j] += sum;
      }
  },
};
