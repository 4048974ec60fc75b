// The options that say how to train, shared by every command that does.

import { augmentations } from '../training/augmentations/augmentations.ts';
import { penaltyNamed, penaltyNames } from '../training/sparsity.ts';
import type { ScheduleOptions } from '../training/types.ts';
import type { TrainOptions } from '../workbench/engine.ts';
import type { Arguments, Option } from './command.ts';
import { backendOf, computeFlags } from './computing.ts';
import { usageError } from './parse.ts';

const optimizers = ['sgd', 'adam', 'adamw'] as const;
const schedules = ['constant', 'cosine', 'step', 'one-cycle'] as const;

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
  milestones: {
    value: 'A,B,…',
    help: 'with --rate-schedule step: the fractions of the pass after which it falls to a tenth',
    fallback: '0.5,0.75',
  },
  'warm-up': { value: 'EPOCHS', help: 'over which the learning rate rises', fallback: '0' },
  momentum: { value: 'X', help: 'of sgd', fallback: '0.9' },
  nesterov: { help: 'look ahead along the momentum' },
  'weight-decay': { value: 'X', help: 'of kernels', fallback: '0.0001' },
  'label-smoothing': { value: 'X', help: 'share of a target that is spread over all classes', fallback: '0' },
  'clip-norm': { value: 'X', help: 'scale gradients down to this norm; 0: never', fallback: '0' },
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
  temperature: { value: 'X', help: 'with --distil: of the answers', fallback: '4' },
  'attention-maps': { help: 'with --distil: learn where it looks, too' },
  seed: { value: 'N', help: 'for everything that draws random numbers', fallback: '0' },
  ...computeFlags,
} as const satisfies Record<string, Option>;

/** @throws ModelError `usage` */
export function trainOptions(args: Arguments): TrainOptions {
  const share = { min: 0, max: 1 };
  return {
    epochs: args.number('epochs', { min: 1, integer: true }),
    batchSize: args.number('batch-size', { min: 1, integer: true }),
    optimizer: args.choice('optimizer', optimizers),
    learningRate: args.number('learning-rate', { above: 0 }),
    schedule: scheduleOption(args),
    warmUp: args.number('warm-up', { min: 0 }),
    momentum: args.number('momentum', share),
    nesterov: args.given('nesterov'),
    weightDecay: args.number('weight-decay', { min: 0 }),
    labelSmoothing: args.number('label-smoothing', share),
    clipNorm: args.number('clip-norm', { min: 0 }),
    patience: args.number('patience', { min: 0, integer: true }),
    augment: args.all('augment'),
    ...sparseOption(args.text('sparse')),
    frozen: args.all('freeze'),
    seed: args.number('seed', { min: 0, integer: true }),
    backend: backendOf(args),
    testExamples: Number.MAX_SAFE_INTEGER,
    ...(args.given('distil') ? { distil: distilOption(args) } : {}),
  };
}

function scheduleOption(args: Arguments): ScheduleOptions {
  const name = args.choice('rate-schedule', schedules);
  if (name !== 'step') return { name };
  const written = args.text('milestones') ?? '';
  const milestones = written.split(',').map(Number);
  if (!milestones.every((at) => at > 0 && at < 1))
    throw usageError(`--milestones takes fractions between 0 and 1, such as 0.5,0.75; "${written}" is none.`);
  return { name, milestones, factor: 0.1 };
}

const distilOption = (args: Arguments): TrainOptions['distil'] => ({
  labels: !args.given('without-labels'),
  temperature: args.number('temperature', { min: 1 }),
  features: args.given('attention-maps'),
});

function sparseOption(written: string | undefined): Pick<TrainOptions, 'sparse'> {
  if (written === undefined) return {};
  const [name, number] = written.split('=');
  const strength = Number(number);
  if (!(strength > 0))
    throw usageError(`--sparse takes NAME=STRENGTH, a strength above 0; "${written}" is none.`);
  return { sparse: { name: penaltyNamed(name), strength } };
}
