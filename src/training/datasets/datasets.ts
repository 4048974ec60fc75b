// All data formats, and opening files of unknown kind.

import { recognise } from '../../formats/recognise.ts';
import { ModelError } from '../../lib/errors.ts';
import type { DataFile, Dataset } from '../types.ts';
import { cifar } from './cifar.ts';
import { csv } from './csv.ts';
import { withoutArchives } from './files/archives.ts';
import { peek } from './files/inflate.ts';
import { idx } from './idx.ts';
import { images } from './images.ts';
import { npy } from './npy.ts';
import type { DataOptions, DataReader } from './reader.ts';

/** In the order in which they are asked. */
const dataReaders: readonly DataReader[] = [cifar, idx, npy, csv, images];

const titles = dataReaders.map(({ title }) => title);
const HINT = `Open ${titles.slice(0, -1).join(', ')} or ${titles.at(-1)}.`;

/**
 * The data set in these files: archives are opened, the format is told from names and first bytes, parts that the files
 * lack are held out by the seed. Values are as stored, bytes of pictures as 0 to 1; see `fitTo` for what a network needs.
 * @throws ModelError `wrong-data` with what is wrong and what to do
 */
export async function openDataset(files: readonly DataFile[], options: DataOptions = {}): Promise<Dataset> {
  const opened = await withoutArchives(files);
  if (opened.length === 0)
    throw new ModelError({
      code: 'wrong-data',
      where: files[0]?.name ?? 'files',
      message:
        files.length === 0 ? 'There are no files to read data from.' : `"${files[0].name}" holds no files.`,
      hint: HINT,
    });
  for (const reader of dataReaders) if (await reader.sniff(opened)) return reader.open(opened, options);
  throw await unknown(opened);
}

/** Long enough for an archive's first name or the beginning of a text. */
const HEAD = 1024;

async function unknown([first, ...others]: readonly DataFile[]): Promise<ModelError> {
  const what =
    first.size === 0
      ? 'empty'
      : (recognise(await peek(first, HEAD), first.name)?.what ?? 'of a kind unknown here');
  const rest = others.length === 0 ? '' : `, and none of the ${others.length} files beside it is any`;
  return new ModelError({
    code: 'wrong-data',
    where: first.name,
    message: `"${first.name}" is ${what} and no data set${rest}.`,
    hint: HINT,
  });
}
