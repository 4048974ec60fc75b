// Who competes with whom, and at what ratio.

import type { CompleteOptions } from '../options.ts';
import type { Contender } from './contenders.ts';
import type { Layers } from './layers.ts';
import type { Topology } from './topology.ts';

export interface Scope {
  /** Unique among the scopes of a step. */
  readonly name: string;
  readonly contenders: readonly Contender[];
  /** Fraction to remove in all. */
  readonly ratio: number;
  /** Whether the ratio is the scope's own, which a target leaves alone. */
  readonly own: boolean;
}

const channelGroupKinds = new Set(['conv-groups', 'norm-groups', 'blocks']);

/** A layer with a ratio of its own is a scope, then come the named sets, then the scope the options choose. */
export function scopesOf(
  contenders: readonly Contender[],
  options: CompleteOptions,
  layers: Layers,
  topology: Topology,
): Scope[] {
  const scopes = new Map<string, { name: string; contenders: Contender[]; ratio: number; own: boolean }>();
  for (const contender of contenders) {
    const { name, ratio, own } = placeOf(contender, options, layers, topology);
    const scope = scopes.get(name) ?? { name, contenders: [], ratio, own };
    scopes.set(name, scope);
    scope.contenders.push(contender);
  }
  return [...scopes.values()];
}

function placeOf(contender: Contender, options: CompleteOptions, layers: Layers, topology: Topology) {
  const whole = wholeRatio(contender, options);
  const holds = (name: string): boolean =>
    contender.groups.some((group) => (whole ? group.id === name : layers.holds(name, group)));
  const layer = Object.entries(options.layerRatios).find(([name]) => holds(name));
  if (layer) return { name: contender.id, ratio: layer[1], own: true };
  const set = options.sets.findIndex((candidate) => candidate.layers.some(holds));
  if (set >= 0) return { name: `set ${set + 1}`, ratio: options.sets[set].ratio, own: true };
  const { ratio, own } = whole ?? { ratio: options.ratio, own: false };
  return { name: nameOf(contender, options, topology), ratio, own };
}

/** Whole heads and channel groups have ratios of their own; a layer's ratio is its channels'. */
function wholeRatio({ kind }: Contender, { ratio, headRatio, channelGroupRatio }: CompleteOptions) {
  if (kind === 'heads') return { ratio: headRatio ?? ratio, own: headRatio !== undefined };
  if (channelGroupKinds.has(kind))
    return { ratio: channelGroupRatio ?? ratio, own: channelGroupRatio !== undefined };
  return undefined;
}

/** Whole heads and channel groups never compete with channels. */
function nameOf(contender: Contender, { scope }: CompleteOptions, topology: Topology): string {
  if (scope === 'local') return contender.id;
  if (scope === 'isomorphic') return topology.signature(contender);
  const { kind } = contender;
  return kind === 'heads' || channelGroupKinds.has(kind) ? kind : 'channels';
}
