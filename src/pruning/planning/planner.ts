// The plan of one step: scores, rankings, quotas and limits, from which proposals follow, and for every group that
// loses nothing the reason why.

import type { Analysis, Removal } from '../../analysis/types.ts';
import { ModelError, type Problem } from '../../lib/errors.ts';
import type { Evidence } from '../criteria/criterion.ts';
import type { CompleteOptions } from '../options.ts';
import type { Reason, ReasonCode } from '../report.ts';
import { type Contender, contendersOf } from './contenders.ts';
import { Layers } from './layers.ts';
import { type Choice, type Entrant, quotaOf, Ranking } from './ranking.ts';
import { type Scope, scopesOf } from './scopes.ts';
import { Scoring } from './scoring.ts';
import { Topology } from './topology.ts';

/** What a pruner remembers of a contender from earlier steps. */
export interface Standing {
  /** Units in the model first opened. */
  readonly first: number;
  /** Units that were rejected and not released. */
  readonly barred: Uint8Array | undefined;
}

/** Units that compete in a scope: when it was first ranked, and when the present options were given. */
export interface ScopeSize {
  readonly first: number;
  readonly configured: number | undefined;
}

/** What a planner takes from earlier steps. */
export interface Memory {
  standingOf(contender: Contender): Standing;
  /** By name of the scope. */
  readonly sizes: ReadonlyMap<string, ScopeSize>;
}

export interface Proposal {
  readonly contender: Contender;
  readonly scope: string;
  readonly scores: Float64Array;
  /** Ascending. */
  readonly units: Int32Array;
  readonly rounding: number;
  /** Units that were rejected before, ascending: they do not compete. */
  readonly rejected: readonly number[];
}

export interface Plan {
  readonly proposals: readonly Proposal[];
  readonly heldBack: readonly Reason[];
}

/** Units to go of every entrant, scope by scope. */
export type Counts = readonly (readonly number[])[];

/**
 * From a scope, and the fraction of its first units that was gone when the options were given, to the fraction that is
 * to be gone after the step.
 */
export type RatioOf = (scope: Scope, gone: number) => number;

interface Ranked {
  readonly scope: Scope;
  readonly ranking: Ranking;
  /** Those that can lose anything. */
  readonly entries: readonly Entry[];
  readonly size: ScopeSize;
  /** Units of the entries now, and rejected ones among them. */
  readonly now: number;
  readonly barred: number;
}

interface Entry {
  readonly contender: Contender;
  readonly standing: Standing;
  readonly entrant: Entrant;
  /** What keeps the allowance below the number of units. */
  readonly limit: ReasonCode | undefined;
}

export class Planner {
  readonly topology: Topology;
  readonly contenders: readonly Contender[];
  /** Names in the options that mean nothing in this network. */
  readonly problems: readonly Problem[];
  private readonly analysis: Analysis;
  private readonly options: CompleteOptions;
  private readonly ranked: readonly Ranked[];
  private readonly left: readonly Reason[];

  /** @throws ModelError `missing-evidence`, `bad-criterion` */
  constructor(analysis: Analysis, options: CompleteOptions, evidence: Evidence, memory: Memory) {
    this.analysis = analysis;
    this.options = options;
    this.topology = new Topology(analysis);
    this.contenders = contendersOf(analysis, options);
    const layers = new Layers(analysis);
    this.problems = unmatched(options, layers);
    const left: Reason[] = [];
    const scored = this.scored(evidence, layers, memory, left);
    const competing = this.contenders.filter((contender) => scored.has(contender));
    this.ranked = scopesOf(competing, options, layers, this.topology).map((scope) =>
      rankedScope(scope, scored, memory),
    );
    for (const { contender } of scored.values()) if (contender.units === 1) left.push(single(contender));
    this.left = left;
  }

  /** Entries of the contenders that can be scored; the others' reasons go to `left`. */
  private scored(
    evidence: Evidence,
    layers: Layers,
    memory: Memory,
    left: Reason[],
  ): ReadonlyMap<Contender, Entry> {
    const { analysis, options } = this;
    const scoring = new Scoring(analysis);
    const entries = new Map<Contender, Entry>();
    for (const contender of this.contenders) {
      const name = title(contender);
      const named = options.ignore.find((written) =>
        contender.groups.some((group) => layers.holds(written, group)),
      );
      if (named !== undefined) {
        left.push(reasonFor(contender, 'ignored', `${name} stays: "${named}" is to be left alone.`));
        continue;
      }
      const scores = scoresOf(scoring, contender, options, evidence);
      if (scores instanceof Float64Array)
        entries.set(contender, entryOf(contender, scores, memory.standingOf(contender), options));
      else left.push(reasonFor(contender, scores.code, `${name} ${scores.why}.`));
    }
    return entries;
  }

  /** Sizes of the scopes, to be remembered for later steps. */
  get sizes(): ReadonlyMap<string, ScopeSize> {
    return new Map(this.ranked.map(({ scope, size }) => [scope.name, size]));
  }

  /** How many units are to go where every scope reaches a ratio. */
  counts(ratioOf: RatioOf): Counts {
    return this.ranked.map(({ scope, ranking, now, barred, size }) => {
      const gone = size.first > 0 ? 1 - (size.configured ?? size.first) / size.first : 0;
      return ranking.lowest(quotaOf(now - barred, size.first, ratioOf(scope, gone)));
    });
  }

  /** Score of the last unit that would go, by scope and entrant: in which order units are to be added to a plan. */
  scoreAt(scope: number, entrant: number, count: number): number {
    return this.ranked[scope].ranking.scoreAt(entrant, count);
  }

  plan(counts: Counts): Plan {
    const proposals: Proposal[] = [];
    const heldBack = [...this.left];
    this.ranked.forEach(({ scope, entries, ranking }, s) => {
      const asked = counts[s].some((n) => n > 0);
      entries.forEach((entry, e) => {
        const choice = ranking.choice(e, counts[s][e]);
        const { contender, entrant } = entry;
        if (choice.units.length > 0 && !contender.spared)
          proposals.push({
            contender,
            scope: scope.name,
            scores: entrant.scores,
            units: choice.units,
            rounding: choice.rounding,
            rejected: flagged(entrant.barred),
          });
        const reason = this.reasonOf(entry, choice, asked);
        if (reason) heldBack.push(reason);
      });
    });
    const order = new Map(this.contenders.map(({ id }, n) => [id, n]));
    const place = (id: string | undefined): number => order.get(id ?? '') ?? -1;
    proposals.sort((a, b) => place(a.contender.id) - place(b.contender.id));
    const possible = withoutEmptied(this.analysis, proposals);
    for (const proposal of proposals) if (!possible.includes(proposal)) heldBack.push(emptying(proposal));
    return { proposals: possible, heldBack: heldBack.sort((a, b) => place(a.group) - place(b.group)) };
  }

  private reasonOf({ contender, entrant, limit }: Entry, choice: Choice, asked: boolean): Reason | undefined {
    const name = title(contender);
    const { units } = contender;
    if (contender.spared)
      return reasonFor(contender, 'ignored', `The head dims of ${name} are to be left alone.`);
    if (choice.held === 'emptied')
      return reasonFor(
        contender,
        'min-width',
        `${name} stays whole: the ranking asks for all of its ${units} units.`,
      );
    if (choice.held === 'rounded-to-zero')
      return reasonFor(
        contender,
        'rounded-to-zero',
        `${name} stays whole: no multiple of ${this.options.roundTo} channels would be left of it, or none may go.`,
      );
    if (count(entrant.barred) === units)
      return reasonFor(contender, 'all-rejected', `Every unit of ${name} was rejected before.`);
    if (limit && entrant.allowance <= choice.units.length)
      return reasonFor(contender, limit, this.limitOf(contender, limit));
    if (asked || choice.units.length > 0) return undefined;
    return reasonFor(contender, 'quota-zero', `The ratio asks for no unit of ${name} in this step.`);
  }

  private limitOf(contender: Contender, limit: ReasonCode): string {
    const { maxRatio, minWidth } = this.options;
    return limit === 'max-ratio'
      ? `${title(contender)} loses no more: a layer may lose ${percent(maxRatio)} in all.`
      : `${title(contender)} loses no more: a layer keeps at least ${minWidth ?? 1} of its units.`;
  }
}

const percent = (ratio: number): string => `${Math.round(ratio * 1000) / 10} %`;
const title = ({ groups: [{ root }] }: Contender): string => root.tensor;
const flagged = (flags: Uint8Array | undefined): number[] =>
  Array.from(flags ?? [], (flag, at) => (flag ? at : -1)).filter((at) => at >= 0);
const count = (flags: Uint8Array | undefined): number => flags?.reduce((n, flag) => n + flag, 0) ?? 0;
const reasonFor = ({ id }: Contender, code: ReasonCode, message: string): Reason => ({
  code,
  group: id,
  message,
});

const single = (contender: Contender): Reason =>
  reasonFor(contender, 'min-width', `${title(contender)} has a single unit, and a layer cannot be emptied.`);

const emptying = ({ contender }: Proposal): Reason =>
  reasonFor(
    contender,
    'min-width',
    `${title(contender)} stays whole: nothing would be left where only some of its units are read.`,
  );

/** Contenders of a single unit cannot go and do not count. */
function rankedScope(scope: Scope, scored: ReadonlyMap<Contender, Entry>, { sizes }: Memory): Ranked {
  const entries = scope.contenders
    .flatMap((contender) => scored.get(contender) ?? [])
    .filter(({ contender }) => contender.units > 1);
  const total = (size: (entry: Entry) => number) => entries.reduce((n, entry) => n + size(entry), 0);
  const known = sizes.get(scope.name);
  const now = total(({ contender }) => contender.units);
  return {
    scope,
    entries,
    ranking: new Ranking(entries.map(({ entrant }) => entrant)),
    size: {
      first: known?.first ?? total(({ standing }) => standing.first),
      configured: known?.configured ?? now,
    },
    now,
    barred: total(({ standing }) => count(standing.barred)),
  };
}

function entryOf(
  contender: Contender,
  scores: Float64Array,
  standing: Standing,
  options: CompleteOptions,
): Entry {
  const { units } = contender;
  const { maxRatio, minWidth, roundTo } = options;
  const mayLose = Math.floor(standing.first * maxRatio + 1e-9) - (standing.first - units);
  const limits: [number, ReasonCode][] = [[units, 'min-width']];
  if (maxRatio < 1) limits.push([mayLose, 'max-ratio']);
  if (minWidth !== undefined) limits.push([units - minWidth, 'min-width']);
  const [allowance, limit] = limits.reduce((least, one) => (one[0] < least[0] ? one : least));
  return {
    contender,
    standing,
    limit: allowance < units ? limit : undefined,
    entrant: {
      scores,
      ...(standing.barred ? { barred: standing.barred } : {}),
      allowance: Math.max(0, allowance),
      multiple: roundTo / gcd(roundTo, channelsPerUnit(contender)),
    },
  };
}

/** Channels of the layer the group is named after that go with one unit. */
function channelsPerUnit({ groups: [group] }: Contender): number {
  const { tensor, axis } = group.root;
  const member = group.members.find((candidate) => candidate.tensor === tensor && candidate.axis === axis);
  if (!member) return 1;
  let positions = 0;
  for (const unit of member.unitOf) if (unit === 0) positions++;
  return Math.max(1, positions);
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

interface Unscored {
  readonly code: ReasonCode;
  /** Completes "<layer> …". */
  readonly why: string;
}

/** The scores, or why there are none. */
function scoresOf(
  scoring: Scoring,
  contender: Contender,
  options: CompleteOptions,
  evidence: Evidence,
): Float64Array | Unscored {
  const { criterion, reduction, normalizer, seed } = options;
  try {
    return (
      scoring.scores(contender, criterion, evidence, { reduction, normalizer, seed }) ?? {
        code: 'no-score',
        why: `has nothing that "${criterion.title}" can score`,
      }
    );
  } catch (error) {
    if (error instanceof ModelError && error.code === 'no-data')
      return { code: 'no-weights', why: 'cannot be scored: the file brings no weights' };
    throw error;
  }
}

/**
 * The proposals that together leave something of every axis of every value, even where it carries some of a group's
 * units only (a slice, one half of a split). Of those that empty one, the last in graph order is taken back.
 */
function withoutEmptied(analysis: Analysis, proposals: readonly Proposal[]): Proposal[] {
  const left = [...proposals];
  for (;;) {
    const emptied = emptiedAxis(analysis, left);
    if (!emptied) return left;
    const [value, axis] = emptied;
    const isTouching = ({ contender }: Proposal): boolean =>
      contender.groups.some(
        (group) =>
          group.members.some(({ tensor }) => tensor === value) || analysis.valuesOf(group).includes(value),
      );
    const isGuilty = (one: Proposal): boolean =>
      isTouching(one) &&
      analysis.kept(removalOf(left.filter((other) => other !== one))).get(value)?.[axis]?.length !== 0;
    const guilty = left.findLastIndex(isGuilty);
    left.splice(guilty < 0 ? left.findLastIndex(isTouching) : guilty, 1);
  }
}

/** Name of a value, and the axis of it of which nothing would be left. */
function emptiedAxis(analysis: Analysis, proposals: readonly Proposal[]): [string, number] | undefined {
  for (const [value, axes] of analysis.kept(removalOf(proposals))) {
    const axis = axes.findIndex((kept) => kept?.length === 0);
    if (axis >= 0) return [value, axis];
  }
  return undefined;
}

/** The removal that proposals amount to. */
export function removalOf(proposals: readonly Proposal[]): Removal {
  return new Map(
    proposals.flatMap(({ contender, units }) => contender.groups.map(({ id }) => [id, units] as const)),
  );
}

function unmatched({ ignore, layerRatios, sets }: CompleteOptions, layers: Layers): Problem[] {
  const names = [...ignore, ...Object.keys(layerRatios), ...sets.flatMap((set) => set.layers)];
  return names
    .filter((name) => !layers.knows(name))
    .map((name) => ({
      code: 'unmatched-name',
      where: name,
      message: `Nothing in this network goes by the name "${name}".`,
      hint: 'Name a tensor, a node, the beginning of a name up to a dot or slash, a pattern with *, or an operator.',
    }));
}
