// Long sums that few results are made of, in two parts: threads sum a share each, and then the shares are summed. One thread
// per result would leave a graphics processor idle.

import type { TensorInfo } from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { lanesOf, runProgram, sizeOf } from './program.ts';

/** Threads that keep a processor busy. */
const BUSY = 2 ** 12;

/** Into how many shares a sum over `terms` is cut when each share takes so many threads. */
export const sharesOf = (terms: number, threads: number, least: number): number =>
  Math.max(1, Math.min(Math.ceil(BUSY / threads), Math.ceil(terms / least)));

/** Sums the shares [S, …shape], which are disposed of. */
export function sumShares(backend: WebGPUBackend, shares: TensorInfo, shape: readonly number[]): TensorInfo {
  const size = sizeOf(shape);
  const count = sizeOf(shares.shape) / size;
  if (count === 1) return { ...shares, shape: [...shape] };
  const lanes = lanesOf(size);
  const sum = runProgram(backend, {
    name: 'shares',
    inputs: { shares: { info: shares, lanes } },
    integers: { count },
    shape,
    lanes,
    threads: size / lanes,
    body: `
  var sum = shares[index];
  for (var s = 1; s < uniforms.count; s++) { sum += shares[s * uniforms.threads + index]; }
  result[index] = sum;`,
  });
  backend.disposeData(shares.dataId);
  return sum;
}
