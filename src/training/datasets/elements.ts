// Numbers as files store them: element types of either byte order.

import { halfToNumber } from '../../graph/tensor.ts';
import { dataView } from './files/data-file.ts';

export interface Element {
  readonly kind: 'uint' | 'int' | 'float';
  /** Bytes per element. */
  readonly size: number;
  readonly littleEndian: boolean;
}

export const uint8: Element = { kind: 'uint', size: 1, littleEndian: true };

type ReadElement = (view: DataView, at: number, littleEndian: boolean) => number;

const readers: Readonly<Record<string, ReadElement>> = {
  uint1: (view, at) => view.getUint8(at),
  uint2: (view, at, little) => view.getUint16(at, little),
  uint4: (view, at, little) => view.getUint32(at, little),
  uint8: (view, at, little) => Number(view.getBigUint64(at, little)),
  int1: (view, at) => view.getInt8(at),
  int2: (view, at, little) => view.getInt16(at, little),
  int4: (view, at, little) => view.getInt32(at, little),
  int8: (view, at, little) => Number(view.getBigInt64(at, little)),
  float2: (view, at, little) => halfToNumber(view.getUint16(at, little)),
  float4: (view, at, little) => view.getFloat32(at, little),
  float8: (view, at, little) => view.getFloat64(at, little),
};

/** Whether numbers of this kind and size are read. */
export const isReadable = ({ kind, size }: Element): boolean => `${kind}${size}` in readers;

/** The numbers in `bytes`, times `scale`, into `out`. 64-bit integers beyond 2^53 lose precision. */
export function decodeElements(
  bytes: Uint8Array,
  { kind, size, littleEndian }: Element,
  out: Float32Array | Float64Array,
  scale = 1,
): void {
  if (kind === 'uint' && size === 1) {
    for (let i = 0; i < out.length; i++) out[i] = bytes[i] * scale;
    return;
  }
  const read = readers[`${kind}${size}`];
  const view = dataView(bytes);
  for (let i = 0; i < out.length; i++) out[i] = read(view, i * size, littleEndian) * scale;
}
