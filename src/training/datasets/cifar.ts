// The binary version of CIFAR-10 and CIFAR-100: records of one label (or a coarse and a fine one) and a 32×32 picture,
// a plane per colour. Streamed. The Python and Matlab versions are refused: they are pickles.
// https://www.cs.toronto.edu/~kriz/cifar.html (section "Binary version")

import { baseName, counted } from '../../lib/text.ts';
import type { DataFile, Dataset, Split } from '../types.ts';
import { classesOf, readClassNames } from './classes.ts';
import { uint8 } from './elements.ts';
import { peek, unzipped } from './files/inflate.ts';
import { AGAIN, refuse } from './files/refuse.ts';
import { type Part, partOf, splitsOf } from './parts.ts';
import type { DataOptions, DataReader } from './reader.ts';
import { fileRows, joinedRows, memoryRows, type Rows, readStretches, splitOf } from './rows.ts';

export const cifar: DataReader = {
  title: 'CIFAR-10 / CIFAR-100 (binary)',
  sniff: async (files) => files.some(({ name }) => batch.test(name)) || (await arePickles(files)),
  open: openCifar,
};

const DIMS = [3, 32, 32];
const PICTURE = 3 * 32 * 32;
const batch = /(^|\/)(data_batch_\d+|test_batch|train|test)\.bin(\.gz)?$/;
const ten = /(^|\/)(data_batch_\d+|test_batch)\.bin/;
const pickle = /(^|\/)(data_batch_\d+|test_batch|cifar-100-python\/(train|test))$/;
const names10 = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];

async function arePickles(files: readonly DataFile[]): Promise<boolean> {
  const suspect = files.find(({ name }) => pickle.test(name));
  return suspect !== undefined && (await peek(suspect, 1))[0] === 0x80;
}

async function openCifar(files: readonly DataFile[], options: DataOptions): Promise<Dataset> {
  const batches = files.filter(({ name }) => batch.test(name)).sort((a, b) => (a.name < b.name ? -1 : 1));
  if (batches.length === 0)
    throw refuse(
      files.find(({ name }) => pickle.test(name))!.name,
      'is the Python version of CIFAR, a pickle, which only Python can read.',
      'Download the binary version.',
    );
  const isTen = ten.test(batches[0].name);
  const labelBytes = isTen ? 1 : 2;
  const parts = new Map<Part, { rows: Rows[]; labels: Int32Array[] }>();
  const labelled: [string, Int32Array][] = [];
  for (const packed of batches) {
    const file = await unzipped(packed);
    const part = partOf(baseName(file.name)) === 'test' ? 'test' : 'train';
    const { rows, labels } = parts.get(part) ?? { rows: [], labels: [] };
    parts.set(part, { rows, labels });
    const opened = await openBatch(file, labelBytes);
    rows.push(opened.rows);
    labels.push(opened.labels);
    labelled.push([file.name, opened.labels]);
  }
  const names = options.classes ?? (await readClassNames(files)) ?? (isTen ? names10 : undefined);
  const classes = classesOf(labelled, names);
  const splits: Partial<Record<Part, Split>> = {};
  for (const [part, { rows, labels }] of parts)
    splits[part] = splitOf(
      [joinedRows(rows)],
      [memoryRows(Int32Array.from(labels.flatMap((l) => [...l])), [])],
    );
  return { name: isTen ? 'CIFAR-10' : 'CIFAR-100', dims: [DIMS], classes, ...splitsOf(splits, options) };
}

async function openBatch(file: DataFile, labelBytes: number): Promise<{ rows: Rows; labels: Int32Array }> {
  const stride = labelBytes + PICTURE;
  const length = Math.floor(file.size / stride);
  if (file.size === 0 || file.size % stride !== 0)
    throw refuse(
      file.name,
      `has ${counted(file.size)} bytes, which is no whole number of CIFAR-${labelBytes === 1 ? 10 : 100} records of ${counted(stride)}; it is truncated or no CIFAR file.`,
      AGAIN,
    );
  const fine = (position: number) => position * stride + labelBytes - 1;
  const positions = Uint32Array.from({ length }, (_, i) => i);
  const labels = await readStretches(file, positions, fine, (position) => fine(position) + 1);
  const stored = {
    offset: labelBytes,
    stride,
    length,
    element: uint8,
    dims: DIMS,
    scale: 1 / 255,
    channelsLast: false,
  };
  return { rows: fileRows(file, stored), labels: Int32Array.from(labels, ([label]) => label) };
}
