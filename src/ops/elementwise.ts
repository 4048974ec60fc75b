// Arithmetic and functions of single elements. Formulas: the ONNX operators of the same names.

import type * as Tf from '@tensorflow/tfjs';
import { isFloat, isInteger } from '../graph/tensor.ts';
import { combining, oldBroadcast, unary } from './combinators.ts';
import { elementTypeOf } from './host.ts';
import { float, int, type NodeView, noMacs, noResize, noWeights, type Operator, operator } from './op.ts';

type TfModule = typeof Tf;

const isWhole = (view: NodeView<unknown>) => isInteger(view.dtype(0));

/** Quotient of integers, rounded towards zero. */
function quotient(tf: TfModule, a: Tf.Tensor, b: Tf.Tensor): Tf.Tensor {
  const size = tf.floorDiv(tf.abs(a), tf.abs(b));
  return tf.mul(size, tf.mul(tf.sign(a), tf.sign(b)));
}

const arithmetic: Operator[] = [
  combining({
    name: 'Add',
    attrs: oldBroadcast,
    coupling: 'adds its inputs channel by channel',
    host: ([a, b]) => a + b,
    run: (tf, [a, b]) => tf.add(a, b),
  }),
  combining({
    name: 'Sub',
    attrs: oldBroadcast,
    coupling: 'subtracts its inputs channel by channel',
    host: ([a, b]) => a - b,
    run: (tf, [a, b]) => tf.sub(a, b),
  }),
  combining({
    name: 'Mul',
    attrs: oldBroadcast,
    coupling: 'multiplies its inputs channel by channel',
    host: ([a, b]) => a * b,
    run: (tf, [a, b]) => tf.mul(a, b),
  }),
  combining({
    name: 'Div',
    attrs: oldBroadcast,
    coupling: 'divides its inputs channel by channel',
    host: ([a, b], view) => (isWhole(view) ? Math.trunc(a / b) : a / b),
    run: (tf, [a, b], view) => (isWhole(view) ? quotient(tf, a, b) : tf.div(a, b)),
  }),
  combining({
    name: 'Pow',
    attrs: oldBroadcast,
    coupling: 'raises its inputs to a power channel by channel',
    host: ([a, b]) => a ** b,
    run: (tf, [a, b], view) => {
      const known = view.known(1)?.values;
      const lone = known?.length === 1 && isFloat(view.dtype(0)) ? known[0] : undefined;
      if (lone === 2) return tf.square(a);
      if (lone === 0.5) return tf.sqrt(a);
      const power = tf.pow(tf.cast(a, 'float32'), tf.cast(b, 'float32'));
      return isWhole(view) ? tf.cast(tf.round(power), 'int32') : power;
    },
  }),
  combining({
    name: 'Mod',
    attrs: { fmod: int(0) },
    coupling: 'takes remainders channel by channel',
    host: ([a, b], view) => (view.attrs.fmod ? a % b : a - b * Math.floor(a / b)),
    run: (tf, [a, b], view) =>
      view.attrs.fmod ? tf.mul(tf.sign(a), tf.mod(tf.abs(a), tf.abs(b))) : tf.mod(a, b),
  }),
  combining({
    name: 'Min',
    coupling: 'takes the least of its inputs channel by channel',
    host: (values) => Math.min(...values),
    run: (tf, inputs) => inputs.reduce((a, b) => tf.minimum(a, b)),
  }),
  combining({
    name: 'Max',
    coupling: 'takes the greatest of its inputs channel by channel',
    host: (values) => Math.max(...values),
    run: (tf, inputs) => inputs.reduce((a, b) => tf.maximum(a, b)),
  }),
  combining({
    name: 'Sum',
    coupling: 'adds its inputs channel by channel',
    host: (values) => values.reduce((a, b) => a + b),
    run: (tf, inputs) => inputs.reduce((a, b) => tf.add(a, b)),
  }),
  combining({
    name: 'Mean',
    coupling: 'averages its inputs channel by channel',
    run: (tf, inputs) =>
      tf.div(
        inputs.reduce((a, b) => tf.add(a, b)),
        inputs.length,
      ),
  }),
  combining({
    name: 'Where',
    coupling: 'chooses between its inputs channel by channel',
    dtype: (view) => view.dtype(1),
    host: ([condition, a, b]) => (condition ? a : b),
    run: (tf, [condition, a, b]) => tf.where(tf.cast(condition, 'bool'), a, b),
  }),
];

const functions: Operator[] = [
  unary({ name: 'Neg', host: (x) => -x, run: (tf, x) => tf.neg(x) }),
  unary({ name: 'Abs', host: Math.abs, run: (tf, x) => tf.abs(x) }),
  unary({ name: 'Sign', host: Math.sign, run: (tf, x) => tf.sign(x) }),
  unary({ name: 'Sqrt', host: Math.sqrt, run: (tf, x) => tf.sqrt(x) }),
  unary({ name: 'Exp', host: Math.exp, run: (tf, x) => tf.exp(x) }),
  unary({ name: 'Log', host: Math.log, run: (tf, x) => tf.log(x) }),
  unary({ name: 'Reciprocal', host: (x) => 1 / x, run: (tf, x) => tf.reciprocal(x) }),
  unary({ name: 'Floor', host: Math.floor, run: (tf, x) => tf.floor(x) }),
  unary({ name: 'Ceil', host: Math.ceil, run: (tf, x) => tf.ceil(x) }),
  unary({ name: 'Round', host: roundHalfEven, run: (tf, x) => tf.round(x) }),
  unary({ name: 'Erf', run: (tf, x) => tf.erf(x) }),
  unary({ name: 'Sin', host: Math.sin, run: (tf, x) => tf.sin(x) }),
  unary({ name: 'Cos', host: Math.cos, run: (tf, x) => tf.cos(x) }),
  unary({ name: 'Tan', run: (tf, x) => tf.tan(x) }),
  unary({ name: 'Asin', run: (tf, x) => tf.asin(x) }),
  unary({ name: 'Acos', run: (tf, x) => tf.acos(x) }),
  unary({ name: 'Atan', run: (tf, x) => tf.atan(x) }),
  unary({ name: 'Sinh', run: (tf, x) => tf.sinh(x) }),
  unary({ name: 'Cosh', run: (tf, x) => tf.cosh(x) }),
  unary({ name: 'Asinh', run: (tf, x) => tf.asinh(x) }),
  unary({ name: 'Acosh', run: (tf, x) => tf.acosh(x) }),
  unary({ name: 'Atanh', run: (tf, x) => tf.atanh(x) }),
  unary({ name: 'IsNaN', dtype: () => 'bool', run: (tf, x) => tf.isNaN(x) }),
  unary({
    name: 'IsInf',
    attrs: { detect_negative: int(1), detect_positive: int(1) },
    dtype: () => 'bool',
    run: (tf, x, { attrs }) => {
      const infinite = tf.isInf(x);
      if (attrs.detect_negative && attrs.detect_positive) return infinite;
      if (!attrs.detect_negative && !attrs.detect_positive)
        return tf.logicalAnd(infinite, tf.logicalNot(infinite));
      return tf.logicalAnd(infinite, attrs.detect_positive ? tf.greater(x, 0) : tf.less(x, 0));
    },
  }),
  unary({ name: 'Identity', coupling: 'passes its input on', host: (x) => x, run: (tf, x) => tf.clone(x) }),
];

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

function castTo(tf: TfModule, x: Tf.Tensor, dtype: string): Tf.Tensor {
  if (dtype === 'bool') return tf.notEqual(x, tf.cast(0, x.dtype as 'int32'));
  return tf.cast(x, dtype.startsWith('float') || dtype === 'bfloat16' ? 'float32' : 'int32');
}

const hostCast = (value: number, dtype: string): number => {
  if (dtype === 'bool') return value === 0 ? 0 : 1;
  return dtype.startsWith('float') || dtype === 'bfloat16' ? value : Math.trunc(value);
};

const casts: Operator[] = [
  unary({
    name: 'Cast',
    attrs: { to: int(1) },
    coupling: 'changes the number format',
    dtype: ({ attrs }) => elementTypeOf(attrs.to),
    host: (value, { attrs }) => hostCast(value, elementTypeOf(attrs.to)),
    run: (tf, x, { attrs }) => castTo(tf, x, elementTypeOf(attrs.to)),
  }),
  unary({
    name: 'CastLike',
    coupling: 'changes the number format',
    dtype: (view) => view.dtype(1),
    host: (value, view) => hostCast(value, view.dtype(1)),
    run: (tf, x, view) => castTo(tf, x, view.dtype(1)),
  }),
];

/** Of a number in single precision. */
const LARGEST = 3.4028234663852886e38;

const Clip = operator({
  name: 'Clip',
  attrs: { min: float(), max: float() },
  coupling: 'limits each channel by itself',
  shape: (view) => [{ dtype: view.dtype(0), dims: view.shape(0) }],
  fold: (view) => {
    const { dtype, dims, values } = view.known(0)!;
    const low = view.attrs.min ?? view.known(1)?.values[0] ?? Number.NEGATIVE_INFINITY;
    const high = view.attrs.max ?? view.known(2)?.values[0] ?? Number.POSITIVE_INFINITY;
    return [{ dtype, dims, values: values.map((value) => Math.min(high, Math.max(low, value))) }];
  },
  terms: (eq) => eq.out(0, eq.axes(0)),
  resize: noResize,
  weights: noWeights,
  layout: 'elementwise',
  run: (view) => {
    const { tf, attrs } = view;
    const x = view.input(0);
    const known = (i: number, stated: number | undefined, otherwise: number) =>
      stated ?? (view.has(i) ? view.known(i)?.values[0] : otherwise);
    const [least, most] = [known(1, attrs.min, -LARGEST), known(2, attrs.max, LARGEST)];
    if (x.dtype === 'float32' && least !== undefined && most !== undefined && least <= most)
      return tf.clipByValue(x, least, most);
    const bound = (i: number, stated: number | undefined) =>
      stated ?? (view.has(i) ? view.input(i) : undefined);
    const [low, high] = [bound(1, attrs.min), bound(2, attrs.max)];
    // The upper limit comes last: it wins where the limits cross.
    const y = low === undefined ? x : tf.maximum(x, low);
    return high === undefined ? tf.clone(y) : tf.minimum(y, high);
  },
  macs: noMacs,
});

const Dropout = operator({
  name: 'Dropout',
  attrs: { ratio: float(0.5), seed: int(), is_test: int(1) },
  coupling: 'works on each channel by itself',
  shape: (view) => [
    { dtype: view.dtype(0), dims: view.shape(0) },
    { dtype: 'bool', dims: view.shape(0) },
  ],
  fold: 'not-folded',
  terms: (eq) => {
    eq.out(0, eq.axes(0));
    eq.out(1, eq.axes(0));
  },
  resize: noResize,
  weights: noWeights,
  layout: 'elementwise',
  run: (view) => {
    const { tf } = view;
    const x = view.input(0);
    const ratio = view.known(1)?.values[0] ?? view.attrs.ratio;
    if (!view.training || ratio === 0)
      return [tf.clone(x), tf.onesLike(tf.cast(x, 'bool'))].slice(0, view.outputs);
    const kept = tf.greaterEqual(tf.randomUniform(x.shape, 0, 1, 'float32', view.seed()), ratio);
    const y = tf.mul(x, tf.div(tf.cast(kept, 'float32'), 1 - ratio));
    return [y, kept].slice(0, view.outputs);
  },
  macs: noMacs,
});

export const elementwise: readonly Operator[] = [...arithmetic, ...functions, ...casts, Clip, Dropout];
