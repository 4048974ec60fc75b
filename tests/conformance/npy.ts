// NumPy files of float32 and uint8 as the samples store them; uint8 stands for value / 255.

import { permute } from '../../src/execution/transfer.ts';
import type { HostArray } from '../../src/execution/types.ts';

export function readNpy(bytes: Uint8Array): HostArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6] >= 2;
  const start = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, start + length));
  const dims = (header.match(/'shape': \(([^)]*)\)/)?.[1] ?? '')
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  const raw = bytes.slice(start + length);
  const data = header.includes('u1')
    ? Float32Array.from(raw, (value) => value / 255)
    : new Float32Array(raw.buffer);
  if (!header.includes("'fortran_order': True")) return { dims, data };
  // The last axis is the slowest: read as the reversed shape and turn it round.
  const order = dims.map((_, axis) => dims.length - 1 - axis);
  return { dims, data: permute(data, dims.toReversed(), order) };
}
