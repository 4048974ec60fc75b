// Geometric median: what the other channels could say in its place is what a channel is worth least for.

import { elementCount, toFloat32 } from '../../graph/tensor.ts';
import type { Tensor } from '../../graph/types.ts';
import { type Criterion, isKernel, type ScoredMember, scoreMembers } from './criterion.ts';

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

/** Rows are taken four against four, in stretches of features that stay in the first-level cache. */
const STRETCH = 1024;

/** For every row the sum of its Euclidean distances to all rows: |x - y|² = |x|² + |y|² - 2 x·y. */
export function distanceSums(rows: Float32Array, count: number, width: number): Float64Array {
  const norms = new Float64Array(count);
  for (let r = 0; r < count; r++)
    for (let i = r * width; i < (r + 1) * width; i++) norms[r] += rows[i] * rows[i];
  const sums = new Float64Array(count);
  const block = 64;
  const products = new Float64Array(block * block);
  for (let r = 0; r < count; r += block)
    for (let c = r; c < count; c += block) {
      const height = Math.min(block, count - r);
      const across = Math.min(block, count - c);
      products.fill(0);
      for (let at = 0; at < width; at += STRETCH)
        addProducts(rows, width, r, height, c, across, at, Math.min(STRETCH, width - at), products);
      for (let i = 0; i < height; i++)
        for (let j = 0; j < across; j++) {
          if (c + j <= r + i) continue;
          const squared = norms[r + i] + norms[c + j] - 2 * products[i * block + j];
          const distance = squared > 0 ? Math.sqrt(squared) : 0;
          sums[r + i] += distance;
          sums[c + j] += distance;
        }
    }
  return sums;
}

/** Adds x·y over one stretch of features, for every x of one block of rows and y of another, to `products`. */
function addProducts(
  rows: Float32Array,
  width: number,
  r: number,
  height: number,
  c: number,
  across: number,
  at: number,
  stretch: number,
  products: Float64Array,
): void {
  for (let i = 0; i < height; i += 2)
    for (let j = 0; j < across; j += 4) {
      // Rows past the end repeat the last one; their products are not read.
      const x0 = (r + i) * width + at;
      const x1 = i + 1 < height ? x0 + width : x0;
      const y0 = (c + j) * width + at;
      const y1 = j + 1 < across ? y0 + width : y0;
      const y2 = j + 2 < across ? y0 + 2 * width : y0;
      const y3 = j + 3 < across ? y0 + 3 * width : y0;
      let s00 = 0;
      let s01 = 0;
      let s02 = 0;
      let s03 = 0;
      let s10 = 0;
      let s11 = 0;
      let s12 = 0;
      let s13 = 0;
      for (let k = 0; k < stretch; k++) {
        const a = rows[x0 + k];
        const b = rows[x1 + k];
        const e = rows[y0 + k];
        const f = rows[y1 + k];
        const g = rows[y2 + k];
        const h = rows[y3 + k];
        s00 += a * e;
        s01 += a * f;
        s02 += a * g;
        s03 += a * h;
        s10 += b * e;
        s11 += b * f;
        s12 += b * g;
        s13 += b * h;
      }
      const o = i * 64 + j;
      products[o] += s00;
      products[o + 1] += s01;
      products[o + 2] += s02;
      products[o + 3] += s03;
      products[o + 64] += s10;
      products[o + 65] += s11;
      products[o + 66] += s12;
      products[o + 67] += s13;
    }
}
