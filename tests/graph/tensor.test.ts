// Bytes of tensors: what cannot be exact is the nearest, and no alignment of the file is in the way.

import { describe, expect, test } from 'vitest';
import { tensorOf, toNumbers } from '../../src/graph/tensor.ts';

describe('64-bit integers', () => {
  test.each([
    ['int64', 2 ** 63, 2n ** 63n - 1n],
    ['int64', -(2 ** 63), -(2n ** 63n)],
    ['int64', -3, -3n],
    ['uint64', 2 ** 64, 2n ** 64n - 1n],
  ] as const)('%s %d saturates', (dtype, value, expected) => {
    const { bytes } = tensorOf('limit', dtype, [1], [value]);
    const words = dtype === 'int64' ? BigInt64Array : BigUint64Array;
    expect(new words((bytes as Uint8Array).slice().buffer)[0]).toBe(expected);
  });
});

test('a view at an odd offset of a Node buffer is read', () => {
  const file = Buffer.alloc(17);
  file.writeBigInt64LE(7n, 1);
  file.writeBigInt64LE(-2n, 9);
  const bytes = file.subarray(1);
  expect(toNumbers({ name: 'sizes', dtype: 'int64', dims: [2], bytes })).toEqual([7, -2]);
});
