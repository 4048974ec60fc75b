// A step under way: its plan, the decisions staged so far, and its one end. `MetaPruner.step()` and its generator are
// built on it; a session that lists all candidates at once drives it directly.

import type { Analysis, Removal } from '../analysis/types.ts';
import { ModelError, type Problem } from '../lib/errors.ts';
import { grouped } from '../lib/grouped.ts';
import { Candidate, type Decision, type Surroundings } from './candidate.ts';
import type { Contender } from './planning/contenders.ts';
import type { Plan } from './planning/planner.ts';
import type { Provenance } from './provenance.ts';
import type { Reason } from './report.ts';
import { type Cost, costAfter } from './resizing.ts';

/** What a step is opened with. */
export interface StepSetup {
  readonly analysis: Analysis;
  readonly provenance: Provenance;
  /** 1-based, of `of` scheduled ones. */
  readonly step: number;
  readonly of: number;
  readonly plan: Plan;
  readonly signatureOf: (contender: Contender) => string;
  readonly problems: readonly Problem[];
  /** With a target: the ratio that meets it. */
  readonly ratio?: number;
  /** What becomes of the step: called once. Returns the flag. */
  readonly close: (step: OpenStep) => boolean;
  readonly drop: () => void;
}

export class OpenStep {
  readonly step: number;
  readonly of: number;
  /** In graph order. */
  readonly candidates: readonly Candidate[];
  /** Why groups are not among the candidates, or with less than the plan asked. */
  readonly heldBack: readonly Reason[];
  readonly ratio: number | undefined;
  readonly problems: readonly Problem[];
  private readonly setup: StepSetup;
  private idsByStructure: ReadonlyMap<string, readonly string[]> | undefined;
  private outcome: boolean | undefined;

  constructor(setup: StepSetup) {
    this.setup = setup;
    this.step = setup.step;
    this.of = setup.of;
    this.ratio = setup.ratio;
    this.problems = setup.problems;
    this.heldBack = setup.plan.heldBack;
    const surroundings: Surroundings = {
      analysis: setup.analysis,
      originalUnits: (group) => setup.provenance.originOf(group).units,
      alike: (candidate) => this.alike(candidate),
      assertOpen: () => this.assertOpen(),
    };
    this.candidates = setup.plan.proposals.map((proposal) => new Candidate(proposal, surroundings));
  }

  /** Of the network as it is before the step. */
  get analysis(): Analysis {
    return this.setup.analysis;
  }

  get ended(): boolean {
    return this.outcome !== undefined;
  }

  /** @throws ModelError `unknown-candidate`, `bad-units`, `step-ended` */
  decide(candidate: string, decision: Decision): void {
    const found = this.candidates.find(({ id }) => id === candidate);
    if (!found)
      throw new ModelError({
        code: 'unknown-candidate',
        where: candidate,
        message: `This step has no candidate "${candidate}".`,
      });
    found.decide(decision);
  }

  /** The units accepted so far, by group. */
  removal(): Removal {
    return new Map(
      this.candidates.flatMap(({ accepted, groups }) =>
        accepted.length === 0 ? [] : groups.map(({ id }) => [id, accepted] as const),
      ),
    );
  }

  /** What the network would cost with the removals accepted so far. */
  preview(): Cost {
    return costAfter(this.setup.analysis, this.removal());
  }

  /** Cuts what was accepted and writes `lastStep`; returns the flag. The second call returns the same. */
  finish(): boolean {
    this.outcome ??= this.setup.close(this);
    return this.outcome;
  }

  /** Ends the step without a trace: nothing is cut or remembered, the schedule does not advance. */
  cancel(): void {
    if (this.ended) return;
    this.outcome = false;
    this.setup.drop();
  }

  /** Candidates of one structure share one list: as many lists as candidates would be a square of ids. */
  private alike(candidate: Candidate): readonly string[] {
    const structureOf = ({ proposal }: Candidate) => this.setup.signatureOf(proposal.contender);
    this.idsByStructure ??= new Map(
      [...grouped(this.candidates, structureOf)].map(([structure, alike]) => [
        structure,
        alike.map(({ id }) => id),
      ]),
    );
    return this.idsByStructure.get(structureOf(candidate)) ?? [];
  }

  private assertOpen(): void {
    if (!this.ended) return;
    throw new ModelError({
      code: 'step-ended',
      where: `step ${this.step}`,
      message: `Step ${this.step} has ended; its decisions cannot be changed any more.`,
      hint: 'Open the next step.',
    });
  }
}
