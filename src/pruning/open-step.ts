// A step under way: its plan, the decisions staged so far, and its one end. `MetaPruner.step()` and its generator are
// built on it; a session that lists all candidates at once drives it directly.

import type { Candidate, Decision } from './candidate.ts';
import type { Reason } from './report.ts';
import type { Cost } from './resizing.ts';

export interface OpenStep {
  /** 1-based, of `of` scheduled ones. */
  readonly step: number;
  readonly of: number;
  /** In graph order. */
  readonly candidates: readonly Candidate[];
  /** Why groups are not among the candidates, or with less than the plan asked. */
  readonly heldBack: readonly Reason[];
  /** With a target: the ratio that meets it. */
  readonly ratio?: number;
  readonly ended: boolean;
  /** @throws ModelError `unknown-candidate`, `bad-units`, `step-ended` */
  decide(candidate: string, decision: Decision): void;
  /** What the network would cost with the removals accepted so far. */
  preview(): Cost;
  /** Cuts what was accepted and writes `lastStep`; returns the flag. The second call returns the same. */
  finish(): boolean;
  /** Ends the step without a trace: nothing is cut or remembered, the schedule does not advance. */
  cancel(): void;
}
