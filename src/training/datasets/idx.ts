// IDX, the format of MNIST and its relatives: a header of big-endian sizes, then the elements. Files are told by their
// first bytes and paired by the part that their names speak of; gzipped files are unpacked in memory, others streamed.
// https://yann.lecun.org/exdb/mnist (section "FILE FORMATS")

import { elementCount } from '../../graph/tensor.ts';
import type { Problem } from '../../lib/errors.ts';
import { counted } from '../../lib/text.ts';
import type { DataFile, Dataset, Split } from '../types.ts';
import { classesOf, readClassNames } from './classes.ts';
import { decodeElements, type Element } from './elements.ts';
import { dataView, readExactly } from './files/data-file.ts';
import { peek, unzipped } from './files/inflate.ts';
import { AGAIN, refuse } from './files/refuse.ts';
import { pictureLayout, unlabelled } from './layout.ts';
import { type Part, partOf, splitsOf } from './parts.ts';
import type { DataOptions, DataReader } from './reader.ts';
import { fileRows, memoryRows, splitOf } from './rows.ts';

export const idx: DataReader = {
  title: 'IDX (MNIST)',
  sniff: async (files) => (await Promise.all(files.map(isIdx))).some(Boolean),
  open: openIdx,
};

const elements: Readonly<Record<number, Element>> = {
  8: { kind: 'uint', size: 1, littleEndian: false },
  9: { kind: 'int', size: 1, littleEndian: false },
  11: { kind: 'int', size: 2, littleEndian: false },
  12: { kind: 'int', size: 4, littleEndian: false },
  13: { kind: 'float', size: 4, littleEndian: false },
  14: { kind: 'float', size: 8, littleEndian: false },
};

const named = /idx\d?-?(ubyte)?(\.gz)?$|ubyte(\.gz)?$/i;

async function isIdx(file: DataFile): Promise<boolean> {
  if (named.test(file.name)) return true;
  const [zero, none, type, rank] = await peek(file, 4);
  return zero === 0 && none === 0 && type in elements && rank >= 1 && rank <= 4;
}

interface IdxFile {
  readonly file: DataFile;
  readonly element: Element;
  /** Count of examples, then the shape of one. */
  readonly dims: readonly number[];
  readonly offset: number;
}

async function openIdx(files: readonly DataFile[], options: DataOptions): Promise<Dataset> {
  const recognised = await Promise.all(files.map(isIdx));
  const opened: IdxFile[] = [];
  for (const [i, file] of files.entries())
    if (recognised[i]) opened.push(await readHeader(await unzipped(file)));
  const problems: Problem[] = [];
  const parts = pair(opened);
  const labels = new Map<Part, Labels>();
  for (const [part, { labels: file }] of parts) if (file) labels.set(part, await readLabels(file));
  const names = options.classes ?? (await readClassNames(files));
  const classes = classesOf(
    [...labels.values()].map(({ fileName, numbers }) => [fileName, numbers] as const),
    names,
  );
  const splits: Partial<Record<Part, Split>> = {};
  let dims: readonly number[] = [];
  for (const [part, { images }] of parts) {
    const rows = rowsOf(images, options);
    const numbers = labels.get(part)?.numbers;
    if (!numbers) problems.push(unlabelled(images.file.name));
    if (dims.length > 0 && String(dims) !== String(rows.dims))
      throw refuse(
        images.file.name,
        `holds examples of ${rows.dims.join('×')}, the other part ones of ${dims.join('×')}.`,
        'Open files of one data set.',
      );
    dims = rows.dims;
    splits[part] = splitOf([rows], numbers ? [memoryRows(numbers, [])] : []);
  }
  return { name: nameOf(opened[0].file), dims: [dims], classes, ...splitsOf(splits, options), problems };
}

async function readHeader(file: DataFile): Promise<IdxFile> {
  if (file.size === 0) throw refuse(file.name, 'is empty.', AGAIN);
  const [zero, none, type, rank] = await file.read(0, Math.min(4, file.size));
  const element = elements[type];
  if (zero !== 0 || none !== 0 || !element || !(rank >= 1 && rank <= 8))
    throw refuse(
      file.name,
      'is called an IDX file but does not begin like one (two zero bytes, element type, number of dimensions).',
      AGAIN,
    );
  const offset = 4 + 4 * rank;
  const header = dataView(await readExactly(file, 0, offset));
  const dims = Array.from({ length: rank }, (_, i) => header.getUint32(4 + 4 * i));
  const size = offset + elementCount(dims) * element.size;
  if (size !== file.size)
    throw refuse(
      file.name,
      `announces ${counted(dims[0])} entries, ${counted(size)} bytes in all, and has ${counted(file.size)}; it is ${
        file.size < size ? 'truncated' : 'damaged'
      }.`,
      AGAIN,
    );
  if (dims[0] === 0) throw refuse(file.name, 'holds no examples.');
  return { file, element, dims, offset };
}

interface Pair {
  readonly images: IdxFile;
  readonly labels?: IdxFile;
}

/** Images and labels of each part. @throws ModelError where they do not pair up or their counts differ */
function pair(files: readonly IdxFile[]): Map<Part, Pair> {
  const images = byPart(files.filter(({ dims }) => dims.length > 1));
  const labels = byPart(files.filter(({ dims }) => dims.length === 1));
  const pairs = new Map<Part, Pair>();
  for (const [part, file] of images) {
    const numbers = labels.get(part);
    if (numbers && numbers.dims[0] !== file.dims[0])
      throw refuse(
        numbers.file.name,
        `holds ${counted(numbers.dims[0])} labels for the ${counted(file.dims[0])} images of "${file.file.name}".`,
        'Open the labels that belong to these images.',
      );
    pairs.set(part, numbers ? { images: file, labels: numbers } : { images: file });
  }
  for (const [part, { file }] of labels)
    if (!images.has(part))
      throw refuse(
        file.name,
        'holds labels whose images are missing.',
        'Open it together with the file of images.',
      );
  return pairs;
}

function byPart(files: readonly IdxFile[]): Map<Part, IdxFile> {
  const parts = new Map<Part, IdxFile>();
  for (const opened of files) {
    const part = partOf(opened.file.name) ?? 'train';
    const other = parts.get(part);
    if (other)
      throw refuse(
        opened.file.name,
        `and "${other.file.name}" hold the same part of a data set.`,
        'Open one data set at a time; "train", "val" and "test" in the names tell its parts.',
      );
    parts.set(part, opened);
  }
  return parts;
}

interface Labels {
  readonly fileName: string;
  readonly numbers: Int32Array;
}

async function readLabels({ file, element, dims, offset }: IdxFile): Promise<Labels> {
  const values = new Float64Array(dims[0]);
  decodeElements(await readExactly(file, offset, file.size), element, values);
  return { fileName: file.name, numbers: Int32Array.from(values) };
}

function rowsOf({ file, element, dims: [length, ...dims], offset }: IdxFile, options: DataOptions) {
  const layout = pictureLayout(dims, options.dims, file.name);
  return fileRows(file, {
    offset,
    length,
    element,
    ...layout,
    scale: element.kind === 'uint' && element.size === 1 ? 1 / 255 : 1,
  });
}

/** `fashion-mnist/train-images…` → `fashion-mnist`. */
const nameOf = ({ name }: DataFile): string => name.split('/').at(-2) ?? 'IDX images';
