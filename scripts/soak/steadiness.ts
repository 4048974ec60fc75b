// Whether what a long run holds at rest stays as it is.

export interface Reading {
  readonly cycle: number;
  /** Batches. */
  readonly trained: number;
  /** Bytes of the page and of its worker, WebAssembly's memory apart. */
  readonly page: number;
  readonly worker: number;
  readonly wasm: number;
  readonly tensors: number;
  /** Milliseconds of tasks that held the page's main thread over 50 ms while training. */
  readonly longTasks: readonly number[];
}

/** Before it everything runs for the first time. */
const WARM_UP = 6;
/** Memory that a garbage collector may or may not have given back. */
const SLACK = { share: 0.1, bytes: 8 * 2 ** 20 };

/** What has grown, a sentence each; the cycles come in rounds of six, so halves hold alike ones. */
export function steadiness(readings: readonly Reading[]): string[] {
  const settled = readings.slice(WARM_UP);
  if (settled.length < 4) return [];
  const half = Math.floor(settled.length / 2);
  const [early, late] = [settled.slice(0, half), settled.slice(-half)];
  const complaints: string[] = [];
  for (const what of ['page', 'worker', 'wasm'] as const) {
    const [before, after] = [early, late].map((some) => median(some.map((reading) => reading[what])));
    if (after > before * (1 + SLACK.share) + SLACK.bytes)
      complaints.push(`Memory (${what}) grew from ${megabytes(before)} to ${megabytes(after)} MB.`);
  }
  const [before, after] = [early, late].map((some) => Math.max(...some.map(({ tensors }) => tensors)));
  if (after > before) complaints.push(`Tensors grew from ${before} to ${after}.`);
  return complaints;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
