// What a step proposes to a person or a program, one decision at a time. A decision is only staged: surgery happens
// once, when the step ends.

import type { Analysis, Group, GroupKind } from '../analysis/types.ts';
import { ModelError } from '../lib/errors.ts';
import type { Proposal } from './planning/planner.ts';
import { type Cost, costAfter, costOf } from './resizing.ts';

export type Decision =
  /** `units`: cut these instead of the proposed ones. */
  | { readonly verdict: 'accepted'; readonly units?: ArrayLike<number> }
  /** The proposed units are not proposed again until they are released. */
  | { readonly verdict: 'rejected'; readonly reason?: string }
  /** Looked at and left: not cut, not remembered. */
  | { readonly verdict: 'skipped' }
  | { readonly verdict: 'undecided' };

export type Verdict = Decision['verdict'];

/** What a candidate knows of the step it belongs to. */
export interface Surroundings {
  readonly analysis: Analysis;
  /** Original numbers of the group's units. */
  originalUnits(group: Group): Int32Array;
  /** Ids of the candidates of the same structure. */
  alike(candidate: Candidate): readonly string[];
  /** @throws ModelError `step-ended` */
  assertOpen(): void;
}

/** A proposal to remove units of one group (or of groups that are cut alike, see `groups`). */
export class Candidate {
  readonly proposal: Proposal;
  private readonly step: Surroundings;
  private staged: Decision = { verdict: 'undecided' };
  private chosen: readonly number[] | undefined;
  private proposed: readonly number[] | undefined;
  private price: Cost | undefined;

  constructor(proposal: Proposal, step: Surroundings) {
    this.proposal = proposal;
    this.step = step;
  }

  /** Id of the first group. */
  get id(): string {
    return this.proposal.contender.id;
  }
  get kind(): GroupKind {
    return this.proposal.contender.kind;
  }
  /**
   * The groups that lose these units: one, or the head dims of queries and keys together with those of values, which
   * stay equally wide.
   */
  get groups(): readonly Group[] {
    return this.proposal.contender.groups;
  }
  /** Units of each of the groups now. */
  get units(): number {
    return this.proposal.contender.units;
  }
  /** Units proposed to go, ascending. */
  get indices(): readonly number[] {
    this.proposed ??= Array.from(this.proposal.units);
    return this.proposed;
  }
  /** The same, numbered as in the model first opened. */
  get original(): readonly number[] {
    const original = this.step.originalUnits(this.groups[0]);
    return Array.from(this.proposal.units, (unit) => original[unit]);
  }
  /** How many of `indices` were added to leave a multiple of `roundTo`. */
  get rounding(): number {
    return this.proposal.rounding;
  }
  /** Units that were rejected before and not released: they are not proposed, however low they score. */
  get rejectedBefore(): readonly number[] {
    return this.proposal.rejected;
  }
  /** One per unit, the lowest goes first; comparable within `scope`. */
  get scores(): Float64Array {
    return this.proposal.scores;
  }
  /** The ranking in which it competed. */
  get scope(): string {
    return this.proposal.scope;
  }
  /** Ids of the candidates of the same structure, this one included: they may be decided at once. */
  get alike(): readonly string[] {
    return this.step.alike(this);
  }
  /** What accepting the proposal alone would save. */
  get saves(): Cost {
    this.price ??= savedBy(this.step.analysis, this.groups, this.proposal.units);
    return this.price;
  }
  get decision(): Decision {
    return this.staged;
  }
  /** Units that go if the step ends now, ascending. */
  get accepted(): readonly number[] {
    return this.staged.verdict === 'accepted' ? (this.chosen ?? this.indices) : [];
  }

  /**
   * Stages the removal of `indices`, or of the proposed ones.
   * @throws ModelError `bad-units` for units it does not have, or all of them; `step-ended` after the step's end
   */
  accept(indices?: ArrayLike<number>): void {
    this.decide({ verdict: 'accepted', ...(indices ? { units: indices } : {}) });
  }

  /** Stages that the proposed units stay, in later steps too, until they are released. @throws ModelError `step-ended` */
  reject(reason?: string): void {
    this.decide({ verdict: 'rejected', ...(reason === undefined ? {} : { reason }) });
  }

  /** Takes the decision back. @throws ModelError `step-ended` */
  skip(): void {
    this.decide({ verdict: 'skipped' });
  }

  /** @throws ModelError `bad-units`, `step-ended` */
  decide(decision: Decision): void {
    this.step.assertOpen();
    this.chosen =
      decision.verdict === 'accepted' && decision.units ? this.checked(decision.units) : undefined;
    this.staged = this.chosen ? { verdict: 'accepted', units: this.chosen } : decision;
  }

  private checked(indices: ArrayLike<number>): readonly number[] {
    const units = [...new Set(Array.from(indices))].sort((a, b) => a - b);
    const wrong = units.find((unit) => !Number.isInteger(unit) || unit < 0 || unit >= this.units);
    if (wrong === undefined && units.length < this.units) return units;
    throw new ModelError({
      code: 'bad-units',
      where: this.id,
      message:
        wrong === undefined
          ? `All ${this.units} units of "${this.id}" cannot go: a layer cannot be emptied.`
          : `"${this.id}" has units 0 to ${this.units - 1}; there is no unit ${wrong}.`,
    });
  }
}

function savedBy(analysis: Analysis, groups: readonly Group[], units: Int32Array): Cost {
  const before = costOf(analysis);
  const after = costAfter(analysis, new Map(groups.map(({ id }) => [id, units])));
  return {
    params: before.params - after.params,
    macs: before.macs - after.macs,
    bytes: before.bytes - after.bytes,
  };
}
