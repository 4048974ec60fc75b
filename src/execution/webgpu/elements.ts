// Kernels that treat every element alike, or every element of a column.

import type { TensorInfo } from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { OwnKernels } from '../own-kernels.ts';
import { type Lanes, lanesOf, runProgram, sizeOf } from './program.ts';

/** The type of what a thread handles. */
export const element = (lanes: Lanes): string => (lanes === 4 ? 'vec4f' : 'f32');

/** The greatest float: an infinity in a uniform may count as none. */
const LARGEST = 3.4028234e38;

/** dy where y > 0, else 0. */
export function rectifiedInput(backend: WebGPUBackend, y: TensorInfo, dy: TensorInfo): TensorInfo {
  const lanes = lanesOf(sizeOf(y.shape));
  return runProgram(backend, {
    name: 'rectified input',
    inputs: { y: { info: y, lanes }, dy: { info: dy, lanes } },
    integers: {},
    shape: y.shape,
    lanes,
    threads: sizeOf(y.shape) / lanes,
    body: `result[index] = select(${element(lanes)}(), dy[index], y[index] > ${element(lanes)}());`,
  });
}

/** dy where x lies between two limits or on one, else 0. */
export function clippedInput(
  backend: WebGPUBackend,
  x: TensorInfo,
  dy: TensorInfo,
  { low, high }: OwnKernels['ClippedInput']['attrs'],
): TensorInfo {
  const lanes = lanesOf(sizeOf(x.shape));
  const type = element(lanes);
  return runProgram(backend, {
    name: 'clipped input',
    inputs: { x: { info: x, lanes }, dy: { info: dy, lanes } },
    integers: {},
    floats: { low: Math.max(low, -LARGEST), high: Math.min(high, LARGEST) },
    shape: x.shape,
    lanes,
    threads: sizeOf(x.shape) / lanes,
    body: `
  let clipped = clamp(x[index], ${type}(uniforms.low), ${type}(uniforms.high));
  result[index] = select(${type}(), dy[index], x[index] == clipped);`,
  });
}

/** x · factor + offset, column by column. */
export function affine(
  backend: WebGPUBackend,
  x: TensorInfo,
  factor: TensorInfo,
  offset: TensorInfo,
): TensorInfo {
  const [rows, columns] = x.shape;
  const lanes = lanesOf(columns);
  return runProgram(backend, {
    name: 'affine',
    inputs: {
      x: { info: x, lanes },
      factor: { info: factor, lanes },
      offset: { info: offset, lanes },
    },
    integers: { columns: columns / lanes },
    shape: x.shape,
    lanes,
    threads: (rows * columns) / lanes,
    body: `
  let c = index % uniforms.columns;
  result[index] = x[index] * factor[c] + offset[c];`,
  });
}
