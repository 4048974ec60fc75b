// What a training pass does when it is not told otherwise.

import { ModelError } from '../lib/errors.ts';
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

/** @throws ModelError `bad-option` that names the option, its value and what it may be */
export function completeTraining({ optimizer, ...stated }: PartialTraining): TrainingOptions {
  const complete = {
    ...defaultTraining,
    // A penalty is meant to change weights even where that costs accuracy for now.
    keepBest: stated.penalty === undefined,
    ...stated,
    optimizer: { ...defaultOptimizer, ...optimizer },
  };
  for (const { name, value, wanted, holds } of rulesOf(complete))
    if (!holds(value))
      throw new ModelError({
        code: 'bad-option',
        where: name,
        message: `The training option ${name} is ${value}; it must be ${wanted}.`,
      });
  return complete;
}

interface Rule {
  readonly name: string;
  readonly value: number;
  readonly wanted: string;
  readonly holds: (value: number) => boolean;
}

function rulesOf(options: TrainingOptions): Rule[] {
  const { epochs, batchSize, seed, learningRate, warmUp, labelSmoothing, clipNorm, patience } = options;
  const { validationExamples } = options;
  const { momentum, beta1, beta2, weightDecay } = options.optimizer;
  const rules = (
    values: Readonly<Record<string, number>>,
    wanted: string,
    holds: (value: number) => boolean,
  ): Rule[] => Object.entries(values).map(([name, value]) => ({ name, value, wanted, holds }));
  return [
    ...rules({ epochs, batchSize }, 'a whole number of at least 1', (n) => Number.isInteger(n) && n >= 1),
    ...rules(
      { seed, patience, validationExamples },
      'a whole number of at least 0',
      (n) => Number.isInteger(n) && n >= 0,
    ),
    ...rules({ learningRate }, 'a number above 0', (n) => n > 0 && Number.isFinite(n)),
    ...rules({ warmUp, clipNorm, weightDecay }, 'a number of at least 0', (n) => n >= 0),
    ...rules(
      { labelSmoothing, momentum, beta1, beta2 },
      'a number of at least 0 and below 1',
      (n) => n >= 0 && n < 1,
    ),
  ];
}
