// Targets as arrays bring them: class numbers, one-hot rows, or values to be met.

import { elementCount } from '../../graph/tensor.ts';
import { counted } from '../../lib/text.ts';
import { areClassNumbers, classesOf } from './classes.ts';
import { decodeElements } from './elements.ts';
import { readExactly } from './files/data-file.ts';
import { refuse } from './files/refuse.ts';
import type { NpyArray } from './npy-array.ts';
import type { Part } from './parts.ts';
import { memoryRows, type Rows } from './rows.ts';

/** Targets are kept in memory; more numbers than this are refused. */
const LIMIT = 2 ** 28;
/** Whole floats up to here are taken for class numbers. */
const MOST_FLOAT_CLASSES = 1_000;

export interface Targets {
  /** Empty where targets are values. */
  readonly classes: readonly string[];
  readonly rows: ReadonlyMap<Part, readonly Rows[]>;
}

/**
 * The targets of each part. An array whose numbers in every part are class numbers, or one-hot rows, becomes int32
 * class numbers; everything else float32 values. @throws ModelError `wrong-data`
 */
export async function readTargets(
  parts: ReadonlyMap<Part, readonly NpyArray[]>,
  names: readonly string[] | undefined,
): Promise<Targets> {
  const read = new Map<Part, { array: NpyArray; values: Float64Array }[]>();
  for (const [part, arrays] of parts) {
    const all = [];
    for (const array of arrays) all.push({ array, values: await readAll(array) });
    read.set(part, all);
  }
  const outputs = Math.max(0, ...[...read.values()].map((arrays) => arrays.length));
  const rows = new Map<Part, Rows[]>([...read.keys()].map((part) => [part, []]));
  let classes: readonly string[] = [];
  for (let output = 0; output < outputs; output++) {
    const columns = [...read].flatMap(([part, arrays]) =>
      arrays[output] ? [{ part, ...arrays[output] }] : [],
    );
    const labels = columns.map(({ array, values }) => classNumbers(array, values));
    const classed = labels.every((numbers) => numbers !== undefined);
    if (classed) {
      const found = classesOf(
        columns.map(({ array }, i) => [array.file.name, labels[i]!.numbers]),
        output === 0 ? names : undefined,
      );
      if (output === 0) classes = found;
    }
    for (const [i, { part, array, values }] of columns.entries())
      rows
        .get(part)!
        .push(
          classed
            ? memoryRows(labels[i]!.numbers, labels[i]!.dims)
            : memoryRows(Float32Array.from(values), array.dims.slice(1)),
        );
  }
  return { classes, rows };
}

async function readAll({ file, element, dims, offset }: NpyArray): Promise<Float64Array> {
  const count = elementCount(dims);
  if (count > LIMIT)
    throw refuse(file.name, `holds ${counted(count)} target values, more than are kept in memory.`);
  const values = new Float64Array(count);
  decodeElements(await readExactly(file, offset, file.size), element, values);
  return values;
}

/** Class numbers in `values`, and their shape per example; `undefined` where they are something else. */
function classNumbers(
  { element, boolean, dims: [, ...dims] }: NpyArray,
  values: Float64Array,
): { numbers: Int32Array; dims: readonly number[] } | undefined {
  const single = elementCount(dims) === 1;
  if (dims.length === 1 && !single) {
    const hot = hotPositions(values, dims[0]);
    return hot && { numbers: hot, dims: [] };
  }
  if (!areClassNumbers(values)) return undefined;
  if (
    element.kind === 'float' &&
    !boolean &&
    (!single || values.some((value) => value >= MOST_FLOAT_CLASSES))
  )
    return undefined;
  return { numbers: Int32Array.from(values), dims: single ? [] : dims };
}

/** Where the only 1 of each row of zeros is; `undefined` where rows are not like that. */
function hotPositions(values: Float64Array, width: number): Int32Array | undefined {
  const out = new Int32Array(values.length / width);
  for (let i = 0; i < out.length; i++) {
    const row = values.subarray(i * width, (i + 1) * width);
    const hot = row.indexOf(1);
    if (hot < 0 || row.some((value, j) => value !== (j === hot ? 1 : 0))) return undefined;
    out[i] = hot;
  }
  return out;
}
