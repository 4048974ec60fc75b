// The one rule: no training pass after a step that removed nothing. Pruning, quantising and distilling all say whether
// they did anything; whoever would train next asks here, and shows the sentence when the answer is no.

/** What a compressing step says about itself; a `StepReport` is one. */
export interface StepOutcome {
  readonly pruned: boolean;
  readonly reasons: readonly { readonly message: string }[];
}

export interface Gate {
  readonly open: boolean;
  /** One sentence for a person: why training may run, or why it is skipped. */
  readonly message: string;
}

/** Whether a training pass may follow. Before any step it may: training a model as it was opened is a choice. */
export function gateOf(lastStep: StepOutcome | undefined): Gate {
  if (!lastStep)
    return { open: true, message: 'No step was made yet: training starts from the model as opened.' };
  if (lastStep.pruned)
    return { open: true, message: 'The last step removed channels: training recovers accuracy.' };
  const why = [...new Set(lastStep.reasons.map(({ message }) => message.trim()))].filter(Boolean);
  const [first, ...others] = why;
  const rest =
    others.length > 0 ? ` (and ${others.length} more ${others.length === 1 ? 'reason' : 'reasons'})` : '';
  return {
    open: false,
    message: first
      ? `Training was skipped: the last step removed nothing. ${first}${rest}`
      : 'Training was skipped: the last step removed nothing.',
  };
}
