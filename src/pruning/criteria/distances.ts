// Distances between all pairs of rows of a matrix: |x - y|² = |x|² + |y|² - 2 x·y. Nearly all the work is in the
// products of rows, which a WebAssembly kernel takes two against four, four numbers at a time, in stretches that stay in
// the second-level cache; without WebAssembly the same loop runs in plain code.

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

/** Rows of a block, and features of a stretch: two blocks fill 256 KiB. */
const BLOCK = 64;
const STRETCH = 512;
const STRIDE = STRETCH * 4;
/** Where the results of the kernel lie, behind the two blocks. */
const RESULTS = 2 * BLOCK * STRIDE;

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
      addDistances(products, norms, r, height, c, across, sums);
    }
  return sums;
}

/** Pairs are taken once, for both rows. */
function addDistances(
  products: Float64Array,
  norms: Float64Array,
  r: number,
  height: number,
  c: number,
  across: number,
  sums: Float64Array,
): void {
  for (let i = 0; i < height; i++)
    for (let j = 0; j < across; j++) {
      if (c + j <= r + i) continue;
      const squared = norms[r + i] + norms[c + j] - 2 * products[i * BLOCK + j];
      const distance = squared > 0 ? Math.sqrt(squared) : 0;
      sums[r + i] += distance;
      sums[c + j] += distance;
    }
}

let chosen: Products | undefined;

function productsOf(): Products {
  const kernel = chosen ? undefined : compile(dotProducts());
  chosen ??= kernel ? new VectorProducts(kernel) : plainProducts;
  return chosen;
}

// ---------------------------------------------------------------- with WebAssembly

/**
 * `run(x, y, end)`: products of the rows at `x` and `x + STRIDE` with the four at `y`, …, up to address `end` of the
 * first row; eight floats at RESULTS.
 */
function dotProducts() {
  const [x, y, end] = [0, 1, 2];
  const sum = (i: number, j: number): number => 3 + i * 4 + j;
  const [xs, ys] = [11, 13];
  const each = (make: (i: number, j: number) => Code): Code =>
    [0, 1].flatMap((i) => [0, 1, 2, 3].flatMap((j) => make(i, j)));
  const advance = (pointer: number): Code => [...get(pointer), ...number(16), ...add, ...set(pointer)];
  const step: Code = [
    ...[0, 1].flatMap((i) => [...get(x), ...four.load(i * STRIDE), ...set(xs + i)]),
    ...[0, 1, 2, 3].flatMap((j) => [...get(y), ...four.load(j * STRIDE), ...set(ys + j)]),
    ...each((i, j) => [
      ...get(sum(i, j)),
      ...get(xs + i),
      ...get(ys + j),
      ...four.multiply,
      ...four.add,
      ...set(sum(i, j)),
    ]),
    ...advance(x),
    ...advance(y),
    ...get(x),
    ...get(end),
    ...less,
  ];
  const store = each((i, j) => [
    ...number(0),
    ...[0, 1, 2, 3].flatMap((lane) => [
      ...get(sum(i, j)),
      ...four.lane(lane),
      ...(lane > 0 ? float.add : []),
    ]),
    ...float.store(RESULTS + (i * 4 + j) * 4),
  ]);
  const clear = each((i, j) => [...four.zero, ...set(sum(i, j))]);
  const body = [...clear, ...repeat(step), ...store];
  return { parameters: 3, integers: 0, vectors: 14, bytes: RESULTS + 32, body };
}

class VectorProducts implements Products {
  private readonly run: Kernel['run'];
  private readonly floats: Float32Array;
  private readonly results: Float32Array;

  constructor({ run, memory }: Kernel) {
    this.run = run;
    this.floats = new Float32Array(memory, 0, RESULTS / 4);
    this.results = new Float32Array(memory, RESULTS, 8);
  }

  add(x: Block, y: Block, sums: Float64Array): void {
    const bytes = Math.ceil(x.length / 4) * 16;
    this.fill(x, 0);
    this.fill(y, BLOCK * STRETCH);
    for (let i = 0; i < x.count; i += 2)
      for (let j = 0; j < y.count; j += 4) {
        this.run(i * STRIDE, (BLOCK + j) * STRIDE, i * STRIDE + bytes);
        const o = i * BLOCK + j;
        for (let k = 0; k < 4; k++) {
          sums[o + k] += this.results[k];
          sums[o + BLOCK + k] += this.results[4 + k];
        }
      }
  }

  /** Rows one STRETCH apart; what is left of the last four numbers is zero. Rows past the end are never read out. */
  private fill({ rows, width, first, count, from, length }: Block, to: number): void {
    for (let row = 0; row < count; row++) {
      const start = (first + row) * width + from;
      this.floats.set(rows.subarray(start, start + length), to + row * STRETCH);
      for (let i = length; i % 4 !== 0; i++) this.floats[to + row * STRETCH + i] = 0;
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
