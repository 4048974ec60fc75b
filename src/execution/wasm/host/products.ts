// Matrix products on the WebAssembly backend, cut into blocks that stay in the nearest caches and into ranges that threads
// take.

import type * as Tf from '@tensorflow/tfjs';
import { COLUMNS, PANEL_BYTES, ROWS } from '../kernels/tile.ts';
import type { KernelMemory } from '../memory.ts';
import type { Call } from '../team.ts';

const FLOAT = 4;
/** Rows of a packed panel of B that are worked through at a time: 16 KiB of it. */
const INNER = 512;
/** Rows of two factors that are read side by side, in bytes. */
const NEAR = 1 << 14;
/** What packing a number costs, in multiply-adds. */
const PACKING = 8;

/** A matrix anywhere in memory, by its byte steps. */
export interface Source {
  readonly address: number;
  readonly rowStep: number;
  readonly columnStep: number;
}

/** Sizes of a product: of a matrix [rows, inner] and one [inner, columns]. */
interface Sizes {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

export interface RowsProduct extends Sizes {
  readonly a: number;
  readonly aStep: number;
  readonly b: Source;
  readonly c: number;
  readonly cStep: number;
}

/** Multiply-adds. */
const workOf = ({ rows, inner, columns }: Sizes): number => rows * inner * columns;

export const packedBytes = (inner: number, columns: number): number =>
  Math.ceil(columns / COLUMNS) * Math.max(1, inner) * PANEL_BYTES;

/** c [rows, columns] = a [rows, inner] · b [inner, columns]; rows of `a` and `c` are contiguous. */
export const productOfRows = (memory: KernelMemory, product: RowsProduct): void =>
  productsOfRows(memory, [product]);

/** Several of the same sizes. */
function productsOfRows(memory: KernelMemory, products: readonly RowsProduct[]): void {
  const { rows, inner, columns } = products[0];
  for (let first = 0; first < inner; first += INNER) {
    const count = Math.min(INNER, inner - first);
    const each = packedBytes(count, columns);
    const packed = memory.room('packed', products.length * each);
    memory.run(
      products.map(({ b }, i): Call => {
        const from = b.address + first * b.rowStep;
        return ['pack', from, packed + i * each, count, columns, b.rowStep, b.columnStep, 0];
      }),
      products.length * count * columns * PACKING,
    );
    const work = rows * count * columns;
    const ranges = memory.ranges(rows, ROWS, work);
    memory.run(
      products.flatMap(({ a, aStep, c, cStep }, i) =>
        ranges.map(
          (range): Call => [
            'product',
            a + range.first * aStep + first * FLOAT,
            packed + i * each,
            c + range.first * cStep,
            range.count,
            count,
            columns,
            aStep,
            cStep,
            first === 0 ? 0 : 1,
          ],
        ),
      ),
      products.length * work,
    );
  }
}

export interface TransposedProduct extends Sizes {
  readonly a: number;
  readonly aStep: number;
  readonly b: number;
  readonly bStep: number;
  readonly c: number;
  readonly cStep: number;
}

/** c [rows, columns] = aᵀ · b: a [inner, rows], b [inner, columns], both with contiguous rows. */
export const transposedProductOfRows = (memory: KernelMemory, product: TransposedProduct): void =>
  memory.run(transposedCalls(memory, product), workOf(product));

function transposedCalls(memory: KernelMemory, product: TransposedProduct): Call[] {
  const { a, aStep, b, bStep, c, cStep, rows, inner, columns } = product;
  const block = Math.max(32, Math.floor(NEAR / Math.max(aStep, bStep)));
  const work = workOf(product);
  const call = (row: number, ownRows: number, column: number, ownColumns: number): Call => [
    'transposedProduct',
    a + row * FLOAT,
    b + column * FLOAT,
    c + row * cStep + column * FLOAT,
    ownRows,
    inner,
    ownColumns,
    aStep,
    bStep,
    cStep,
    block,
  ];
  if (rows / ROWS >= columns / COLUMNS)
    return memory.ranges(rows, ROWS, work).map(({ first, count }) => call(first, count, 0, columns));
  return memory.ranges(columns, COLUMNS, work).map(({ first, count }) => call(0, rows, first, count));
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
  const shape = [stack, rows, columns];
  if (inner === 0 || stack * rows * columns === 0) return memory.zeros(shape);
  const y = memory.output(shape);
  const [from, by, to] = [a, b, y].map((info) => memory.address(info));
  const cStep = columns * FLOAT;
  const each = Array.from({ length: stack }, (_, s) => ({
    a: from + s * rows * inner * FLOAT,
    b: by + s * inner * columns * FLOAT,
    c: to + s * rows * cStep,
    cStep,
    rows,
    inner,
    columns,
  }));
  const sourceOf = (address: number): Source =>
    transposeB
      ? { address, rowStep: FLOAT, columnStep: inner * FLOAT }
      : { address, rowStep: cStep, columnStep: FLOAT };
  if (!transposeA)
    productsOfRows(
      memory,
      each.map((product) => ({ ...product, aStep: inner * FLOAT, b: sourceOf(product.b) })),
    );
  else if (!transposeB)
    memory.run(
      each.flatMap((product) => transposedCalls(memory, { ...product, aStep: rows * FLOAT, bStep: cStep })),
      stack * workOf({ rows, inner, columns }),
    );
  else for (const product of each) transposedByTransposed(memory, product, sourceOf(product.b));
  return y;
}

/** aᵀ · bᵀ, panel by panel of b: a [inner, rows]. */
function transposedByTransposed(
  memory: KernelMemory,
  { a, c, rows, inner, columns }: Sizes & { readonly a: number; readonly c: number },
  b: Source,
): void {
  const packed = memory.room('packed', packedBytes(inner, columns));
  memory.kernels.pack(b.address, packed, inner, columns, b.rowStep, b.columnStep, 0);
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
      inner,
    );
}
