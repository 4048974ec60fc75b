// What a person can ask of a pruner, and what holds where they say nothing. `completed` fills in and checks.

import type { Bindings } from '../analysis/types.ts';
import { ModelError } from '../lib/errors.ts';
import { criterionOf } from './criteria/criteria.ts';
import type { Criterion } from './criteria/criterion.ts';
import { type Normalizer, normalizerNames } from './criteria/normalizers.ts';
import { type Reduction, reductionNames } from './criteria/reductions.ts';
import { type Schedule, type ScheduleName, scheduleOf } from './schedule.ts';

export type ScopeName = 'local' | 'global' | 'isomorphic';
export const scopeNames: readonly ScopeName[] = ['local', 'global', 'isomorphic'];

/** What a target counts: learned numbers, multiply-accumulates of one forward pass, bytes of the constants. */
export type TargetKind = 'params' | 'macs' | 'bytes';
export const targetKinds: readonly TargetKind[] = ['params', 'macs', 'bytes'];

/** How much is to be left, instead of a ratio of channels: half the MACs is `{ of: 'macs', keep: 0.5 }`. */
export interface Target {
  readonly of: TargetKind;
  /** Fraction of the first model's, in (0, 1]. */
  readonly keep: number;
}

/** Layers that compete with each other only, at a ratio of their own. */
export interface LayerSet {
  readonly layers: readonly string[];
  readonly ratio: number;
}

/**
 * Layers are named by the tensor or node that the file names, by everything under such a name (`layer1` stands for
 * `layer1.0.conv1.weight`), by a pattern with `*`, or by operator type (`Conv`). A name takes hold of the groups in
 * which the layer's outputs are.
 */
export interface PrunerOptions {
  /** Fraction of the units to remove in all, reached over `steps` steps. Default 0.5. */
  readonly ratio?: number;
  /** Default 1. */
  readonly steps?: number;
  /** The share of the ratio that is reached after a step. Default `linear`. */
  readonly schedule?: ScheduleName | Schedule;
  /** Who competes with whom. Default `local`: units of one layer. */
  readonly scope?: ScopeName;
  /** Name, or one of the user's own. Default `l2`. */
  readonly criterion?: string | Criterion;
  /** Default: what the criterion is published with, else `mean`. */
  readonly reduction?: Reduction;
  readonly normalizer?: Normalizer;
  /** For criteria that draw random numbers. Default 0. */
  readonly seed?: number;
  /** Ratios of single layers, each ranked by itself. */
  readonly layerRatios?: Readonly<Record<string, number>>;
  readonly sets?: readonly LayerSet[];
  readonly ignore?: readonly string[];
  /** No layer loses more than this fraction of its first units, in all. Default 1. */
  readonly maxRatio?: number;
  /**
   * Units that every layer keeps: it is cut down to them and no further. Absent: a layer that the ranking would empty
   * is left whole (with a target, it keeps one).
   */
  readonly minWidth?: number;
  /**
   * What remains of a layer is rounded down to a multiple of this many channels; a layer that would be left with
   * nothing stays whole. Default 1.
   */
  readonly roundTo?: number;
  /** Offer whole attention heads (Torch-Pruning's `prune_num_heads`). Default false. */
  readonly heads?: boolean;
  /** Offer whole key and value heads that several query heads share, with all their queries. Default false. */
  readonly sharedHeads?: boolean;
  /** Default: `ratio`. */
  readonly headRatio?: number;
  /** Offer the dims inside of heads (Torch-Pruning's `prune_head_dims`). Default true. */
  readonly headDims?: boolean;
  /** Queries and keys lose the same head dims as values, so that one width serves all. Default true. */
  readonly tieHeadDims?: boolean;
  /** Offer whole channel groups of grouped convolutions, group normalisations and blocks. Default false. */
  readonly channelGroups?: boolean;
  /** Default: `ratio`. */
  readonly channelGroupRatio?: number;
  /** Offer the channels inside of channel groups: the same positions go in each. Default true. */
  readonly innerChannels?: boolean;
  /** Instead of `ratio`: every step finds the ratio that meets its share of the target. */
  readonly target?: Target;
  /** Sizes of symbolic dimensions, for analysis. */
  readonly bindings?: Bindings;
}

/** Options with every default in place. */
export interface CompleteOptions extends Required<Omit<PrunerOptions, Optional | 'criterion' | 'schedule'>> {
  readonly criterion: Criterion;
  readonly schedule: Schedule;
  readonly minWidth: number | undefined;
  readonly headRatio: number | undefined;
  readonly channelGroupRatio: number | undefined;
  readonly target: Target | undefined;
  readonly bindings: Bindings | undefined;
}
type Optional = 'minWidth' | 'headRatio' | 'channelGroupRatio' | 'target' | 'bindings';

/** @throws ModelError `bad-option` that names the option, its value and what it may be */
export function completed(options: PrunerOptions = {}): CompleteOptions {
  const { criterion: named = 'l2', schedule = 'linear', ratio = 0.5 } = options;
  const criterion = typeof named === 'string' ? criterionOf(named) : named;
  const complete: CompleteOptions = {
    ratio,
    steps: options.steps ?? 1,
    schedule: typeof schedule === 'string' ? scheduleOf(schedule) : schedule,
    scope: options.scope ?? 'local',
    criterion,
    reduction: options.reduction ?? criterion.defaults?.reduction ?? 'mean',
    normalizer: options.normalizer ?? criterion.defaults?.normalizer ?? 'mean',
    seed: options.seed ?? 0,
    layerRatios: options.layerRatios ?? {},
    sets: options.sets ?? [],
    ignore: options.ignore ?? [],
    maxRatio: options.maxRatio ?? 1,
    minWidth: options.minWidth ?? (options.target ? 1 : undefined),
    roundTo: options.roundTo ?? 1,
    heads: options.heads ?? false,
    sharedHeads: options.sharedHeads ?? false,
    headRatio: options.headRatio,
    headDims: options.headDims ?? true,
    tieHeadDims: options.tieHeadDims ?? true,
    channelGroups: options.channelGroups ?? false,
    channelGroupRatio: options.channelGroupRatio,
    innerChannels: options.innerChannels ?? true,
    target: options.target,
    bindings: options.bindings,
  };
  check(complete);
  return complete;
}

const isRatio = (value: number): boolean => value >= 0 && value <= 1;
const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1;

function check(options: CompleteOptions): void {
  const {
    ratio,
    steps,
    scope,
    reduction,
    normalizer,
    maxRatio,
    minWidth,
    roundTo,
    headRatio,
    channelGroupRatio,
    target,
  } = options;
  const ratios: readonly (readonly [string, number])[] = [
    ['ratio', ratio],
    ['maxRatio', maxRatio],
    ['headRatio', headRatio ?? 0],
    ['channelGroupRatio', channelGroupRatio ?? 0],
    ...Object.entries(options.layerRatios).map(([name, own]) => [`layerRatios.${name}`, own] as const),
    ...options.sets.map((set, i) => [`sets[${i}].ratio`, set.ratio] as const),
  ];
  for (const [name, value] of ratios) if (!isRatio(value)) throw bad(name, value, 'a number from 0 to 1');
  const counts = { steps, roundTo, minWidth: minWidth ?? 1 };
  for (const [name, value] of Object.entries(counts))
    if (!isCount(value)) throw bad(name, value, 'a whole number of at least 1');
  choose('scope', scope, scopeNames);
  choose('reduction', reduction, reductionNames);
  choose('normalizer', normalizer, normalizerNames);
  if (!target) return;
  choose('target.of', target.of, targetKinds);
  if (!(target.keep > 0 && target.keep <= 1))
    throw bad('target.keep', target.keep, 'a fraction to keep, above 0 and at most 1');
}

function choose(name: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) throw bad(name, value, `one of ${choices.join(', ')}`);
}

const bad = (name: string, value: number | string, wanted: string): ModelError =>
  new ModelError({
    code: 'bad-option',
    where: name,
    message: `The option ${name} is ${typeof value === 'string' ? `"${value}"` : value}; it must be ${wanted}.`,
  });
