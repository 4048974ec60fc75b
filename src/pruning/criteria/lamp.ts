// Layer-adaptive magnitude: the share of what is left that goes with a unit, comparable between layers of any size.

import { type Criterion, isKernelOrScale, scoreMembers, sumsAlong } from './criterion.ts';

/**
 * Squared group magnitude, each score divided by the sum of those not below it (the `lamp` normaliser). Lee et al.,
 * "Layer-adaptive Sparsity for the Magnitude-based Pruning", ICLR 2021.
 */
export const lamp: Criterion = {
  name: 'lamp',
  title: 'Layer-adaptive magnitude (LAMP)',
  needs: ['weights'],
  defaults: { normalizer: 'lamp' },
  score: (group, evidence, options) =>
    scoreMembers(group, evidence, options, isKernelOrScale, (member, tensor) =>
      sumsAlong(evidence, member, tensor, 'l2'),
    ),
};
