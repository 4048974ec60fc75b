// QAttention: ONNX Runtime's Attention on integers. Everything about its heads is what Attention says; it has no way to
// state widths of its own for values, so they stay as wide as queries and keys.
// Formulas: onnxruntime/docs/ContribOperators.md.

import type * as Tf from '@tensorflow/tfjs';
import { fusedAttention } from './fused-attention.ts';
import { sequence } from './host.ts';
import { numbersOf } from './levels.ts';
import { type AttrSchema, type Equations, type Operator, operator, type RunView } from './op.ts';
import { seenPlain } from './seen-plain.ts';

const [INPUT, WEIGHT, BIAS, INPUT_SCALE, WEIGHT_SCALE, MASK, INPUT_ZERO, WEIGHT_ZERO, PAST] = sequence(9);
/** Where the inputs of Attention are. */
const SLOTS = [INPUT, WEIGHT, BIAS, MASK, PAST];

const found = fusedAttention.find(({ name }) => name === 'Attention');
if (!found) throw new RangeError('no operator Attention');
const plain = found;

function qAttentionTerms(eq: Equations<unknown>): void {
  plain.terms(seenPlain(eq, SLOTS) as never);
  const [, outer] = eq.axes(WEIGHT);
  const width = outer.length / 3;
  const [queries, , values] = sequence(3).map((part) => eq.select(outer, sequence(width, part * width)));
  eq.same(queries, values);
  for (const input of [WEIGHT_SCALE, WEIGHT_ZERO])
    if (eq.has(input) && eq.shape(input)[0] === outer.length) eq.same(eq.axes(input)[0], outer);
}

/** The inputs of Attention as numbers. */
function dequantised(view: RunView<unknown>): Tf.Tensor[] {
  const { tf } = view;
  const float = (input: number) => tf.cast(view.input(input), 'float32');
  const numbers = (levels: number, scale: number, zero: number) =>
    tf.mul(view.has(zero) ? tf.sub(float(levels), float(zero)) : float(levels), view.input(scale));
  const rest = SLOTS.slice(2).map((slot) => (view.has(slot) ? view.input(slot) : tf.scalar(0)));
  return [numbers(INPUT, INPUT_SCALE, INPUT_ZERO), numbers(WEIGHT, WEIGHT_SCALE, WEIGHT_ZERO), ...rest];
}

const QAttention = operator<AttrSchema>({
  ...plain,
  name: 'QAttention',
  shape: (view) =>
    plain
      .shape(seenPlain(view, SLOTS) as never)
      .map(({ dims }) => ({ dtype: view.dtype(WEIGHT_SCALE), dims })),
  terms: qAttentionTerms,
  resize: (view) => plain.resize(seenPlain(view, SLOTS) as never),
  weights: (view) =>
    plain.weights(seenPlain(view, SLOTS) as never).map((use) => ({
      ...use,
      input: SLOTS[use.input],
      ...(use.role === 'kernel' && {
        numbers: (constant) => {
          const levels = constant(WEIGHT);
          const steps = { scale: constant(WEIGHT_SCALE), zero: constant(WEIGHT_ZERO), axis: 1 };
          return levels && numbersOf(levels, steps);
        },
      }),
    })),
  run: (view) => plain.run(seenPlain(view, SLOTS, dequantised(view)) as never),
  macs: (view) => plain.macs(seenPlain(view, SLOTS) as never),
});

export const quantisedAttention: readonly Operator[] = [QAttention];
