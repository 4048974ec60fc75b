// Unsigned integers as bits: BitShift. tfjs has no operators on bits; multiplying and dividing by powers of two does the
// same for numbers that 32-bit integers hold.

import { combining } from './combinators.ts';
import { type NodeView, noWeights, type Operator, type RunView, string } from './op.ts';
import { unsupported } from './refusal.ts';

const shiftAttrs = { direction: string('') };
type ShiftAttrs = { readonly direction: string };

const widths: Readonly<Record<string, number>> = { uint8: 8, uint16: 16, uint32: 32, uint64: 64 };
const widthOf = (view: NodeView<unknown>): number => widths[view.dtype(0)] ?? 32;

/** What is shifted out is gone. */
function shifted(view: NodeView<ShiftAttrs>, x: number, by: number): number {
  const width = BigInt(widthOf(view));
  const moved = view.attrs.direction === 'LEFT' ? BigInt(x) << BigInt(by) : BigInt(x) >> BigInt(by);
  return Number(BigInt.asUintN(Number(width), moved));
}

const BitShift: Operator = combining({
  name: 'BitShift',
  attrs: shiftAttrs,
  coupling: 'shifts the bits of its first input channel by channel',
  weights: noWeights as () => [],
  host: ([x, by], view) => shifted(view, x, by),
  run: (tf, [x, by], view: RunView<ShiftAttrs>) => {
    const width = widthOf(view);
    if (width > 16) throw unsupported(view, `shifts ${width} bits`);
    const power = tf.gather(
      tf.tensor1d(
        Array.from({ length: width + 1 }, (_, bits) => 2 ** bits),
        'int32',
      ),
      tf.cast(tf.minimum(by, tf.scalar(width, 'int32')), 'int32'),
    );
    if (view.attrs.direction !== 'LEFT') return tf.floorDiv(x, power);
    return tf.mod(tf.mul(x, power), tf.scalar(2 ** width, 'int32'));
  },
});

export const bits: readonly Operator[] = [BitShift];
