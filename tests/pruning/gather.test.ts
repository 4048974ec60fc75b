// Keeping positions of axes, against the definition: element by element, on every element size, alignment, and length
// of run that the fast ways distinguish.

import { describe, expect, test } from 'vitest';
import { elementCount, elementSize } from '../../src/graph/tensor.ts';
import type { DataType, Tensor } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';
import { gatherAxes, type Kept } from '../../src/pruning/gather.ts';

const random = new Random(7);

/** Bytes of which each differs from its neighbours, at an address that no element type is aligned to. */
function tensor(dtype: DataType, dims: readonly number[], offset = 1): Tensor {
  const length = elementCount(dims) * elementSize(dtype);
  const bytes = new Uint8Array(length + offset).subarray(offset);
  for (let i = 0; i < length; i++) bytes[i] = random.below(256);
  return { name: 'w', dtype, dims, bytes };
}

const some = (length: number, share: number): number[] => {
  const kept = Array.from({ length }, (_, i) => i).filter(() => random.uniform() < share);
  return kept.length > 0 ? kept : [length - 1];
};

/** Element by element. */
function expected({ dtype, dims, bytes = new Uint8Array() }: Tensor, kept: Kept): Uint8Array {
  const size = elementSize(dtype);
  const lengths = dims.map((length, axis) => kept[axis]?.length ?? length);
  const out = new Uint8Array(elementCount(lengths) * size);
  for (let at = 0; at < out.length; at++) {
    let rest = Math.floor(at / size);
    let from = 0;
    for (let axis = dims.length - 1, stride = 1; axis >= 0; stride *= dims[axis--]) {
      const position = rest % lengths[axis];
      from += (kept[axis]?.[position] ?? position) * stride;
      rest = Math.floor(rest / lengths[axis]);
    }
    out[at] = bytes[from * size + (at % size)];
  }
  return out;
}

const same = (a: Uint8Array | undefined, b: Uint8Array): boolean =>
  Buffer.compare(a ?? b.subarray(0, 0), b) === 0;

const shapes: readonly (readonly number[])[] = [
  [7],
  [3, 50],
  [40, 33],
  [19, 6, 3, 3],
  [5, 8, 1, 7],
  [12, 4, 300],
  [3, 2, 1000],
  [6, 17000],
  [300, 1],
];

describe('positions of axes', () => {
  for (const dtype of ['float32', 'float64', 'float16', 'int8'] as const)
    for (const dims of shapes)
      for (const share of [0.1, 0.7, 0.98])
        test(`${dtype} [${dims}], ${share} of each axis`, () => {
          const whole = tensor(dtype, dims);
          for (let round = 0; round < 4; round++) {
            const kept = dims.map((length) => (random.uniform() < 0.7 ? some(length, share) : undefined));
            const cut = gatherAxes(whole, kept);
            expect(cut.dims).toEqual(dims.map((length, axis) => kept[axis]?.length ?? length));
            expect(same(cut.bytes, expected(whole, kept))).toBe(true);
          }
        });

  test('an aligned tensor gives the same', () => {
    const whole = tensor('float32', [64, 96], 0);
    const kept = [some(64, 0.5), some(96, 0.5)];
    expect(same(gatherAxes(whole, kept).bytes, expected(whole, kept))).toBe(true);
  });

  test('an axis that keeps nothing leaves no bytes', () => {
    expect(gatherAxes(tensor('float32', [4, 5]), [undefined, []])).toMatchObject({
      dims: [4, 0],
      bytes: new Uint8Array(),
    });
  });

  test('without data only the dimensions change; where nothing goes the tensor is the same', () => {
    const topology: Tensor = { name: 'w', dtype: 'float32', dims: [8, 9] };
    expect(gatherAxes(topology, [[0, 3], undefined])).toEqual({ ...topology, dims: [2, 9] });
    const whole = tensor('float32', [2, 3]);
    expect(gatherAxes(whole, [[0, 1], undefined])).toBe(whole);
  });
});
