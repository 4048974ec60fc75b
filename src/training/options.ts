// What a training pass does when it is not told otherwise.

import type { OptimizerOptions, TrainingOptions } from './types.ts';

export const defaultOptimizer: OptimizerOptions = {
  name: 'sgd',
  momentum: 0.9,
  nesterov: true,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 1e-4,
};

export const defaultTraining: TrainingOptions = {
  epochs: 1,
  batchSize: 64,
  seed: 0,
  learningRate: 0.02,
  optimizer: defaultOptimizer,
  schedule: { name: 'cosine' },
  warmUp: 0,
  labelSmoothing: 0,
  clipNorm: 0,
  augmentations: [],
  frozen: [],
  patience: 0,
  keepBest: true,
  validationExamples: 1000,
};

/** What a caller states; the rest is as in `defaultTraining`. */
export type PartialTraining = Partial<Omit<TrainingOptions, 'optimizer'>> & {
  readonly optimizer?: Partial<OptimizerOptions>;
};

export const completeTraining = ({ optimizer, ...stated }: PartialTraining): TrainingOptions => ({
  ...defaultTraining,
  ...stated,
  optimizer: { ...defaultOptimizer, ...optimizer },
});
