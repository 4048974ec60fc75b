// Activation: a channel that hardly ever says anything on real data is not missed.

import { type Criterion, isKernel, scoreMembers } from './criterion.ts';

/**
 * Mean |a| over examples and positions of every output channel of the group's convolutions and linear layers, averaged
 * over them. Hu et al., "Network Trimming", 2016, count zeros; Molchanov et al., "Pruning Convolutional Neural Networks
 * for Resource Efficient Inference", ICLR 2017, § 2.2, take the mean.
 */
export const activation: Criterion = {
  name: 'activation',
  title: 'Mean activation',
  needs: ['activations'],
  score: (group, evidence, options) =>
    scoreMembers(
      group,
      evidence,
      options,
      (member) => isKernel(member) && member.side === 'out',
      (member) => evidence.activations?.get(member.tensor),
    ),
};
