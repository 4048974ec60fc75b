// The gate as a session shows it: the one rule of `training/gate.ts`, and what else must hold before a pass can run. It is
// shut until a step removed something. It then stays open, for a second pass too, until a step that removes nothing.

import { type Gate, gateOf, type PassName, type StepOutcome } from '../training/gate.ts';

export interface Standing {
  /** Whether a model is open. */
  readonly model?: boolean;
  /** Why the model cannot be trained at all. */
  readonly untrainable?: string | undefined;
  /** Whether a step is under review. */
  readonly reviewing?: boolean;
  readonly lastStep?: StepOutcome | undefined;
  /** A person asks to train a model that no step has touched. */
  readonly unpruned?: boolean;
  readonly pass?: PassName;
}

export function gateFor({ model, untrainable, reviewing, lastStep, unpruned, pass }: Standing): Gate {
  if (!model) return shut('Open a model first.');
  if (untrainable) return shut(untrainable);
  if (reviewing) return shut('A step is under review: apply or cancel it first.');
  if (!lastStep && !unpruned)
    return shut('Nothing was pruned yet: training follows a step that removed something.');
  return gateOf(lastStep, pass);
}

const shut = (message: string): Gate => ({ open: false, message });
