// A quantised node as its plain counterpart would see it: data where the plain operator expects them, levels left out.

import type * as Tf from '@tensorflow/tfjs';
import type { NodeView } from './op.ts';

/** What a view offers per input slot. */
const perInput = [
  'has',
  'shape',
  'dtype',
  'known',
  'numbers',
  'axes',
  'newShape',
  'kept',
  'setNumbers',
  'input',
];

/**
 * @param slots where the inputs of the plain operator are
 * @param inputs what they hold, already as numbers
 */
export function seenPlain<V extends NodeView<unknown>>(
  view: V,
  slots: readonly number[],
  inputs?: readonly Tf.Tensor[],
): V {
  const seen = Object.create(view, { inputs: { value: slots.length } });
  const source = view as unknown as Record<string, ((i: number, ...rest: unknown[]) => unknown) | undefined>;
  for (const name of perInput)
    if (source[name]) seen[name] = (i: number, ...rest: unknown[]) => source[name]?.(slots[i] ?? -1, ...rest);
  if (inputs) seen.input = (i: number) => inputs[i];
  return seen;
}
