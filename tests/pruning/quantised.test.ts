// Networks whose weights are stored as levels are pruned like those that hold the numbers themselves: the same groups,
// the same scores, the surgery law; where blocks share a scale, whole blocks go.

import { describe, expect, test } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { createOnnx } from '../../src/formats/onnx/create.ts';
import { writeOnnx } from '../../src/formats/onnx/write.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import { elementCount } from '../../src/graph/tensor.ts';
import type { DataType, Graph } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { costAfter, costOf } from '../../src/pruning/resizing.ts';
import { expectLaw } from '../conformance/random/law.ts';
import { runOnnx } from '../onnx-runtime.ts';

/** Adds the product of `x` [N, K] with a weight [K, N] of the given numbers, in one way of storing it. */
type Layer = (b: GraphBuilder, name: string, x: string, weight: Weight) => string;

/** Levels, row-major [rows, columns], with a scale and zero point per column and block of 16 rows. */
interface Weight {
  readonly rows: number;
  readonly columns: number;
  readonly levels: readonly number[];
}
const BLOCK = 16;
const blocksOf = ({ rows }: Weight) => rows / BLOCK;
const columnScale = (column: number) => 0.01 * (1 + (column % 5));
const columnZero = (column: number) => 5 + (column % 4);
const blockScale = (block: number, column: number) => columnScale(column) * (1 + (block % 3));

const list = (length: number, of: (i: number) => number): number[] => Array.from({ length }, (_, i) => of(i));
const microsoft = { domain: 'com.microsoft' };

/** The numbers of a weight whose scale is that of its column, or of its block. */
const numbersOf = ({ levels, columns }: Weight, scale: (row: number, column: number) => number): number[] =>
  levels.map((level, i) => {
    const column = i % columns;
    return (level - columnZero(column)) * scale(Math.floor(i / columns), column);
  });
const perColumn = (_: number, column: number) => columnScale(column);
const perBlock = (row: number, column: number) => blockScale(Math.floor(row / BLOCK), column);

const plain =
  (scale: (row: number, column: number) => number): Layer =>
  (b, name, x, weight) => {
    const w = b.tensor(name, 'float32', [weight.rows, weight.columns], numbersOf(weight, scale));
    return b.node('MatMul', [x, w]);
  };

const levelsOfColumns = (b: GraphBuilder, name: string, { rows, columns, levels }: Weight) => ({
  w: b.tensor(name, 'uint8', [rows, columns], levels),
  scale: b.tensor(`${name} scale`, 'float32', [columns], list(columns, columnScale)),
  zero: b.tensor(`${name} zero`, 'uint8', [columns], list(columns, columnZero)),
});

const dequantised: Layer = (b, name, x, weight) => {
  const { w, scale, zero } = levelsOfColumns(b, name, weight);
  return b.node('MatMul', [x, b.node('DequantizeLinear', [w, scale, zero], { axis: 1 })]);
};

const dynamic: Layer = (b, name, x, weight) => {
  const { w, scale, zero } = levelsOfColumns(b, name, weight);
  return b.node('DynamicQuantizeMatMul', [x, w, scale, zero], {}, microsoft);
};

const spreadDynamic: Layer = (b, name, x, weight) => {
  const { w, scale, zero } = levelsOfColumns(b, name, weight);
  const [levels, dataScale, dataZero] = b.nodeWithOutputs('DynamicQuantizeLinear', [x], 3);
  const sum = b.node('Cast', [b.node('MatMulInteger', [levels, w, dataZero, zero])], { to: 1 });
  return b.node('Mul', [sum, b.node('Mul', [dataScale, scale])]);
};

const blocked =
  (dtype: DataType): Layer =>
  (b, name, x, weight) => {
    const { rows, columns, levels } = weight;
    const shape = [blocksOf(weight), columns];
    const each = (of: (block: number, column: number) => number) =>
      list(shape[0] * columns, (i) => of(Math.floor(i / columns), i % columns));
    const inputs = [
      b.tensor(name, dtype, [rows, columns], levels),
      b.tensor(`${name} scale`, 'float32', shape, each(blockScale)),
      b.tensor(
        `${name} zero`,
        dtype,
        shape,
        each((_, column) => columnZero(column)),
      ),
    ];
    return b.node('MatMul', [x, b.node('DequantizeLinear', inputs, { axis: 0, block_size: BLOCK })]);
  };

/** Pairs of levels in bytes, row by row of the transposed weight. */
const packed: Layer = (b, name, x, weight) => {
  const { rows, columns, levels } = weight;
  const blocks = blocksOf(weight);
  const pairs = (count: number, of: (i: number) => number) =>
    list(count / 2, (i) => of(2 * i) + 16 * of(2 * i + 1));
  const turned = pairs(rows * columns, (i) => levels[(i % rows) * columns + Math.floor(i / rows)]);
  const inputs = [
    x,
    b.tensor(name, 'uint8', [columns, blocks, BLOCK / 2], turned),
    b.tensor(
      `${name} scale`,
      'float32',
      [columns * blocks],
      list(columns * blocks, (i) => blockScale(i % blocks, Math.floor(i / blocks))),
    ),
    b.tensor(
      `${name} zero`,
      'uint8',
      [(columns * blocks) / 2],
      pairs(columns * blocks, (i) => columnZero(Math.floor(i / blocks))),
    ),
  ];
  const attributes = { K: rows, N: columns, bits: 4, block_size: BLOCK };
  return b.node('MatMulNBits', inputs, attributes, microsoft);
};

/** Two layers: 64 → 128 → 32, and a head that stays as it is. */
function network(layer: Layer): Graph {
  const random = new Random(11);
  const weight = (rows: number, columns: number): Weight => ({
    rows,
    columns,
    levels: list(rows * columns, () => random.below(16)),
  });
  const b = new GraphBuilder('quantised', { opset: 21, domains: { 'com.microsoft': 1 } });
  const x = b.input('x', 'float32', ['N', 64]);
  const hidden = b.node('Relu', [layer(b, 'first', x, weight(64, 128))]);
  const y = b.node('Relu', [layer(b, 'second', hidden, weight(128, 32))]);
  return b.output(plain(perColumn)(b, 'head', y, weight(32, 4))).graph();
}

const scoresOf = (graph: Graph) =>
  new MetaPruner(graph, { normalizer: 'none' }).open().candidates.map(({ scores }) => Array.from(scores));

function expectClose(actual: readonly number[][], expected: readonly number[][]): void {
  expect(actual.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
  actual.flat().forEach((score, i) => {
    expect(score / expected.flat()[i]).toBeCloseTo(1, 5);
  });
}

/** Sums over runs of `size`. */
const inRuns = (scores: readonly number[], size: number) =>
  list(scores.length / size, (run) => scores.slice(run * size, (run + 1) * size).reduce((a, b) => a + b, 0));

describe('levels with a scale for each column', () => {
  test.each([
    ['dequantised', dequantised],
    ['quantised as they come', dynamic],
    ['quantised as they come, in several nodes', spreadDynamic],
  ] as [string, Layer][])('%s: scores are those of the numbers', (_, layer) => {
    expectClose(scoresOf(network(layer)), scoresOf(network(plain(perColumn))));
  });
});

describe('levels with a scale for each block', () => {
  test.each([
    ['uint4', blocked('uint4'), [8, 32], [BLOCK, 1]],
    ['int8', blocked('int8'), [8, 32], [BLOCK, 1]],
    // Zero points of two blocks share a byte.
    ['packed', packed, [4, 32], [2 * BLOCK, 1]],
  ] as [string, Layer, number[], number[]][])('%s: whole blocks go', (_, layer, units, channels) => {
    const graph = network(layer);
    expect(analyse(graph).groups.map((group) => group.units)).toEqual(units);
    const expected = scoresOf(network(plain(perBlock))).map((scores, g) => inRuns(scores, channels[g]));
    expectClose(scoresOf(graph), expected);
  });
});

test('zero points that the file keeps once tie no layers together', () => {
  const b = new GraphBuilder('shared zeros', { opset: 17 });
  const zeros = b.tensor('zeros', 'int8', [8], new Array(8).fill(0));
  const linear = (name: string, x: string, rows: number) => {
    const w = b.tensor(
      name,
      'int8',
      [rows, 8],
      list(rows * 8, (i) => (i * 7) % 50),
    );
    const scale = b.tensor(`${name} scale`, 'float32', [8], list(8, columnScale));
    return b.node('Relu', [
      b.node('MatMul', [x, b.node('DequantizeLinear', [w, scale, zeros], { axis: 1 })]),
    ]);
  };
  const y = linear('second', linear('first', b.input('x', 'float32', ['N', 4]), 4), 8);
  const graph = b
    .output(plain(perColumn)(b, 'head', y, { rows: 8, columns: 2, levels: list(16, (i) => i) }))
    .graph();
  expect(analyse(graph).groups.map(({ id }) => id)).toEqual(['first:1', 'second:1']);
});

test.each([
  ['dequantised', dequantised, 1],
  ['uint4', blocked('uint4'), 1],
  ['packed', packed, 2],
] as [string, Layer, number][])('%s: what a cut will cost is what it costs', (_, layer, perElement) => {
  const graph = network(layer);
  const analysis = analyse(graph);
  const elements = ['first', 'second', 'head'].map((name) => elementCount(graph.tensors.get(name)!.dims));
  const [first, second, head] = elements;
  expect(analysis.params).toBe((first + second) * perElement + head);
  const pruner = new MetaPruner(graph, { ratio: 0.5 });
  pruner.step();
  const removal = new Map(pruner.lastStep?.removed.map(({ group, units }) => [group, units]));
  expect(costAfter(analysis, removal)).toEqual(costOf(pruner.analysis));
});

test('levels of 4 bits count half a byte', () => {
  const bytes = (dtype: DataType) => costOf(analyse(network(blocked(dtype)))).bytes;
  const levels = 64 * 128 + 128 * 32;
  expect(bytes('int8') - bytes('uint4')).toBe((levels + levels / BLOCK) / 2);
});

test.each([
  ['dequantised', dequantised],
  ['uint4', blocked('uint4')],
  ['int8', blocked('int8')],
  ['packed', packed],
  ['quantised as they come', dynamic],
] as [string, Layer][])('%s: a pruned network equals the masked original', async (_, layer) => {
  expect(await expectLaw(network(layer), 5, { every: true })).toBeGreaterThan(0);
});

test('blocks of 4 bits are written as ONNX Runtime reads them', async () => {
  const pruner = new MetaPruner(network(blocked('uint4')), { ratio: 0.5 });
  expect(pruner.step()).toBe(true);
  const x = { dims: [2, 64], data: Float32Array.from({ length: 128 }, (_, i) => Math.sin(i)) };
  const [y] = Object.values(await runOnnx(writeOnnx(createOnnx(pruner.graph)), { x }));
  expect(y.dims).toEqual([2, 4]);
  expect(pruner.graph.tensors.get('second')?.dims).toEqual([64, 16]);
});

/** Two convolutions of levels and a pool between them, with channels first or as ONNX Runtime has them last. */
function convolutions(last: boolean): Graph {
  const b = new GraphBuilder('levels of images', { opset: 17, domains: { 'com.microsoft': 1 } });
  const number = (name: string, value: number) => b.tensor(name, 'float32', [], [value]);
  const zero = (name: string, value: number) => b.tensor(name, 'uint8', [], [value]);
  const steps = [number('scale', 0.05), zero('zero', 128)];
  const convolve = (name: string, x: string, dims: readonly number[]) => {
    const count = elementCount(dims);
    const kernel = b.tensor(
      name,
      'int8',
      dims,
      list(count, (i) => ((i * 37) % 100) - 50 + (i % dims[0])),
    );
    const scale = b.tensor(`${name} scale`, 'float32', [dims[0]], list(dims[0], columnScale));
    const zeros = b.tensor(`${name} zero`, 'int8', [dims[0]], new Array(dims[0]).fill(0));
    const attributes = { pads: [1, 1, 1, 1], kernel_shape: [3, 3] };
    const inputs = [x, ...steps, kernel, scale, zeros, ...steps];
    return last
      ? b.node('QLinearConv', inputs, { ...attributes, channels_last: 1 }, microsoft)
      : b.node('QLinearConv', inputs, attributes);
  };
  const pool = (x: string) => {
    const attributes = { kernel_shape: [2, 2], strides: [2, 2] };
    return last ? b.node('NhwcMaxPool', [x], attributes, microsoft) : b.node('MaxPool', [x], attributes);
  };
  const turned = (x: string, perm: readonly number[]) => (last ? b.node('Transpose', [x], { perm }) : x);
  const x = b.node('QuantizeLinear', [b.input('x', 'float32', [1, 3, 8, 8]), ...steps]);
  const first = pool(convolve('first', turned(x, [0, 2, 3, 1]), [8, 3, 3, 3]));
  const y = turned(convolve('second', first, [4, 8, 3, 3]), [0, 3, 1, 2]);
  return b.output(b.node('DequantizeLinear', [y, ...steps])).graph();
}

test('channels that come last are cut like those that come first', async () => {
  const data = Float32Array.from({ length: 192 }, (_, i) => 3 * Math.sin(i));
  const results = [false, true].map(async (last) => {
    const pruner = new MetaPruner(convolutions(last), { ratio: 0.5 });
    expect(pruner.step()).toBe(true);
    expect(pruner.graph.tensors.get('second')?.dims).toEqual([4, 4, 3, 3]);
    const x = { dims: [1, 3, 8, 8], data };
    return Object.values(await runOnnx(writeOnnx(createOnnx(pruner.graph)), { x }))[0].data;
  });
  const [first, last] = await Promise.all(results);
  expect(last).toEqual(first);
  expect(new Set(Array.from(first as Float32Array)).size).toBeGreaterThan(10);
});

test('heads of integers lose the same dims in queries, keys and values', async () => {
  const b = new GraphBuilder('heads of integers', { opset: 17, domains: { 'com.microsoft': 1 } });
  const x = b.input('x', 'float32', [1, 3, 6]);
  const [levels, scale, zero] = b.nodeWithOutputs('DynamicQuantizeLinear', [x], 3);
  const inputs = [
    levels,
    b.tensor(
      'qkv',
      'int8',
      [6, 24],
      list(144, (i) => ((i * 37) % 100) - 50),
    ),
    b.tensor(
      'bias',
      'float32',
      [24],
      list(24, (i) => Math.sin(i)),
    ),
    scale,
    b.tensor('scales', 'float32', [24], list(24, columnScale)),
    '',
    zero,
    b.tensor('zeros', 'int8', [24], new Array(24).fill(0)),
  ];
  const y = b.node('QAttention', inputs, { num_heads: 2 }, microsoft);
  const head = b.tensor('head', 'float32', [8, 2], list(16, Math.cos));
  const graph = b.output(b.node('MatMul', [y, head])).graph();
  const pruner = new MetaPruner(graph, { ratio: 0.5 });
  expect(pruner.step()).toBe(true);
  expect(pruner.graph.tensors.get('qkv')?.dims).toEqual([6, 12]);
  expect(await expectLaw(graph, 3, { every: true, without: ['head-dims'] })).toBeGreaterThan(0);
});
