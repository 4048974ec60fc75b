// What a step did, as data: whether anything was removed, what, and why not more. The training gate, the page and the
// command line print these sentences; nothing else may decide whether a training pass runs.

import type { Problem } from '../lib/errors.ts';
import type { Cost } from './resizing.ts';

/**
 * Why a step, or one group in it, removed nothing (or less than the plan):
 * - `no-groups`: the network has no channels that may go;
 * - `quota-zero`: the ratio asks for less than one unit more;
 * - `rounded-to-zero`: what would remain rounds down to no unit, or what may go to no whole multiple;
 * - `min-width`: the layer would be left with too little;
 * - `max-ratio`: the layer has lost as much as it may;
 * - `ignored`: the options name it;
 * - `no-weights`: the file describes its weights but does not hold them;
 * - `no-score`: the criterion has nothing to say about it;
 * - `all-rejected`: nobody accepted what was proposed, or everything left was rejected before;
 * - `schedule-exhausted`: all scheduled steps were made.
 */
export type ReasonCode =
  | 'no-groups'
  | 'quota-zero'
  | 'rounded-to-zero'
  | 'min-width'
  | 'max-ratio'
  | 'ignored'
  | 'no-weights'
  | 'no-score'
  | 'all-rejected'
  | 'schedule-exhausted';

export interface Reason {
  readonly code: ReasonCode;
  /** `Group.id`; absent when the reason is the whole step's. */
  readonly group?: string;
  /** One sentence for a person. */
  readonly message: string;
}

/** Units that left one group. */
export interface Removed {
  readonly group: string;
  /** Ascending; units of the group as it was before the step. */
  readonly units: readonly number[];
  /** The same units, numbered as in the model first opened. */
  readonly original: readonly number[];
  /** How many of them went only because what remains is rounded down to a multiple of `roundTo`. */
  readonly rounding: number;
}

export interface StepReport {
  /** 1-based, of `of` scheduled ones; `step` > `of` when the schedule was exhausted. */
  readonly step: number;
  readonly of: number;
  /** The flag: whether surgery removed anything. Training is gated on it. */
  readonly pruned: boolean;
  /** The whole step's reasons first, then the groups', in graph order. Empty when everything went as planned. */
  readonly reasons: readonly Reason[];
  readonly removed: readonly Removed[];
  /** Ids of the candidates that were accepted and rejected. Those in neither list were left undecided. */
  readonly accepted: readonly string[];
  readonly rejected: readonly string[];
  readonly before: Cost;
  readonly after: Cost;
  /** Sizes that had to be written down although the file computed them, and the like. */
  readonly problems: readonly Problem[];
  /** With a target: the ratio that the step settled on. */
  readonly ratio?: number;
}

/** The sentence to show when a step removed nothing; `undefined` when it removed something. */
export function whyNothing(report: StepReport): string | undefined {
  if (report.pruned) return undefined;
  const [reason] = report.reasons;
  return reason ? `Nothing was pruned: ${reason.message}` : 'Nothing was pruned.';
}
