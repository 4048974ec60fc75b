// Back to before a step that cut something: weights, decisions kept in mind and schedule are as they were then. The log and
// the curve go on, since they tell what happened.

import { ModelError } from '../../lib/errors.ts';
import type { Core } from '../core.ts';
import type { Engine } from '../engine.ts';
import type { Earlier } from '../keeping/store.ts';
import { stepIsOpen } from '../missing.ts';
import { OpenedModel } from '../model/opened.ts';

export const goingBack = (core: Core): Pick<Engine, 'goBack'> => ({
  goBack: (entry) =>
    core.task('Going back', async () => {
      const { file, companions } = core.requireModel();
      if (core.review) throw stepIsOpen();
      const place = core.earlier.findIndex(({ log }) => log === entry);
      const found = core.earlier[place];
      if (!found) throw gone(entry, core.waysBack);
      const { costs, steps } = found.session;
      const present = found.present && new Uint8Array(await found.present.arrayBuffer());
      core.model = OpenedModel.restore({
        original: { file, companions },
        session: found.session,
        ...(present ? { present } : {}),
      });
      core.steps = steps;
      core.earlier = core.earlier.slice(0, place);
      const step = core.board.state.log[entry];
      core.board.log(
        { kind: 'went-back', to: entry, number: step.kind === 'step' ? step.number : steps.length + 1 },
        { ...core.modelState(), costs, interrupted: undefined, earlier: entriesOf(core.earlier) },
      );
      await core.keeper.keep({ present, training: undefined, earlier: core.earlier });
    }),
});

/** How things stand before a step is cut. */
export function standing(core: Core): Omit<Earlier, 'log'> {
  const { pruner, options } = core.requireModel();
  const { present } = core.keeper;
  return {
    session: {
      costs: core.board.state.costs,
      pruner: pruner.save(),
      steps: core.steps,
      ...(options ? { options } : {}),
    },
    ...(present ? { present: new Blob([present as Uint8Array<ArrayBuffer>]) } : {}),
  };
}

export const entriesOf = (earlier: readonly Earlier[]): readonly number[] => earlier.map(({ log }) => log);

const gone = (entry: number, waysBack: number): ModelError =>
  new ModelError({
    code: 'unknown-step',
    where: `log entry ${entry}`,
    message: 'There is no way back to before this step.',
    hint: `The last ${waysBack} steps can be taken back, one that removed nothing cannot.`,
  });
