// Gradients of tfjs's own kernels that it lacks or gets wrong. Registered once, for every backend.

import type * as Tf from '@tensorflow/tfjs';
import { hasKernel, runKernel } from '../own-kernels.ts';
import { registerOwnGradients } from './own.ts';
import type { TfModule } from './shapes.ts';

/** Results that change in jumps: their gradient is zero wherever there is one. */
const flat: Readonly<Record<string, readonly string[]>> = {
  Greater: ['a', 'b'],
  GreaterEqual: ['a', 'b'],
  Less: ['a', 'b'],
  LessEqual: ['a', 'b'],
  Equal: ['a', 'b'],
  NotEqual: ['a', 'b'],
  LogicalAnd: ['a', 'b'],
  LogicalOr: ['a', 'b'],
  LogicalNot: ['x'],
  IsNan: ['x'],
  IsInf: ['x'],
  IsFinite: ['x'],
  Any: ['x'],
  All: ['x'],
  ArgMax: ['x'],
  ArgMin: ['x'],
};

const prepared = new WeakSet<TfModule>();

export function registerGradients(tf: TfModule): void {
  if (prepared.has(tf)) return;
  prepared.add(tf);
  registerOwnGradients(tf);
  for (const [kernelName, inputs] of Object.entries(flat))
    tf.registerGradient({
      kernelName,
      inputsToSave: [...inputs],
      gradFunc: (_, saved) =>
        Object.fromEntries(
          inputs.map((name, i) => [name, () => tf.zeros((saved as Tf.Tensor[])[i].shape)] as const),
        ),
    });
  tf.registerGradient({
    kernelName: 'Relu',
    outputsToSave: [true],
    gradFunc: (dy, saved) => ({ x: () => rectified(tf, dy as Tf.Tensor, (saved as Tf.Tensor[])[0]) }),
  });
  registerClip(tf);
  registerExtremum(tf, 'Maximum', (a, b) => tf.greaterEqual(a, b));
  registerExtremum(tf, 'Minimum', (a, b) => tf.lessEqual(a, b));
}

/** dy where the output is positive. */
function rectified(tf: TfModule, dy: Tf.Tensor, y: Tf.Tensor): Tf.Tensor {
  if (hasKernel(tf, 'RectifiedInput')) return runKernel(tf, 'RectifiedInput', { y, dy }, {})[0];
  return tf.mul(dy, tf.step(y));
}

/** dy where the input lies between the limits. */
function registerClip(tf: TfModule): void {
  const stock = tf.getGradient('ClipByValue');
  tf.registerGradient({
    ...stock,
    gradFunc: (dy, saved, attrs) => {
      if (!hasKernel(tf, 'ClippedInput')) return stock.gradFunc(dy, saved, attrs);
      const { clipValueMin, clipValueMax } = attrs as Record<string, unknown>;
      const limits = { low: clipValueMin as number, high: clipValueMax as number };
      const inputs = { x: (saved as Tf.Tensor[])[0], dy: dy as Tf.Tensor };
      return { x: () => runKernel(tf, 'ClippedInput', inputs, limits)[0] };
    },
  });
}

/** d max(a, b) goes to the one that was taken (to `a` where they are equal), summed over what was broadcast. */
function registerExtremum(
  tf: TfModule,
  kernelName: string,
  takesFirst: (a: Tf.Tensor, b: Tf.Tensor) => Tf.Tensor,
): void {
  tf.registerGradient({
    kernelName,
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, saved) => {
      const [a, b] = saved as Tf.Tensor[];
      const first = () => tf.cast(takesFirst(a, b), 'float32');
      return {
        a: () => unbroadcast(tf, tf.mul(dy as Tf.Tensor, first()), a.shape),
        b: () => unbroadcast(tf, tf.mul(dy as Tf.Tensor, tf.sub(1, first())), b.shape),
      };
    },
  });
}

/** Sums over the axes along which a tensor of this shape was repeated. */
function unbroadcast(tf: TfModule, x: Tf.Tensor, shape: readonly number[]): Tf.Tensor {
  const lead = x.rank - shape.length;
  const axes = [...x.shape.keys()].filter((i) => i < lead || (shape[i - lead] === 1 && x.shape[i] !== 1));
  return tf.reshape(axes.length > 0 ? tf.sum(x, axes) : x, [...shape]);
}
