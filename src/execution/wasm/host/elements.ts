// Element by element on the WebAssembly backend, in ranges that threads take.

import type * as Tf from '@tensorflow/tfjs';
import type { Limits } from '../../own-kernels.ts';
import { type KernelMemory, type Range, TOUCH } from '../memory.ts';
import type { Call } from '../team.ts';

type Info = Tf.TensorInfo;

const FLOAT = 4;

const size = ({ shape }: Info): number => shape.reduce((n, length) => n * length, 1);

/** A kernel's calls for ranges of rows, each by itself. */
export function eachRow(
  memory: KernelMemory,
  [rows, channels]: readonly [number, number],
  call: (range: Range, offset: number) => Call,
): void {
  const work = rows * channels * TOUCH;
  memory.run(
    memory.ranges(rows, 1, work).map((range) => call(range, range.first * channels * FLOAT)),
    work,
  );
}

/** A kernel over all elements of some tensors, given their addresses, the new one's last. */
function eachElement(
  memory: KernelMemory,
  inputs: readonly Info[],
  call: (addresses: readonly number[], count: number) => Call,
): Info {
  const [{ shape }] = inputs;
  const y = memory.output(shape);
  const addresses = [...inputs, y].map((info) => memory.address(info));
  eachRow(memory, [size(y), 1], ({ count }, offset) =>
    call(
      addresses.map((address) => address + offset),
      count,
    ),
  );
  return y;
}

export const rectifiedInput = (
  memory: KernelMemory,
  { y, dy }: { readonly y: Info; readonly dy: Info },
): Info => eachElement(memory, [y, dy], (addresses, count) => ['rectifiedInput', ...addresses, count]);

/** A kernel that gives one number for each. */
export const each = (memory: KernelMemory, kernel: 'exp' | 'erf', x: Info): Info =>
  eachElement(memory, [x], (addresses, count) => [kernel, ...addresses, count]);

export const clip = (memory: KernelMemory, { x }: { readonly x: Info }, { low, high }: Limits): Info =>
  eachElement(memory, [x], (addresses, count) => ['clip', ...addresses, count, low, high]);

export const clippedInput = (
  memory: KernelMemory,
  { x, dy }: { readonly x: Info; readonly dy: Info },
  { low, high }: Limits,
): Info =>
  eachElement(memory, [x, dy], (addresses, count) => ['clippedInput', ...addresses, count, low, high]);
