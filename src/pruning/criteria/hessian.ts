// Hessian diagonal: second-order change of the loss if the weights of a unit became zero.

import { squaresTimes } from './axis-sums.ts';
import { type Criterion, isKernelOrScale, scoreMembers, sumsAlong } from './criterion.ts';

/**
 * Σ w² · h over every weight that goes with the unit, averaged over the group's members, where h, the mean of the
 * examples' squared gradients, stands for the diagonal of the Hessian. LeCun, Denker and Solla, "Optimal Brain
 * Damage", NIPS 1989, eq. 5 (without the constant ½).
 */
export const hessian: Criterion = {
  name: 'hessian',
  title: 'Hessian diagonal (optimal brain damage)',
  needs: ['weights', 'gradients'],
  score: (group, evidence, options) =>
    scoreMembers(group, evidence, options, isKernelOrScale, (member, tensor) => {
      const gradients = evidence.gradients?.get(member.tensor);
      return gradients && sumsAlong(evidence, member, tensor, 'hessian', squaresTimes(gradients.square));
    }),
};
