// One step of the pruner in which everything proposed is accepted, and the repairs that were asked for after it.

import type { RepairOptions, StepOptions } from '../workbench/engine.ts';
import type { LogEntry } from '../workbench/state.ts';
import type { Console } from './command.ts';
import { type Figures, figuresOf, type Opened } from './opened.ts';
import { count } from './print.ts';
import { type Repair, repairModel } from './repair.ts';

export interface StepResult extends Figures {
  readonly step: number;
  /** The flag: was anything removed? */
  readonly pruned: boolean;
  readonly reasons: readonly { readonly code: string; readonly group?: string; readonly message: string }[];
  /** Absent when none were asked for. */
  readonly repairs?: readonly Repair[];
}

export async function pruneStep(
  opened: Opened,
  options: StepOptions,
  repairs: readonly RepairOptions[],
  console: Console,
): Promise<StepResult> {
  const { engine, state } = opened;
  const { progress } = console;
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
  const result = { step: number, pruned, reasons, ...figuresOf(state()) };
  return repairs.length === 0 ? result : { ...result, repairs: await repairModel(opened, repairs, console) };
}
