// Every criterion against its formula, worked out the slow way.

import { describe, expect, test, vi } from 'vitest';
import { toFloat32 } from '../../src/graph/tensor.ts';
import type { Graph, Tensor } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';
import { criteria, criterionOf, ownCriterion } from '../../src/pruning/criteria/criteria.ts';
import type { CriterionOptions, Gradients } from '../../src/pruning/criteria/criterion.ts';
import { normalizers } from '../../src/pruning/criteria/normalizers.ts';
import { type Row, reductions } from '../../src/pruning/criteria/reductions.ts';
import { MetaPruner, type ProvidedEvidence } from '../../src/pruning/pruner.ts';
import { chain, weights } from './networks.ts';

const graph = chain([6, 5]);
const raw = { reduction: 'sum', normalizer: 'none', seed: 3 } satisfies CriterionOptions;

/** Scores of the group of `c0`: outputs of c0.weight [6, 3, 3, 3] and inputs of c1.weight [5, 6, 3, 3]. */
function scores(criterion: string, evidence: ProvidedEvidence = {}, network: Graph = graph): number[] {
  const step = new MetaPruner(network, { criterion, ...raw, ratio: 0.5 }).open(evidence);
  return [...step.candidates[0].scores];
}

const values = (name: string): Float32Array => toFloat32(graph.tensors.get(name)!);

/** Σ f(element, its number) over the weights that go with each of the six channels. */
function overWeights(f: (name: string, i: number) => number): number[] {
  const sums = new Array<number>(6).fill(0);
  values('c0.weight').forEach((_, i) => {
    sums[Math.floor(i / 27)] += f('c0.weight', i);
  });
  values('c1.weight').forEach((_, i) => {
    sums[Math.floor(i / 9) % 6] += f('c1.weight', i);
  });
  return sums;
}

function expectClose(actual: readonly number[], expected: readonly number[], tolerance = 1e-5): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => {
    expect(Math.abs(value / expected[i] - 1)).toBeLessThan(tolerance);
  });
}

const gradients = new Map<string, Gradients>(
  ['c0.weight', 'c1.weight'].map((name, i) => {
    const { dims } = graph.tensors.get(name)!;
    const mean = weights(new Random(i), dims);
    return [name, { mean, square: weights(new Random(i + 9), dims).map(Math.abs) }];
  }),
);

describe('criteria', () => {
  test('l2 sums squares', () => {
    expectClose(
      scores('l2'),
      overWeights((name, i) => values(name)[i] ** 2),
    );
  });

  test('l1 sums absolute values', () => {
    expectClose(
      scores('l1'),
      overWeights((name, i) => Math.abs(values(name)[i])),
    );
  });

  test('taylor sums |w · g|', () => {
    const expected = overWeights((name, i) => Math.abs(values(name)[i] * gradients.get(name)!.mean[i]));
    expectClose(scores('taylor', { gradients }), expected);
  });

  test('hessian sums w² · h', () => {
    const expected = overWeights((name, i) => values(name)[i] ** 2 * gradients.get(name)!.square[i]);
    expectClose(scores('hessian', { gradients }), expected);
  });

  test('activation takes the mean that it is given for each output', () => {
    const activations = new Map([['c0.weight', Float32Array.of(6, 5, 4, 3, 2, 1)]]);
    expect(scores('activation', { activations })).toEqual([6, 5, 4, 3, 2, 1]);
  });

  test('fpgm sums distances between squared weights', () => {
    const rowsOf = (name: string, axis: number) =>
      Array.from({ length: 6 }, (_, c) =>
        [...values(name)].filter((_, i) => (axis === 0 ? Math.floor(i / 27) : Math.floor(i / 9) % 6) === c),
      );
    const distances = (rows: number[][]) =>
      rows.map((x) =>
        rows.reduce((sum, y) => sum + Math.hypot(...x.map((value, i) => value ** 2 - y[i] ** 2)), 0),
      );
    const [out, input] = [distances(rowsOf('c0.weight', 0)), distances(rowsOf('c1.weight', 1))];
    expectClose(
      scores('fpgm'),
      out.map((value, i) => value + input[i]),
    );
  });

  test('lamp divides each score by the sum of those not below it', () => {
    const step = new MetaPruner(graph, { criterion: 'lamp', ratio: 0.5 }).open();
    const plain = scores('l2').map((score) => score / 2);
    const expected = plain.map((score) => score / plain.filter((s) => s >= score).reduce((a, b) => a + b, 0));
    expectClose([...step.candidates[0].scores], expected);
  });

  test('random draws anew for every seed and every layer, and the same for the same', () => {
    const of = (seed: number) =>
      new MetaPruner(graph, { criterion: 'random', seed }).open().candidates.map((c) => [...c.scores]);
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
    expect(of(1)[0].slice(0, 5)).not.toEqual(of(1)[1]);
  });

  test('one of the user’s own', () => {
    const criterion = ownCriterion('wide', ({ units, members }) =>
      new Float64Array(units).fill(members.length),
    );
    expect([...new MetaPruner(graph, { criterion }).open().candidates[0].scores]).toEqual(
      new Array(6).fill(3),
    );
  });

  test('one that gives the wrong number of scores is told so', () => {
    const criterion = ownCriterion('short', () => new Float64Array(2));
    expect(() => new MetaPruner(graph, { criterion }).open()).toThrow(
      'The criterion "short" gave 2 scores for the 6 units of "c0.weight:0".',
    );
  });

  test('one that asks for what the network does not have is told so', () => {
    const criterion = ownCriterion('lost', (_, { tensor }) => Float64Array.from(tensor('c9.weight').dims));
    expect(() => new MetaPruner(graph, { criterion }).open()).toThrow(
      'The network has no tensor "c9.weight".',
    );
  });

  test.each(['taylor', 'hessian', 'activation'])('%s asks for its evidence', (criterion) => {
    expect(() => scores(criterion)).toThrow(/needs (gradients|activations), and none were given/);
  });

  test('every criterion is found by its name', () => {
    for (const criterion of criteria) expect(criterionOf(criterion.name)).toBe(criterion);
  });
});

describe('reductions', () => {
  const row = (scores: number[], touches = scores.map(() => 1)): Row => ({
    scores: Float64Array.from(scores),
    touches: Uint8Array.from(touches),
  });
  const rows = [row([1, 2, 0], [1, 1, 0]), row([3, 5, 7])];

  test.each<[keyof typeof reductions, number[]]>([
    ['sum', [4, 7, 7]],
    ['mean', [2, 3.5, 3.5]],
    ['max', [3, 5, 7]],
    ['prod', [3, 10, 7]],
    ['first', [1, 2, 0]],
    ['gate', [3, 5, 7]],
  ])('%s', (name, expected) => {
    expect([...reductions[name](rows, 3)]).toEqual(expected);
  });

  test('none takes a single member', () => {
    expect([...reductions.none([rows[1]])]).toEqual([3, 5, 7]);
    expect(() => reductions.none(rows)).toThrow('must have one scored member; this one has 2');
  });
});

describe('normalizers', () => {
  const scores = Float64Array.of(1, 4, 2, 5);

  test.each<[keyof typeof normalizers, number[]]>([
    ['none', [1, 4, 2, 5]],
    ['sum', [1 / 12, 4 / 12, 2 / 12, 5 / 12]],
    ['mean', [1 / 3, 4 / 3, 2 / 3, 5 / 3]],
    ['max', [0.2, 0.8, 0.4, 1]],
    ['standardization', [0, 0.75, 0.25, 1]],
    ['gaussian', [-2, 1, -1, 2].map((d) => d / Math.sqrt(10 / 3))],
    ['sentinel', [0.25, 1, 0.5, 1.25]],
    ['lamp', [1 / 12, 4 / 9, 2 / 11, 1]],
  ])('%s', (name, expected) => {
    normalizers[name](scores).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 6);
    });
  });

  test('scores that are all zero stay numbers', () => {
    for (const normalize of Object.values(normalizers))
      for (const value of normalize(new Float64Array(3))) expect(value).toBe(0);
  });
});

/** Runs a check as the engine is, and where it has no WebAssembly. */
function bothWays(title: string, check: (load: () => Promise<Sums>) => Promise<void>): void {
  const load = async (): Promise<Sums> => ({
    ...(await import('../../src/pruning/criteria/axis-sums.ts')),
    ...(await import('../../src/pruning/criteria/distances.ts')),
  });
  test(`${title}, with vectors`, () => check(load));
  test(`${title}, where there is no WebAssembly`, async () => {
    vi.stubGlobal('WebAssembly', undefined);
    vi.resetModules();
    await check(load);
    vi.unstubAllGlobals();
    vi.resetModules();
  });
}

type Sums = Pick<typeof import('../../src/pruning/criteria/axis-sums.ts'), 'axisSums' | 'absolutes'> &
  Pick<typeof import('../../src/pruning/criteria/distances.ts'), 'distanceSums'>;

describe('sums along axes', () => {
  const shapes: [dims: number[], axes: number[]][] = [
    [[5], [0]],
    [
      [5, 7],
      [0, 1],
    ],
    [
      [6, 33],
      [0, 1],
    ],
    [
      [7, 40, 3, 3],
      [0, 1],
    ],
    [[7, 40, 3, 3], [1]],
    [
      [130, 515],
      [1, 0],
    ],
    [
      [3, 9000],
      [0, 1],
    ],
    [
      [9, 1001, 9],
      [0, 1],
    ],
    [
      [4, 3, 70],
      [0, 2],
    ],
    [
      [2, 5, 36, 2],
      [0, 1, 2],
    ],
  ];

  /** The tensor at an odd place in a larger buffer, as in a file. */
  function unaligned(dims: number[]): Tensor {
    const floats = weights(new Random(dims.length), dims);
    const bytes = new Uint8Array(floats.length * 4 + 3).subarray(3);
    bytes.set(new Uint8Array(floats.buffer));
    return { name: 'w', dtype: 'float32', dims, bytes };
  }

  function slowly(tensor: Tensor, axis: number, f: (value: number) => number): number[] {
    const inner = tensor.dims.slice(axis + 1).reduce((a, b) => a * b, 1);
    const sums = new Array<number>(tensor.dims[axis]).fill(0);
    toFloat32(tensor).forEach((value, i) => {
      sums[Math.floor(i / inner) % sums.length] += f(value);
    });
    return sums;
  }

  for (const [dims, axes] of shapes)
    bothWays(`[${dims}] along ${axes}`, async (load) => {
      const { axisSums, absolutes } = await load();
      const tensor = unaligned(dims);
      const kinds = [
        [undefined, (value: number) => value ** 2],
        [absolutes, Math.abs],
      ] as const;
      for (const [form, f] of kinds) {
        const sums = axisSums(tensor, axes, form);
        axes.forEach((axis, k) => {
          expectClose([...sums[k]], slowly(tensor, axis, f), 1e-6);
        });
      }
    });

  test('one that is not a number spoils its own row and column alone', async () => {
    const { axisSums } = await import('../../src/pruning/criteria/axis-sums.ts');
    const floats = weights(new Random(1), [6, 64]);
    floats[2 * 64 + 5] = Number.NaN;
    const bytes = new Uint8Array(floats.buffer);
    const [rows, columns] = axisSums({ name: 'w', dtype: 'float32', dims: [6, 64], bytes }, [0, 1]);
    expect([...rows.keys()].filter((r) => Number.isNaN(rows[r]))).toEqual([2]);
    expect([...columns.keys()].filter((c) => Number.isNaN(columns[c]))).toEqual([5]);
  });
});

describe('distances between rows', () => {
  const sizes: [number, number][] = [
    [1, 5],
    [2, 1],
    [7, 9],
    [65, 3],
    [130, 513],
    [66, 1100],
    [257, 2050],
  ];

  const slowly = (rows: Float32Array, count: number, width: number): number[] =>
    Array.from({ length: count }, (_, i) => {
      let sum = 0;
      for (let j = 0; j < count; j++) {
        let squared = 0;
        for (let k = 0; k < width; k++) squared += (rows[i * width + k] - rows[j * width + k]) ** 2;
        sum += Math.sqrt(squared);
      }
      return sum;
    });

  for (const [count, width] of sizes)
    bothWays(`${count} rows of ${width}`, async (load) => {
      const { distanceSums } = await load();
      const rows = weights(new Random(count), [count, width]);
      const expected = slowly(rows, count, width);
      distanceSums(rows, count, width).forEach((value, i) => {
        expect(Math.abs(value - expected[i])).toBeLessThan(1e-5 * (1 + expected[i]));
      });
    });

  bothWays('rows that hardly differ, and rows that are the same', async (load) => {
    const { distanceSums } = await load();
    const [count, width] = [140, 1100];
    const common = weights(new Random(1), [width]);
    const noise = weights(new Random(2), [count, width]);
    const rows = noise.map((value, i) => common[i % width] + (i < 3 * width ? 0 : 1e-4 * value));
    const expected = slowly(rows, count, width);
    distanceSums(rows, count, width).forEach((value, i) => {
      expect(Math.abs(value - expected[i])).toBeLessThan(1e-5 * expected[i]);
    });
  });

  bothWays('rows of zeros', async (load) => {
    const { distanceSums } = await load();
    expect([...distanceSums(new Float32Array(3 * 5), 3, 5)]).toEqual([0, 0, 0]);
  });
});
