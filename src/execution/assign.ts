// New values for tensors that last. In WebAssembly's memory they are written where the old ones are: weights that moved at
// every step would leave holes of their sizes everywhere, and memory would grow for want of room in one piece.

import type * as Tf from '@tensorflow/tfjs';
import { overwriteInWasm } from './wasm/register.ts';

/** Like `variable.assign(value)`; the value stays the caller's. */
export function assign(tf: typeof Tf, variable: Tf.Variable, value: Tf.Tensor): void {
  if (!overwrite(tf, variable, value)) variable.assign(value as Tf.Tensor<Tf.Rank>);
}

/** Copies `value` over what a tensor of the same size and type holds, unless the backend cannot or others hold it, too. */
export const overwrite = (tf: typeof Tf, held: Tf.Tensor, value: Tf.Tensor): boolean =>
  tf.getBackend() === 'wasm' && overwriteInWasm(tf, held, value);
