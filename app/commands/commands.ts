// Everything a person can do, in the order of the help page.

import type { Command } from './command.ts';
import {
  ask,
  closeModel,
  exportModel,
  exportRecipe,
  generatedData,
  openData,
  openModel,
  saveSession,
  trySample,
} from './model.ts';
import * as review from './review.ts';
import { goOn, measure, pause, reconstruct, reestimate, resume, stop, train } from './training.ts';
import { help, palette, themes } from './view.ts';

export const commands: readonly Command[] = [
  openModel,
  trySample,
  openData,
  generatedData,
  ask,
  exportModel,
  exportRecipe,
  saveSession,
  closeModel,
  review.startStep,
  review.accept,
  review.reject,
  review.skip,
  review.undo,
  review.next,
  review.previous,
  review.acceptAlike,
  review.pickChannels,
  review.lock,
  review.filter,
  review.tryOut,
  review.applyStep,
  review.cancelStep,
  review.goBack,
  train,
  pause,
  resume,
  stop,
  goOn,
  measure,
  reestimate,
  reconstruct,
  palette,
  help,
  review.clearChoice,
  ...themes,
];
