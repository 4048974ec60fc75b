// How good a network is on examples that it never trained on.

import type { Network } from '../../execution/types.ts';
import { Random } from '../../lib/random.ts';
import { Aim } from '../../training/aim.ts';
import { evaluating } from '../../training/evaluate.ts';
import { samplePositions } from '../../training/streams.ts';
import type { Dataset, Evaluation, Split } from '../../training/types.ts';
import { lacks } from '../missing.ts';
import type { CostPoint } from '../state.ts';

export interface MeasureOptions {
  /** The same ones for the same seed. Default: all. */
  readonly examples?: number;
  readonly seed?: number;
}

/** Examples done. */
export interface Measuring {
  readonly done: number;
  readonly of: number;
}

/** The test part, or where data has none the validation part. */
export const heldOut = ({ test, validation }: Dataset): Split => (test.length > 0 ? test : validation);

/** Whether accuracy and loss can be measured on a split at all. */
export async function isMeasurable(split: Split): Promise<boolean> {
  return split.length > 0 && (await split.read([0])).targets !== undefined;
}

/** @throws ModelError `no-examples`, `no-labels` */
export async function* measuring(
  network: Network,
  data: Dataset,
  { examples, seed = 1 }: MeasureOptions = {},
): AsyncGenerator<Measuring, Evaluation, void> {
  const split = heldOut(data);
  const all = examples === undefined || examples >= split.length;
  const positions = all ? undefined : samplePositions(new Random(seed), split.length, examples);
  if (split.length === 0) throw lacks.heldOut();
  const aim = new Aim(network, await split.read([0]));
  return yield* evaluating(network, aim, split, positions ? { positions } : {});
}

/** The cost chart, its present point with what was measured. */
export const withAccuracy = (
  costs: readonly CostPoint[],
  accuracy: number | undefined,
): readonly CostPoint[] =>
  accuracy === undefined
    ? costs
    : costs.map((point, i) => (i === costs.length - 1 ? { ...point, accuracy } : point));
