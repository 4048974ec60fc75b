// The options that say how to prune, shared by every command that does.

import { criteria, criterionOf } from '../pruning/criteria/criteria.ts';
import { normalizerNames } from '../pruning/criteria/normalizers.ts';
import { reductionNames } from '../pruning/criteria/reductions.ts';
import { type LayerSet, scopeNames, type Target, targetKinds } from '../pruning/options.ts';
import { scheduleNames } from '../pruning/schedule.ts';
import type { StepOptions } from '../workbench/engine.ts';
import type { Arguments, Option } from './command.ts';
import { backendOf, computeFlags } from './computing.ts';
import { usageError } from './parse.ts';

const criterionNames = criteria.map(({ name }) => name);

export const stepFlags = {
  ratio: { value: 'R', help: 'fraction of the channels to remove in all', fallback: '0.5' },
  steps: { value: 'N', help: 'reach it in this many steps', fallback: '1' },
  schedule: { value: 'NAME', help: `how it spreads: ${scheduleNames.join(', ')}`, fallback: 'linear' },
  scope: { value: 'NAME', help: `who competes with whom: ${scopeNames.join(', ')}`, fallback: 'local' },
  criterion: {
    value: 'NAME',
    help: `what makes a channel matter: ${criterionNames.join(', ')}`,
    fallback: 'l2',
  },
  reduction: { value: 'NAME', help: `from members to a group: ${reductionNames.join(', ')}` },
  normalizer: { value: 'NAME', help: `scale of a group's scores: ${normalizerNames.join(', ')}` },
  'target-params': { value: 'KEEP', help: 'instead of --ratio: this fraction of the parameters is left' },
  'target-macs': { value: 'KEEP', help: 'instead of --ratio: this fraction of the MACs is left' },
  'target-bytes': {
    value: 'KEEP',
    help: 'instead of --ratio: this fraction of the weights in bytes is left',
  },
  'max-ratio': { value: 'R', help: 'no layer loses more than this fraction', fallback: '1' },
  'min-width': { value: 'N', help: 'no layer gets narrower than this' },
  'round-to': { value: 'K', help: 'leave multiples of this many channels', fallback: '1' },
  ignore: {
    value: 'NAME',
    multiple: true,
    help: 'leave a layer alone: a tensor, node, pattern with * or type',
  },
  'layer-ratio': { value: 'NAME=R', multiple: true, help: 'another ratio for a layer' },
  set: {
    value: 'NAMES=R',
    multiple: true,
    help: 'layers (separated by commas) that compete among themselves',
  },
  heads: { help: 'offer whole attention heads' },
  'no-head-dims': { help: 'leave the dims inside of heads alone' },
  'head-ratio': { value: 'R', help: 'fraction of the heads; default: as --ratio' },
  'channel-groups': { help: 'offer whole groups of grouped convolutions' },
  seed: { value: 'N', help: 'for everything that draws random numbers', fallback: '0' },
  calibration: { value: 'N', help: 'examples that gradients or activations are collected over' },
  ...computeFlags,
} as const satisfies Record<string, Option>;

const share = { min: 0, max: 1 };
const count = { min: 1, integer: true };

/** @throws ModelError `usage` */
export function stepOptions(args: Arguments): StepOptions {
  const criterion = criterionOf(args.choice('criterion', criterionNames));
  const { reduction = 'mean', normalizer = 'mean' } = criterion.defaults ?? {};
  const target = targetFrom(args);
  return {
    ratio: args.number('ratio', share),
    steps: args.number('steps', count),
    schedule: args.choice('schedule', scheduleNames),
    scope: args.choice('scope', scopeNames),
    criterion: criterion.name,
    reduction: args.given('reduction') ? args.choice('reduction', reductionNames) : reduction,
    normalizer: args.given('normalizer') ? args.choice('normalizer', normalizerNames) : normalizer,
    maxRatio: args.number('max-ratio', share),
    roundTo: args.number('round-to', count),
    ignore: args.all('ignore'),
    layerRatios: Object.fromEntries(args.all('layer-ratio').map((text) => pair('layer-ratio', text))),
    sets: args.all('set').map(setFrom),
    heads: args.given('heads'),
    headDims: !args.given('no-head-dims'),
    channelGroups: args.given('channel-groups'),
    seed: args.number('seed', { min: 0, integer: true }),
    backend: backendOf(args),
    ...(target ? { target } : {}),
    ...(args.given('head-ratio') ? { headRatio: args.number('head-ratio', share) } : {}),
    ...(args.given('min-width') ? { minWidth: args.number('min-width', count) } : {}),
    ...(args.given('calibration') ? { calibration: args.number('calibration', count) } : {}),
  };
}

function targetFrom(args: Arguments): Target | undefined {
  const asked = targetKinds.filter((of) => args.given(`target-${of}`));
  if (asked.length > 1) throw usageError('It takes one target, of parameters, MACs or bytes.');
  if (asked.length > 0 && args.given('ratio')) throw usageError('It takes a ratio or a target, not both.');
  const [of] = asked;
  return of && { of, keep: args.number(`target-${of}`, { above: 0, max: 1 }) };
}

function setFrom(text: string): LayerSet {
  const [names, ratio] = pair('set', text);
  return { layers: names.split(','), ratio };
}

/** `NAME=R`; a name may contain `=` itself. */
function pair(option: string, text: string): [string, number] {
  const at = text.lastIndexOf('=');
  const ratio = at > 0 ? Number(text.slice(at + 1)) : Number.NaN;
  if (!(ratio >= 0 && ratio <= 1) || at === text.length - 1)
    throw usageError(
      `--${option} takes a name and a ratio from 0 to 1, as in conv1.weight=0.25, not "${text}".`,
    );
  return [text.slice(0, at), ratio];
}
