// Words for what the engine names by code.

import type { GroupKind } from '../../src/analysis/types.ts';

/** What one unit of a group is. */
const unitNames: Record<GroupKind, readonly [string, string]> = {
  channels: ['channel', 'channels'],
  heads: ['head', 'heads'],
  'head-dims': ['head dim', 'head dims'],
  'conv-groups': ['convolution group', 'convolution groups'],
  'channels-per-conv-group': ['channel per group', 'channels per group'],
  'norm-groups': ['norm group', 'norm groups'],
  'channels-per-norm-group': ['channel per norm group', 'channels per norm group'],
  blocks: ['block', 'blocks'],
  'channels-per-block': ['channel per block', 'channels per block'],
};

export const unitName = (kind: GroupKind, count: number): string => unitNames[kind][count === 1 ? 0 : 1];

const roleNames: Record<string, string> = { kernel: 'weights', table: 'embedding table', other: 'parameter' };

export const roleName = (role: string): string => roleNames[role] ?? role.replaceAll('-', ' ');
