// Matrix products on the WebAssembly backend, cut into blocks that stay in the nearest caches.

import type * as Tf from '@tensorflow/tfjs';
import type { KernelMemory } from './memory.ts';
import { COLUMNS, PANEL_BYTES } from './tile.ts';

const FLOAT = 4;
/** Rows of a packed panel of B that are worked through at a time: 16 KiB of it. */
const INNER = 512;
/** Rows of two factors that are read side by side, in bytes. */
const NEAR = 1 << 14;

/** A matrix anywhere in memory, by its byte steps. */
export interface Source {
  readonly address: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/** c [rows, columns] = a [rows, inner] · b [inner, columns]; rows of `a` and `c` are contiguous. */
export function productOfRows(
  memory: KernelMemory,
  {
    a,
    aStep,
    b,
    c,
    cStep,
    rows,
    inner,
    columns,
  }: {
    readonly a: number;
    readonly aStep: number;
    readonly b: Source;
    readonly c: number;
    readonly cStep: number;
    readonly rows: number;
    readonly inner: number;
    readonly columns: number;
  },
): void {
  for (let first = 0; first === 0 || first < inner; first += INNER) {
    const count = Math.min(INNER, inner - first);
    const packed = memory.room('packed', Math.ceil(columns / COLUMNS) * Math.max(1, count) * PANEL_BYTES);
    memory.kernels.pack(b.address + first * b.rowStep, packed, count, columns, b.rowStep, b.columnStep, 0);
    memory.kernels.product(
      a + first * FLOAT,
      packed,
      c,
      rows,
      count,
      columns,
      aStep,
      cStep,
      first === 0 ? 0 : 1,
    );
  }
}

/** c [rows, columns] = aᵀ · b: a [inner, rows], b [inner, columns], both with contiguous rows. */
export function transposedProductOfRows(
  memory: KernelMemory,
  {
    a,
    aStep,
    b,
    bStep,
    c,
    cStep,
    rows,
    inner,
    columns,
  }: {
    readonly a: number;
    readonly aStep: number;
    readonly b: number;
    readonly bStep: number;
    readonly c: number;
    readonly cStep: number;
    readonly rows: number;
    readonly inner: number;
    readonly columns: number;
  },
): void {
  const block = Math.max(32, Math.floor(NEAR / Math.max(aStep, bStep)));
  for (let first = 0; first === 0 || first < inner; first += block) {
    const count = Math.min(block, inner - first);
    memory.kernels.transposedProduct(
      a + first * aStep,
      b + first * bStep,
      c,
      rows,
      count,
      columns,
      aStep,
      bStep,
      cStep,
      first === 0 ? 0 : 1,
    );
  }
}

/** a · b over a stack; see `OwnKernels.Product`. */
export function stackedProduct(
  memory: KernelMemory,
  a: Tf.TensorInfo,
  b: Tf.TensorInfo,
  { transposeA, transposeB }: { readonly transposeA: boolean; readonly transposeB: boolean },
): Tf.TensorInfo {
  const [stack, ...left] = a.shape;
  const [, ...right] = b.shape;
  const [rows, inner] = transposeA ? [left[1], left[0]] : left;
  const columns = transposeB ? right[0] : right[1];
  const y = memory.output([stack, rows, columns]);
  const [from, by, to] = [a, b, y].map((info) => memory.address(info));
  for (let s = 0; s < stack; s++) {
    const [left0, right0, c] = [
      from + s * rows * inner * FLOAT,
      by + s * inner * columns * FLOAT,
      to + s * rows * columns * FLOAT,
    ];
    const cStep = columns * FLOAT;
    const source: Source = transposeB
      ? { address: right0, rowStep: FLOAT, columnStep: inner * FLOAT }
      : { address: right0, rowStep: columns * FLOAT, columnStep: FLOAT };
    if (!transposeA)
      productOfRows(memory, { a: left0, aStep: inner * FLOAT, b: source, c, cStep, rows, inner, columns });
    else if (!transposeB)
      transposedProductOfRows(memory, {
        a: left0,
        aStep: rows * FLOAT,
        b: right0,
        bStep: cStep,
        c,
        cStep,
        rows,
        inner,
        columns,
      });
    else transposedByTransposed(memory, { a: left0, source, c, rows, inner, columns });
  }
  return y;
}

/** aᵀ · bᵀ, panel by panel of b: a [inner, rows]. */
function transposedByTransposed(
  memory: KernelMemory,
  {
    a,
    source,
    c,
    rows,
    inner,
    columns,
  }: {
    readonly a: number;
    readonly source: Source;
    readonly c: number;
    readonly rows: number;
    readonly inner: number;
    readonly columns: number;
  },
): void {
  const packed = memory.room('packed', Math.ceil(columns / COLUMNS) * Math.max(1, inner) * PANEL_BYTES);
  memory.kernels.pack(source.address, packed, inner, columns, source.rowStep, source.columnStep, 0);
  for (let column = 0; column < columns; column += COLUMNS)
    memory.kernels.transposedProduct(
      a,
      packed + (column / COLUMNS) * inner * PANEL_BYTES,
      c + column * FLOAT,
      rows,
      inner,
      Math.min(COLUMNS, columns - column),
      rows * FLOAT,
      PANEL_BYTES,
      columns * FLOAT,
      0,
    );
}
