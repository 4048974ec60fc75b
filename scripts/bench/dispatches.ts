// How much a graphics processor is asked at once: programs started, and threads of each. What a software adapter cannot
// show, these tell: a real one starves on many programs of few threads.

import type * as Tf from '@tensorflow/tfjs';

interface Program {
  readonly dispatch: readonly number[];
  readonly workgroupSize: readonly number[];
}

interface WebgpuBackend {
  runWebGPUProgram?: (program: Program, ...rest: unknown[]) => unknown;
}

export interface Dispatches {
  readonly dispatches: number;
  /** Mean of all of them. */
  readonly threads: number;
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

/** Counts what the WebGPU backend starts from now on; nothing on other backends. */
export function countDispatches(tf: typeof Tf): { take(): Dispatches; stop(): Dispatches } {
  const backend = tf.backend() as WebgpuBackend;
  let threads: number[] = [];
  const start = backend.runWebGPUProgram;
  if (start)
    backend.runWebGPUProgram = (program, ...rest) => {
      const result = start.call(backend, program, ...rest);
      threads.push(product(program.dispatch) * product(program.workgroupSize));
      return result;
    };
  /** Since it was last asked. */
  const take = () => {
    const dispatches = threads.length;
    const mean = threads.reduce((a, b) => a + b, 0) / Math.max(1, dispatches);
    threads = [];
    return { dispatches, threads: Math.round(mean) };
  };
  const stop = () => {
    if (start) backend.runWebGPUProgram = start;
    return take();
  };
  return { take, stop };
}
