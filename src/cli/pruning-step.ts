// One step of the pruner in which everything proposed is accepted.

import type { StepOptions } from '../workbench/engine.ts';
import type { LogEntry } from '../workbench/state.ts';
import type { Console } from './command.ts';
import { type Figures, figuresOf, type Opened } from './opened.ts';
import { count } from './print.ts';

export interface StepResult extends Figures {
  readonly step: number;
  /** The flag: was anything removed? */
  readonly pruned: boolean;
  readonly reasons: readonly { readonly code: string; readonly group?: string; readonly message: string }[];
}

export async function pruneStep(
  { engine, state }: Opened,
  options: StepOptions,
  { progress }: Console,
): Promise<StepResult> {
  await engine.startStep(options);
  const { step } = state();
  if (step) {
    const candidates = step.candidates.map(({ id }) => id);
    await engine.decideAll(candidates, { verdict: 'accepted' });
    await engine.applyStep();
  }
  const entry = state().log.findLast((each) => each.kind === 'step') as LogEntry & { kind: 'step' };
  const { number, pruned, reasons, removedUnits, after, problems = [] } = entry;
  for (const { message, hint } of problems) progress(`! ${message}${hint ? ` ${hint}` : ''}`);
  progress(
    pruned
      ? `step ${number}: removed ${removedUnits} channels; ${count(after.params)} parameters, ${count(after.macs)} MACs are left`
      : `step ${number}: removed nothing. ${reasons[0]?.message ?? ''}`,
  );
  return { step: number, pruned, reasons, ...figuresOf(state()) };
}
