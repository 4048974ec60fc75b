// Programs for the graphics processor: WGSL of ours, run through tfjs's WebGPU backend, so that buffers, submission and the
// cache of compiled shaders are tfjs's. A thread sums a tile of results in registers and waits for no other: barriers cost
// a software adapter dearly, and a real one keeps what neighbours read in its cache.

import type { TensorInfo } from '@tensorflow/tfjs';
import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu';

/** How many elements an array is read by: four where every row of it begins at a multiple of four. */
export type Lanes = 1 | 4;

export const lanesOf = (...lengths: readonly number[]): Lanes =>
  lengths.every((length) => length % 4 === 0) ? 4 : 1;

export interface Operand {
  readonly info: TensorInfo;
  readonly lanes?: Lanes;
}

export interface ProgramOptions {
  /** Names the source: programs of one name whose operands have the same lanes share a compiled shader. */
  readonly name: string;
  /** By their names in the source, where they are arrays of f32 or vec4f. */
  readonly inputs: Readonly<Record<string, Operand>>;
  /** Numbers that the source finds in `uniforms`. */
  readonly integers: Readonly<Record<string, number>>;
  readonly floats?: Readonly<Record<string, number>>;
  /** Shape of what the source knows as `result`. */
  readonly shape: readonly number[];
  readonly lanes?: Lanes;
  /** How often the body runs, each time with another `index` from 0 on. */
  readonly threads: number;
  readonly declarations?: string;
  readonly body: string;
}

const WORKGROUP = 64;

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** The same elements in one row: shapes are in the uniforms, and no part of what names a shader. */
const flat = (info: TensorInfo): TensorInfo => ({ ...info, shape: [sizeOf(info.shape)] });

export function runProgram(backend: WebGPUBackend, options: ProgramOptions): TensorInfo {
  const entries = Object.entries(options.inputs);
  const cast = entries.filter(([, { info }]) => !holdsFloats(backend, info));
  if (cast.length === 0) return run(backend, options);
  const floats = cast.map(
    ([name, operand]) => [name, { ...operand, info: floatsOf(backend, operand.info) }] as const,
  );
  const result = run(backend, { ...options, inputs: { ...options.inputs, ...Object.fromEntries(floats) } });
  for (const [, { info }] of floats) backend.disposeData(info.dataId);
  return result;
}

/** A cast of integers to floats is only another name for their buffer to tfjs. */
const holdsFloats = (backend: WebGPUBackend, { dataId }: TensorInfo): boolean =>
  backend.tensorMap.get(dataId).dtype === 'float32';

const floatsOf = (backend: WebGPUBackend, x: TensorInfo): TensorInfo =>
  run(backend, {
    name: 'floats',
    inputs: { x: { info: x } },
    integers: {},
    shape: x.shape,
    threads: sizeOf(x.shape),
    body: 'result[index] = f32(x[index]);',
  });

function run(backend: WebGPUBackend, options: ProgramOptions): TensorInfo {
  const { inputs, shape, lanes = 1, threads, floats = {} } = options;
  const integers = { threads, ...options.integers };
  const operands = Object.values(inputs);
  const components = operands.map((operand) => operand.lanes ?? 1);
  const program: WebGPUProgram = {
    outputShape: [sizeOf(shape)],
    shaderKey: `secateur ${options.name} ${lanes} ${components.join()}`,
    variableNames: Object.keys(inputs),
    variableComponents: components,
    outputComponent: lanes,
    dispatchLayout: { x: [0] },
    dispatch: [Math.ceil(threads / WORKGROUP), 1, 1],
    workgroupSize: [WORKGROUP, 1, 1],
    uniforms: [
      ...Object.keys(integers).map((name) => `${name} : i32,`),
      ...Object.keys(floats).map((name) => `${name} : f32,`),
    ].join(' '),
    getUserCode: () => `
${options.declarations ?? ''}
fn main(index : i32) {
  if (index >= uniforms.threads) { return; }
${options.body}
}`,
  };
  const uniforms = [
    ...Object.values(integers).map((value) => ({ type: 'int32', data: [value] })),
    ...Object.values(floats).map((value) => ({ type: 'float32', data: [value] })),
  ];
  const inRows = operands.map(({ info }) => flat(info));
  const { dataId } = backend.runWebGPUProgram(program, inRows, 'float32', uniforms);
  return { dataId, dtype: 'float32', shape: [...shape] };
}

/**
 * Declares `name(at, left)`, which reads four elements of an array from position `at` on. Of an array that is read by
 * single elements, those past the first `left` are zero.
 */
export const reader = (name: string, array: string, lanes: Lanes): string =>
  lanes === 4
    ? `fn ${name}(at : i32, left : i32) -> vec4f { return ${array}[at >> 2u]; }\n`
    : `fn ${name}(at : i32, left : i32) -> vec4f {
  return vec4f(${array}[at], select(0.0, ${array}[at + 1], left > 1),
    select(0.0, ${array}[at + 2], left > 2), select(0.0, ${array}[at + 3], left > 3));
}\n`;

/** Declares `writeQuad(at, left, value)`, which writes four elements from position `at` on, or the first `left` of them. */
export const writer = (lanes: Lanes): string =>
  lanes === 4
    ? `fn writeQuad(at : i32, left : i32, value : vec4f) { result[at >> 2u] = value; }\n`
    : `fn writeQuad(at : i32, left : i32, value : vec4f) {
  result[at] = value.x;
  if (left > 1) { result[at + 1] = value.y; }
  if (left > 2) { result[at + 2] = value.z; }
  if (left > 3) { result[at + 3] = value.w; }
}\n`;

/** Lines of source written out for 0 to count - 1. */
export const each = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');
