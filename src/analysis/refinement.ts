// Row-major factorisations of one length, and the coarsest one that two of them have in common.

/**
 * The coarsest factor lengths that refine two row-major factorisations of the same length, e.g. [3, 4] and [6, 2]
 * give [3, 2, 2]; `undefined` where none exists, e.g. for [3, 4] and [4, 3].
 */
export function commonRefinement(a: readonly number[], b: readonly number[]): number[] | undefined {
  const strides = new Set([...strideBoundaries(a), ...strideBoundaries(b)]);
  const chain = [...strides].sort((x, y) => y - x);
  const out: number[] = [];
  for (let i = 0; i + 1 < chain.length; i++) {
    if (chain[i] % chain[i + 1] !== 0) return undefined;
    out.push(chain[i] / chain[i + 1]);
  }
  return out;
}

/** Products of trailing lengths, from all of them down to 1. */
function strideBoundaries(lengths: readonly number[]): number[] {
  const out = [1];
  for (let k = lengths.length - 1; k >= 0; k--) out.push(out[out.length - 1] * lengths[k]);
  return out;
}
