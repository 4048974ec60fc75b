// What competes for removal: groups of the kinds that the options offer, head dims of one attention taken together.

import type { Analysis, Group, GroupKind } from '../../analysis/types.ts';
import type { CompleteOptions } from '../options.ts';

/** Units that are ranked and cut together: of one group, or of several that are cut alike. */
export interface Contender {
  /** Id of the first group. */
  readonly id: string;
  readonly kind: GroupKind;
  readonly groups: readonly Group[];
  /** Of each of the groups. */
  readonly units: number;
}

type Offer = Pick<CompleteOptions, 'heads' | 'headDims' | 'tieHeadDims' | 'channelGroups' | 'innerChannels'>;

const offered: Record<GroupKind, (options: Offer) => boolean> = {
  channels: () => true,
  heads: ({ heads }) => heads,
  'head-dims': ({ headDims }) => headDims,
  'conv-groups': ({ channelGroups }) => channelGroups,
  'norm-groups': ({ channelGroups }) => channelGroups,
  blocks: ({ channelGroups }) => channelGroups,
  'channels-per-conv-group': ({ innerChannels }) => innerChannels,
  'channels-per-norm-group': ({ innerChannels }) => innerChannels,
  'channels-per-block': ({ innerChannels }) => innerChannels,
};

/** In graph order. */
export function contendersOf(analysis: Analysis, options: Offer): Contender[] {
  const groups = analysis.groups.filter((group) => offered[group.kind](options));
  return tied(groups, options.tieHeadDims).map((alike) => ({
    id: alike[0].id,
    kind: alike[0].kind,
    groups: alike,
    units: alike[0].units,
  }));
}

/** Head dims that cross the same heads and are as many become one contender: queries and keys with values. */
function tied(groups: readonly Group[], tie: boolean): Group[][] {
  const byHeads = new Map<string, Group[]>();
  const out: Group[][] = [];
  for (const group of groups) {
    const keys = tie && group.kind === 'head-dims' ? group.crosses.map((id) => `${group.units} ${id}`) : [];
    const alike = keys.map((key) => byHeads.get(key)).find((found) => found !== undefined);
    if (alike) alike.push(group);
    else out.push([group]);
    const own = alike ?? out[out.length - 1];
    for (const key of keys) if (!byHeads.has(key)) byHeads.set(key, own);
  }
  return out;
}
