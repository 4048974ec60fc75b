// Scores of one group on a scale that can be compared with other groups'.

type Normalize = (scores: Float64Array) => Float64Array;

const ε = 1e-8;

const total = (scores: Float64Array): number => scores.reduce((a, b) => a + b, 0);
const least = (scores: Float64Array): number =>
  scores.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
const most = (scores: Float64Array): number =>
  scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

/** Divides; scores that are all zero stay so. */
const over = (scores: Float64Array, divisor: number): Float64Array =>
  divisor === 0 ? scores : scores.map((score) => score / divisor);

const standardization: Normalize = (scores) => {
  const low = least(scores);
  const range = most(scores) - low + ε;
  return scores.map((score) => (score - low) / range);
};

/** Sample standard deviation (n - 1). */
const gaussian: Normalize = (scores) => {
  const mean = total(scores) / scores.length;
  const squares = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0);
  const deviation = scores.length > 1 ? Math.sqrt(squares / (scores.length - 1)) : 0;
  return scores.map((score) => (score - mean) / (deviation + ε));
};

/** By the score below which half of the units lie. */
const sentinel: Normalize = (scores) => {
  const sorted = Float64Array.from(scores).sort();
  const mark = sorted[Math.floor(scores.length / 2)];
  return scores.map((score) => score / (mark + ε));
};

/**
 * Each score over the sum of those not below it: what share of what is left would go with this unit.
 * Lee et al., "Layer-adaptive Sparsity for the Magnitude-based Pruning", ICLR 2021, eq. 1.
 */
const lamp: Normalize = (scores) => {
  const order = Int32Array.from(scores.keys()).sort((a, b) => scores[a] - scores[b] || a - b);
  const out = new Float64Array(scores.length);
  let left = total(scores);
  for (const unit of order) {
    out[unit] = left > 0 ? scores[unit] / left : 0;
    left -= scores[unit];
  }
  return out;
};

/**
 * - `none`; `sum`, `mean`, `max`: divided by the sum, mean or largest of the group's scores;
 * - `standardization`: to [0, 1]; `gaussian`: to mean 0 and deviation 1;
 * - `sentinel`: divided by the median; `lamp`: see there.
 */
export const normalizers = {
  none: (scores) => scores,
  sum: (scores) => over(scores, total(scores)),
  standardization,
  mean: (scores) => over(scores, total(scores) / scores.length),
  max: (scores) => over(scores, most(scores)),
  gaussian,
  sentinel,
  lamp,
} as const satisfies Record<string, Normalize>;

export type Normalizer = keyof typeof normalizers;
export const normalizerNames = Object.keys(normalizers) as readonly Normalizer[];
