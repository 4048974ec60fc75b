// Kernels of tfjs's WebGPU backend that err, put right. Version 4.22: an operand of rank 1 beside one of rank 5 or more
// is indexed in a way that does not compile; beside one of any higher rank it is copied to shared memory first, with a
// barrier that costs many times what it saves. A shape of the other's rank avoids both.

import type * as Tf from '@tensorflow/tfjs';

const binary = [
  'Add',
  'Atan2',
  'Equal',
  'FloorDiv',
  'Greater',
  'GreaterEqual',
  'Less',
  'LessEqual',
  'LogicalAnd',
  'LogicalOr',
  'Maximum',
  'Minimum',
  'Mod',
  'Multiply',
  'NotEqual',
  'Pow',
  'RealDiv',
  'SquaredDifference',
  'Sub',
];

/** The same elements under a shape of that rank. */
const widened = (info: Tf.TensorInfo, rank: number): Tf.TensorInfo =>
  info.shape.length === 1 && rank > 1
    ? {
        dataId: info.dataId,
        dtype: info.dtype,
        shape: [...new Array<number>(rank - 1).fill(1), ...info.shape],
      }
    : info;

export function patchWebgpuKernels(tf: typeof Tf): void {
  for (const kernelName of binary) {
    const kernel = tf.getKernel(kernelName, 'webgpu');
    if (!kernel) continue;
    tf.unregisterKernel(kernelName, 'webgpu');
    tf.registerKernel({
      ...kernel,
      kernelFunc: ({ inputs, ...rest }) => {
        const { a, b } = inputs as { a: Tf.TensorInfo; b: Tf.TensorInfo };
        const rank = Math.max(a.shape.length, b.shape.length);
        return kernel.kernelFunc({ ...rest, inputs: { a: widened(a, rank), b: widened(b, rank) } });
      },
    });
  }
}
