// Arrays in NumPy's own file format: what `run` takes in and gives out.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

import type { HostArray } from '../execution/types.ts';
import { elementCount } from '../graph/tensor.ts';
import { decodeElements } from '../training/datasets/elements.ts';
import { memoryFile } from '../training/datasets/files/data-file.ts';
import { readNpyHeader } from '../training/datasets/npy-array.ts';

/** @throws ModelError `wrong-data` when the bytes are no NPY file of plain numbers */
export async function readNpy(bytes: Uint8Array, name: string): Promise<HostArray> {
  const { dims, element, offset } = await readNpyHeader(memoryFile(name, bytes));
  const values = new Float64Array(elementCount(dims));
  decodeElements(bytes.subarray(offset), element, values);
  return { dims, data: element.kind === 'float' ? Float32Array.from(values) : Int32Array.from(values) };
}

/** Headers are padded so that the elements begin at a multiple of this. */
const ALIGNMENT = 64;
const PREAMBLE = 10;

export function writeNpy({ dims, data }: HostArray): Uint8Array {
  const type = data instanceof Float32Array ? '<f4' : data instanceof Int32Array ? '<i4' : '|u1';
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(', ')})`;
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': ${shape}, }`;
  const length = Math.ceil((PREAMBLE + text.length + 1) / ALIGNMENT) * ALIGNMENT - PREAMBLE;
  const header = new TextEncoder().encode(`${text.padEnd(length - 1)}\n`);
  const out = new Uint8Array(PREAMBLE + length + data.byteLength);
  out.set([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, length & 0xff, length >> 8]);
  out.set(header, PREAMBLE);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), PREAMBLE + length);
  return out;
}
