// Batch-norm scale: a channel that its normalisation multiplies by almost nothing hardly matters.

import { absolutes } from './axis-sums.ts';
import { type Criterion, isBatchNormScale, scoreMembers, sumsAlong } from './criterion.ts';

/**
 * |γ| of the batch normalisations in the group, averaged. Groups without one have no score. Liu et al., "Learning
 * Efficient Convolutional Networks through Network Slimming", ICCV 2017.
 */
export const bnScale: Criterion = {
  name: 'bn-scale',
  title: 'Batch-norm scale',
  needs: ['weights'],
  score: (group, evidence, options) =>
    scoreMembers(group, evidence, options, isBatchNormScale, (member, tensor) =>
      sumsAlong(evidence, member, tensor, 'bn-scale', absolutes),
    ),
};
