// Training, gated on the step's flag: with the gate shut the engine logs a skipped pass and its reason.

import { Gauge, Pause, Play, RotateCw, Sparkles, Square, Wrench, Zap } from 'lucide-react';
import {
  type Command,
  firstOf,
  whenIdle,
  withData,
  withModel,
  withoutStep,
  withRunnable,
} from './command.ts';

export const train: Command = {
  id: 'train',
  label: 'Train',
  about:
    'Win accuracy back after a cut. After a step that removed nothing the pass is skipped, and the log says why.',
  icon: Zap,
  section: 'Training',
  keys: ['T'],
  whyNot: firstOf(whenIdle, withModel, withoutStep),
  perform: ({ train }) => train(),
};

export const goOn: Command = {
  id: 'go-on',
  label: 'Go on',
  about: 'Continue the pass that was cut off, from its last checkpoint.',
  icon: RotateCw,
  section: 'Training',
  keys: [],
  whyNot: (state) => whenIdle(state) ?? (state.session?.interrupted ? undefined : 'No pass was cut off.'),
  perform: ({ resumeInterrupted }) => resumeInterrupted(),
};

export const measure: Command = {
  id: 'measure',
  label: 'Measure accuracy',
  about: 'Loss and accuracy of the model as it is, on held-out examples.',
  icon: Gauge,
  section: 'Training',
  keys: [],
  whyNot: firstOf(whenIdle, withModel, withData, withRunnable, withoutStep),
  perform: ({ measure }) => measure(),
};

export const reestimate: Command = {
  id: 'reestimate',
  label: 'Re-estimate norms',
  about: 'Take the statistics of batch normalisation anew, from examples without labels.',
  icon: Wrench,
  section: 'Training',
  keys: [],
  whyNot: firstOf(whenIdle, withModel, withData, withRunnable, withoutStep),
  perform: ({ repair }) => repair('batch-norm'),
};

export const reconstruct: Command = {
  id: 'reconstruct',
  label: 'Reconstruct layers',
  about: 'Fit the layers behind a cut to the outputs they had before, by least squares, without labels.',
  icon: Sparkles,
  section: 'Training',
  keys: [],
  whyNot: firstOf(whenIdle, withModel, withData, withRunnable, withoutStep),
  perform: ({ repair }) => repair('reconstruction'),
};

export const pause: Command = {
  id: 'pause',
  label: 'Pause',
  about: 'Hold the training pass after the present batch.',
  icon: Pause,
  section: 'Training',
  keys: ['P'],
  whyNot: ({ training }) => (training?.state === 'running' ? undefined : 'No training pass is running.'),
  perform: ({ pauseTraining }) => pauseTraining(),
};

export const resume: Command = {
  id: 'resume',
  label: 'Resume',
  about: 'Go on with the training pass.',
  icon: Play,
  section: 'Training',
  keys: ['P'],
  whyNot: ({ training }) => (training?.state === 'paused' ? undefined : 'No training pass is on hold.'),
  perform: ({ resumeTraining }) => resumeTraining(),
};

export const stop: Command = {
  id: 'stop',
  label: 'Stop',
  about: 'End the training pass after the present batch; what was learned stays.',
  icon: Square,
  section: 'Training',
  keys: ['Shift+T'],
  whyNot: ({ training }) => (training ? undefined : 'No training pass is running.'),
  perform: ({ stopTraining }) => stopTraining(),
};
