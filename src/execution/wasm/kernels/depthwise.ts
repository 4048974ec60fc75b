// Convolution with one channel per group, channel by channel: four vectors of channels at a time share the look-up of a
// pixel. Tables are those of convolution.ts.

import {
  add,
  atLeast,
  type FunctionBuilder,
  type Local,
  lessThan,
  load,
  type ModuleBuilder,
  mul,
  select,
  sub,
} from './assembler.ts';
import { advance, eachWideChannel, type Lane, zeroOf } from './lanes.ts';

const WIDTH = 4;
const bytesOf = (type: Lane): number => (type === 'v128' ? 16 : 4);

/** Sums for each kind of lane; a scalar sum serves the channels left over. */
const sumsOf = (f: FunctionBuilder) => ({ v128: f.locals('v128', WIDTH), f32: f.locals('f32', 1) });

export function defineDepthwise(m: ModuleBuilder): void {
  /** For every image: y[target[p], c] = Σ over taps t of x[table[p, t], c] · filter[t, c]. */
  m.define(
    'depthwise',
    {
      x: 'i32',
      filter: 'i32',
      y: 'i32',
      table: 'i32',
      targets: 'i32',
      images: 'i32',
      pixels: 'i32',
      taps: 'i32',
      channels: 'i32',
      xImage: 'i32',
      yImage: 'i32',
    },
    (f, p) => {
      const [image, pixel, tap, seen, index, from, weight, target] = f.locals('i32', 8);
      const sums = sumsOf(f);
      const step = f.let(mul(p.channels, 4));
      const tapBytes = f.let(mul(p.taps, 4));
      f.forEach(image, 0, p.images, 1, () => {
        f.forEach(pixel, 0, p.pixels, 1, () => {
          f.set(target, add(p.y, mul(load('i32', add(p.targets, mul(pixel, 4))), step)));
          eachWideChannel(f, p.channels, WIDTH, (type, offset, groups) => {
            const own = sums[type].slice(0, groups);
            for (const sum of own) f.set(sum, zeroOf(type));
            f.set(seen, add(p.table, mul(pixel, tapBytes)));
            f.set(weight, add(p.filter, offset));
            f.forEach(tap, 0, p.taps, 1, () => {
              f.set(index, load('i32', seen));
              f.when(atLeast(index, 0), () => {
                f.set(from, add(add(p.x, offset), mul(index, step)));
                for (const [g, sum] of own.entries())
                  f.accumulate(
                    sum,
                    load(type, from, g * bytesOf(type)),
                    load(type, weight, g * bytesOf(type)),
                  );
              });
              advance(f, seen, 4);
              advance(f, weight, step);
            });
            for (const [g, sum] of own.entries()) f.store(add(target, offset), sum, g * bytesOf(type));
          });
        });
        advance(f, p.x, p.xImage);
        advance(f, p.y, p.yImage);
      });
    },
  );

  /**
   * gradient[t, c] += Σ over images and pixels p of x[table[p, t], c] · dy[p, c], `block` pixels at a time. Some of the
   * channels will do; `step` is the bytes from pixel to pixel and from tap to tap, of all of them.
   */
  m.define(
    'depthwiseFilter',
    {
      x: 'i32',
      dy: 'i32',
      gradient: 'i32',
      table: 'i32',
      images: 'i32',
      pixels: 'i32',
      block: 'i32',
      taps: 'i32',
      channels: 'i32',
      step: 'i32',
      xImage: 'i32',
      yImage: 'i32',
    },
    (f, p) => {
      const [image, first, end, tap, pixel, seen, index, from, by, gradient] = f.locals('i32', 10);
      const sums = sumsOf(f);
      const tapBytes = f.let(mul(p.taps, 4));
      const group = (type: Lane, offset: Local, groups: number) => {
        const own = sums[type].slice(0, groups);
        const place = (sum: Local) => add(gradient, add(offset, own.indexOf(sum) * bytesOf(type)));
        for (const sum of own) f.set(sum, load(type, place(sum)));
        f.set(seen, add(p.table, add(mul(first, tapBytes), mul(tap, 4))));
        f.set(by, add(p.dy, add(offset, mul(first, p.step))));
        f.forEach(pixel, first, end, 1, () => {
          f.set(index, load('i32', seen));
          f.when(atLeast(index, 0), () => {
            f.set(from, add(add(p.x, offset), mul(index, p.step)));
            for (const [g, sum] of own.entries())
              f.accumulate(sum, load(type, from, g * bytesOf(type)), load(type, by, g * bytesOf(type)));
          });
          advance(f, seen, tapBytes);
          advance(f, by, p.step);
        });
        for (const sum of own) f.store(place(sum), sum);
      };
      f.forEach(image, 0, p.images, 1, () => {
        f.forEach(first, 0, add(p.pixels, sub(p.block, 1)), p.block, () => {
          f.set(end, add(first, p.block));
          f.set(end, select(lessThan(end, p.pixels), end, p.pixels));
          f.set(gradient, p.gradient);
          f.forEach(tap, 0, p.taps, 1, () => {
            eachWideChannel(f, p.channels, WIDTH, group);
            advance(f, gradient, p.step);
          });
        });
        advance(f, p.x, p.xImage);
        advance(f, p.dy, p.yImage);
      });
    },
  );
}
