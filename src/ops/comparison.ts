// Comparisons and logic: boolean results, element by element.

import type * as Tf from '@tensorflow/tfjs';
import { combining, oldBroadcast, unary } from './combinators.ts';
import { noWeights, type Operator } from './op.ts';

type Run = (tf: typeof Tf, a: Tf.Tensor, b: Tf.Tensor) => Tf.Tensor;

const row = (name: string, host: (a: number, b: number) => boolean, run: Run): Operator =>
  combining({
    name,
    attrs: oldBroadcast,
    coupling: 'compares its inputs channel by channel',
    dtype: () => 'bool',
    host: ([a, b]) => Number(host(a, b)),
    weights: noWeights as () => [],
    run: (tf, [a, b]) => run(tf, a, b),
  });

const asBool = (tf: typeof Tf, x: Tf.Tensor) => tf.cast(x, 'bool');
const asInt = (tf: typeof Tf, x: Tf.Tensor) => tf.cast(x, 'int32');

export const comparison: readonly Operator[] = [
  row(
    'Equal',
    (a, b) => a === b,
    (tf, a, b) => tf.equal(asNumber(tf, a), asNumber(tf, b)),
  ),
  row(
    'Less',
    (a, b) => a < b,
    (tf, a, b) => tf.less(a, b),
  ),
  row(
    'LessOrEqual',
    (a, b) => a <= b,
    (tf, a, b) => tf.lessEqual(a, b),
  ),
  row(
    'Greater',
    (a, b) => a > b,
    (tf, a, b) => tf.greater(a, b),
  ),
  row(
    'GreaterOrEqual',
    (a, b) => a >= b,
    (tf, a, b) => tf.greaterEqual(a, b),
  ),
  row(
    'And',
    (a, b) => !!a && !!b,
    (tf, a, b) => tf.logicalAnd(asBool(tf, a), asBool(tf, b)),
  ),
  row(
    'Or',
    (a, b) => !!a || !!b,
    (tf, a, b) => tf.logicalOr(asBool(tf, a), asBool(tf, b)),
  ),
  row(
    'Xor',
    (a, b) => !a !== !b,
    (tf, a, b) => tf.notEqual(asInt(tf, a), asInt(tf, b)),
  ),
  unary({
    name: 'Not',
    dtype: () => 'bool',
    host: (x) => Number(!x),
    run: (tf, x) => tf.logicalNot(asBool(tf, x)),
  }),
];

/** Booleans compare as numbers: not every backend compares them as they are. */
function asNumber(tf: typeof Tf, x: Tf.Tensor): Tf.Tensor {
  return x.dtype === 'bool' ? asInt(tf, x) : x;
}
