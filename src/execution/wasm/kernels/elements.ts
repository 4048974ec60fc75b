// Element by element: what a gradient needs and tfjs composes of several passes.

import {
  add,
  and,
  atLeast,
  f32,
  greaterThan,
  lanesAtLeast,
  lanesGreater,
  load,
  type ModuleBuilder,
  max,
  min,
  mul,
  select,
  zeros,
} from './assembler.ts';
import { eachChannel, every } from './lanes.ts';

export function defineElements(m: ModuleBuilder): void {
  m.define('copy', { from: 'i32', to: 'i32', count: 'i32' }, (f, p) => {
    eachChannel(f, p.count, (type, offset) => f.store(add(p.to, offset), load(type, add(p.from, offset))));
  });

  /** dx = dy where y > 0, else 0. */
  m.define('rectifiedInput', { y: 'i32', dy: 'i32', dx: 'i32', count: 'i32' }, (f, p) => {
    eachChannel(f, p.count, (type, offset) => {
      const [y, dy] = [p.y, p.dy].map((from) => load(type, add(from, offset)));
      const value =
        type === 'v128' ? and(lanesGreater(y, zeros), dy) : select(greaterThan(y, f32(0)), dy, f32(0), 'f32');
      f.store(add(p.dx, offset), value);
    });
  });

  m.define('clip', { x: 'i32', y: 'i32', count: 'i32', low: 'f32', high: 'f32' }, (f, p) => {
    eachChannel(f, p.count, (type, offset) => {
      const x = load(type, add(p.x, offset));
      f.store(add(p.y, offset), min(max(x, every(type, p.low)), every(type, p.high)));
    });
  });

  /** dx = dy where low ≤ x ≤ high, else 0. */
  m.define(
    'clippedInput',
    { x: 'i32', dy: 'i32', dx: 'i32', count: 'i32', low: 'f32', high: 'f32' },
    (f, p) => {
      eachChannel(f, p.count, (type, offset) => {
        const [x, dy] = [p.x, p.dy].map((from) => load(type, add(from, offset)));
        const [low, high] = [p.low, p.high].map((limit) => every(type, limit));
        const value =
          type === 'v128'
            ? and(and(lanesAtLeast(x, low), lanesAtLeast(high, x)), dy)
            : select(and(atLeast(x, low), atLeast(high, x)), dy, f32(0), 'f32');
        f.store(add(p.dx, offset), value);
      });
    },
  );

  /**
   * Adds dy[p, c] to dx at the first of the pixels table[p, t] with the largest x, for every pixel and channel. Padding
   * was put into x beforehand, so every tap sees a pixel.
   */
  m.define(
    'largestInput',
    { x: 'i32', dy: 'i32', dx: 'i32', table: 'i32', pixels: 'i32', taps: 'i32', channels: 'i32' },
    (f, p) => {
      const [pixel, channel, tap, seen, at, best] = f.locals('i32', 6);
      const [value, largest] = f.locals('f32', 2);
      const step = f.let(mul(p.channels, 4));
      f.forEach(pixel, 0, p.pixels, 1, () => {
        f.forEach(channel, 0, step, 4, () => {
          f.set(seen, p.table);
          f.set(best, add(mul(load('i32', seen), step), channel));
          f.set(largest, load('f32', add(p.x, best)));
          f.forEach(tap, 1, p.taps, 1, () => {
            f.set(seen, add(seen, 4));
            f.set(at, add(mul(load('i32', seen), step), channel));
            f.set(value, load('f32', add(p.x, at)));
            f.when(greaterThan(value, largest), () => {
              f.set(largest, value);
              f.set(best, at);
            });
          });
          f.store(add(p.dx, best), add(load('f32', add(p.dx, best)), load('f32', add(p.dy, channel))));
        });
        f.set(p.dy, add(p.dy, step));
        f.set(p.table, add(p.table, mul(p.taps, 4)));
      });
    },
  );
}
