// Models in and out.

import {
  Database,
  Dices,
  Download,
  FlaskConical,
  FolderOpen,
  MessageCircleQuestion,
  Save,
  ScrollText,
  X,
} from 'lucide-react';
import { pickFiles } from '../files/files.ts';
import {
  type Command,
  firstOf,
  whenIdle,
  withData,
  withModel,
  withoutStep,
  withRunnable,
} from './command.ts';

export const openModel: Command = {
  id: 'open-model',
  label: 'Open model',
  about:
    'Choose a model file, with the files of its weights if it has any. Dropping it anywhere does the same.',
  icon: FolderOpen,
  section: 'Model',
  keys: ['O'],
  whyNot: whenIdle,
  perform: async ({ openFiles }) => openFiles(await pickFiles()),
};

export const trySample: Command = {
  id: 'try-sample',
  label: 'Try the sample',
  about: 'Open the built-in model of handwritten digits, with its data.',
  icon: FlaskConical,
  section: 'Model',
  keys: [],
  whyNot: whenIdle,
  perform: ({ openSample }) => openSample(),
};

export const openData: Command = {
  id: 'open-data',
  label: 'Open data',
  about: 'Choose examples to train and measure on. Dropping them anywhere does the same.',
  icon: Database,
  section: 'Model',
  keys: ['D'],
  whyNot: firstOf(whenIdle, withModel),
  perform: async ({ openFiles }) => openFiles(await pickFiles()),
};

export const exportModel: Command = {
  id: 'export-model',
  label: 'Export model',
  about: 'Save the model as it is now, in the format it came in.',
  icon: Download,
  section: 'Model',
  keys: ['E'],
  whyNot: firstOf(whenIdle, withModel, withoutStep),
  perform: ({ exportModel }) => exportModel(),
};

export const generatedData: Command = {
  id: 'generated-data',
  label: 'Generated digits',
  about: 'Use the built-in generator of handwritten digits: 28 × 28, grey, ten classes.',
  icon: Dices,
  section: 'Model',
  keys: [],
  whyNot: firstOf(whenIdle, withModel),
  perform: ({ openGeneratedData }) => openGeneratedData(),
};

export const ask: Command = {
  id: 'ask',
  label: 'Ask the network',
  about: 'Run the model as it is on the examples shown, and see what it says.',
  icon: MessageCircleQuestion,
  section: 'Model',
  keys: ['Q'],
  whyNot: firstOf(whenIdle, withModel, withData, withRunnable),
  perform: ({ ask }) => ask(),
};

export const exportRecipe: Command = {
  id: 'export-recipe',
  label: 'Save recipe',
  about: 'Save what was done as a file that the command line replays on the original model.',
  icon: ScrollText,
  section: 'Model',
  keys: [],
  whyNot: firstOf(whenIdle, withModel, withoutStep),
  perform: ({ exportRecipe }) => exportRecipe(),
};

export const saveSession: Command = {
  id: 'save-session',
  label: 'Save session',
  about:
    'Save the model with its steps, decisions and curves as one file; dropping that file goes on with it.',
  icon: Save,
  section: 'Model',
  keys: [],
  whyNot: firstOf(whenIdle, withModel),
  perform: ({ saveSession }) => saveSession(),
};

export const closeModel: Command = {
  id: 'close-model',
  label: 'Close model',
  about: 'Put the model and everything done to it away.',
  icon: X,
  section: 'Model',
  keys: [],
  whyNot: firstOf(whenIdle, withModel),
  perform: ({ closeModel }) => closeModel(),
};
