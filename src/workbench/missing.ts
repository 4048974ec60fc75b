// What a session lacks when it is asked too early, and what to do about it.

import { ModelError } from '../lib/errors.ts';

const lack = (code: string, message: string, hint: string): ModelError =>
  new ModelError({ code, where: 'session', message, hint });

export const lacks = {
  model: () => lack('no-model', 'No model is open.', 'Open a model first.'),
  data: () =>
    lack(
      'no-data-set',
      'There are no examples to compute with.',
      'Open a data set, or use the generated digits.',
    ),
  files: () => lack('no-files', 'This data was not opened from files.', 'Open a data set from files first.'),
  heldOut: () =>
    lack(
      'no-examples',
      'The data has no examples to measure on.',
      'Open data that has a test or validation part.',
    ),
  step: () => lack('no-step', 'No step is under review.', 'Start a step first.'),
  interruption: () =>
    lack('nothing-to-resume', 'No training pass was interrupted.', 'Start a new training pass.'),
} as const;

export const stepIsOpen = (): ModelError =>
  lack('step-open', 'A step is under review already.', 'Apply or cancel it first.');
