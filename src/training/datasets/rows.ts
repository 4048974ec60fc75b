// Arrays that are read row by row, from memory or from a file, and the splits made of them.

import { elementCount } from '../../graph/tensor.ts';
import { ModelError } from '../../lib/errors.ts';
import type { DataFile, Split } from '../types.ts';
import { decodeElements, type Element } from './elements.ts';
import { readExactly } from './files/data-file.ts';

export interface Rows {
  readonly length: number;
  /** Of one row. */
  readonly dims: readonly number[];
  /** The rows at these positions, one after the other. */
  read(positions: ArrayLike<number>): Promise<Float32Array | Int32Array>;
}

/** Inputs and targets that belong together row by row. Targets may be none. */
export function splitOf(inputs: readonly Rows[], targets: readonly Rows[]): Split {
  const { length } = inputs[0];
  const read = async (rows: Rows, positions: ArrayLike<number>) => ({
    dims: [positions.length, ...rows.dims],
    data: await rows.read(positions),
  });
  return {
    length,
    async read(positions) {
      checkPositions(positions, length);
      const examples = { inputs: await Promise.all(inputs.map((rows) => read(rows, positions))) };
      if (targets.length === 0) return examples;
      return { ...examples, targets: await Promise.all(targets.map((rows) => read(rows, positions))) };
    },
  };
}

function checkPositions(positions: ArrayLike<number>, length: number): void {
  for (let i = 0; i < positions.length; i++)
    if (!(positions[i] >= 0 && positions[i] < length))
      throw new ModelError({
        code: 'no-such-example',
        where: String(positions[i]),
        message: `There is no example ${positions[i]} among ${length}.`,
      });
}

/** Rows that are in memory. */
export function memoryRows(values: Float32Array | Int32Array, dims: readonly number[]): Rows {
  const size = elementCount(dims);
  return {
    length: values.length / size,
    dims,
    async read(positions) {
      const length = positions.length * size;
      const out = values instanceof Int32Array ? new Int32Array(length) : new Float32Array(length);
      for (let i = 0; i < positions.length; i++)
        out.set(values.subarray(positions[i] * size, (positions[i] + 1) * size), i * size);
      return out;
    },
  };
}

export interface Stored {
  /** Where the first row begins. */
  readonly offset: number;
  /** Bytes from one row to the next; default: rows lie close together. */
  readonly stride?: number;
  /** Number of rows. */
  readonly length: number;
  readonly element: Element;
  /** Shape of a row in the file. */
  readonly dims: readonly number[];
  /** Stored values are multiplied by it. */
  readonly scale: number;
  /** Rows are pictures [height, width, channels], to be read as [channels, height, width]. */
  readonly channelsLast: boolean;
}

/** Rows of equal size, one after the other in a file; only those asked for are read. */
export function fileRows(file: DataFile, stored: Stored): Rows {
  const { offset, length, element, dims, scale, channelsLast } = stored;
  const count = elementCount(dims);
  const size = count * element.size;
  const stride = stored.stride ?? size;
  return {
    length,
    dims: channelsLast ? [dims[2], dims[0], dims[1]] : dims,
    async read(positions) {
      const start = (position: number) => offset + position * stride;
      const records = await readStretches(file, positions, start, (position) => start(position) + size);
      const out = new Float32Array(positions.length * count);
      for (const [i, bytes] of records.entries())
        decodeElements(bytes, element, out.subarray(i * count, (i + 1) * count), scale);
      return channelsLast ? planar(out, positions.length, dims[2]) : out;
    },
  };
}

/** Pictures with interleaved channels as pictures of one plane per channel. */
export function planar(pixels: Float32Array, pictures: number, channels: number): Float32Array {
  const out = new Float32Array(pixels.length);
  const area = pixels.length / pictures / channels;
  for (let i = 0, at = 0; i < pictures; i++)
    for (let pixel = 0; pixel < area; pixel++)
      for (let c = 0; c < channels; c++) out[(i * channels + c) * area + pixel] = pixels[at++];
  return out;
}

/** Gaps up to this many bytes are read over rather than asking twice; no request is larger than the second. */
const GAP = 2 ** 14;
const REQUEST = 2 ** 22;

/** The stretches of a file that belong to these positions, in their order; neighbours are read together. */
export async function readStretches(
  file: DataFile,
  positions: ArrayLike<number>,
  start: (position: number) => number,
  end: (position: number) => number,
): Promise<Uint8Array[]> {
  const out = new Array<Uint8Array>(positions.length);
  const order = Uint32Array.from({ length: positions.length }, (_, i) => i).sort(
    (a, b) => positions[a] - positions[b],
  );
  const readRun = async (run: Uint32Array) => {
    const from = start(positions[run[0]]);
    const bytes = await readExactly(file, from, end(positions[run[run.length - 1]]));
    for (const i of run) out[i] = bytes.subarray(start(positions[i]) - from, end(positions[i]) - from);
  };
  const requests: Promise<void>[] = [];
  for (let first = 0, next = 0; first < order.length; first = next) {
    for (next = first + 1; next < order.length; next++) {
      const gap = start(positions[order[next]]) - end(positions[order[next - 1]]);
      if (gap > GAP || end(positions[order[next]]) - start(positions[order[first]]) > REQUEST) break;
    }
    requests.push(readRun(order.subarray(first, next)));
  }
  await Promise.all(requests);
  return out;
}

/** All rows of the first, then all of the next. Their dims are equal. */
export function joinedRows(parts: readonly Rows[]): Rows {
  if (parts.length === 1) return parts[0];
  const starts: number[] = [];
  let length = 0;
  for (const part of parts) {
    starts.push(length);
    length += part.length;
  }
  const { dims } = parts[0];
  const size = elementCount(dims);
  return {
    length,
    dims,
    async read(positions) {
      const out = new Float32Array(positions.length * size);
      const wanted: number[][] = parts.map(() => []);
      for (let i = 0; i < positions.length; i++)
        wanted[starts.findLastIndex((start) => start <= positions[i])].push(i);
      for (const [k, indices] of wanted.entries()) {
        if (indices.length === 0) continue;
        const values = await parts[k].read(indices.map((i) => positions[i] - starts[k]));
        for (const [j, i] of indices.entries()) out.set(values.subarray(j * size, (j + 1) * size), i * size);
      }
      return out;
    },
  };
}
