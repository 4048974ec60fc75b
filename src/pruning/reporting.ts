// From an ended step to its report: what went, and why not more. The first reason is the whole step's.

import type { Analysis } from '../analysis/types.ts';
import type { Candidate, Verdict } from './candidate.ts';
import type { OpenStep } from './open-step.ts';
import type { Provenance } from './provenance.ts';
import type { Reason, ReasonCode, Removed, StepReport } from './report.ts';
import type { Cost } from './resizing.ts';

export interface Ended {
  readonly step: OpenStep;
  readonly pruned: boolean;
  readonly before: Cost;
  readonly after: Cost;
  readonly provenance: Provenance;
  readonly problems: StepReport['problems'];
}

export function reportOf({ step, pruned, before, after, provenance, problems }: Ended): StepReport {
  const by = (verdict: Verdict) => step.candidates.filter(({ decision }) => decision.verdict === verdict);
  const rejected = by('rejected');
  const reasons = [...step.heldBack, ...rejected.map(rejection)];
  const whole = reasons.some(({ group }) => group === undefined);
  return {
    step: step.step,
    of: step.of,
    pruned,
    reasons: pruned || whole ? reasons : [wholeStep(step, reasons), ...reasons],
    removed: step.candidates.flatMap((candidate) => removedBy(candidate, provenance)),
    accepted: by('accepted').map(({ id }) => id),
    rejected: rejected.map(({ id }) => id),
    before,
    after,
    problems: [...step.problems, ...problems],
    ...(step.ratio === undefined ? {} : { ratio: step.ratio }),
  };
}

/** Why a step beyond the schedule proposes nothing. */
export const nothingScheduled = (of: number): Reason => ({
  code: 'schedule-exhausted',
  message: of === 1 ? 'The one scheduled step was made.' : `All ${of} scheduled steps were made.`,
});

function removedBy(candidate: Candidate, provenance: Provenance): Removed[] {
  const { accepted, decision, rounding } = candidate;
  if (accepted.length === 0) return [];
  const chosen = decision.verdict === 'accepted' && decision.units !== undefined;
  return candidate.groups.map((group) => {
    const { units } = provenance.originOf(group);
    return {
      group: group.id,
      units: accepted,
      original: accepted.map((unit) => units[unit]),
      rounding: chosen ? 0 : rounding,
    };
  });
}

function rejection({ id, indices, decision, groups }: Candidate): Reason {
  const why = decision.verdict === 'rejected' && decision.reason ? `: ${decision.reason}` : '';
  const units = indices.length === 1 ? '1 unit' : `${indices.length} units`;
  return {
    code: 'all-rejected',
    group: id,
    message: `${units} of ${groups[0].root.tensor} were rejected${why}.`,
  };
}

/** Why nothing went at all: nobody accepted anything, or what held most groups back. */
function wholeStep({ analysis, candidates, step }: OpenStep, reasons: readonly Reason[]): Reason {
  if (candidates.length > 0) return { code: 'all-rejected', message: notAccepted(candidates) };
  if (reasons.length === 0) return { code: 'no-groups', message: noGroups(analysis) };
  const [code, count] = mostOften(reasons.map(({ code }) => code));
  return { code, message: sentences[code](count, reasons.length, step) };
}

/** What is there most often, and how often. */
function mostOften<T>(things: readonly T[]): [T, number] {
  const counts = new Map<T, number>();
  for (const thing of things) counts.set(thing, (counts.get(thing) ?? 0) + 1);
  return [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most));
}

/** With what holds most layers, or else what kept the network from being looked into. */
function noGroups({ frozen, problems }: Analysis): string {
  const nothing = 'This network has no channels that may go';
  if (frozen.length > 0) {
    const [why, count] = mostOften(frozen.map((axis) => axis.why));
    const all = frozen.length === 1 ? 'its only layer' : `all ${count} layers`;
    const layers = count === frozen.length ? all : `${count} of ${frozen.length} layers`;
    return `${nothing}: ${layers} must stay because ${why}.`;
  }
  return problems.length > 0 ? `${nothing}: ${problems[0].message}` : `${nothing}.`;
}

function notAccepted(candidates: readonly Candidate[]): string {
  const rejected = candidates.filter(({ decision }) => decision.verdict === 'rejected').length;
  const open = candidates.length - rejected;
  const parts = [
    ...(rejected > 0 ? [`${rejected} ${rejected === 1 ? 'was' : 'were'} rejected`] : []),
    ...(open > 0 ? [`${open} left undecided`] : []),
  ];
  const all =
    candidates.length === 1
      ? 'The only proposal was not accepted'
      : `None of ${candidates.length} proposals was accepted`;
  return `${all}: ${parts.join(', ')}.`;
}

const groups = (count: number, of: number): string => {
  if (of === 1) return 'the only group';
  return count === of ? `all ${of} groups` : `${count} of ${of} groups`;
};

const sentences: Record<ReasonCode, (count: number, of: number, step: number) => string> = {
  'no-groups': () => 'This network has no channels that may go.',
  'quota-zero': (count, of, step) => `Step ${step} asks for no further unit in ${groups(count, of)}.`,
  'rounded-to-zero': (count, of) => `Rounding leaves ${groups(count, of)} whole.`,
  'min-width': (count, of) => `No more may go from ${groups(count, of)} without leaving too little.`,
  'max-ratio': (count, of) => `As much as one layer may lose has gone from ${groups(count, of)}.`,
  ignored: (count, of) => `The options leave ${groups(count, of)} alone.`,
  'no-weights': (count, of) => `The file brings no weights to score ${groups(count, of)} by.`,
  'no-score': (count, of) => `The criterion has no score for ${groups(count, of)}.`,
  'all-rejected': (count, of) => `All that is left in ${groups(count, of)} was rejected before.`,
  'schedule-exhausted': () => 'All scheduled steps were made.',
};
