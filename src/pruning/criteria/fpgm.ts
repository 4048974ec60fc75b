// Geometric median: what the other channels could say in its place is what a channel is worth least for.

import { elementCount, toFloat32 } from '../../graph/tensor.ts';
import type { Tensor } from '../../graph/types.ts';
import { type Criterion, isKernel, type ScoredMember, scoreMembers } from './criterion.ts';
import { distanceSums } from './distances.ts';

/**
 * Σ over the group's other channels of the distance between their squared weights and this one's, averaged over
 * kernels (normalisation scales do not count). He et al., "Filter Pruning via Geometric Median", CVPR 2019, eq. 6;
 * squared elements as in Torch-Pruning, so that signs do not matter.
 */
export const fpgm: Criterion = {
  name: 'fpgm',
  title: 'Geometric median (FPGM)',
  needs: ['weights'],
  score: (group, evidence, options) =>
    scoreMembers(group, evidence, options, isKernel, (member, tensor) => distances(member, tensor)),
};

/** Sum of distances to the other positions, for every position of the axis that belongs to the group. */
function distances({ axis, positions }: ScoredMember, tensor: Tensor): Float64Array {
  const length = tensor.dims[axis];
  const own = Int32Array.from(new Set(positions)).sort();
  const rows = squaredRows(tensor, axis, own);
  const sums = distanceSums(rows, own.length, rows.length / own.length);
  const out = new Float64Array(length);
  own.forEach((position, i) => {
    out[position] = sums[i];
  });
  return out;
}

/** [positions, everything else] of the squared elements. */
function squaredRows(tensor: Tensor, axis: number, positions: Int32Array): Float32Array {
  const from = toFloat32(tensor);
  const length = tensor.dims[axis];
  const inner = elementCount(tensor.dims.slice(axis + 1));
  const outer = elementCount(tensor.dims.slice(0, axis));
  const out = new Float32Array(positions.length * outer * inner);
  for (let p = 0; p < positions.length; p++)
    for (let o = 0; o < outer; o++) {
      const base = (o * length + positions[p]) * inner;
      const to = (p * outer + o) * inner;
      for (let i = 0; i < inner; i++) out[to + i] = from[base + i] * from[base + i];
    }
  return out;
}
