// Loops over channels: vectors of four as long as they last, then one by one. A body is written once and emitted for
// both.

import { add, type Expr, type FunctionBuilder, f32, type Local, mul, splat, zeros } from './assembler.ts';

export type Lane = 'v128' | 'f32';

export const zeroOf = (type: Lane): Expr => (type === 'v128' ? zeros : f32(0));

/** A number in every lane. */
export const every = (type: Lane, value: Expr): Expr => (type === 'v128' ? splat(value) : value);

/** Runs `body` for each group of channels; `offset` is the byte offset of its first. */
export function eachChannel(
  f: FunctionBuilder,
  channels: Local,
  body: (type: Lane, offset: Local) => void,
): void {
  const channel = f.local('i32');
  const offset = f.local('i32');
  const run = (type: Lane) => () => {
    f.set(offset, mul(channel, 4));
    body(type, offset);
  };
  f.forEach(channel, 0, channels, 4, run('v128'));
  f.forEach(channel, undefined, channels, 1, run('f32'));
}

/** The same with `width` groups at once while they last: `offset` is that of the first, the others follow. */
export function eachWideChannel(
  f: FunctionBuilder,
  channels: Local,
  width: number,
  body: (type: Lane, offset: Local, groups: number) => void,
): void {
  const channel = f.local('i32');
  const offset = f.local('i32');
  const run = (type: Lane, groups: number) => () => {
    f.set(offset, mul(channel, 4));
    body(type, offset, groups);
  };
  f.forEach(channel, 0, channels, 4 * width, run('v128', width));
  f.forEach(channel, undefined, channels, 4, run('v128', 1));
  f.forEach(channel, undefined, channels, 1, run('f32', 1));
}

export const advance = (f: FunctionBuilder, pointer: Local, bytes: Expr | number): void =>
  f.set(pointer, add(pointer, bytes));
