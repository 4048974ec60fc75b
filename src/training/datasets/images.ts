// A folder or an archive of pictures, a folder per class: `cat/001.png`, or `train/cat/…` and `test/cat/…`. Pictures are
// decoded when they are asked for; small ones are kept, up to a limit. What is no picture is skipped and said so.

import type { Problem } from '../../lib/errors.ts';
import { counted } from '../../lib/text.ts';
import { resizePlanes, toChannels } from '../resample.ts';
import type { DataFile, Dataset, Split } from '../types.ts';
import { classesOf, isNamesFile, readClassNames } from './classes.ts';
import { readExactly } from './files/data-file.ts';
import { refuse } from './files/refuse.ts';
import { unlabelled } from './layout.ts';
import { type Part, partOfFolders, splitsOf } from './parts.ts';
import { decodePicture, type Picture, pictureName } from './pictures.ts';
import type { DataOptions, DataReader } from './reader.ts';
import { memoryRows, planar, type Rows, splitOf } from './rows.ts';

export const images: DataReader = {
  title: 'pictures in a folder per class',
  sniff: async (files) => files.some(({ name }) => pictureName.test(name)),
  open: openImages,
};

const FILE_LIMIT = 2 ** 26;
const CACHE_LIMIT = 2 ** 27;

async function openImages(files: readonly DataFile[], options: DataOptions): Promise<Dataset> {
  const pictures = files.filter(({ name }) => pictureName.test(name));
  const problems = skipped(files.filter((file) => !pictures.includes(file) && !isNamesFile(file)));
  const first = await load(pictures[0], options);
  const { channels } = first;
  const [height, width] = options.imageSize ?? [first.height, first.width];
  const dims = [channels, height, width];
  const given = options.classes ?? (await readClassNames(files));
  const labels = pictures.map(({ name }) => classFolder(name));
  const found = [...new Set(labels)].filter((label) => label !== undefined).sort(byNumberThenName);
  const labelled = found.length > 1 && !labels.includes(undefined);
  const names = given && found.every((name) => given.includes(name)) ? given : found;
  if (!labelled) problems.push(unlabelled(pictures[0].name));
  const cache = new Cache();
  const splits: Partial<Record<Part, Split>> = {};
  for (const part of ['train', 'validation', 'test'] as const) {
    const members = pictures.flatMap((file, i) =>
      (partOfFolders(folders(file.name)) ?? 'train') === part
        ? [{ file, label: names.indexOf(labels[i]!) }]
        : [],
    );
    if (members.length === 0) continue;
    const rows = pictureRows(
      members.map(({ file }) => file),
      dims,
      options,
      cache,
    );
    const numbers = Int32Array.from(members, ({ label }) => label);
    splits[part] = splitOf([rows], labelled ? [memoryRows(numbers, [])] : []);
  }
  const classes = labelled ? classesOf([], names) : [];
  return {
    name: folders(pictures[0].name)[0] ?? 'Pictures',
    dims: [dims],
    classes,
    ...splitsOf(splits, options),
    problems,
  };
}

const folders = (name: string): string[] => name.split('/').slice(0, -1);

/** The folder a picture lies in, unless that is a part of the set (`train/`) or the drop itself. */
function classFolder(name: string): string | undefined {
  const path = folders(name);
  const last = path.at(-1);
  return last === undefined || partOfFolders([last]) || /\.(zip|tar|tgz|gz)$/i.test(last) ? undefined : last;
}

const byNumberThenName = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

function skipped(files: readonly DataFile[]): Problem[] {
  if (files.length === 0) return [];
  const [{ name }] = files;
  const message =
    files.length === 1
      ? `"${name}" is no picture and was left out.`
      : `${counted(files.length)} files, the first "${name}", are no pictures and were left out.`;
  return [{ code: 'skipped-files', where: name, message }];
}

async function load(file: DataFile, { decode }: DataOptions): Promise<Picture> {
  if (file.size > FILE_LIMIT)
    throw refuse(
      file.name,
      `has ${counted(file.size)} bytes, more than a picture is read from.`,
      'Leave it out or scale it down.',
    );
  return decodePicture(await readExactly(file, 0, file.size), file.name, decode);
}

/** Decoded pictures, 0 to 1; the longest unused go first. */
class Cache {
  private readonly entries = new Map<DataFile, Uint8Array>();
  private bytes = 0;

  get(file: DataFile): Uint8Array | undefined {
    const found = this.entries.get(file);
    if (found) {
      this.entries.delete(file);
      this.entries.set(file, found);
    }
    return found;
  }

  set(file: DataFile, planes: Uint8Array): void {
    if (this.entries.has(file)) return;
    this.entries.set(file, planes);
    this.bytes += planes.length;
    for (const [oldest, old] of this.entries) {
      if (this.bytes <= CACHE_LIMIT) break;
      this.entries.delete(oldest);
      this.bytes -= old.length;
    }
  }
}

function pictureRows(
  files: readonly DataFile[],
  dims: readonly number[],
  options: DataOptions,
  cache: Cache,
): Rows {
  const size = dims[0] * dims[1] * dims[2];
  return {
    length: files.length,
    dims,
    async read(positions) {
      const out = new Float32Array(positions.length * size);
      await Promise.all(
        Array.from(positions, async (position, i) => {
          const file = files[position];
          const planes = cache.get(file) ?? fitted(await load(file, options), dims);
          cache.set(file, planes);
          for (let k = 0; k < size; k++) out[i * size + k] = planes[k] / 255;
        }),
      );
      return out;
    },
  };
}

function fitted(
  { width, height, channels, pixels }: Picture,
  [wanted, toHeight, toWidth]: readonly number[],
): Uint8Array {
  const planes = toChannels(planar(Float32Array.from(pixels), 1, channels), channels, wanted);
  const resized = resizePlanes(planes, wanted, [height, width], [toHeight, toWidth]);
  return Uint8Array.from(resized, Math.round);
}
