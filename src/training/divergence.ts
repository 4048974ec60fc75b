// Telling a loss that has run away from one that is merely high.

/** Batches over which the loss is averaged before it is judged. */
const MEMORY = 10;
/** How many times the worst level that is still normal the average must exceed. */
const FACTOR = 4;

/** What is remembered between batches. */
export interface LossTrend {
  /** The worst loss that is still normal: the first one, or that of a network that knows nothing. */
  readonly normal: number;
  /** Recent average. */
  readonly average: number;
}

export const nextTrend = (trend: LossTrend, loss: number): LossTrend => ({
  normal: trend.normal,
  average: trend.average + (loss - trend.average) / MEMORY,
});

/** One sentence when training has failed, `undefined` while it goes on. */
export function failureOf({ normal, average }: LossTrend): string | undefined {
  if (!Number.isFinite(average)) return 'The loss is no longer a number.';
  if (average <= FACTOR * normal) return undefined;
  return `The loss has run away to ${average.toPrecision(3)}, far above the ${normal.toPrecision(3)} of a network that knows nothing.`;
}
