// Material beside the project: reference figures and model files. A clone without it skips the tests that need it.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const folder = fileURLToPath(new URL('../../shared', import.meta.url));

/** The folder, or `undefined` where the project stands alone. */
export const sharedFolder = (): string | undefined => (existsSync(folder) ? folder : undefined);

export const skipReason = 'needs the material in ../shared';

export function readShared(path: string): Uint8Array {
  const buffer = readFileSync(`${folder}/${path}`);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/** Names in a folder of the material, sorted; none where there is no such folder. */
export const listShared = (path: string): string[] =>
  existsSync(`${folder}/${path}`) ? readdirSync(`${folder}/${path}`).sort() : [];

export const readSharedJson = <T>(path: string): T =>
  JSON.parse(new TextDecoder().decode(readShared(path))) as T;

/** Names of the reference networks. */
export const zooModels = (): string[] =>
  listShared('zoo')
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.replace('.json', ''));

/** A reference network with its weights filled in. */
export async function materialise(model: string): Promise<Uint8Array> {
  const script = (await import(/* @vite-ignore */ pathToFileURL(`${folder}/zoo/materialise.mjs`).href)) as {
    materialise(bytes: Uint8Array): Uint8Array;
  };
  return script.materialise(readShared(`zoo/${model}.onnx`));
}

/** The elements that the zoo's generator gives to the tensor named `seed`. */
export async function zooValues(
  seed: string,
  count: number,
  low: number,
  high: number,
): Promise<Float32Array> {
  const script = (await import(/* @vite-ignore */ pathToFileURL(`${folder}/zoo/materialise.mjs`).href)) as {
    values(seed: string, count: number, low: number, high: number): Float32Array;
  };
  return script.values(seed, count, low, high);
}
