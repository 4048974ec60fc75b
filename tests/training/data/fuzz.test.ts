// Damage of every kind: a data file is read, or refused with a sentence; nothing else happens.

import { gzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/lib/errors.ts';
import { Random } from '../../../src/lib/random.ts';
import { openDataset } from '../../../src/training/datasets/datasets.ts';
import { damaged } from '../../damage.ts';
import { file, idxBytes, npyBytes, pngBytes, range, tarBytes } from './files.ts';

const ROUNDS = 300;

const images = idxBytes([6, 3, 3], range(54));
const array = npyBytes('<f4', [4, 3], Float32Array.from(range(12)));
const picture = pngBytes(3, 3, 3, range(27), 1);
const table = new TextEncoder().encode('a,b,label\n1,2,0\n3,4,1\n5,6,2\n7,8,0\n');
const batch = Uint8Array.from(range(2 * 3073), (i) => (i % 3073 === 0 ? 1 : i % 200));

const samples: Readonly<Record<string, Uint8Array>> = {
  'train-images-idx3-ubyte': images,
  'train-images-idx3-ubyte.gz': gzipSync(images),
  'x.npy': array,
  'set.npz': zipSync({ 'x.npy': array, 'y.npy': npyBytes('<i4', [4], Int32Array.from([0, 1, 2, 0])) }),
  'table.csv': table,
  'table.csv.gz': gzipSync(table),
  'a/1.png': picture,
  'pictures.zip': zipSync({ 'a/1.png': picture, 'b/1.png': picture }),
  'data_batch_1.bin': batch,
  'cifar.tar': tarBytes({ 'data_batch_1.bin': batch }),
};

describe('damaged data files', () => {
  it.each(Object.keys(samples))('%s', async (name) => {
    const random = new Random(7);
    for (let round = 0; round < ROUNDS; round++) {
      const failure = await readAll(name, damaged(samples[name], random)).catch((error: unknown) => error);
      if (failure === undefined) continue;
      expect(failure, `round ${round}: ${String(failure)}`).toBeInstanceOf(ModelError);
      expect((failure as ModelError).message).toMatch(/\.$/);
    }
  });
});

async function readAll(name: string, bytes: Uint8Array): Promise<void> {
  const { train, validation, test } = await openDataset([file(name, bytes)]);
  for (const split of [train, validation, test]) await split.read(range(Math.min(split.length, 100)));
}
