// First-order Taylor: how much the loss would change, to first order, if the weights of a unit became zero.

import { productsWith } from './axis-sums.ts';
import { type Criterion, isKernelOrScale, scoreMembers, sumsAlong } from './criterion.ts';

/**
 * Σ |w · ∂L/∂w| over every weight that goes with the unit, averaged over the group's members; the gradient is the mean
 * over the calibration set. Molchanov et al., "Importance Estimation for Neural Network Pruning", CVPR 2019, eq. 8.
 */
export const taylor: Criterion = {
  name: 'taylor',
  title: 'First-order Taylor',
  needs: ['weights', 'gradients'],
  score: (group, evidence, options) =>
    scoreMembers(group, evidence, options, isKernelOrScale, (member, tensor) => {
      const gradients = evidence.gradients?.get(member.tensor);
      return gradients && sumsAlong(evidence, member, tensor, 'taylor', productsWith(gradients.mean));
    }),
};
