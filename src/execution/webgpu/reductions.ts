// Sums, means and largest elements over neighbouring axes, and softmax over the last one, in the place of tfjs's kernels
// where these would transpose first or give a whole workgroup, with its barriers, to one short row.

import type * as Tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { element } from './elements.ts';
import { lanesOf, runProgram, sizeOf } from './program.ts';
import { sharesOf, sumShares } from './sums.ts';

type Info = Tf.TensorInfo;

/** Axes next to each other, as the middle one of three. */
interface Reduced {
  readonly outer: number;
  readonly terms: number;
  readonly inner: number;
}

function reducedAxes({ shape }: Info, axes: readonly number[]): Reduced | undefined {
  const first = Math.min(...axes);
  const last = Math.max(...axes);
  if (axes.length === 0 || last - first + 1 !== axes.length) return undefined;
  return {
    outer: sizeOf(shape.slice(0, first)),
    terms: sizeOf(shape.slice(first, last + 1)),
    inner: sizeOf(shape.slice(last + 1)),
  };
}

/** Terms that a thread sums at least. */
const TERMS = 32;

/** The sum, times a factor; threads that share one take every so many of its terms. */
function sum(backend: WebGPUBackend, x: Info, reduced: Reduced, factor: number): Info {
  const { outer, terms, inner } = reduced;
  const lanes = lanesOf(inner);
  const shares = sharesOf(terms, (outer * inner) / lanes, TERMS);
  const parts = runProgram(backend, {
    name: 'sum',
    inputs: { x: { info: x, lanes } },
    integers: { terms, inner: inner / lanes, shares },
    floats: { factor },
    shape: [shares, outer, inner],
    lanes,
    threads: (shares * outer * inner) / lanes,
    body: `
  let inner = uniforms.inner;
  let sums = uniforms.threads / uniforms.shares;
  let share = ${inner === 1 ? 'index % uniforms.shares' : 'index / sums'};
  let which = ${inner === 1 ? 'index / uniforms.shares' : 'index % sums'};
  let start = which / inner * uniforms.terms * inner + which % inner;
  var sum = ${element(lanes)}();
  for (var term = share; term < uniforms.terms; term += uniforms.shares) { sum += x[start + term * inner]; }
  result[share * sums + which] = sum * uniforms.factor;`,
  });
  return sumShares(backend, parts, [outer, inner]);
}

function largest(backend: WebGPUBackend, x: Info, { outer, terms, inner }: Reduced): Info {
  const lanes = lanesOf(inner);
  return runProgram(backend, {
    name: 'largest',
    inputs: { x: { info: x, lanes } },
    integers: { terms, inner: inner / lanes },
    shape: [outer, inner],
    lanes,
    threads: (outer * inner) / lanes,
    body: `
  let inner = uniforms.inner;
  let start = index / inner * uniforms.terms * inner + index % inner;
  var most = x[start];
  for (var term = 1; term < uniforms.terms; term++) { most = max(most, x[start + term * inner]); }
  result[index] = most;`,
  });
}

/** e^(x - most) over its sum, row by row. */
function softmax(backend: WebGPUBackend, x: Info, { outer, terms }: Reduced): Info {
  return runProgram(backend, {
    name: 'softmax',
    inputs: { x: { info: x } },
    integers: { terms },
    shape: x.shape,
    threads: outer,
    body: `
  let start = index * uniforms.terms;
  let end = start + uniforms.terms;
  var most = x[start];
  for (var at = start + 1; at < end; at++) { most = max(most, x[at]); }
  var sum = 0.0;
  for (var at = start; at < end; at++) {
    let power = exp(x[at] - most);
    result[at] = power;
    sum += power;
  }
  for (var at = start; at < end; at++) { result[at] /= sum; }`,
  });
}

/** Rows enough for a thread each, and short enough for one. */
const manyShort = ({ outer, terms, inner }: Reduced): boolean => outer * inner >= 256 && terms <= 1024;

type Kernel = (backend: WebGPUBackend, x: Info, reduced: Reduced) => Info | undefined;

const kernels: Readonly<Record<string, Kernel>> = {
  Sum: (backend, x, reduced) => sum(backend, x, reduced, 1),
  Mean: (backend, x, reduced) => sum(backend, x, reduced, 1 / reduced.terms),
  Max: (backend, x, reduced) => (manyShort(reduced) ? largest(backend, x, reduced) : undefined),
  Softmax: (backend, x, reduced) => (manyShort(reduced) ? softmax(backend, x, reduced) : undefined),
};

interface Attributes {
  readonly axis?: number | number[];
  readonly dim?: number;
  readonly keepDims?: boolean;
}

/** Puts our kernels before tfjs's, which stay for other axes, types and sizes. */
export function replaceReductions(tf: typeof Tf): void {
  for (const [kernelName, run] of Object.entries(kernels)) {
    const stock = tf.getKernel(kernelName, 'webgpu');
    tf.unregisterKernel(kernelName, 'webgpu');
    tf.registerKernel({
      ...stock,
      kernelFunc: (given) => {
        const [x] = Object.values(given.inputs) as Info[];
        const backend = given.backend as WebGPUBackend;
        const { axis, dim, keepDims } = given.attrs as Attributes;
        const axes = tf.util.parseAxisParam(axis ?? dim ?? [...x.shape.keys()], [...x.shape]);
        const reduced = reducedAxes(x, axes);
        const usable = reduced && x.dtype === 'float32' && sizeOf(x.shape) > 0;
        const y = usable && !backend.shouldExecuteOnCPU([x]) ? run(backend, x, reduced) : undefined;
        if (!y) return stock.kernelFunc(given);
        const left = x.shape.flatMap((n, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [n]));
        return { ...y, shape: kernelName === 'Softmax' ? [...x.shape] : left };
      },
    });
  }
}
