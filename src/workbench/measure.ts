// How good a network is on examples that it never trained on.

import type { Network } from '../execution/types.ts';
import { Random } from '../lib/random.ts';
import { evaluate } from '../training/evaluate.ts';
import { samplePositions } from '../training/streams.ts';
import type { Dataset, Evaluation, Split } from '../training/types.ts';

const DEFAULT_EXAMPLES = 1000;

/** The test part, or where data has none the validation part. */
export const heldOut = ({ test, validation }: Dataset): Split => (test.length > 0 ? test : validation);

/** On `examples` held-out examples (all by default), the same ones for the same seed. */
export function measure(
  network: Network,
  data: Dataset,
  { examples, seed = 1 }: { examples?: number; seed?: number } = {},
): Promise<Evaluation> {
  const split = heldOut(data);
  const all = examples === undefined || examples >= split.length;
  const positions = all ? undefined : samplePositions(new Random(seed), split.length, examples);
  return evaluate(network, split, positions ? { positions } : {});
}

/** Accuracy before or after a pass; `undefined` where there is nothing to measure it on. */
export async function accuracyOn(
  network: Network,
  data: Dataset,
  { testExamples = DEFAULT_EXAMPLES, seed }: { testExamples?: number; seed: number },
): Promise<number | undefined> {
  const split = heldOut(data);
  if (testExamples === 0 || split.length === 0) return undefined;
  const { targets } = await split.read([0]);
  if (!targets) return undefined;
  return (await measure(network, data, { examples: testExamples, seed })).accuracy;
}
