// Group magnitude: how large the weights are that go with a unit.

import { absolutes } from './axis-sums.ts';
import { type Criterion, isKernelOrScale, scoreMembers, sumsAlong } from './criterion.ts';

/**
 * Σ |w|ᵖ over every weight that goes with the unit, averaged over the group's members; no root is taken. Li et al.,
 * "Pruning Filters for Efficient ConvNets", ICLR 2017, for one layer (`first`, L1, not normalised); Fang et al.,
 * "DepGraph: Towards Any Structural Pruning", CVPR 2023, for a group.
 */
const magnitude = (name: string, title: string, p: 1 | 2): Criterion => ({
  name,
  title,
  needs: ['weights'],
  score: (group, evidence, options) =>
    scoreMembers(group, evidence, options, isKernelOrScale, (member, tensor) =>
      sumsAlong(evidence, member, tensor, name, p === 1 ? absolutes : undefined),
    ),
});

export const l1 = magnitude('l1', 'Group magnitude, L1', 1);
export const l2 = magnitude('l2', 'Group magnitude, L2', 2);
