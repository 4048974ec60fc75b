// A step of the pruner: opened, decided, applied or put away.

import type { Core } from '../core.ts';
import type { Engine, StepOptions } from '../engine.ts';
import { stepIsOpen } from '../missing.ts';
import { evidenceFor } from './evidence.ts';
import { entriesOf, standing } from './going-back.ts';
import { Review } from './review.ts';

type Stepping = Pick<
  Engine,
  'startStep' | 'decide' | 'decideAll' | 'undo' | 'applyStep' | 'cancelStep' | 'release'
>;

export function stepping(core: Core): Stepping {
  const decideAll: Engine['decideAll'] = (candidates, decision) =>
    core.turns.take(async () => {
      core.requireReview().decide(candidates, decision);
      showStep(core);
    });
  return {
    startStep: (options) =>
      core.task('Scoring the groups', async () => {
        core.requireModel();
        if (core.review) throw stepIsOpen();
        const review = await openStep(core, options);
        // A step without candidates ends at once, and says why.
        if (review.step.candidates.length === 0) await finishStep(core, review);
      }),

    decideAll,
    decide: (candidate, decision) => decideAll([candidate], decision),

    undo: () =>
      core.turns.take(async () => {
        if (core.requireReview().undo()) showStep(core);
      }),

    applyStep: () => core.task('Cutting what was accepted', () => finishStep(core, core.requireReview())),

    cancelStep: () =>
      core.turns.take(async () => {
        core.requireReview().step.cancel();
        core.review = undefined;
        showStep(core);
      }),

    release: (group) =>
      core.turns.take(async () => {
        const model = core.requireModel();
        model.pruner.release(group);
        core.board.set({ rejected: model.rejected() });
      }),
  };
}

/** @throws ModelError for options or evidence that do not do */
export async function openStep(core: Core, options: StepOptions): Promise<Review> {
  const model = core.requireModel();
  const { board, device } = core;
  // As analysed: vectors that the file keeps once for several layers have gradients of their own there.
  const { graph } = model.pruner.analysis;
  const sources = { graph, data: core.data?.dataset, device, board };
  const evidence = await evidenceFor(options, sources);
  model.configure(options);
  const review = new Review(model.pruner.open(evidence), model.pruner.analysis);
  core.review = review;
  showStep(core);
  return review;
}

export function showStep(core: Core): void {
  core.board.set({ step: core.review?.describe(), gate: core.gate() });
}

/** Cuts what was accepted; returns the flag. */
async function finishStep(core: Core, review: Review): Promise<boolean> {
  const model = core.requireModel();
  const before = core.waysBack > 0 && standing(core);
  const pruned = review.step.finish();
  const report = model.pruner.lastStep;
  if (!report || !model.options) throw new Error('A finished step leaves a report.');
  const cuts = pruned ? (model.pruner.history.at(-1)?.cuts ?? []) : [];
  core.review = undefined;
  core.steps = [...core.steps, { options: model.options, pruned, decisions: review.decisions, cuts }];
  const { costs, interrupted, log } = core.board.state;
  if (pruned && before)
    core.earlier = [...core.earlier, { ...before, log: log.length }].slice(-core.waysBack);
  core.board.log(
    {
      kind: 'step',
      number: report.step,
      pruned,
      reasons: report.reasons,
      removedUnits: report.removed.reduce((sum, { units }) => sum + units.length, 0),
      accepted: report.accepted.length,
      rejected: report.rejected.length,
      before: { params: report.before.params, macs: report.before.macs },
      after: { params: report.after.params, macs: report.after.macs },
      ...(report.problems.length > 0 ? { problems: report.problems } : {}),
      ...(report.ratio === undefined ? {} : { ratio: report.ratio }),
    },
    {
      ...core.modelState(pruned),
      step: undefined,
      costs: [...costs, model.costPoint(costs.length)],
      // A checkpoint fits the network that it was made of, and no smaller one.
      interrupted: pruned ? undefined : interrupted,
      earlier: entriesOf(core.earlier),
    },
  );
  const { earlier } = core;
  await core.keeper.keep(pruned ? { present: model.write(), training: undefined, earlier } : {});
  return pruned;
}
