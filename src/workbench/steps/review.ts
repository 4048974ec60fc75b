// A step under review: candidates as summaries, decisions with undo. The cuts are staged in the pruner's own open step.

import type { Analysis } from '../../analysis/types.ts';
import type { Graph } from '../../graph/types.ts';
import { ModelError } from '../../lib/errors.ts';
import type { Candidate } from '../../pruning/candidate.ts';
import type { OpenStep as Step } from '../../pruning/open-step.ts';
import { cut } from '../../pruning/surgery.ts';
import type { Decision } from '../engine.ts';
import type { CandidateSummary, OpenStep } from '../state.ts';

interface Decided {
  readonly candidate: string;
  readonly before: Decision;
  readonly after: Decision;
}

export class Review {
  readonly step: Step;
  readonly #analysis: Analysis;
  readonly #nodeNames: ReadonlyMap<number, string>;
  readonly #decisions: Decided[] = [];
  readonly #summaries = new Map<string, CandidateSummary>();

  constructor(step: Step, analysis: Analysis) {
    this.step = step;
    this.#analysis = analysis;
    this.#nodeNames = new Map(analysis.graph.nodes.map(({ id, name }) => [id, name]));
  }

  /** Decisions so far, oldest first: what brings an equal review to the same state. */
  get decisions(): readonly { readonly candidate: string; readonly decision: Decision }[] {
    return this.#decisions.map(({ candidate, after }) => ({ candidate, decision: after }));
  }

  /** Decides for all of them, or for none. @throws ModelError `unknown-candidate`, `bad-units` */
  decide(ids: readonly string[], decision: Decision): void {
    const found = ids.map((id) => this.#candidate(id));
    const decided = this.#decisions.length;
    try {
      for (const candidate of found) this.#decide(candidate, decision);
    } catch (error) {
      while (this.#decisions.length > decided) this.undo();
      throw error;
    }
  }

  #decide(candidate: Candidate, decision: Decision): void {
    const before = plain(candidate.decision);
    candidate.decide(decision);
    this.#decisions.push({ candidate: candidate.id, before, after: decision });
    this.#summaries.delete(candidate.id);
  }

  /** Takes the last decision back; `false` when there is none. */
  undo(): boolean {
    const last = this.#decisions.pop();
    if (!last) return false;
    this.step.decide(last.candidate, last.before);
    this.#summaries.delete(last.candidate);
    return true;
  }

  /** What the decisions so far would leave. */
  graphLeft(): Graph {
    return cut(this.#analysis, this.step.removal()).graph;
  }

  /** What the page shows. Summaries of candidates that did not change are the same objects as before. */
  describe(): OpenStep {
    const { step, of } = this.step;
    const { params, macs } = this.step.preview();
    return {
      number: step,
      of,
      candidates: this.step.candidates.map((candidate) => this.#summary(candidate)),
      preview: { params, macs },
      decisions: this.#decisions.map(({ candidate, after }) => ({ candidate, verdict: after.verdict })),
      heldBack: this.step.heldBack,
    };
  }

  #candidate(id: string): Candidate {
    const found = this.step.candidates.find((candidate) => candidate.id === id);
    if (found) return found;
    throw new ModelError({
      code: 'unknown-candidate',
      where: id,
      message: `"${id}" is no candidate of this step.`,
    });
  }

  #summary(candidate: Candidate): CandidateSummary {
    const known = this.#summaries.get(candidate.id);
    if (known) return known;
    const summary = this.#summarise(candidate);
    this.#summaries.set(candidate.id, summary);
    return summary;
  }

  #summarise(candidate: Candidate): CandidateSummary {
    const { id, kind, groups, units, indices, original, rounding, scores, alike, saves, rejectedBefore } =
      candidate;
    const decision = plain(candidate.decision);
    const [{ root }] = groups;
    return {
      id,
      group: groups[0].id,
      groups: groups.map((group) => group.id),
      kind,
      root: root.tensor,
      node: this.#nodeNames.get(root.node) ?? '',
      units,
      remove: indices,
      original,
      ...(rounding > 0 ? { rounding } : {}),
      scores: Array.from(scores),
      ...(rejectedBefore.length > 0 ? { rejectedBefore } : {}),
      saves: { params: saves.params, macs: saves.macs },
      alike,
      verdict: decision.verdict,
      ...(decision.verdict === 'rejected' && decision.reason ? { reason: decision.reason } : {}),
      ...(decision.verdict === 'accepted' && decision.units ? { chosen: decision.units } : {}),
    };
  }
}

/** The pruner's decision, its units as plain numbers. */
function plain(decision: Candidate['decision']): Decision {
  if (decision.verdict !== 'accepted') return decision;
  return { verdict: 'accepted', ...(decision.units ? { units: Array.from(decision.units) } : {}) };
}
