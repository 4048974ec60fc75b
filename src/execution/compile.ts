// Shaders, compiled before they are needed. Graphics backends compile each on first use, which makes the first step of a
// pass many times as long as the others and holds everything up meanwhile. Here a rehearsal asks for all of them at once,
// nothing is computed, and the processor's driver compiles them side by side.

import type { Backend } from './types.ts';

/** Shaders that are ready, of those that were missing. */
export interface Compiled {
  readonly done: number;
  readonly of: number;
}

/** What is being compiled: it resolves when it is ready, and fails when it cannot be. */
type Pending = Promise<unknown>;

interface Compiler {
  /** The flag of tfjs under which kernels compile and do not run. */
  readonly flag: string;
  /** Runs `work` and collects what it asks to be compiled. */
  collect(work: () => void): Pending[];
  /** Hands what was compiled to tfjs. */
  finish(): Promise<void>;
}

export const hasShaders = (backend: Backend): boolean => compilerOf(backend) !== undefined;

/**
 * Reports shaders of `work` as they become ready; on backends without shaders, nothing happens at all.
 *
 * Whatever `work` computes is undefined: its results, and what it assigned to variables, are to be thrown away.
 */
export async function* compiling(backend: Backend, work: () => void): AsyncGenerator<Compiled, void, void> {
  const compiler = compilerOf(backend);
  if (!compiler) return;
  const pending = rehearse(backend, compiler, work);
  // Which of them fails first is thrown; the others fail unheard.
  void Promise.allSettled(pending);
  for (const [done, shader] of pending.entries()) {
    yield { done, of: pending.length };
    await shader;
  }
  await compiler.finish();
  if (pending.length > 0) yield { done: pending.length, of: pending.length };
}

function rehearse({ tf }: Backend, { flag, collect }: Compiler, work: () => void): Pending[] {
  tf.env().set(flag, true);
  try {
    return collect(work);
  } finally {
    tf.env().set(flag, false);
  }
}

function compilerOf({ name, tf }: Backend): Compiler | undefined {
  if (name === 'webgpu') return webgpuCompiler(tf.backend() as unknown as WebgpuBackend);
  if (name === 'webgl') return webglCompiler(tf.backend() as unknown as WebglBackend);
  return undefined;
}

// ---------------------------------------------------------------- WebGPU

interface WebgpuBackend {
  readonly device: GPUDevice;
  checkCompileCompletionAsync(): Promise<void>;
}

const webgpuCompiler = (backend: WebgpuBackend): Compiler => ({
  flag: 'WEBGPU_ENGINE_COMPILE_ONLY',
  collect: (work) => {
    const { device } = backend;
    const pending: Promise<GPUComputePipeline>[] = [];
    const compile = device.createComputePipelineAsync;
    device.createComputePipelineAsync = (descriptor) => {
      const pipeline = compile.call(device, descriptor);
      pending.push(pipeline);
      return pipeline;
    };
    try {
      work();
    } finally {
      device.createComputePipelineAsync = compile;
    }
    return pending;
  },
  finish: () => backend.checkCompileCompletionAsync(),
});

// ---------------------------------------------------------------- WebGL

interface WebglBackend {
  readonly gpgpu: { readonly gl: WebGL2RenderingContext };
  checkCompileCompletionAsync(): Promise<unknown>;
  getUniformLocations(): void;
}

/** Milliseconds between two looks at whether a program is ready. */
const LOOK = 4;

const webglCompiler = (backend: WebglBackend): Compiler => ({
  flag: 'ENGINE_COMPILE_ONLY',
  collect: (work) => {
    const { gl } = backend.gpgpu;
    const programs: WebGLProgram[] = [];
    const link = gl.linkProgram;
    gl.linkProgram = (program) => {
      link.call(gl, program);
      programs.push(program);
    };
    try {
      work();
    } finally {
      gl.linkProgram = link;
    }
    return programs.map((program) => linked(gl, program));
  },
  finish: async () => {
    await backend.checkCompileCompletionAsync();
    backend.getUniformLocations();
  },
});

/** Without the extension, drivers compile when they are asked how it went: one at a time, with time for others between. */
async function linked(gl: WebGL2RenderingContext, program: WebGLProgram): Promise<void> {
  const parallel = gl.getExtension('KHR_parallel_shader_compile');
  const pause = () => new Promise((resolve) => setTimeout(resolve, LOOK));
  await pause();
  while (parallel && !gl.getProgramParameter(program, parallel.COMPLETION_STATUS_KHR)) await pause();
}
