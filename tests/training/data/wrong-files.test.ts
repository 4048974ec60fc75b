// Wrong data files are first-class: each row a file, and the sentence a person reads.

import { gzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { ModelError } from '../../../src/lib/errors.ts';
import { openDataset } from '../../../src/training/datasets/datasets.ts';
import { unzipped } from '../../../src/training/datasets/files/inflate.ts';
import type { DataOptions } from '../../../src/training/datasets/reader.ts';
import type { DataFile } from '../../../src/training/types.ts';
import { file, idxBytes, npyBytes, pngBytes, pngOf, range, tarBytes } from './files.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);
const images = idxBytes([4, 2, 2], range(16));
const labels = idxBytes([4], [0, 1, 2, 0]);
const shade = pngBytes(2, 2, 1, [1, 2, 3, 4]);
const x = file('x.npy', npyBytes('<f4', [2, 3], new Float32Array(6)));
const archive = (entries: Record<string, Uint8Array>) => zipSync(entries);

/** An archive whose directory claims another unpacked size. */
function lyingZip(): Uint8Array {
  const zip = archive({ 'a/1.png': new Uint8Array(10_000) });
  const at = zip.findIndex(
    (_, i) => zip[i] === 0x50 && zip[i + 1] === 0x4b && zip[i + 2] === 1 && zip[i + 3] === 2,
  );
  new DataView(zip.buffer).setUint32(at + 24, 0x3fff_ffff, true);
  return zip;
}

function flipped(source: Uint8Array, at: number): Uint8Array {
  const out = Uint8Array.from(source);
  out[at < 0 ? out.length + at : at] ^= 0xff;
  return out;
}

type Row = readonly [what: string, files: readonly DataFile[], message: string, options?: DataOptions];

const rows: Record<string, readonly Row[]> = {
  'any format': [
    ['nothing', [], 'There are no files to read data from.'],
    ['an empty file', [file('a.bin', '')], '"a.bin" is empty and no data set.'],
    [
      'a web page',
      [file('data.html', '<!DOCTYPE html><html>')],
      '"data.html" is a web page (HTML) and no data set.',
    ],
    [
      'a table of another program',
      [file('t.parquet', 'PAR1 more'), file('u.parquet', 'PAR1')],
      '"t.parquet" is a Parquet table and no data set, and none of the 1 files beside it is any.',
    ],
    ['an empty archive', [file('a.zip', archive({}))], '"a.zip" holds no files.'],
  ],
  archives: [
    [
      'a truncated zip',
      [file('a.zip', archive({ 'x/1.png': shade }).subarray(0, 40))],
      '"a.zip" begins like a zip archive but its directory is missing or damaged; it is truncated.',
    ],
    [
      'a zip bomb',
      [file('a.zip', lyingZip())],
      '"a.zip/a/1.png" claims to unpack from 26 to 1,073,741,823 bytes, which is not believed.',
    ],
    [
      'a damaged entry',
      [file('a.zip', flipped(zipSync({ 'a/1.png': shade }, { level: 0 }), 60))],
      '"a.zip/a/1.png" is a PNG picture that is truncated or damaged.',
    ],
    [
      'a damaged packed entry',
      [
        file(
          'a.npz',
          flipped(archive({ 'x.npy': npyBytes('<f4', [99], Float32Array.from(range(99))) }), 120),
        ),
      ],
      '"a.npz/x.npy" does not match its own checksum; the archive is damaged.',
    ],
    [
      'a truncated gzip file',
      [file('t.csv.gz', gzipSync(new TextEncoder().encode('1,2,0\n'.repeat(999))).subarray(0, 30))],
      '"t.csv.gz" cannot be unpacked; it is truncated or damaged.',
    ],
    [
      'a gzip file with a wrong checksum',
      [file('t.csv.gz', flipped(gzipSync(new TextEncoder().encode('1,2,0\n')), -8))],
      '"t.csv.gz" does not match its own checksum; it is damaged.',
    ],
    [
      'a truncated tar',
      [file('a.tar', tarBytes({ 'data_batch_1.bin': new Uint8Array(3073) }).subarray(0, 2000))],
      '"a.tar" is a tar archive that breaks off; it is truncated or damaged.',
    ],
  ],
  IDX: [
    [
      'a wrong magic number',
      [file('train-images-idx3-ubyte', flipped(images, 2))],
      '"train-images-idx3-ubyte" is called an IDX file but does not begin like one (two zero bytes, element type, number of dimensions).',
    ],
    [
      'truncated pixels',
      [file('train-images-idx3-ubyte', images.subarray(0, 20))],
      '"train-images-idx3-ubyte" announces 4 entries, 32 bytes in all, and has 20; it is truncated.',
    ],
    [
      'a truncated header',
      [file('train-images-idx3-ubyte', images.subarray(0, 9))],
      '"train-images-idx3-ubyte" has 9 bytes where at least 16 are needed; it is truncated.',
    ],
    [
      'sizes beyond all files',
      [file('images-idx3', idxBytes([0xffffffff, 0xffffffff, 0xffffffff], [1, 2, 3]))],
      '"images-idx3" announces 4,294,967,295 entries, 79,228,162,458,924,105,000,000,000,000 bytes in all, and has 19; it is truncated.',
    ],
    ['an empty file', [file('train-images-idx3-ubyte', '')], '"train-images-idx3-ubyte" is empty.'],
    ['no examples', [file('images-idx3', idxBytes([0, 2, 2], []))], '"images-idx3" holds no examples.'],
    [
      'another count of labels',
      [file('images-idx3', images), file('labels-idx1', idxBytes([3], [0, 1, 2]))],
      '"labels-idx1" holds 3 labels for the 4 images of "images-idx3".',
    ],
    [
      'a label without a name',
      [file('images-idx3', images), file('labels-idx1', labels), file('labels.txt', 'cat\ndog\n')],
      '"labels-idx1" gives example 3 the label 2, but the 2 class names stand for 0 to 1.',
    ],
    ['labels alone', [file('labels-idx1', labels)], '"labels-idx1" holds labels whose images are missing.'],
    [
      'two training parts',
      [file('a-images-idx3', images), file('b-images-idx3', images)],
      '"b-images-idx3" and "a-images-idx3" hold the same part of a data set.',
    ],
    [
      'parts of different shapes',
      [file('train-images-idx3', images), file('test-images-idx3', idxBytes([1, 3, 3], range(9)))],
      '"test-images-idx3" holds examples of 1×3×3, the other part ones of 1×2×2.',
    ],
    [
      'a shape that cannot be',
      [file('images-idx3', images)],
      '"images-idx3" holds examples of 4 values, which cannot be 3×3.',
      { dims: [3, 3] },
    ],
  ],
  CIFAR: [
    [
      'truncated',
      [file('data_batch_1.bin', new Uint8Array(3000))],
      '"data_batch_1.bin" has 3,000 bytes, which is no whole number of CIFAR-10 records of 3,073; it is truncated or no CIFAR file.',
    ],
    [
      'empty',
      [file('train.bin', '')],
      '"train.bin" has 0 bytes, which is no whole number of CIFAR-100 records of 3,074; it is truncated or no CIFAR file.',
    ],
    [
      'a label out of range',
      [file('data_batch_1.bin', new Uint8Array(3073).fill(77))],
      '"data_batch_1.bin" gives example 1 the label 77, but the 10 class names stand for 0 to 9.',
    ],
    [
      'the Python version',
      [file('cifar-10-batches-py/data_batch_1', bytes(0x80, 2, 0x7d))],
      '"cifar-10-batches-py/data_batch_1" is the Python version of CIFAR, a pickle, which only Python can read.',
    ],
  ],
  NumPy: [
    [
      'no NPY file',
      [file('x.npy', 'hello, this is text')],
      '"x.npy" is no NPY file: it does not begin with "\\x93NUMPY".',
    ],
    ['empty', [file('x.npy', '')], '"x.npy" is no NPY file: it does not begin with "\\x93NUMPY".'],
    [
      'truncated',
      [file('x.npy', npyBytes('<f4', [2, 3], new Float32Array(4)))],
      '"x.npy" announces an array of 2×3, 94 bytes in all, and has 86; it is truncated.',
    ],
    [
      'an array of Python objects',
      [file('x.npy', npyBytes('|O8', [2], new Float64Array(2)))],
      '"x.npy" holds Python objects, which only Python can read.',
    ],
    [
      'complex numbers',
      [file('x.npy', npyBytes('<c8', [2], new Float64Array(2)))],
      '"x.npy" holds elements of type "c8", which are no real numbers.',
    ],
    [
      'column-major order',
      [file('x.npy', npyBytes('<f4', [2, 3], new Float32Array(6), true))],
      '"x.npy" is stored column by column.',
    ],
    [
      'a header of 4 GB',
      [file('x.npy', bytes(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0, 255, 255, 255, 255, 0, 0))],
      '"x.npy" has a header that is too long to be one; it is damaged.',
    ],
    [
      'an empty array',
      [file('x.npy', npyBytes('<f4', [0, 3], new Float32Array(0)))],
      '"x.npy" holds an empty array (0×3).',
    ],
    [
      'another count of labels',
      [x, file('y.npy', npyBytes('<i4', [3], new Int32Array(3)))],
      '"y.npy" has 3 entries for the 2 examples of "x.npy".',
    ],
    [
      'labels alone',
      [file('y.npy', npyBytes('<i4', [3], new Int32Array(3)))],
      '"y.npy" holds labels whose examples are missing.',
    ],
    [
      'a label without a name',
      [x, file('y.npy', npyBytes('<i4', [2], Int32Array.from([0, 5])))],
      '"y.npy" gives example 2 the label 5, but the 2 class names stand for 0 to 1.',
      { classes: ['no', 'yes'] },
    ],
  ],
  CSV: [
    ['empty', [file('t.csv', '')], '"t.csv" is empty.'],
    ['only a header', [file('t.csv', 'a,b,label\n')], '"t.csv" holds a header and no rows.'],
    ['only blank lines', [file('t.csv', '\n\n')], '"t.csv" holds no rows.'],
    [
      'a row that breaks off',
      [file('t.csv', '1,2,0\n3,4,1\n5,')],
      '"t.csv" has 2 cells in line 3 and 3 in the lines before; it is truncated or no table.',
    ],
    [
      'a missing value',
      [file('t.csv', '1,2,0\n3,,1\n5,6,2\n')],
      '"t.csv" has an empty cell in line 2, column 2.',
    ],
    [
      'a text among numbers',
      [file('t.csv', 'a,b,label\n1,2,0\n3,n/a,1\n')],
      '"t.csv" has "n/a" in line 3, column 2 (b), where a number must be.',
    ],
    [
      'one column',
      [file('t.csv', '1\n2\n')],
      '"t.csv" has one column, and an example needs values and a label.',
    ],
    [
      'an unknown label column',
      [file('t.csv', 'a,b\n1,2\n')],
      '"t.csv" has no column "kind".',
      { label: 'kind' },
    ],
    [
      'a label in the middle',
      [file('t.csv', 'a,label,c\n1,2,3\n')],
      '"t.csv" has its label "label" in column 2; labels are read from the first or last column.',
    ],
    [
      'a missing label',
      [file('t.csv', '1,2,cat\n3,4,\n5,6,dog\n')],
      '"t.csv" has rows without a label in column 3.',
    ],
    [
      'labels that are all different texts',
      [
        file(
          't.csv',
          range(10_001)
            .map((i) => `1,2,text ${i}`)
            .join('\n'),
        ),
      ],
      '"t.csv" has more than 10,000 different labels in column 3.',
    ],
    [
      'tables of different widths',
      [file('train.csv', '1,2,0\n1,2,1\n'), file('test.csv', '1,0\n')],
      '"test.csv" has 2 columns, "train.csv" 3.',
    ],
    [
      'a label without a name',
      [file('t.csv', '1,2,0\n1,2,7\n'), file('classes.txt', 'cat\ndog')],
      '"t.csv" gives example 2 the label 7, but the 2 class names stand for 0 to 1.',
      { label: 'last' },
    ],
  ],
  pictures: [
    ['an empty one', [file('a/1.png', '')], '"a/1.png" is empty.'],
    [
      'a truncated one',
      [file('a/1.png', shade.subarray(0, 50))],
      '"a/1.png" is a PNG picture that is truncated or damaged.',
    ],
    [
      'a damaged one',
      [file('a/1.png', flipped(shade, 20))],
      '"a/1.png" is a PNG picture that is truncated or damaged.',
    ],
    [
      'one of a kind that Node does not read',
      [file('a/1.jpg', bytes(0xff, 0xd8, 0xff, 0xe0, 0))],
      '"a/1.jpg" is no PNG picture, and other kinds are only read in the browser.',
    ],
    [
      'a gigantic one',
      [file('a/1.png', pngOf(bytes(0, 1, 0, 0, 0, 1, 0, 0, 8, 0, 0, 0, 0), bytes(0)))],
      '"a/1.png" announces 65,536×65,536 pixels, more than is read.',
    ],
    [
      'one with too few lines',
      [file('a/1.png', pngOf(bytes(0, 0, 0, 4, 0, 0, 0, 4, 8, 0, 0, 0, 0), new Uint8Array(5)))],
      '"a/1.png" is a PNG picture that is truncated or damaged.',
    ],
  ],
};

describe.each(Object.entries(rows))('wrong files: %s', (_, table) => {
  it.each(table.map(([what, ...row]) => ({ what, row })))(
    '$what',
    async ({ row: [files, message, options] }) => {
      const failure = await openDataset(files, options).then(
        () => 'was read',
        (error: unknown) => error,
      );
      expect(failure).toBeInstanceOf(ModelError);
      expect((failure as ModelError).message).toBe(message);
    },
  );
});

it('what unpacks to more than the limit is refused before it fills memory', async () => {
  const bomb = file('zeros.csv.gz', gzipSync(new Uint8Array(3 * 2 ** 20)));
  await expect(unzipped(bomb, 2 ** 20)).rejects.toMatchObject({
    message: '"zeros.csv.gz" unpacks to more than 1 MiB, more than is kept in memory.',
    hint: 'Unpack it first and open the unpacked files: those are read piece by piece.',
  });
});
