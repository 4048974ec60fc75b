// The options that say how to train, shared by every command that does.

import { augmentations } from '../training/augmentations/augmentations.ts';
import { penaltyNamed, penaltyNames } from '../training/sparsity.ts';
import type { ScheduleOptions } from '../training/types.ts';
import type { TrainOptions } from '../workbench/engine.ts';
import type { Arguments, Option } from './command.ts';
import { usageError } from './parse.ts';
import { backendChoices } from './step-options.ts';

const optimizers = ['sgd', 'adam', 'adamw'] as const;
const schedules = ['constant', 'cosine', 'one-cycle'] as const;

export const trainFlags = {
  epochs: { value: 'N', help: 'how often every example is seen', fallback: '1' },
  'batch-size': { value: 'N', help: 'examples per update', fallback: '64' },
  optimizer: { value: 'NAME', help: optimizers.join(', '), fallback: 'sgd' },
  'learning-rate': { value: 'X', help: 'of the first update, before schedule and warm-up', fallback: '0.02' },
  'rate-schedule': {
    value: 'NAME',
    help: `of the learning rate: ${schedules.join(', ')}`,
    fallback: 'cosine',
  },
  'warm-up': { value: 'EPOCHS', help: 'over which the learning rate rises', fallback: '0' },
  'weight-decay': { value: 'X', help: 'of kernels', fallback: '0.0001' },
  'label-smoothing': { value: 'X', help: 'share of a target that is spread over all classes', fallback: '0' },
  patience: { value: 'N', help: 'end after so many epochs without a better one; 0: never', fallback: '0' },
  augment: {
    value: 'NAME',
    multiple: true,
    help: `change pictures at random: ${augmentations.map(({ name }) => name).join(', ')}`,
  },
  sparse: {
    value: 'NAME=STRENGTH',
    help: `pull weak channels towards zero while training: ${penaltyNames.join(', ')}`,
  },
  freeze: { value: 'NAME', multiple: true, help: 'leave the weights of a layer as they are' },
  distil: { help: 'learn from the model as it was opened, too' },
  'without-labels': { help: 'with --distil: use the images alone' },
  seed: { value: 'N', help: 'for everything that draws random numbers', fallback: '0' },
  backend: { value: 'NAME', help: `where to compute: ${backendChoices.join(', ')}`, fallback: 'auto' },
} as const satisfies Record<string, Option>;

/** @throws ModelError `usage` */
export function trainOptions(args: Arguments): TrainOptions {
  const share = { min: 0, max: 1 };
  const schedule: ScheduleOptions = { name: args.choice('rate-schedule', schedules) };
  return {
    epochs: args.number('epochs', { min: 1, integer: true }),
    batchSize: args.number('batch-size', { min: 1, integer: true }),
    optimizer: args.choice('optimizer', optimizers),
    learningRate: args.number('learning-rate', { min: 0 }),
    schedule,
    warmUp: args.number('warm-up', { min: 0 }),
    weightDecay: args.number('weight-decay', { min: 0 }),
    labelSmoothing: args.number('label-smoothing', share),
    patience: args.number('patience', { min: 0, integer: true }),
    augment: args.all('augment'),
    ...sparseOption(args.text('sparse')),
    frozen: args.all('freeze'),
    seed: args.number('seed', { min: 0, integer: true }),
    backend: args.choice('backend', backendChoices),
    testExamples: Number.MAX_SAFE_INTEGER,
    ...(args.given('distil') ? { distil: { labels: !args.given('without-labels') } } : {}),
  };
}

function sparseOption(written: string | undefined): Pick<TrainOptions, 'sparse'> {
  if (written === undefined) return {};
  const [name, number] = written.split('=');
  const strength = Number(number);
  if (!(strength > 0))
    throw usageError(`--sparse takes NAME=STRENGTH, a strength above 0; "${written}" is none.`);
  return { sparse: { name: penaltyNamed(name), strength } };
}
