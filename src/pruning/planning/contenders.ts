// What competes for removal: groups of the kinds that the options offer, head dims of one attention taken together.

import type { Analysis, Group, GroupKind, Member } from '../../analysis/types.ts';
import type { CompleteOptions } from '../options.ts';

/** Units that are ranked and cut together: of one group, or of several that are cut alike. */
export interface Contender {
  /** Id of the first group. */
  readonly id: string;
  readonly kind: GroupKind;
  readonly groups: readonly Group[];
  /** Of each of the groups. */
  readonly units: number;
  /** Head dims that are not to go take part in the ranking all the same, as in Torch-Pruning. */
  readonly spared: boolean;
}

type Offer = Pick<
  CompleteOptions,
  'heads' | 'sharedHeads' | 'headDims' | 'tieHeadDims' | 'channelGroups' | 'innerChannels'
>;

const offered: Record<GroupKind, (options: Offer) => boolean> = {
  channels: () => true,
  heads: ({ heads }) => heads,
  'head-dims': () => true,
  'conv-groups': ({ channelGroups }) => channelGroups,
  'norm-groups': ({ channelGroups }) => channelGroups,
  blocks: ({ channelGroups }) => channelGroups,
  'channels-per-conv-group': ({ innerChannels }) => innerChannels,
  'channels-per-norm-group': ({ innerChannels }) => innerChannels,
  'channels-per-block': ({ innerChannels }) => innerChannels,
};

/** In graph order. */
export function contendersOf(analysis: Analysis, options: Offer): Contender[] {
  const groups = analysis.groups.filter(
    (group) => offered[group.kind](options) && (options.sharedHeads || !isShared(group, analysis.groups)),
  );
  return tied(groups, options.tieHeadDims).map((alike) => ({
    id: alike[0].id,
    kind: alike[0].kind,
    groups: alike,
    units: alike[0].units,
    spared: alike[0].kind === 'head-dims' && !options.headDims,
  }));
}

/** Key and value heads that several query heads share: some of their kernels lack the factor that tells queries apart. */
function isShared(group: Group, groups: readonly Group[]): boolean {
  if (group.kind !== 'heads') return false;
  return groups.some((queries) => {
    if (queries.kind !== 'heads' || !group.crosses.includes(queries.id)) return false;
    const places = new Set(queries.members.map(placeOf));
    return group.members.some((member) => member.role === 'kernel' && !places.has(placeOf(member)));
  });
}

const placeOf = ({ tensor, axis }: Member): string => `${tensor}:${axis}`;

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
