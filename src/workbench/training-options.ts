// What a person asks of a training pass, in the terms of the loop. What they leave open stays with the loop's defaults.

import type { PartialTraining } from '../training/options.ts';
import type { TrainOptions } from './engine.ts';

export function trainingOptions(options: TrainOptions): PartialTraining {
  const { optimizer, momentum, nesterov, weightDecay } = options;
  const { epochs, batchSize, seed, learningRate } = options;
  const { schedule, warmUp, labelSmoothing, clipNorm, frozen, patience, keepBest } = options;
  return {
    epochs,
    batchSize,
    seed,
    learningRate,
    optimizer: { name: optimizer, ...stated({ momentum, nesterov, weightDecay }) },
    ...stated({ schedule, warmUp, labelSmoothing, clipNorm, frozen, patience, keepBest }),
  };
}

/** Without the options that were left open. */
const stated = <T extends object>(options: T): { [K in keyof T]: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
