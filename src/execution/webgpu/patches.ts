// Kernels of tfjs's WebGPU backend that err, put right. Version 4.22: an operand of rank 1 beside one of rank 5 or more
// is indexed in a way that does not compile; beside one of any higher rank it is copied to shared memory first, with a
// barrier that costs many times what it saves. A shape of the other's rank avoids both. A sum of many tensors binds more
// buffers than a device allows, and everything submitted with it is lost.

import type * as Tf from '@tensorflow/tfjs';
import { replaceReductions } from './reductions.ts';

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

/** Tensors that one program adds: buffers of a shader that every device allows, less the result. */
const AT_ONCE = 7;

const patched = new WeakSet<typeof Tf>();

export function patchWebgpuKernels(tf: typeof Tf): void {
  if (patched.has(tf)) return;
  patched.add(tf);
  patchBinary(tf);
  patchSum(tf);
  replaceReductions(tf);
}

/** Long sums as sums of sums. */
function patchSum(tf: typeof Tf): void {
  const kernel = tf.getKernel('AddN', 'webgpu');
  tf.unregisterKernel('AddN', 'webgpu');
  tf.registerKernel({
    ...kernel,
    kernelFunc: ({ inputs, backend, attrs }) => {
      const add = (given: readonly Tf.TensorInfo[]) =>
        kernel.kernelFunc({ inputs: given as never, backend, attrs }) as Tf.TensorInfo;
      const dispose = ({ dataId }: Tf.TensorInfo) => (backend as Tf.KernelBackend).disposeData(dataId);
      const [first, ...rest] = inputs as unknown as Tf.TensorInfo[];
      let sum = add([first, ...rest.splice(0, AT_ONCE - 1)]);
      while (rest.length > 0) {
        const longer = add([sum, ...rest.splice(0, AT_ONCE - 1)]);
        dispose(sum);
        sum = longer;
      }
      return sum;
    },
  });
}

function patchBinary(tf: typeof Tf): void {
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
