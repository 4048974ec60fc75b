// The plan of one step: scores, rankings, quotas and limits, from which proposals follow, and for every group that
// loses nothing the reason why.

import type { Analysis, Removal } from '../../analysis/types.ts';
import type { Problem } from '../../lib/errors.ts';
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
  /** Units in the first network, and when the present options were given. */
  readonly first: number;
  readonly configured: number;
  /** Units that were rejected and not released. */
  readonly barred: Uint8Array | undefined;
}

export interface Proposal {
  readonly contender: Contender;
  readonly scope: string;
  readonly scores: Float64Array;
  /** Ascending. */
  readonly units: Int32Array;
  readonly rounding: number;
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
  readonly entries: readonly Entry[];
  /** Sizes without what was rejected: now, in the first network, and when the options were given. */
  readonly now: number;
  readonly first: number;
  readonly configured: number;
}

interface Entry {
  readonly contender: Contender;
  readonly entrant: Entrant;
  /** What keeps the allowance below the number of units. */
  readonly limit: ReasonCode | undefined;
}

export class Planner {
  readonly topology: Topology;
  readonly contenders: readonly Contender[];
  /** Names in the options that mean nothing in this network. */
  readonly problems: readonly Problem[];
  private readonly options: CompleteOptions;
  private readonly ranked: readonly Ranked[];
  private readonly left: readonly Reason[];

  /** @throws ModelError `missing-evidence`, `bad-criterion` */
  constructor(
    analysis: Analysis,
    options: CompleteOptions,
    evidence: Evidence,
    standingOf: (contender: Contender) => Standing,
  ) {
    this.options = options;
    this.topology = new Topology(analysis);
    this.contenders = contendersOf(analysis, options);
    const layers = new Layers(analysis);
    this.problems = unmatched(options, layers);
    const scoring = new Scoring(analysis);
    const left: Reason[] = [];
    const entries = new Map<Contender, Entry & { standing: Standing }>();
    for (const contender of this.contenders) {
      const named = options.ignore.find((name) =>
        contender.groups.some((group) => layers.holds(name, group)),
      );
      if (named !== undefined) {
        left.push(
          reasonFor(contender, 'ignored', `${title(contender)} stays: "${named}" is to be left alone.`),
        );
        continue;
      }
      const scores = scoresOf(scoring, contender, options, evidence);
      if (!scores) {
        left.push(
          reasonFor(
            contender,
            'no-score',
            `${title(contender)} has nothing that ${options.criterion.title} can score.`,
          ),
        );
        continue;
      }
      const standing = standingOf(contender);
      entries.set(contender, { ...entryOf(contender, scores, standing, options), standing });
    }
    const scored = this.contenders.filter((contender) => entries.has(contender));
    this.left = left;
    this.ranked = scopesOf(scored, options, layers, this.topology).map((scope) => {
      const own = scope.contenders.flatMap((contender) => entries.get(contender) ?? []);
      const total = (size: (entry: (typeof own)[number]) => number) =>
        own.reduce((n, entry) => n + size(entry), 0);
      const barred = total(({ standing }) => count(standing.barred));
      return {
        scope,
        entries: own,
        ranking: new Ranking(own.map(({ entrant }) => entrant)),
        now: total(({ contender }) => contender.units) - barred,
        first: total(({ standing }) => standing.first) - barred,
        configured: total(({ standing }) => standing.configured) - barred,
      };
    });
  }

  /** How many units are to go where every scope reaches a ratio. */
  counts(ratioOf: RatioOf): Counts {
    return this.ranked.map(({ scope, ranking, now, first, configured }) =>
      ranking.lowest(quotaOf(now, first, ratioOf(scope, first > 0 ? 1 - configured / first : 0))),
    );
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
        if (choice.units.length > 0)
          proposals.push({
            contender,
            scope: scope.name,
            scores: entrant.scores,
            units: choice.units,
            rounding: choice.rounding,
          });
        const reason = this.reasonOf(entry, choice, asked);
        if (reason) heldBack.push(reason);
      });
    });
    const order = new Map(this.contenders.map(({ id }, n) => [id, n]));
    const place = (id: string | undefined): number => order.get(id ?? '') ?? -1;
    return {
      proposals: proposals.sort((a, b) => place(a.contender.id) - place(b.contender.id)),
      heldBack: heldBack.sort((a, b) => place(a.group) - place(b.group)),
    };
  }

  private reasonOf({ contender, entrant, limit }: Entry, choice: Choice, asked: boolean): Reason | undefined {
    const name = title(contender);
    const { units } = contender;
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
const count = (flags: Uint8Array | undefined): number => flags?.reduce((n, flag) => n + flag, 0) ?? 0;
const reasonFor = ({ id }: Contender, code: ReasonCode, message: string): Reason => ({
  code,
  group: id,
  message,
});

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

function scoresOf(
  scoring: Scoring,
  contender: Contender,
  options: CompleteOptions,
  evidence: Evidence,
): Float64Array | undefined {
  const { criterion, reduction, normalizer, seed } = options;
  return scoring.scores(contender, criterion, evidence, { reduction, normalizer, seed });
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
