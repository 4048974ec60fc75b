// Byte arrays as the browser's database keeps them: as blobs, because a value of its own may not exceed some 130 MB and the
// weights of a model may. Everything else is kept as it is.

interface Resting {
  readonly restingBytes: Blob;
}

const isResting = (value: object): value is Resting => 'restingBytes' in value;

const isPlain = (value: object): boolean => Object.getPrototypeOf(value) === Object.prototype;

/** A copy of plain data whose byte arrays are blobs. */
export function atRest(value: unknown): unknown {
  if (value instanceof Uint8Array)
    return { restingBytes: new Blob([value as Uint8Array<ArrayBuffer>]) } satisfies Resting;
  if (Array.isArray(value)) return value.map(atRest);
  if (value === null || typeof value !== 'object' || !isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, atRest(part)]));
}

/** What `atRest` was given. */
export async function awake(value: unknown): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map(awake));
  if (value === null || typeof value !== 'object' || !isPlain(value)) return value;
  if (isResting(value)) return new Uint8Array(await value.restingBytes.arrayBuffer());
  const parts = await Promise.all(
    Object.entries(value).map(async ([key, part]) => [key, await awake(part)] as const),
  );
  return Object.fromEntries(parts);
}
