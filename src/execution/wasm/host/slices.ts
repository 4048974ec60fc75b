// Slices on the WebAssembly backend without a copy of everything they are cut from, which is what tfjs (4.22) makes for each
// of them: a vector of all weights split into its sixty parts would be copied sixty times.

import type * as Tf from '@tensorflow/tfjs';
import { stridesOf } from '../../../ops/host.ts';
import type { KernelMemory } from '../memory.ts';

type Info = Tf.TensorInfo;
type Shape = readonly number[];

/** The block of x that begins there and is so large; single precision. */
export function slice(memory: KernelMemory, x: Info, begin: Shape, size: Shape): Info {
  const y = memory.output(size);
  if (size.includes(0)) return y;
  // Axes that are taken whole, and the first that is not, are one run of memory.
  let axis = size.length - 1;
  let run = size[axis];
  while (axis > 0 && size[axis] === x.shape[axis]) run *= size[--axis];
  const strides = stridesOf(x.shape);
  const numbers = memory.heap();
  const from = (memory.address(x) >>> 2) + begin.reduce((sum, first, i) => sum + first * strides[i], 0);
  let to = memory.address(y) >>> 2;
  const walk = (depth: number, offset: number): void => {
    if (depth === axis) {
      numbers.copyWithin(to, offset, offset + run);
      to += run;
      return;
    }
    for (let i = 0; i < size[depth]; i++) walk(depth + 1, offset + i * strides[depth]);
  };
  walk(0, from);
  return y;
}

/** Parts of these lengths along an axis, one after the other. */
export function split(memory: KernelMemory, x: Info, lengths: Shape, axis: number): Info[] {
  let first = 0;
  return lengths.map((length) => {
    const begin = x.shape.map((_, i) => (i === axis ? first : 0));
    first += length;
    return slice(memory, x, begin, x.shape.with(axis, length));
  });
}
