// Every data format read as it should be: from memory, gzipped, in archives, from the material beside the project.

import { gzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../../src/training/datasets/datasets.ts';
import type { DataFile } from '../../../src/training/types.ts';
import { readShared, sharedFolder } from '../../shared.ts';
import { file, idxBytes, npyBytes, pngBytes, range, tarBytes } from './files.ts';
import { linearAccuracy } from './softmax-regression.ts';

const pixels = (count: number, size: number): Uint8Array =>
  Uint8Array.from({ length: count * size }, (_, i) => (i * 7 + Math.floor(i / size)) % 256);
const labels = (count: number, classes: number): Uint8Array =>
  Uint8Array.from(range(count), (i) => i % classes);

async function firstOf(files: readonly DataFile[], options = {}) {
  const dataset = await openDataset(files, { validation: 0, test: 0, ...options });
  const { inputs, targets } = await dataset.train.read([2, 0]);
  return { dataset, input: inputs[0], target: targets?.[0] };
}

describe('IDX', () => {
  const images = idxBytes([10, 4, 4], pixels(10, 16));
  const numbers = idxBytes([10], labels(10, 5));

  it.each([
    ['plain', (bytes: Uint8Array) => bytes, ''],
    ['gzipped', (bytes: Uint8Array) => gzipSync(bytes), '.gz'],
  ])('%s, under the MNIST names', async (_, packed, end) => {
    const dataset = await openDataset([
      file(`train-images-idx3-ubyte${end}`, packed(images)),
      file(`train-labels-idx1-ubyte${end}`, packed(numbers)),
      file(`t10k-images-idx3-ubyte${end}`, packed(idxBytes([3, 4, 4], pixels(3, 16)))),
      file(`t10k-labels-idx1-ubyte${end}`, packed(idxBytes([3], [4, 0, 1]))),
    ]);
    expect([dataset.train.length, dataset.validation.length, dataset.test.length]).toEqual([9, 1, 3]);
    expect(dataset.dims).toEqual([[1, 4, 4]]);
    expect(dataset.classes).toEqual(['0', '1', '2', '3', '4']);
    const { inputs, targets } = await dataset.test.read([2, 0, 2]);
    expect([...targets![0].data]).toEqual([1, 4, 1]);
    expect(inputs[0].dims).toEqual([3, 1, 4, 4]);
    expect(inputs[0].data[0]).toBeCloseTo(pixels(3, 16)[32] / 255);
  });

  it('holds out validation and test examples by the seed, none twice', async () => {
    const files = [
      file('images.idx', idxBytes([100, 1, 1], range(100))),
      file('labels.idx', idxBytes([100], labels(100, 10))),
    ];
    const seen = async (seed: number) => {
      const { train, validation, test } = await openDataset(files, { seed, validation: 0.2, test: 0.25 });
      const values = async (split: typeof train) =>
        Array.from((await split.read(range(split.length))).inputs[0].data, (v) => Math.round(v * 255));
      return [await values(train), await values(validation), await values(test)];
    };
    const [train, validation, test] = await seen(1);
    expect([train.length, validation.length, test.length]).toEqual([60, 15, 25]);
    expect([...train, ...validation, ...test].sort((a, b) => a - b)).toEqual(range(100));
    expect(await seen(1)).toEqual([train, validation, test]);
    expect((await seen(2))[2]).not.toEqual(test);
  });

  it('comes without labels too, and says so', async () => {
    const { dataset, target } = await firstOf([file('images.idx3-ubyte', images)]);
    expect(target).toBeUndefined();
    expect(dataset.problems!.map(({ code }) => code)).toEqual(['no-labels']);
  });

  it('takes class names from a text file', async () => {
    const names = 'shirt\r\ncoat\nbag\nboot\ndress\n';
    const { dataset } = await firstOf([
      file('a/images-idx3', images),
      file('a/labels-idx1', numbers),
      file('a/labels.txt', names),
    ]);
    expect(dataset.classes).toEqual(['shirt', 'coat', 'bag', 'boot', 'dress']);
    expect(dataset.name).toBe('a');
  });

  it('is streamed: reading two examples of a large file reads little of it', async () => {
    const whole = idxBytes([1000, 28, 28], new Uint8Array(784_000));
    let read = 0;
    const counting: DataFile = {
      name: 'train-images-idx3-ubyte',
      size: whole.length,
      async read(start, end) {
        read += end - start;
        return whole.subarray(start, end);
      },
    };
    const dataset = await openDataset([counting]);
    await dataset.train.read([5, 700]);
    expect(read).toBeLessThan(5_000);
  });
});

describe('CIFAR', () => {
  const record = (head: number[], shade: number) => [...head, ...new Uint8Array(3072).fill(shade)];

  it('10: five batches and a test batch, with the names of the set', async () => {
    const batch = (shade: number) => Uint8Array.from([...record([3], shade), ...record([9], shade + 1)]);
    const archive = tarBytes({
      'cifar-10-batches-bin/data_batch_1.bin': batch(10),
      'cifar-10-batches-bin/data_batch_2.bin': batch(20),
      'cifar-10-batches-bin/test_batch.bin': batch(30),
    });
    const dataset = await openDataset([file('cifar-10-binary.tar.gz', gzipSync(archive))], { validation: 0 });
    expect([dataset.name, dataset.train.length, dataset.test.length]).toEqual(['CIFAR-10', 4, 2]);
    expect(dataset.classes[3]).toBe('cat');
    const { inputs, targets } = await dataset.train.read([3, 0]);
    expect(inputs[0].dims).toEqual([2, 3, 32, 32]);
    expect([inputs[0].data[0], inputs[0].data[3072]].map((v) => Math.round(v * 255))).toEqual([21, 10]);
    expect([...targets![0].data]).toEqual([9, 3]);
  });

  it('100: the fine label is the class', async () => {
    const bytes = Uint8Array.from([...record([1, 42], 5), ...record([2, 7], 6)]);
    const dataset = await openDataset([file('train.bin', bytes), file('test.bin', bytes)]);
    expect(dataset.name).toBe('CIFAR-100');
    const { targets } = await dataset.test.read([0, 1]);
    expect([...targets![0].data]).toEqual([42, 7]);
  });
});

describe('NumPy', () => {
  it('an NPZ with train and test arrays, as Keras publishes MNIST', async () => {
    const npz = zipSync({
      'x_train.npy': npyBytes('|u1', [6, 4, 4], pixels(6, 16)),
      'y_train.npy': npyBytes('<i8', [6], BigInt64Array.from([0n, 1n, 2n, 0n, 1n, 2n])),
      'x_test.npy': npyBytes('|u1', [2, 4, 4], pixels(2, 16)),
      'y_test.npy': npyBytes('<i8', [2], BigInt64Array.from([2n, 1n])),
    });
    const dataset = await openDataset([file('mnist.npz', npz)], { validation: 0 });
    expect([dataset.name, dataset.train.length, dataset.test.length]).toEqual(['mnist', 6, 2]);
    const { inputs, targets } = await dataset.test.read([0, 1]);
    expect(inputs[0].dims).toEqual([2, 1, 4, 4]);
    expect([...targets![0].data]).toEqual([2, 1]);
  });

  it.each([
    ['channels last', '|u1', [3, 8, 6, 3], pixels(3, 144), [3, 8, 6]],
    ['channels first', '<f4', [3, 3, 8, 6], Float32Array.from(pixels(3, 144)), [3, 8, 6]],
    ['rows of features', '<f8', [3, 5], Float64Array.from(range(15)), [5]],
    ['bytes in a row that fill a square', '|u1', [3, 64], pixels(3, 64), [1, 8, 8]],
    ['half precision', '<f2', [3, 2], Uint16Array.from([0x3c00, 0, 0x4000, 0, 0xc000, 0]), [2]],
    ['big endian', '>i2', [3, 2], Uint8Array.from([0, 1, 0, 2, 0, 3, 0, 4, 255, 255, 0, 6]), [2]],
  ])('%s', async (_, descr, dims, data, wanted) => {
    const { dataset, input } = await firstOf([
      file('images.npy', npyBytes(descr, dims, data)),
      file('labels.npy', npyBytes('<i4', [3], Int32Array.from([1, 0, 1]))),
    ]);
    expect(dataset.dims).toEqual([wanted]);
    expect(input.dims).toEqual([2, ...wanted]);
    if (descr === '<f2') expect(input.data[0]).toBe(-2);
    if (descr === '>i2') expect(input.data[0]).toBe(-1);
    if (dims.length === 4 && descr === '|u1')
      expect([...input.data.slice(48, 51)].map((v) => Math.round(v * 255))).toEqual(
        [0, 1, 2].map((pixel) => pixels(3, 144)[2 * 144 + 3 * pixel + 1]),
      );
  });

  it.each([
    ['class numbers in a column', '<i4', [4, 1], Int32Array.from([0, 2, 1, 0]), ['0', '1', '2'], [1, 0]],
    [
      'one-hot rows',
      '<f4',
      [4, 3],
      Float32Array.from([1, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0]),
      ['0', '1', '2'],
      [1, 0],
    ],
    [
      'values to be met',
      '<f4',
      [4, 2],
      Float32Array.from([0.5, 1, 2, 3, 4.5, 6, 7, 8]),
      [],
      [4.5, 6, 0.5, 1],
    ],
  ])('targets: %s', async (_, descr, dims, data, classes, wanted) => {
    const { dataset, target } = await firstOf([
      file('x.npy', npyBytes('<f4', [4, 2], new Float32Array(8))),
      file('y.npy', npyBytes(descr, dims, data)),
    ]);
    expect(dataset.classes).toEqual(classes);
    expect([...target!.data]).toEqual(wanted);
  });

  it('several inputs, in the order of their numbers', async () => {
    const dataset = await openDataset([
      file('input_1.npy', npyBytes('<f4', [2, 3], new Float32Array(6))),
      file('input_0.npy', npyBytes('<f4', [2, 5], new Float32Array(10))),
      file('y.npy', npyBytes('<f4', [2, 1], Float32Array.from([0.5, 1]))),
    ]);
    expect(dataset.dims).toEqual([[5], [3]]);
  });
});

describe('CSV', () => {
  it.each([
    ['label last, no header', '0,1,0\n3,4,1\n5,6,2\n', [5, 6], 2],
    ['label first by its header', 'label,a,b\n0,1,2\n1,3,4\n2,5,6\n', [5, 6], 2],
    ['label first by its numbers', '0,7,12\n1,3,4\n2,5,6\n', [5, 6], 2],
    ['semicolons, Windows line ends, no last line break', '0;1;0\r\n3;4;1\r\n5;6;2', [5, 6], 2],
    ['blank lines', '0,1,0\n\n3,4,1\n5,6,2\n\n', [5, 6], 2],
    ['a column that counts the rows', ',a,b,target\n0,0,1,0\n1,3,4,1\n2,5,6,2\n', [5, 6], 2],
    ['fractions and exponents', '0.5,1e-3,0\n3,4,1\n-5.25,+6E2,2\n', [-5.25, 600], 2],
  ])('%s', async (_, text, wanted, label) => {
    const { input, target } = await firstOf([file('table.csv', text)]);
    expect([...input.data.slice(0, 2)]).toEqual(wanted);
    expect(target!.data[0]).toBe(label);
  });

  it('labels that are texts become classes in alphabetical order', async () => {
    const { dataset, target } = await firstOf([
      file('iris.csv', '1,2,"setosa, wild"\n3,4,rosa\n5,6,"setosa, wild"\n'),
    ]);
    expect(dataset.classes).toEqual(['rosa', 'setosa, wild']);
    expect([...target!.data]).toEqual([1, 1]);
  });

  it('labels from 1 on are shifted, and that is said', async () => {
    const { dataset, target } = await firstOf([file('t.csv', '9,5,1\n9,6,2\n9,8,3\n')]);
    expect([...target!.data]).toEqual([2, 0]);
    expect(dataset.problems!.map(({ code }) => code)).toEqual(['labels-from-one']);
  });

  it('fractions in the last column are values to be met', async () => {
    const { dataset, target } = await firstOf([file('t.csv', '9,5,1.5\n9,6,2\n9,8,3\n')]);
    expect(dataset.classes).toEqual([]);
    expect(target).toEqual({ dims: [2, 1], data: Float32Array.from([3, 1.5]) });
  });

  it('so are whole numbers too many to be classes, however many different ones', async () => {
    const lines = range(12_000).map((i) => `${i % 7},${i * 3}`);
    const { dataset, target } = await firstOf([file('t.csv', lines.join('\n'))], { label: 'last' });
    expect(dataset.classes).toEqual([]);
    expect([...target!.data]).toEqual([6, 0]);
  });

  it('whole numbers that fill a square are a picture from 0 to 1', async () => {
    const row = (shade: number, label: number) => [...new Array(64).fill(shade), label].join(',');
    const { dataset, input } = await firstOf([file('t.csv', [row(16, 0), row(0, 1), row(8, 2)].join('\n'))]);
    expect(dataset.dims).toEqual([[1, 8, 8]]);
    expect(input.data[0]).toBe(0.5);
  });

  it('train and test in two files', async () => {
    const dataset = await openDataset(
      [file('mnist_train.csv', '0,7,1\n1,8,2\n'), file('mnist_test.csv', '1,9,3\n')],
      {
        validation: 0,
        label: 'first',
      },
    );
    expect([dataset.train.length, dataset.test.length]).toEqual([2, 1]);
  });
});

describe('pictures', () => {
  const shade = (value: number) => pngBytes(4, 4, 1, new Uint8Array(16).fill(value));

  it('a folder per class, parts by folder', async () => {
    const dataset = await openDataset(
      [
        file('set/train/cat/1.png', shade(10)),
        file('set/train/dog/1.png', shade(20)),
        file('set/test/dog/2.png', shade(30)),
        file('set/.DS_Store', 'x'),
        file('set/readme.md', 'about'),
      ],
      { validation: 0 },
    );
    expect([dataset.name, dataset.train.length, dataset.test.length]).toEqual(['set', 2, 1]);
    expect(dataset.classes).toEqual(['cat', 'dog']);
    const { inputs, targets } = await dataset.test.read([0]);
    expect(inputs[0].dims).toEqual([1, 1, 4, 4]);
    expect(Math.round(inputs[0].data[5] * 255)).toBe(30);
    expect([...targets![0].data]).toEqual([1]);
    expect(dataset.problems!.map(({ message }) => message)).toEqual([
      '"set/readme.md" is no picture and was left out.',
    ]);
  });

  it('in a zip archive, numbered classes in the order of numbers', async () => {
    const zip = zipSync({ '10/a.png': shade(1), '2/a.png': shade(2), '1/a.png': shade(3) });
    const { dataset } = await firstOf([file('digits.zip', zip)]);
    expect(dataset.classes).toEqual(['1', '2', '10']);
  });

  it('of other sizes and colours are brought to those of the first', async () => {
    const { input } = await firstOf([
      file('a/1.png', shade(100)),
      file('b/1.png', shade(100)),
      file(
        'b/2.png',
        pngBytes(
          8,
          8,
          3,
          Uint8Array.from(range(192), (i) => (i % 3 === 0 ? 200 : 0)),
        ),
      ),
    ]);
    expect(input.dims).toEqual([2, 1, 4, 4]);
    expect(Math.round(input.data[0] * 255)).toBe(60);
  });
});

describe.skipIf(!sharedFolder())('real data', () => {
  it('Fashion-MNIST: counts, shape, classes in the proportions its note tells', async () => {
    const names = ['train-images-idx3', 'train-labels-idx1', 't10k-images-idx3', 't10k-labels-idx1'];
    const files = names.map((name) =>
      file(`${name}-ubyte.gz`, readShared(`data/fashion-mnist/${name}-ubyte.gz`)),
    );
    const dataset = await openDataset(files);
    expect([dataset.train.length, dataset.validation.length, dataset.test.length]).toEqual([5400, 600, 2000]);
    const { targets } = await dataset.test.read(range(2000));
    const counts = range(10).map((c) => Array.from(targets![0].data).filter((label) => label === c).length);
    expect([Math.min(...counts), Math.max(...counts)]).toEqual([188, 219]);
  });

  it('the 8×8 digits: a linear classifier learns them', async () => {
    const dataset = await openDataset([file('digits.csv.gz', readShared('data/digits/digits.csv.gz'))], {
      validation: 0,
    });
    expect(dataset.dims).toEqual([[1, 8, 8]]);
    expect(dataset.classes).toHaveLength(10);
    expect(dataset.problems).toEqual([]);
    expect(dataset.train.length + dataset.test.length).toBe(1797);
    expect(await linearAccuracy(dataset.train, dataset.test, { rate: 0.5, epochs: 20 })).toBeGreaterThan(
      0.92,
    );
  });
});
