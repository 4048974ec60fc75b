// A drop may hold archives; what is read is what is inside.

import type { DataFile } from '../../types.ts';
import { peek, unzipped } from './inflate.ts';
import { isTarHeader, tarEntries } from './tar.ts';
import { zipEntries } from './zip.ts';

/** Left behind by file managers and archivers; no data. */
const junk = /(^|\/)(__MACOSX\/|\.|Thumbs\.db$|desktop\.ini$)/i;

const named = /\.(zip|npz|tar|tgz|gz)$/i;
/** Up to so many files are looked into whatever they are called. */
const FEW = 20;

/** The files with archives opened (`a.zip` becomes `a.zip/…`) and file managers' leftovers left out. */
export async function withoutArchives(files: readonly DataFile[]): Promise<DataFile[]> {
  const wanted = files.filter(({ name }) => !junk.test(name));
  const opened = await Promise.all(
    wanted.map((file) => (wanted.length <= FEW || named.test(file.name) ? open(file) : [file])),
  );
  return opened.flat().filter(({ name }) => !junk.test(name));
}

async function open(file: DataFile): Promise<DataFile[]> {
  const head = await peek(file, 512);
  if (head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5)) return zipEntries(file);
  if (isTarHeader(head)) return tarEntries(await unzipped(file));
  return [file];
}
