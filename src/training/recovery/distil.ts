// Distillation: the pruned network learns to answer as the original does. Any images will do, with labels or without.

import type { Network } from '../../execution/types.ts';
import { train } from '../loop.ts';
import type { PartialTraining } from '../options.ts';
import type { Dataset, Distillation, TrainingEvent, TrainingResult } from '../types.ts';

export interface DistilOptions extends Omit<PartialTraining, 'distillation'> {
  /** Softens both sides' answers, so that the likelihoods of wrong classes count. Default 4. */
  readonly temperature?: number;
  /** Share of the teacher in the loss where there are labels. Default 0.7. */
  readonly share?: number;
  /** Intermediate values to compare as well, by name. */
  readonly features?: readonly string[];
  readonly featureWeight?: number;
}

/** What a teacher says, with the defaults of this file. */
export const lessonsOf = (
  teacher: Network,
  { temperature = 4, share = 0.7, features, featureWeight }: DistilOptions = {},
): Distillation => ({
  teacher,
  temperature,
  share,
  ...(features ? { features } : {}),
  ...(featureWeight === undefined ? {} : { featureWeight }),
});

/**
 * Trains `network` towards `teacher` (Hinton, Vinyals and Dean, arXiv 1503.02531): the loop of `train`, gated, stopped
 * and checkpointed like it. Both networks must live on one backend.
 * @example
 * const original = await createNetwork(opened, backend);
 * for await (const event of distil(network, original, images, { epochs: 2, gate: gateOf(pruner.lastStep) })) …
 */
export function distil(
  network: Network,
  teacher: Network,
  data: Dataset,
  options: DistilOptions = {},
): AsyncGenerator<TrainingEvent, TrainingResult, void> {
  const { temperature, share, features, featureWeight, ...training } = options;
  return train(network, data, { ...training, distillation: lessonsOf(teacher, options) });
}
