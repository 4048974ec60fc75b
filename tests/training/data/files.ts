// Small data files made in memory, byte by byte as their formats say.

import { zlibSync } from 'fflate';
import { crc32 } from '../../../src/training/datasets/files/crc32.ts';
import { memoryFile } from '../../../src/training/datasets/files/data-file.ts';
import type { DataFile } from '../../../src/training/types.ts';

export const file = (name: string, bytes: Uint8Array | string): DataFile =>
  memoryFile(name, typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes);

export const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

const concat = (...parts: readonly (ArrayLike<number> | string)[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === 'string' ? [...new TextEncoder().encode(part)] : Array.from(part),
    ),
  );

const big32 = (value: number): number[] => [
  value >>> 24,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
];

/** An IDX file of bytes. */
export const idxBytes = (dims: readonly number[], values: ArrayLike<number>): Uint8Array =>
  concat([0, 0, 8, dims.length], dims.flatMap(big32), values);

/** An NPY file, version 1. */
export function npyBytes(
  descr: string,
  dims: readonly number[],
  data: ArrayBufferView,
  fortran = false,
): Uint8Array {
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(', ')})`;
  const header = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape}, }\n`;
  return concat(
    [0x93],
    'NUMPY',
    [1, 0, header.length & 255, header.length >> 8],
    header,
    new Uint8Array(data.buffer),
  );
}

/** A PNG of 8-bit grey (1 channel), RGB (3) or RGBA (4) pixels; every line uses the filter given. */
export function pngBytes(
  width: number,
  height: number,
  channels: 1 | 3 | 4,
  pixels: ArrayLike<number>,
  filter = 0,
): Uint8Array {
  const stride = width * channels;
  const lines = range(height).flatMap((y) => [
    filter,
    ...range(stride).map((i) => {
      const at = (dx: number, dy: number) =>
        i - dx < 0 || y - dy < 0 ? 0 : pixels[(y - dy) * stride + i - dx];
      const predicted = filter === 1 ? at(channels, 0) : filter === 2 ? at(0, 1) : 0;
      return (pixels[y * stride + i] - predicted) & 255;
    }),
  ]);
  const header = concat(big32(width), big32(height), [8, { 1: 0, 3: 2, 4: 6 }[channels], 0, 0, 0]);
  return pngOf(header, Uint8Array.from(lines));
}

/** A PNG of this IHDR and these filtered lines. */
export function pngOf(header: Uint8Array, lines: Uint8Array, palette?: Uint8Array): Uint8Array {
  const chunk = (kind: string, body: Uint8Array) => {
    const checked = concat(kind, body);
    return concat(big32(body.length), checked, big32(crc32(checked)));
  };
  return concat(
    [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10],
    chunk('IHDR', header),
    palette ? chunk('PLTE', palette) : [],
    chunk('IDAT', zlibSync(lines)),
    chunk('IEND', new Uint8Array(0)),
  );
}

/** A tar archive of small files. */
export function tarBytes(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const parts = Object.entries(files).map(([name, body]) => {
    const header = new Uint8Array(512);
    const put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
    put(0, name);
    put(124, `${body.length.toString(8).padStart(11, '0')}\0`);
    put(156, '0');
    put(257, 'ustar\u000000');
    put(148, '        ');
    put(
      148,
      `${header
        .reduce((a, b) => a + b)
        .toString(8)
        .padStart(6, '0')}\0 `,
    );
    const padded = new Uint8Array(Math.ceil(body.length / 512) * 512);
    padded.set(body);
    return concat(header, padded);
  });
  return concat(...parts, new Uint8Array(1024));
}
