// What a person asks of a training pass, in the terms of the loop. What they leave open stays with the loop's defaults.

import type { Analysis } from '../../analysis/types.ts';
import type { Network } from '../../execution/types.ts';
import type { Graph } from '../../graph/types.ts';
import { augmentationsOf } from '../../training/augmentations/augmentations.ts';
import type { PartialTraining } from '../../training/options.ts';
import { lessonsOf } from '../../training/recovery/distil.ts';
import { comparableMaps } from '../../training/recovery/features.ts';
import { penaltyNamed, penaltyOf } from '../../training/sparsity.ts';
import type { Distillation } from '../../training/types.ts';
import type { TrainOptions } from '../engine.ts';

/** Fewer than the loop's own: a person waits for them. */
const VALIDATION_EXAMPLES = 500;

/** What the options mean for: the model as it is, and the number of classes of its data (0: targets are values). */
interface Subject {
  readonly analysis: Analysis;
  readonly classes: number;
}

/** @throws ModelError `unknown-augmentation`, `unknown-penalty` */
export function trainingOptions(options: TrainOptions, { analysis, classes }: Subject): PartialTraining {
  const { optimizer, momentum, nesterov, weightDecay } = options;
  const { epochs, batchSize, seed, learningRate } = options;
  const { schedule, warmUp, labelSmoothing, clipNorm, frozen, patience, keepBest } = options;
  const { augment = [], sparse, validationExamples = VALIDATION_EXAMPLES } = options;
  return {
    epochs,
    batchSize,
    seed,
    learningRate,
    validationExamples,
    optimizer: { name: optimizer, ...stated({ momentum, nesterov, weightDecay }) },
    augmentations: augmentationsOf(augment, classes),
    ...(sparse ? { penalty: penaltyOf(analysis, { ...sparse, name: penaltyNamed(sparse.name) }) } : {}),
    ...stated({ schedule, warmUp, labelSmoothing, clipNorm, frozen, patience, keepBest }),
  };
}

export function distillationFrom(
  teacher: Network,
  student: Graph,
  { temperature, share, features }: TrainOptions['distil'] = {},
): Distillation {
  const maps = features ? comparableMaps(student, teacher.graph) : [];
  return lessonsOf(teacher, {
    ...stated({ temperature, share }),
    ...(maps.length > 0 ? { features: maps } : {}),
  });
}

/** Without the options that were left open. */
const stated = <T extends object>(options: T): { [K in keyof T]: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
