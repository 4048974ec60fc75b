// Normalisation in as few passes over memory as it takes: sums per channel, then one pass that applies them.

import { add, div, type Expr, f32, lane, load, type ModuleBuilder, mul, sqrt, sub } from './assembler.ts';
import { advance, eachChannel, every, zeroOf } from './lanes.ts';

/** Rows whose sum is added up by itself first: fewer roundings, and near memory. */
const BLOCK = 64;

export function defineNormalisation(m: ModuleBuilder): void {
  /** sums[c] += Σ x[r, c]; squares[c] += Σ (x[r, c] - mean[c])²: one of the two, over `rows` rows. */
  const columnSums = (name: string, term: (x: Expr, mean: Expr) => Expr) =>
    m.define(name, { x: 'i32', mean: 'i32', sums: 'i32', rows: 'i32', channels: 'i32' }, (f, p) => {
      const [row, pointer, left] = f.locals('i32', 3);
      const [sum, mean] = [
        { v128: f.local('v128'), f32: f.local('f32') },
        { v128: f.local('v128'), f32: f.local('f32') },
      ];
      const step = f.let(mul(p.channels, 4));
      const block = (rows: Expr | number) => {
        eachChannel(f, p.channels, (type, offset) => {
          f.set(sum[type], zeroOf(type));
          f.set(mean[type], load(type, add(p.mean, offset)));
          f.set(pointer, add(p.x, offset));
          f.forEach(row, 0, rows, 1, () => {
            f.set(sum[type], add(sum[type], term(load(type, pointer), mean[type])));
            advance(f, pointer, step);
          });
          f.store(add(p.sums, offset), add(load(type, add(p.sums, offset)), sum[type]));
        });
        advance(f, p.x, mul(step, rows));
      };
      f.forEach(left, 0, p.rows, BLOCK, () => block(BLOCK));
      const rest = f.let(sub(p.rows, left));
      block(rest);
    });
  columnSums('columnSums', (x) => x);
  columnSums('columnSquares', (x, mean) => mul(sub(x, mean), sub(x, mean)));

  /** sums[c] += Σ dy[r, c]; products[c] += Σ dy[r, c] · (x[r, c] - mean[c]). */
  m.define(
    'columnProducts',
    { x: 'i32', dy: 'i32', mean: 'i32', sums: 'i32', products: 'i32', rows: 'i32', channels: 'i32' },
    (f, p) => {
      const [row, pointer, by, left] = f.locals('i32', 4);
      const local = () => ({ v128: f.local('v128'), f32: f.local('f32') });
      const [sum, product, mean, dy] = [local(), local(), local(), local()];
      const step = f.let(mul(p.channels, 4));
      const block = (rows: Expr | number) => {
        eachChannel(f, p.channels, (type, offset) => {
          for (const start of [sum, product]) f.set(start[type], zeroOf(type));
          f.set(mean[type], load(type, add(p.mean, offset)));
          f.set(pointer, add(p.x, offset));
          f.set(by, add(p.dy, offset));
          f.forEach(row, 0, rows, 1, () => {
            f.set(dy[type], load(type, by));
            f.set(sum[type], add(sum[type], dy[type]));
            f.accumulate(product[type], dy[type], sub(load(type, pointer), mean[type]));
            advance(f, pointer, step);
            advance(f, by, step);
          });
          for (const [to, value] of [
            [p.sums, sum],
            [p.products, product],
          ] as const)
            f.store(add(to, offset), add(load(type, add(to, offset)), value[type]));
        });
        for (const moved of [p.x, p.dy]) advance(f, moved, mul(step, rows));
      };
      f.forEach(left, 0, p.rows, BLOCK, () => block(BLOCK));
      const rest = f.let(sub(p.rows, left));
      block(rest);
    },
  );

  /** y[r, c] = x[r, c] · factor[c] + offset[c]. */
  m.define(
    'affine',
    { x: 'i32', factor: 'i32', offset: 'i32', y: 'i32', rows: 'i32', channels: 'i32' },
    (f, p) => {
      const row = f.local('i32');
      const step = f.let(mul(p.channels, 4));
      f.forEach(row, 0, p.rows, 1, () => {
        eachChannel(f, p.channels, (type, offset) => {
          const [x, factor, shift] = [p.x, p.factor, p.offset].map((from) => load(type, add(from, offset)));
          f.store(add(p.y, offset), add(mul(x, factor), shift));
        });
        for (const pointer of [p.x, p.y]) advance(f, pointer, step);
      });
    },
  );

  /** y[r, c] = x[r, c] · a[c] + dy[r, c] · b[c] + d[c]. */
  m.define(
    'affineOfTwo',
    { x: 'i32', dy: 'i32', a: 'i32', b: 'i32', d: 'i32', y: 'i32', rows: 'i32', channels: 'i32' },
    (f, p) => {
      const row = f.local('i32');
      const step = f.let(mul(p.channels, 4));
      f.forEach(row, 0, p.rows, 1, () => {
        eachChannel(f, p.channels, (type, offset) => {
          const [x, dy, a, b, d] = [p.x, p.dy, p.a, p.b, p.d].map((from) => load(type, add(from, offset)));
          f.store(add(p.y, offset), add(add(mul(x, a), mul(dy, b)), d));
        });
        for (const pointer of [p.x, p.dy, p.y]) advance(f, pointer, step);
      });
    },
  );

  defineRows(m);
}

/** Normalisation of each row by itself. */
function defineRows(m: ModuleBuilder): void {
  /** y = (x - mean) / deviation, row by row; deviation = √(variance + epsilon). */
  m.define(
    'rowNormalisation',
    { x: 'i32', y: 'i32', deviations: 'i32', rows: 'i32', channels: 'i32', epsilon: 'f32', share: 'f32' },
    (f, p) => {
      const row = f.local('i32');
      const [mean, deviation] = f.locals('f32', 2);
      const sum = { v128: f.local('v128'), f32: f.local('f32') };
      const centred = { v128: f.local('v128'), f32: f.local('f32') };
      const step = f.let(mul(p.channels, 4));
      const total = () => [0, 1, 2, 3].reduce<Expr>((all, i) => add(all, lane(sum.v128, i)), sum.f32);
      const start = () => {
        f.set(sum.v128, zeroOf('v128'));
        f.set(sum.f32, f32(0));
      };
      f.forEach(row, 0, p.rows, 1, () => {
        start();
        eachChannel(f, p.channels, (type, offset) =>
          f.set(sum[type], add(sum[type], load(type, add(p.x, offset)))),
        );
        f.set(mean, mul(total(), p.share));
        start();
        eachChannel(f, p.channels, (type, offset) => {
          f.set(centred[type], sub(load(type, add(p.x, offset)), every(type, mean)));
          f.accumulate(sum[type], centred[type], centred[type]);
        });
        f.set(deviation, sqrt(add(mul(total(), p.share), p.epsilon)));
        f.store(p.deviations, deviation);
        eachChannel(f, p.channels, (type, offset) => {
          const x = sub(load(type, add(p.x, offset)), every(type, mean));
          f.store(add(p.y, offset), div(x, every(type, deviation)));
        });
        for (const pointer of [p.x, p.y]) advance(f, pointer, step);
        advance(f, p.deviations, 4);
      });
    },
  );

  /** dx = (dy - mean(dy) - y · mean(dy · y)) / deviation, row by row. */
  m.define(
    'rowNormalisationInput',
    { y: 'i32', dy: 'i32', deviations: 'i32', dx: 'i32', rows: 'i32', channels: 'i32', share: 'f32' },
    (f, p) => {
      const row = f.local('i32');
      const [mean, along, deviation] = f.locals('f32', 3);
      const local = () => ({ v128: f.local('v128'), f32: f.local('f32') });
      const [sum, product, dy] = [local(), local(), local()];
      const step = f.let(mul(p.channels, 4));
      const total = (of: typeof sum) =>
        [0, 1, 2, 3].reduce<Expr>((all, i) => add(all, lane(of.v128, i)), of.f32);
      f.forEach(row, 0, p.rows, 1, () => {
        for (const start of [sum, product]) {
          f.set(start.v128, zeroOf('v128'));
          f.set(start.f32, f32(0));
        }
        eachChannel(f, p.channels, (type, offset) => {
          f.set(dy[type], load(type, add(p.dy, offset)));
          f.set(sum[type], add(sum[type], dy[type]));
          f.accumulate(product[type], dy[type], load(type, add(p.y, offset)));
        });
        f.set(mean, mul(total(sum), p.share));
        f.set(along, mul(total(product), p.share));
        f.set(deviation, load('f32', p.deviations));
        eachChannel(f, p.channels, (type, offset) => {
          const [up, y] = [p.dy, p.y].map((from) => load(type, add(from, offset)));
          const rest = sub(sub(up, every(type, mean)), mul(y, every(type, along)));
          f.store(add(p.dx, offset), div(rest, every(type, deviation)));
        });
        for (const pointer of [p.y, p.dy, p.dx]) advance(f, pointer, step);
        advance(f, p.deviations, 4);
      });
    },
  );
}
