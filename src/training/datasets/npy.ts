// NPY files and the NPZ archives of them: NumPy's arrays. Inputs, targets and parts are told from the names
// (`x_train`, `test_labels`, `images`); inputs are streamed, targets kept in memory.

import type { Problem } from '../../lib/errors.ts';
import { baseName, counted } from '../../lib/text.ts';
import type { DataFile, Dataset, Split } from '../types.ts';
import { readClassNames } from './classes.ts';
import { peek, unzipped } from './files/inflate.ts';
import { refuse } from './files/refuse.ts';
import { pictureLayout, squareSide, unlabelled } from './layout.ts';
import { type NpyArray, readNpyHeader } from './npy-array.ts';
import { type Part, partOf, splitsOf } from './parts.ts';
import type { DataOptions, DataReader } from './reader.ts';
import { fileRows, type Rows, splitOf } from './rows.ts';
import { readTargets } from './targets.ts';

export const npy: DataReader = {
  title: 'NPY / NPZ (NumPy)',
  sniff: async (files) => (await Promise.all(files.map(isNpy))).some(Boolean),
  open: openNpy,
};

async function isNpy(file: DataFile): Promise<boolean> {
  if (/\.npy(\.gz)?$/i.test(file.name)) return true;
  if (/\.\w+$/.test(file.name)) return false;
  const head = await peek(file, 6);
  return head[0] === 0x93 && new TextDecoder('latin1').decode(head.subarray(1)) === 'NUMPY';
}

type Role = 'input' | 'target';

const inputWord = /^(x|inputs?|images?|imgs?|data|features?|pixels)\d*$/;
const targetWord = /^(y|labels?|targets?|class(es)?|outputs?)\d*$/;

/** What a name says about an array: `x_train`, `trainY`, `val_labels`, `input_1`. */
function roleOf(name: string): Role | undefined {
  const words = stem(name)
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .map((word) => word.replace(/^([xy])(train|test|val)$/, '$1'));
  if (words.some((word) => targetWord.test(word))) return 'target';
  return words.some((word) => inputWord.test(word)) ? 'input' : undefined;
}

const stem = (name: string): string => baseName(name).replace(/\.npy$/i, '');

interface Found {
  readonly inputs: NpyArray[];
  readonly targets: NpyArray[];
}

async function openNpy(files: readonly DataFile[], options: DataOptions): Promise<Dataset> {
  const recognised = await Promise.all(files.map(isNpy));
  const arrays: NpyArray[] = [];
  for (const [i, file] of files.entries())
    if (recognised[i]) arrays.push(await readNpyHeader(await unzipped(file)));
  const parts = sorted(arrays);
  const { classes, rows: targets } = await readTargets(
    new Map([...parts].map(([part, found]) => [part, found.targets])),
    options.classes ?? (await readClassNames(files)),
  );
  const problems: Problem[] = [];
  const splits: Partial<Record<Part, Split>> = {};
  let shapes: (readonly number[])[] = [];
  for (const [part, found] of parts) {
    const inputs = found.inputs.map((array) => inputRows(array, options));
    checkCounts(found);
    if (found.targets.length === 0) problems.push(unlabelled(found.inputs[0].file.name));
    const dims = inputs.map((rows) => rows.dims);
    if (shapes.length > 0 && JSON.stringify(shapes) !== JSON.stringify(dims))
      throw refuse(found.inputs[0].file.name, 'holds examples of another shape than the other parts.');
    shapes = dims;
    splits[part] = splitOf(inputs, targets.get(part) ?? []);
  }
  return { name: nameOf(arrays[0].file), dims: shapes, classes, ...splitsOf(splits, options), problems };
}

/** Arrays by part and role, several of one role in the order of their names. */
function sorted(arrays: readonly NpyArray[]): Map<Part, Found> {
  const parts = new Map<Part, Found>();
  const byName = [...arrays].sort((a, b) => a.file.name.localeCompare(b.file.name, 'en', { numeric: true }));
  for (const array of byName) {
    const { name } = array.file;
    const part = partOf(stem(name)) ?? partOf(name) ?? 'train';
    const found = parts.get(part) ?? { inputs: [], targets: [] };
    parts.set(part, found);
    const role = roleOf(name) ?? (array.dims.length === 1 && arrays.length > 1 ? 'target' : 'input');
    (role === 'input' ? found.inputs : found.targets).push(array);
  }
  for (const { inputs, targets } of parts.values())
    if (inputs.length === 0)
      throw refuse(
        targets[0].file.name,
        'holds labels whose examples are missing.',
        'Name the arrays x_train, y_train, x_test, y_test, or images and labels.',
      );
  return parts;
}

function checkCounts({ inputs, targets }: Found): void {
  const [first, ...others] = [...inputs, ...targets];
  for (const { file, dims } of others)
    if (dims[0] !== first.dims[0])
      throw refuse(
        file.name,
        `has ${counted(dims[0])} entries for the ${counted(first.dims[0])} examples of "${first.file.name}".`,
        'Open arrays that belong together.',
      );
}

/** Bytes are pictures, 0 to 255, read as 0 to 1; other numbers are taken as they are. */
function inputRows(
  { file, element, boolean, dims: [length, ...dims], offset }: NpyArray,
  options: DataOptions,
): Rows {
  const side = dims.length === 1 && element.size === 1 ? squareSide(dims[0]) : undefined;
  const layout = pictureLayout(side ? [side, side] : dims, options.dims, file.name);
  const picture = element.kind === 'uint' && element.size === 1 && !boolean && layout.dims.length > 1;
  return fileRows(file, { offset, length, element, ...layout, scale: picture ? 1 / 255 : 1 });
}

function nameOf({ name }: DataFile): string {
  const folder = name.split('/').at(-2);
  return folder?.replace(/\.(npz|zip)$/i, '') ?? 'NumPy arrays';
}
