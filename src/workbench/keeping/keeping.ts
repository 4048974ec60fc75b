// A session saved, and opened again: everything as it was; what cannot be had again is told.

import { problemOf } from '../../lib/errors.ts';
import { type Core, clearedState } from '../core.ts';
import { fittedTo, openData, summariseData } from '../data/session-data.ts';
import type { Engine, StepOptions } from '../engine.ts';
import { inMemory } from '../files.ts';
import { OpenedModel } from '../model/opened.ts';
import { entriesOf } from '../steps/going-back.ts';
import type { RecipeStep } from '../steps/recipe.ts';
import { openStep, showStep } from '../steps/stepping.ts';
import { unpackSession } from './session-file.ts';
import type { Kept, KeptData } from './store.ts';

type Keeping = Pick<Engine, 'save' | 'restore' | 'recover'>;

export const keeping = (core: Core): Keeping => ({
  async save() {
    core.requireModel();
    return core.keeper.pack();
  },

  restore: (saved) =>
    core.task('Opening the session', async () => {
      const { bytes } =
        saved instanceof Uint8Array ? { bytes: saved } : await inMemory({ name: 'The session', blob: saved });
      const kept = unpackSession(bytes);
      await goOn(core, kept);
      const none = { present: undefined, data: undefined, training: undefined, earlier: undefined };
      await core.keeper.keep({ ...none, ...kept });
    }),

  recover: () =>
    core.task('Opening the last session', async () => {
      try {
        const kept = await core.keeper.load();
        if (!kept) return false;
        await goOn(core, kept);
        core.keeper.adopt(kept);
        return true;
      } catch (error) {
        const message = `The last session could not be opened. ${problemOf(error).message}`;
        core.board.log({ kind: 'note', message });
        return false;
      }
    }),
});

async function goOn(core: Core, kept: Kept): Promise<void> {
  const { session, curve, training, earlier = [] } = kept;
  const model = OpenedModel.restore(kept);
  core.model = model;
  core.steps = session.steps;
  core.earlier = earlier;
  core.review = undefined;
  core.data = undefined;
  const { log, costs } = session;
  const interrupted = training && {
    epoch: training.epoch,
    epochs: training.options.epochs,
    at: training.at,
  };
  core.board.set({
    ...clearedState,
    ...core.modelState(),
    log,
    costs,
    curve,
    interrupted,
    earlier: entriesOf(earlier),
  });
  await orNote(core, 'The data could not be opened again.', async () => {
    if (kept.data) await dataAgain(core, kept.data, model);
  });
  await orNote(core, 'The step under review could not be opened again.', async () => {
    if (session.review && model.options) await reviewAgain(core, session.review, model.options);
  });
}

async function dataAgain(core: Core, kept: KeptData, model: OpenedModel): Promise<void> {
  core.data = fittedTo(await openData(kept), model.original);
  core.board.set({ data: summariseData(core.data) });
}

async function reviewAgain(
  core: Core,
  decisions: RecipeStep['decisions'],
  options: StepOptions,
): Promise<void> {
  const review = await openStep(core, options);
  for (const { candidate, decision } of decisions) review.decide([candidate], decision);
  showStep(core);
}

async function orNote(core: Core, sentence: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    core.board.log({ kind: 'note', message: `${sentence} ${problemOf(error).message}` });
  }
}
