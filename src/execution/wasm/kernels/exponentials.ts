// The exponential and the error function of every element, four at a time: tfjs's own call the C library for each.

import {
  add,
  div,
  type Expr,
  type FunctionBuilder,
  f32,
  integerLanes,
  integersAdded,
  integersShifted,
  integersSubtracted,
  lane,
  load,
  loadSplat,
  type ModuleBuilder,
  max,
  min,
  mul,
  nearest,
  splat,
  splatInteger,
  sub,
} from './assembler.ts';

export function defineExponentials(m: ModuleBuilder): void {
  eachLane(m, 'exp', exponential);
  eachLane(m, 'erf', errorFunction);
}

/** Defines a kernel that gives `result` of every element; the last ones are each computed in all lanes. */
function eachLane(m: ModuleBuilder, name: string, result: (f: FunctionBuilder, x: Expr) => Expr): void {
  m.define(name, { x: 'i32', y: 'i32', count: 'i32' }, (f, p) => {
    const at = f.local('i32');
    const next = (bytes: number) => {
      f.set(p.x, add(p.x, bytes));
      f.set(p.y, add(p.y, bytes));
    };
    f.forEach(at, 0, p.count, 4, () => {
      f.store(p.y, result(f, load('v128', p.x)));
      next(16);
    });
    f.forEach(at, undefined, p.count, 1, () => {
      f.store(p.y, lane(result(f, loadSplat(p.x)), 0));
      next(4);
    });
  });
}

const limited = (x: Expr, low: number, high: number): Expr => min(max(x, splat(f32(low))), splat(f32(high)));

/** The polynomial with these coefficients, that of the highest power first. */
const polynomial = (x: Expr, [first, ...others]: readonly number[]): Expr =>
  others.reduce<Expr>((sum, coefficient) => add(mul(sum, x), splat(f32(coefficient))), splat(f32(first)));

/**
 * eˣ = 2ⁿ · eʳ with |r| ≤ ln 2 / 2, ln 2 in two parts so that r is exact (Cephes, expf). 2ⁿ goes in two halves: together
 * they leave the range of single precision in both directions as eˣ does.
 */
function exponential(f: FunctionBuilder, given: Expr): Expr {
  const x = f.let(limited(given, -104, 89));
  const n = f.let(nearest(mul(x, splat(f32(Math.LOG2E)))));
  const r = f.let(sub(sub(x, mul(n, splat(f32(0.693359375)))), mul(n, splat(f32(-2.1219444e-4)))));
  const coefficients = [
    1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5,
  ];
  const value = add(add(mul(mul(r, r), polynomial(r, coefficients)), r), splat(f32(1)));
  const half = f.let(integerLanes(mul(n, splat(f32(0.5)))));
  const other = integersSubtracted(integerLanes(n), half);
  const power = (exponent: Expr): Expr => integersShifted(integersAdded(exponent, splatInteger(127)), 23);
  return mul(mul(value, power(half)), power(other));
}

/** erf x = x · P(x²) / Q(x²), the rational approximation of Eigen (generic_fast_erf_float); ±1 beyond ±4. */
function errorFunction(f: FunctionBuilder, given: Expr): Expr {
  const x = f.let(limited(given, -4, 4));
  const square = f.let(mul(x, x));
  const above = [
    -2.72614225801306e-10, 2.77068142495902e-8, -2.10102402082508e-6, -5.69250639462346e-5,
    -7.34990630326855e-4, -2.954599808540258e-3, -1.60960333262415e-2,
  ];
  const below = [
    -1.45660718464996e-5, -2.13374055278905e-4, -1.68282697438203e-3, -7.37332916720468e-3,
    -1.42647390514189e-2,
  ];
  return div(mul(x, polynomial(square, above)), polynomial(square, below));
}
