// What a step proposes to a person or a program, one decision at a time. A decision is only staged: surgery happens
// once, when the step ends.

import type { Group, GroupKind } from '../analysis/types.ts';
import type { Cost } from './resizing.ts';

export type Decision =
  /** `units`: cut these instead of the proposed ones. */
  | { readonly verdict: 'accepted'; readonly units?: ArrayLike<number> }
  /** The proposed units are not proposed again until they are released. */
  | { readonly verdict: 'rejected'; readonly reason?: string }
  /** Looked at and left: not cut, not remembered. */
  | { readonly verdict: 'skipped' }
  | { readonly verdict: 'undecided' };

export type Verdict = Decision['verdict'];

/** A proposal to remove units of one group (or of groups that are cut alike, see `groups`). */
export interface Candidate {
  /** Id of the first group. */
  readonly id: string;
  readonly kind: GroupKind;
  /**
   * The groups that lose these units: one, or the head dims of queries and keys together with those of values, which
   * stay equally wide.
   */
  readonly groups: readonly Group[];
  /** Units of each of the groups now. */
  readonly units: number;
  /** Units proposed to go, ascending. */
  readonly indices: readonly number[];
  /** The same, numbered as in the model first opened. */
  readonly original: readonly number[];
  /** How many of `indices` were added to leave a multiple of `roundTo`. */
  readonly rounding: number;
  /** One per unit, the lowest goes first; comparable within `scope`. */
  readonly scores: Float64Array;
  /** The ranking in which it competed. */
  readonly scope: string;
  /** Ids of the candidates of the same structure, this one included: they may be decided at once. */
  readonly alike: readonly string[];
  /** What accepting the proposal alone would save. */
  readonly saves: Cost;
  readonly decision: Decision;

  /**
   * Stages the removal of `indices`, or of the proposed ones.
   * @throws ModelError `bad-units` for units it does not have, or all of them; `step-ended` after the step's end
   */
  accept(indices?: ArrayLike<number>): void;
  /** Stages that the proposed units stay, in later steps too, until they are released. @throws ModelError `step-ended` */
  reject(reason?: string): void;
  /** Takes the decision back. @throws ModelError `step-ended` */
  skip(): void;
}
