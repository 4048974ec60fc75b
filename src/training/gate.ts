// The one rule: no training pass after a step that removed nothing. Pruning, quantising and distilling all say whether
// they did anything; whoever would train next asks here, and shows the sentence when the answer is no.

/** What a compressing step says about itself; a `StepReport` is one. */
export interface StepOutcome {
  readonly pruned: boolean;
  /** Those without a group are the whole step's. */
  readonly reasons: readonly { readonly message: string; readonly group?: string }[];
}

export interface Gate {
  readonly open: boolean;
  /** One sentence for a person: why training may run, or why it is skipped. */
  readonly message: string;
}

/** What would follow, as its sentence names it. */
export type PassName = 'training' | 'repair';

/** Whether a pass may follow. Before any step it may: training a model as it was opened is a choice. */
export function gateOf(lastStep: StepOutcome | undefined, pass: PassName = 'training'): Gate {
  if (!lastStep)
    return { open: true, message: 'No step was made yet: training starts from the model as it is.' };
  if (lastStep.pruned)
    return { open: true, message: 'The last step removed channels: training may win accuracy back.' };
  const none = `The last step removed nothing, so no ${pass} follows.`;
  return { open: false, message: [none, ...whyNothing(lastStep)].join(' ') };
}

/** The reasons of the whole step; without any, the first of a group's and how many more there are. */
function whyNothing({ reasons }: StepOutcome): string[] {
  const whole = reasons.filter(({ group }) => group === undefined);
  if (whole.length > 0) return [...new Set(whole.map(({ message }) => message))];
  const [first, ...others] = new Set(reasons.map(({ message }) => message));
  if (first === undefined) return [];
  return others.length === 0 ? [first] : [first, `(And ${others.length} more like it.)`];
}
