// What can be chosen for a step and for training, with a sentence each that says what the choice means.

import type { BackendName } from '../../src/execution/types.ts';
import { criteria } from '../../src/pruning/criteria/criteria.ts';
import { normalizerNames } from '../../src/pruning/criteria/normalizers.ts';
import { reductionNames } from '../../src/pruning/criteria/reductions.ts';
import type { PenaltyName } from '../../src/training/sparsity.ts';
import type { StepOptions, TrainOptions } from '../../src/workbench/engine.ts';
import type { Choice } from '../widgets/Fields.tsx';

const criterionAbout: Readonly<Record<string, string>> = {
  l2: 'The smallest weights go first. Quick, and hard to beat.',
  l1: 'The smallest weights go first, large ones counting less.',
  fpgm: 'Channels that others can stand in for go first.',
  lamp: 'Magnitude against what would be left of the layer: fair between layers.',
  'bn-scale': 'The smallest batch-norm scales go first.',
  taylor: 'What the loss would miss least, by its gradient. Needs data.',
  hessian: 'What the loss would miss least, by its curvature. Needs data.',
  activation: 'The quietest channels go first. Needs data.',
  random: 'Drawn by lot: the baseline to beat.',
};

export const criterionChoices: readonly Choice<string>[] = criteria.map(({ name, title }) => ({
  id: name,
  label: title,
  about: criterionAbout[name],
}));

/** What the criterion is published with. */
export function criterionDefaults(name: string): Pick<StepOptions, 'criterion' | 'reduction' | 'normalizer'> {
  const defaults = criteria.find((criterion) => criterion.name === name)?.defaults;
  return {
    criterion: name,
    reduction: defaults?.reduction ?? 'mean',
    normalizer: defaults?.normalizer ?? 'mean',
  };
}

export const criterionNeedsData = (name: string): boolean =>
  criteria.find((criterion) => criterion.name === name)?.needs.some((need) => need !== 'weights') ?? false;

export const scopeChoices: readonly Choice<StepOptions['scope']>[] = [
  { id: 'local', label: 'Each layer by itself', about: 'Every group loses the same share.' },
  { id: 'global', label: 'All layers together', about: 'The lowest scores go, wherever they are.' },
  { id: 'isomorphic', label: 'Alike layers together', about: 'Groups of the same structure compete.' },
];

export type Goal = 'channels' | NonNullable<StepOptions['target']>['of'];

export const goalChoices: readonly { readonly id: Goal; readonly label: string }[] = [
  { id: 'channels', label: 'Channels' },
  { id: 'macs', label: 'MACs' },
  { id: 'params', label: 'Parameters' },
  { id: 'bytes', label: 'File' },
];

const plain = <T extends string>(names: readonly T[]): readonly Choice<T>[] =>
  names.map((name) => ({ id: name, label: name }));

export const reductionChoices = plain(reductionNames);
export const normalizerChoices = plain(normalizerNames);

export type Attention = 'head-dims' | 'heads' | 'both' | 'none';

export const attentionChoices: readonly Choice<Attention>[] = [
  { id: 'head-dims', label: 'Dims inside heads' },
  { id: 'heads', label: 'Whole heads' },
  { id: 'both', label: 'Heads and their dims' },
  { id: 'none', label: 'Nothing' },
];

export const attentionOf = ({ heads = false, headDims = true }: StepOptions): Attention =>
  heads ? (headDims ? 'both' : 'heads') : headDims ? 'head-dims' : 'none';

export const attentionOptions = (choice: Attention): Pick<StepOptions, 'heads' | 'headDims'> => ({
  heads: choice === 'heads' || choice === 'both',
  headDims: choice === 'head-dims' || choice === 'both',
});

export const scheduleChoices: readonly Choice<NonNullable<StepOptions['schedule']>>[] = [
  { id: 'linear', label: 'Evenly' },
  { id: 'cubic', label: 'Much at first' },
  { id: 'geometric', label: 'The same share each' },
];

export const optimizerChoices: readonly Choice<TrainOptions['optimizer']>[] = [
  { id: 'adam', label: 'Adam' },
  { id: 'adamw', label: 'AdamW' },
  { id: 'sgd', label: 'SGD with momentum' },
];

export const backendChoices: readonly Choice<BackendName | 'auto'>[] = [
  { id: 'auto', label: 'The fastest there is' },
  { id: 'webgpu', label: 'WebGPU' },
  { id: 'webgl', label: 'WebGL' },
  { id: 'wasm', label: 'WebAssembly' },
  { id: 'cpu', label: 'Plain JavaScript' },
];

export type RateSchedule = NonNullable<TrainOptions['schedule']>['name'];

export const rateChoices: readonly Choice<RateSchedule>[] = [
  { id: 'cosine', label: 'Cosine, down to zero' },
  { id: 'one-cycle', label: 'One cycle, up and down' },
  { id: 'step', label: 'In steps' },
  { id: 'constant', label: 'Constant' },
];

/** A schedule by its name, with the settings that are usual for it. */
export const rateSchedule = (name: RateSchedule): NonNullable<TrainOptions['schedule']> =>
  name === 'step' ? { name, milestones: [0.5, 0.75], factor: 0.1 } : { name };

export const penaltyChoices: readonly Choice<PenaltyName | 'none'>[] = [
  { id: 'none', label: 'None' },
  { id: 'group-lasso', label: 'Group lasso', about: 'Weak groups of weights are pulled harder.' },
  { id: 'bn-scale', label: 'Batch-norm scales', about: 'Scales are pulled towards zero.' },
  { id: 'growing', label: 'Growing', about: 'The pull on weak channels grows with every epoch.' },
];
