// The pruner: iterative pruning of one network. A step proposes, takes decisions, cuts once, and says whether anything
// was removed; whoever trains between steps is gated on that answer.

import type { Analysis } from '../analysis/types.ts';
import type { Graph } from '../graph/types.ts';
import { ModelError, type Problem } from '../lib/errors.ts';
import type { Candidate, Decision } from './candidate.ts';
import type { Evidence } from './criteria/criterion.ts';
import type { HistoryEntry } from './history.ts';
import { OpenStep } from './open-step.ts';
import { type CompleteOptions, completed, type PrunerOptions } from './options.ts';
import type { Contender } from './planning/contenders.ts';
import { type Plan, Planner, type RatioOf, type ScopeSize, type Standing } from './planning/planner.ts';
import { settle } from './planning/target.ts';
import { Present } from './present.ts';
import { Provenance, type ProvenanceState } from './provenance.ts';
import { type Rejection, Rejections } from './rejections.ts';
import type { StepReport } from './report.ts';
import { nothingScheduled, reportOf } from './reporting.ts';
import { type Cost, costOf } from './resizing.ts';
import { weightsOf } from './weights.ts';

/** What criteria need besides the weights; `Criterion.needs` says which. */
export type ProvidedEvidence = Pick<Evidence, 'gradients' | 'activations'>;

/** The model first opened. */
interface First {
  /** By group id. */
  readonly units: Readonly<Record<string, number>>;
  readonly cost: Cost;
}

/** Everything a pruner knows besides the network and the options, as plain data. */
export interface PrunerState {
  /** Steps made of the present schedule. */
  readonly stepsMade: number;
  readonly history: readonly HistoryEntry[];
  readonly rejected: readonly Rejection[];
  readonly lastStep?: StepReport;
  readonly provenance: ProvenanceState;
  readonly first: First;
  /** Cost of the network that the present options were given for. */
  readonly configured: Cost;
  readonly scopes: readonly (readonly [name: string, size: ScopeSize])[];
}

/**
 * Prunes a network step by step, and says of every step whether it removed anything. The graph that goes in is never
 * changed; `graph` is the network that is left.
 * @example
 * const pruner = new MetaPruner(openModel(bytes, 'model.onnx').graph, { ratio: 0.5, steps: 3, scope: 'global' });
 * while (pruner.step()) report(pruner.analysis.params);
 * report(pruner.lastStep?.reasons);
 */
export class MetaPruner {
  private options: CompleteOptions;
  private present: Present;
  private rejections = new Rejections();
  private entries: readonly HistoryEntry[] = [];
  private report: StepReport | undefined;
  private made = 0;
  private first: First;
  private configured: Cost;
  private scopes: ReadonlyMap<string, ScopeSize> = new Map();
  private underWay: OpenStep | undefined;

  /** @throws ModelError `bad-option`, `unknown-criterion` */
  constructor(graph: Graph, options: PrunerOptions = {}, analysis?: Analysis) {
    this.options = completed(options);
    this.present = new Present(graph, this.options.bindings, undefined, analysis);
    this.first = { units: this.present.sizes(), cost: costOf(this.present.analysis) };
    this.configured = this.first.cost;
  }

  /** The network as it is now. */
  get graph(): Graph {
    return this.present.graph;
  }
  get analysis(): Analysis {
    return this.present.analysis;
  }
  /** Steps made of the schedule. */
  get stepsMade(): number {
    return this.made;
  }
  /** What the last step did; `undefined` before the first, and unchanged by one that was cancelled. */
  get lastStep(): StepReport | undefined {
    return this.report;
  }
  /** Every cut so far: `replay(graph, history)` makes them again. */
  get history(): readonly HistoryEntry[] {
    return this.entries;
  }
  /** Units that are not proposed, by id of the group in the model first opened. */
  get rejected(): ReadonlyMap<string, readonly Rejection[]> {
    return this.rejections.byOrigin();
  }
  /** The step under way. */
  get current(): OpenStep | undefined {
    return this.underWay;
  }

  /**
   * Prunes; true if anything was removed, and `lastStep` says what, or why nothing was.
   * @throws ModelError what `open` throws
   */
  step(options?: { readonly interactive?: false; readonly evidence?: ProvidedEvidence }): boolean;
  /**
   * Yields the candidates of the step, which are accepted or rejected by their methods or by a decision given to
   * `next()`. The step ends with the generator, by exhaustion, `return()` or a `break`: what was accepted until then is
   * cut. An error thrown into the generator cancels the step.
   * @throws ModelError what `open` throws, once it is first pulled
   */
  step(options: {
    readonly interactive: true;
    readonly evidence?: ProvidedEvidence;
  }): Generator<Candidate, boolean, Decision | undefined>;
  step(options: { readonly interactive?: boolean; readonly evidence?: ProvidedEvidence } = {}) {
    if (options.interactive) return this.interact(options.evidence);
    const step = this.open(options.evidence);
    for (const candidate of step.candidates) candidate.accept();
    return step.finish();
  }

  private *interact(evidence?: ProvidedEvidence): Generator<Candidate, boolean, Decision | undefined> {
    const step = this.open(evidence);
    try {
      for (const candidate of step.candidates) {
        const decision = yield candidate;
        if (decision) candidate.decide(decision);
      }
    } catch (error) {
      step.cancel();
      throw error;
    } finally {
      step.finish();
    }
    return step.finish();
  }

  /**
   * Opens the next step: ranks, plans, and proposes; nothing is cut before `finish()`.
   * @throws ModelError `step-open`, `missing-evidence`, `bad-criterion`
   */
  open(evidence: ProvidedEvidence = {}): OpenStep {
    this.assertNoneOpen();
    this.underWay = this.made < this.options.steps ? this.planned(evidence) : this.beyondSchedule();
    return this.underWay;
  }

  private planned(evidence: ProvidedEvidence): OpenStep {
    const { analysis, options } = this;
    const planner = new Planner(
      analysis,
      options,
      { ...checkedEvidence(options, evidence), tensor: weightsOf(analysis) },
      { standingOf: (contender) => this.standingOf(contender), sizes: this.scopes },
    );
    const { plan, problems, ratio } = this.planWith(planner);
    return this.opened(plan, planner, problems, ratio);
  }

  private opened(
    plan: Plan,
    planner: Planner | undefined,
    problems: readonly Problem[],
    ratio?: number,
  ): OpenStep {
    return new OpenStep({
      analysis: this.present.analysis,
      provenance: this.present.provenance,
      step: this.made + 1,
      of: this.options.steps,
      plan,
      problems,
      signatureOf: (contender) => planner?.topology.signature(contender) ?? contender.id,
      ...(ratio === undefined ? {} : { ratio }),
      close: (step) => this.close(step, planner),
      drop: () => {
        this.underWay = undefined;
      },
    });
  }

  private beyondSchedule(): OpenStep {
    return this.opened({ proposals: [], heldBack: [nothingScheduled(this.options.steps)] }, undefined, []);
  }

  private planWith(planner: Planner): { plan: Plan; problems: readonly Problem[]; ratio?: number } {
    const { steps, schedule, target } = this.options;
    const step = this.made + 1;
    const ratioOf: RatioOf = ({ ratio }, gone) =>
      gone >= ratio ? ratio : gone + schedule(ratio - gone, step, steps);
    const problems = planner.problems;
    if (!target) return { plan: planner.plan(planner.counts(ratioOf)), problems };
    const from = this.configured[target.of];
    const to = this.first.cost[target.of] * target.keep;
    const goal = from * (1 - schedule(1 - Math.min(1, to / from), step, steps));
    const settled = settle(this.present.analysis, planner, target.of, goal, ratioOf);
    return {
      plan: planner.plan(settled.counts),
      ratio: settled.ratio,
      problems: [...problems, ...settled.problems],
    };
  }

  private standingOf({ groups: [group], units }: Contender): Standing {
    const origin = this.present.originOf(group);
    return {
      first: this.first.units[origin.group] ?? units,
      barred: this.rejections.barred(origin),
    };
  }

  private close(step: OpenStep, planner: Planner | undefined): boolean {
    const { present } = this;
    const removal = step.removal();
    const pruned = removal.size > 0;
    const before = costOf(present.analysis);
    const next = pruned ? present.after(removal) : { present, cost: before, problems: [] };
    this.report = reportOf({
      step,
      pruned,
      before,
      after: next.cost,
      provenance: present.provenance,
      problems: next.problems,
    });
    for (const { decision, groups, original } of step.candidates)
      if (decision.verdict === 'rejected')
        this.rejections.add(present.originOf(groups[0]).group, original, decision.reason);
    if (pruned)
      this.entries = [
        ...this.entries,
        {
          step: this.entries.length + 1,
          cuts: this.report.removed.map(({ group, units, original }) => ({ group, units, original })),
        },
      ];
    if (planner) this.scopes = new Map([...this.scopes, ...planner.sizes]);
    this.present = next.present;
    this.made = Math.min(this.made + 1, this.options.steps);
    this.underWay = undefined;
    return pruned;
  }

  /** Lets rejected units be proposed again. `units` as in the model first opened; absent: all of the group. */
  release(group: string, units?: ArrayLike<number>): void {
    const present = this.analysis.groups.find(({ id }) => id === group);
    this.rejections.release(present ? this.present.originOf(present).group : group, units);
  }

  /** Original number of each of a group's units. @throws ModelError `unknown-group` */
  originalUnits(group: string): Int32Array {
    const found = this.analysis.groups.find(({ id }) => id === group);
    if (found) return this.present.originOf(found).units;
    throw unknown('group', group);
  }

  /** Original index of each position along a constant's axis. @throws ModelError `unknown-tensor` */
  originalPositions(tensor: string, axis: number): Int32Array {
    const length = this.analysis.graph.tensors.get(tensor)?.dims[axis];
    if (length !== undefined) return this.present.provenance.positions(tensor, axis, length);
    throw unknown('tensor', tensor);
  }

  /** Every axis of a constant that has lost something, with the original index of what is left. */
  changedAxes(): Iterable<{ readonly tensor: string; readonly axis: number; readonly original: Int32Array }> {
    return this.present.provenance.changedAxes();
  }

  /**
   * Other options from the next step on; the schedule starts anew, from the network as it is. Ratios and targets go on
   * being meant of the model first opened; what was rejected stays so.
   * @throws ModelError `bad-option`, `step-open`
   */
  configure(options: PrunerOptions): void {
    this.assertNoneOpen();
    this.options = completed(options);
    this.configured = costOf(this.analysis);
    this.scopes = new Map(
      [...this.scopes].map(([name, { first }]) => [name, { first, configured: undefined }]),
    );
    this.made = 0;
  }

  /** The same network with other weights, after training. @throws ModelError `other-structure`, `step-open` */
  replaceWeights(graph: Graph): void {
    this.assertNoneOpen();
    this.present = this.present.withWeights(graph);
  }

  /** What `restore` needs besides graph and options. A step under way is not part of it. */
  save(): PrunerState {
    return {
      stepsMade: this.made,
      history: this.entries,
      rejected: this.rejections.list(),
      ...(this.report ? { lastStep: this.report } : {}),
      provenance: this.present.provenance.save(),
      first: this.first,
      configured: this.configured,
      scopes: [...this.scopes],
    };
  }

  /** A pruner that goes on where another was saved, with the graph it had then. */
  static restore(graph: Graph, options: PrunerOptions, state: PrunerState): MetaPruner {
    const pruner = new MetaPruner(graph, options);
    const provenance = Provenance.restore(state.provenance);
    pruner.present = new Present(graph, pruner.options.bindings, () => provenance, pruner.analysis);
    pruner.rejections = new Rejections(state.rejected);
    pruner.entries = state.history;
    pruner.report = state.lastStep;
    pruner.made = state.stepsMade;
    pruner.first = state.first;
    pruner.configured = state.configured;
    pruner.scopes = new Map(state.scopes);
    return pruner;
  }

  private assertNoneOpen(): void {
    if (!this.underWay) return;
    throw new ModelError({
      code: 'step-open',
      where: `step ${this.underWay.step}`,
      message: `Step ${this.underWay.step} is still under way.`,
      hint: 'Finish or cancel it first: `pruner.current`.',
    });
  }
}

const unknown = (what: string, name: string): ModelError =>
  new ModelError({ code: `unknown-${what}`, where: name, message: `The network has no ${what} "${name}".` });

function checkedEvidence({ criterion }: CompleteOptions, evidence: ProvidedEvidence): ProvidedEvidence {
  for (const need of criterion.needs)
    if (need !== 'weights' && !evidence[need])
      throw new ModelError({
        code: 'missing-evidence',
        where: criterion.name,
        message: `The criterion "${criterion.title}" needs ${need}, and none were given.`,
        hint: 'Collect them over a calibration set first.',
      });
  return evidence;
}
