// The surgery law on random networks: a pruned network computes what the original computes with the removed positions
// held at zero. ONNX Runtime runs both, and tells the shapes of every value that analysis has to predict.
// SECATEUR_NETWORKS=5000 tries that many; each seed is a network, so a failure is reproduced by its number.

import { describe, expect, test } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import type { Analysis } from '../../src/analysis/types.ts';
import { createOnnx } from '../../src/formats/onnx/create.ts';
import { writeOnnx } from '../../src/formats/onnx/write.ts';
import { checkGraph } from '../../src/graph/spec.ts';
import type { Graph } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';
import { cut } from '../../src/pruning/surgery.ts';
import { type OrtArray, runOnnx } from '../onnx-runtime.ts';
import { maskedOriginal } from './random/masked.ts';
import { randomNetwork } from './random/network.ts';

const count = Number(process.env.SECATEUR_NETWORKS ?? 300);
const first = Number(process.env.SECATEUR_FIRST ?? 1);

/** Seeds that once failed. */
const kept: readonly number[] = [];

const fileOf = (graph: Graph): Uint8Array => writeOnnx(createOnnx(graph));

function inputsOf({ inputs }: Graph, random: Random): Record<string, OrtArray> {
  return Object.fromEntries(
    inputs.map(({ name, dims = [] }) => {
      const sizes = dims as readonly number[];
      const length = sizes.reduce((a, b) => a * b, 1);
      return [name, { dims: sizes, data: Float32Array.from({ length }, () => random.normal()) }];
    }),
  );
}

/** Random units of random groups, such that no axis is left with nothing. */
function proposal(analysis: Analysis, random: Random): Map<string, number[]> {
  const removal = new Map<string, number[]>();
  for (const { id, units } of analysis.groups) {
    if (units < 2 || random.uniform() < 0.3) continue;
    const order = Array.from(random.permutation(units));
    const trial = new Map(removal).set(id, order.slice(0, 1 + random.below(units - 1)));
    const emptied = [...analysis.kept(trial).values()].some((axes) =>
      axes.some((axis) => axis?.length === 0),
    );
    if (!emptied) removal.set(id, trial.get(id) as number[]);
  }
  return removal;
}

function expectClose(actual: Record<string, OrtArray>, expected: Record<string, OrtArray>): void {
  for (const [name, { dims, data }] of Object.entries(expected)) {
    expect(actual[name].dims).toEqual(dims);
    const values = Array.from(data as Float32Array);
    const scale = Math.max(1e-3, ...values.map(Math.abs));
    const worst = Math.max(...values.map((value, i) => Math.abs(value - Number(actual[name].data[i]))));
    expect(worst / scale, name).toBeLessThan(1e-4);
  }
}

/** Prunes one random network and compares; tells how many units were removed. */
async function holds(seed: number): Promise<number> {
  const { graph } = randomNetwork(seed);
  const random = new Random(seed + 1_000_000);
  const analysis = analyse(graph);
  expect(analysis.problems).toEqual([]);
  const removal = proposal(analysis, random);
  const pruned = cut(analysis, removal);
  expect(checkGraph(pruned.graph)).toEqual([]);
  const inputs = inputsOf(graph, random);
  const masked = maskedOriginal(graph, analysis.types, pruned.kept);
  const actual = await runOnnx(fileOf(pruned.graph), inputs);
  expectClose(actual, await runOnnx(fileOf(masked), inputs));
  return [...removal.values()].reduce((sum, units) => sum + units.length, 0);
}

/** Every value as an output, to compare its shape. */
const withAllOutputs = (graph: Graph): Graph => ({
  ...graph,
  outputs: graph.nodes.flatMap(({ outputs }) => outputs.map((name) => ({ name, dtype: 'float32' as const }))),
});

describe('a pruned random network equals the masked original', () => {
  if (kept.length > 0)
    test.each(kept)('seed %i, which failed before', async (seed) => void (await holds(seed)));

  const batch = 25;
  const starts = Array.from({ length: Math.ceil(count / batch) }, (_, i) => first + i * batch);
  test.each(starts)('seeds from %i', async (start) => {
    let pruned = 0;
    for (let seed = start; seed < start + batch; seed++) {
      try {
        if ((await holds(seed)) > 0) pruned++;
      } catch (error) {
        const { story } = randomNetwork(seed);
        throw new Error(`seed ${seed}: ${story}: ${error instanceof Error ? error.message : error}`);
      }
    }
    expect(pruned).toBeGreaterThan(batch * 0.8);
  });
});

test.each([1, 2, 3, 4])('inferred shapes are those of ONNX Runtime (%i)', async (part) => {
  for (let seed = part * 10; seed < part * 10 + 10; seed++) {
    const { graph } = randomNetwork(seed);
    const { types } = analyse(graph);
    const outputs = await runOnnx(fileOf(withAllOutputs(graph)), inputsOf(graph, new Random(seed)));
    for (const [name, { dims }] of Object.entries(outputs))
      expect(types.get(name)?.dims, `seed ${seed}, ${name}`).toEqual(dims);
  }
});
