// Weights stored as levels, as the numbers they stand for: (level − zero point) · scale. On the host, for whoever looks
// at weights without running the network; execution does the same on the device (quantise.ts, packed-levels.ts).

import { elementCount, tensorOf, toFloat32 } from '../graph/tensor.ts';
import type { Tensor } from '../graph/types.ts';

/** How levels become numbers. Absent: a scale of 1, a zero point of 0. */
export interface Levels {
  /** One for all, one per position of `axis`, or one per block of it. */
  readonly scale?: Tensor | undefined;
  readonly zero?: Tensor | undefined;
  readonly axis: number;
  /** Positions of the axis that share a scale; 0: there are no blocks. */
  readonly block?: number;
}

/** The numbers as float32, in the shape of the levels. @throws ModelError `no-data` where they are not in the file */
export function numbersOf(levels: Tensor, { scale, zero, axis, block = 0 }: Levels): Tensor {
  const { name, dims } = levels;
  const out = Float32Array.from(toFloat32(levels));
  const scales = scale && toFloat32(scale);
  const zeros = zero && toFloat32(zero);
  const length = dims[axis] ?? 1;
  const inner = elementCount(dims.slice(axis + 1));
  const steps = block > 0 ? Math.ceil(length / block) : length;
  const at = (
    of: Float32Array | undefined,
    absent: number,
    row: number,
    position: number,
    column: number,
  ) => {
    if (!of) return absent;
    if (of.length === 1) return of[0];
    return block > 0 ? of[(row * steps + Math.floor(position / block)) * inner + column] : of[position];
  };
  for (let row = 0, p = 0; p < out.length; row++)
    for (let position = 0; position < length; position++)
      for (let column = 0; column < inner; column++, p++)
        out[p] = (out[p] - at(zeros, 0, row, position, column)) * at(scales, 1, row, position, column);
  return tensorOf(name, 'float32', dims, out);
}
