// A session as one file, which a person can save, send and open again: the model as opened and as it is now, what was done,
// the curves, a running pass, and the data where it is small.

import type { DroppedFile, NamedFile } from '../engine.ts';
import { inMemory } from '../files.ts';
import { badSession, packArchive, unpackArchive } from './archive.ts';
import type { Kept, KeptData, KeptFiles } from './store.ts';

/** Data files beyond this size stay out of the file; they have to be opened again. */
const LARGEST_DATA = 64 * 2 ** 20;

/** Bytes are files of the archive; the rest is JSON that names them. */
export async function packSession(kept: Kept): Promise<Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  const put = (folder: string, { name, bytes }: NamedFile) => {
    files[`${folder}/${name}`] = bytes;
    return name;
  };
  const { original, present, data, training, session, curve, earlier = [] } = kept;
  if (present) files.present = present;
  if (training?.checkpoint) files.checkpoint = training.checkpoint;
  for (const [i, point] of earlier.entries())
    if (point.present) files[earlierFile(i)] = new Uint8Array(await point.present.arrayBuffer());
  return packArchive({
    description: {
      session,
      curve,
      original: put('model', original.file),
      companions: original.companions.map((file) => put('model', file)),
      data: data?.kind === 'files' ? await packData(data, put) : data,
      training: training && { ...training, checkpoint: undefined },
      earlier: earlier.map((point) => ({ ...point, present: undefined })),
    },
    files,
  });
}

const earlierFile = (place: number): string => `earlier/${place}`;

type Put = (folder: string, file: NamedFile) => string;

async function packData(data: KeptFiles, put: Put) {
  const size = data.files.reduce((sum, file) => sum + sizeOf(file), 0);
  if (size > LARGEST_DATA) return undefined;
  const files = await Promise.all(data.files.map(async (file) => put('data', await inMemory(file))));
  return { kind: 'files' as const, files, options: data.options };
}

const sizeOf = (file: DroppedFile): number => ('blob' in file ? file.blob.size : file.bytes.length);

type PackedData = Exclude<KeptData, KeptFiles> | (Omit<KeptFiles, 'files'> & { readonly files: string[] });

type Description = Omit<Kept, 'original' | 'present' | 'data'> & {
  readonly original: string;
  readonly companions: readonly string[];
  readonly data?: PackedData;
};

/** Looks at what every session has. */
function isDescription(value: unknown): value is Description {
  const { session, curve, original, companions } = (value ?? {}) as Partial<Description>;
  const hasFiles = typeof original === 'string' && Array.isArray(companions);
  return hasFiles && Array.isArray(curve) && Array.isArray(session?.log);
}

/** @throws ModelError `bad-session` */
export function unpackSession(bytes: Uint8Array): Kept {
  const { description, files } = unpackArchive(bytes);
  if (!isDescription(description)) throw badSession();
  const { original, companions, data, training, earlier = [], ...rest } = description;
  const named = (folder: string) => (name: string) => {
    const bytes = files[`${folder}/${name}`];
    if (!bytes) throw badSession();
    return { name, bytes };
  };
  const model = named('model');
  return {
    ...rest,
    original: { file: model(original), companions: companions.map(model) },
    ...(files.present ? { present: files.present } : {}),
    ...(data?.kind === 'files' ? { data: { ...data, files: data.files.map(named('data')) } } : {}),
    ...(data?.kind === 'generated' ? { data } : {}),
    earlier: earlier.map((point, i) => {
      const present = files[earlierFile(i)];
      return present ? { ...point, present: new Blob([present as Uint8Array<ArrayBuffer>]) } : point;
    }),
    ...(training ? { training: { ...training, checkpoint: files.checkpoint } } : {}),
  };
}
