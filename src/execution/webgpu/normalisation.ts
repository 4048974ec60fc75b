// Normalisation on the graphics processor: sums over rows or columns by threads that share them, then one pass over the
// elements. With x̂ = (x - mean) / deviation:
//   dL/dx = (dy' - mean(dy') - x̂ · mean(dy' · x̂)) / deviation, where dy' = dy · scale (Ioffe and Szegedy, arXiv 1502.03167).

import type { TensorInfo } from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { element } from './elements.ts';
import { type Lanes, lanesOf, type Operand, runProgram } from './program.ts';
import { sharesOf } from './sums.ts';

type Tensors<Name extends string> = Readonly<Record<Name, TensorInfo>>;

// ---------------------------------------------------------------- over rows, per column

/** Rows that a thread sums at least. */
const ROWS = 32;

/** [shares, 2, C]: for each share of the rows, sums of what `first` and `second` say of `index at` in column `c`. */
function columnSums(
  backend: WebGPUBackend,
  name: string,
  [rows, columns]: readonly number[],
  lanes: Lanes,
  inputs: Readonly<Record<string, Operand>>,
  prepare: string,
  first: string,
  second: string,
): TensorInfo {
  const shares = sharesOf(rows, columns / lanes, ROWS);
  return runProgram(backend, {
    name,
    inputs,
    integers: { rows, columns: columns / lanes, share: Math.ceil(rows / shares) },
    shape: [shares, 2, columns],
    lanes,
    threads: (shares * columns) / lanes,
    body: `
  let columns = uniforms.columns;
  let c = index % columns;
  let share = index / columns;
  ${prepare}
  var sums = array<${element(lanes)}, 2>();
  let end = min(uniforms.rows, (share + 1) * uniforms.share);
  for (var row = share * uniforms.share; row < end; row++) {
    let at = row * columns + c;
    let value = ${first};
    sums[0] += value;
    sums[1] += ${second};
  }
  result[2 * share * columns + c] = sums[0];
  result[(2 * share + 1) * columns + c] = sums[1];`,
  });
}

/** Adds up the shares; `value` says what a column's two totals give. */
function fromTotals(
  backend: WebGPUBackend,
  name: string,
  sums: TensorInfo,
  lanes: Lanes,
  inputs: Readonly<Record<string, Operand>>,
  floats: Readonly<Record<string, number>>,
  value: string,
): TensorInfo {
  const [shares, , columns] = sums.shape;
  return runProgram(backend, {
    name,
    inputs: { sums: { info: sums, lanes }, ...inputs },
    integers: { shares },
    floats,
    shape: [columns],
    lanes,
    threads: columns / lanes,
    body: `
  var totals = array<${element(lanes)}, 2>();
  for (var s = 0; s < uniforms.shares; s++) {
    totals[0] += sums[2 * s * uniforms.threads + index];
    totals[1] += sums[(2 * s + 1) * uniforms.threads + index];
  }
  result[index] = ${value};`,
  });
}

/**
 * [y, mean, variance] of x [R, C]. Sums are of distances to the column's first element, so that no digits are lost where
 * a column lies far from zero.
 */
export function batchNormalization(
  backend: WebGPUBackend,
  { x, scale, shift }: Tensors<'x' | 'scale' | 'shift'>,
  { epsilon }: { readonly epsilon: number },
): TensorInfo[] {
  const [rows, columns] = x.shape;
  const lanes = lanesOf(columns);
  const data = { x: { info: x, lanes } };
  const sums = columnSums(
    backend,
    'column moments',
    x.shape,
    lanes,
    data,
    'let origin = x[c];',
    'x[at] - origin',
    'value * value',
  );
  const total = (name: string, inputs: Readonly<Record<string, Operand>>, value: string) =>
    fromTotals(backend, name, sums, lanes, inputs, { rows }, value);
  const mean = total('column mean', data, 'x[index] + totals[0] / uniforms.rows');
  const offset = 'totals[0] / uniforms.rows';
  const variance = total('column variance', {}, `totals[1] / uniforms.rows - ${offset} * ${offset}`);
  backend.disposeData(sums.dataId);
  const y = runProgram(backend, {
    name: 'batch normalization',
    inputs: {
      ...data,
      scale: { info: scale, lanes },
      shift: { info: shift, lanes },
      mean: { info: mean, lanes },
      variance: { info: variance, lanes },
    },
    integers: { columns: columns / lanes },
    floats: { epsilon },
    shape: x.shape,
    lanes,
    threads: (rows * columns) / lanes,
    body: `
  let c = index % uniforms.columns;
  let factor = scale[c] * inverseSqrt(variance[c] + uniforms.epsilon);
  result[index] = (x[index] - mean[c]) * factor + shift[c];`,
  });
  return [y, mean, variance];
}

/** [dL/dx, dL/dscale, dL/dshift]. */
export function batchNormalizationInput(
  backend: WebGPUBackend,
  { x, dy, scale, mean, variance }: Tensors<'x' | 'dy' | 'scale' | 'mean' | 'variance'>,
  { epsilon }: { readonly epsilon: number },
): TensorInfo[] {
  const [rows, columns] = x.shape;
  const lanes = lanesOf(columns);
  const of = (info: TensorInfo): Operand => ({ info, lanes });
  const data = { x: of(x), dy: of(dy), mean: of(mean) };
  const sums = columnSums(
    backend,
    'column products',
    x.shape,
    lanes,
    data,
    'let centre = mean[c];',
    'dy[at]',
    'value * (x[at] - centre)',
  );
  const dshift = fromTotals(backend, 'shift gradient', sums, lanes, {}, {}, 'totals[0]');
  const spread = { variance: of(variance) };
  const dscale = fromTotals(
    backend,
    'scale gradient',
    sums,
    lanes,
    spread,
    { epsilon },
    'totals[1] * inverseSqrt(variance[index] + uniforms.epsilon)',
  );
  backend.disposeData(sums.dataId);
  const dx = runProgram(backend, {
    name: 'batch normalization input',
    inputs: { ...data, ...spread, scale: of(scale), dscale: of(dscale), dshift: of(dshift) },
    integers: { columns: columns / lanes },
    floats: { epsilon, rows },
    shape: x.shape,
    lanes,
    threads: (rows * columns) / lanes,
    body: `
  let c = index % uniforms.columns;
  let inverse = inverseSqrt(variance[c] + uniforms.epsilon);
  let normal = (x[index] - mean[c]) * inverse;
  result[index] = (dy[index] - (dshift[c] + normal * dscale[c]) / uniforms.rows) * inverse * scale[c];`,
  });
  return [dx, dscale, dshift];
}

// ---------------------------------------------------------------- over columns, per row

/** One number per row of x [R, C]: the sum of `term` over `at`, and then what `value` says of `total`. */
function rowSum(
  backend: WebGPUBackend,
  name: string,
  [rows, columns]: readonly number[],
  inputs: Readonly<Record<string, Operand>>,
  floats: Readonly<Record<string, number>>,
  term: string,
  value: string,
): TensorInfo {
  const lanes = lanesOf(columns);
  return runProgram(backend, {
    name,
    inputs,
    integers: { columns: columns / lanes },
    floats: { ...floats, count: columns },
    shape: [rows],
    threads: rows,
    body: `
  var sum = ${element(lanes)}();
  for (var c = 0; c < uniforms.columns; c++) {
    let at = index * uniforms.columns + c;
    sum += ${term};
  }
  let total = ${lanes === 4 ? 'dot(sum, vec4f(1.0))' : 'sum'};
  result[index] = ${value};`,
  });
}

/** [y, deviation [R]] of x [R, C]. */
export function rowNormalization(
  backend: WebGPUBackend,
  x: TensorInfo,
  { epsilon }: { readonly epsilon: number },
): TensorInfo[] {
  const [rows, columns] = x.shape;
  const lanes = lanesOf(columns);
  const data = { x: { info: x, lanes } };
  const mean = rowSum(backend, 'row mean', x.shape, data, {}, 'x[at]', 'total / uniforms.count');
  const centred = { ...data, mean: { info: mean } };
  const deviation = rowSum(
    backend,
    'row deviation',
    x.shape,
    centred,
    { epsilon },
    '(x[at] - mean[index]) * (x[at] - mean[index])',
    'sqrt(total / uniforms.count + uniforms.epsilon)',
  );
  const y = runProgram(backend, {
    name: 'row normalization',
    inputs: { ...centred, deviation: { info: deviation } },
    integers: { columns: columns / lanes },
    shape: x.shape,
    lanes,
    threads: (rows * columns) / lanes,
    body: `
  let row = index / uniforms.columns;
  result[index] = (x[index] - mean[row]) / deviation[row];`,
  });
  backend.disposeData(mean.dataId);
  return [y, deviation];
}

export function rowNormalizationInput(
  backend: WebGPUBackend,
  { y, dy, deviation }: Tensors<'y' | 'dy' | 'deviation'>,
): TensorInfo {
  const [rows, columns] = y.shape;
  const lanes = lanesOf(columns);
  const upstream = { dy: { info: dy, lanes } };
  const both = { ...upstream, y: { info: y, lanes } };
  const average = (name: string, inputs: Readonly<Record<string, Operand>>, term: string) =>
    rowSum(backend, name, y.shape, inputs, {}, term, 'total / uniforms.count');
  const mean = average('row gradient mean', upstream, 'dy[at]');
  const product = average('row gradient product', both, 'dy[at] * y[at]');
  const dx = runProgram(backend, {
    name: 'row normalization input',
    inputs: { ...both, deviation: { info: deviation }, mean: { info: mean }, product: { info: product } },
    integers: { columns: columns / lanes },
    shape: y.shape,
    lanes,
    threads: (rows * columns) / lanes,
    body: `
  let row = index / uniforms.columns;
  result[index] = (dy[index] - mean[row] - y[index] * product[row]) / deviation[row];`,
  });
  for (const { dataId } of [mean, product]) backend.disposeData(dataId);
  return dx;
}
