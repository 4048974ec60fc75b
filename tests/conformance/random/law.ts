// The surgery law: a pruned network computes what the original computes with the removed positions held at zero.
// ONNX Runtime runs both.

import { expect } from 'vitest';
import { analyse } from '../../../src/analysis/analyse.ts';
import { inferTypes } from '../../../src/analysis/fold.ts';
import type { Analysis, Bindings, GroupKind } from '../../../src/analysis/types.ts';
import { createOnnx } from '../../../src/formats/onnx/create.ts';
import { writeOnnx } from '../../../src/formats/onnx/write.ts';
import { checkGraph } from '../../../src/graph/spec.ts';
import { elementCount } from '../../../src/graph/tensor.ts';
import type { Graph } from '../../../src/graph/types.ts';
import { Random } from '../../../src/lib/random.ts';
import type { Kept } from '../../../src/pruning/gather.ts';
import { cut } from '../../../src/pruning/surgery.ts';
import { type OrtArray, runOnnx } from '../../onnx-runtime.ts';
import { maskedOriginal } from './masked.ts';

export const fileOf = (graph: Graph): Uint8Array => writeOnnx(createOnnx(graph));

/** Noise for every input; token numbers below 5. */
export function inputsOf(
  { graph, types }: Pick<Analysis, 'graph' | 'types'>,
  random: Random,
): Record<string, OrtArray> {
  return Object.fromEntries(
    graph.inputs.map(({ name, dtype }) => {
      const dims = types.get(name)?.dims ?? [];
      const length = elementCount(dims);
      const data =
        dtype === 'int64'
          ? BigInt64Array.from({ length }, () => BigInt(random.below(5)))
          : Float32Array.from({ length }, () => random.normal());
      return [name, { dims, data }];
    }),
  );
}

/** Random units of random groups, such that no axis is left with nothing. */
function proposal(
  analysis: Analysis,
  random: Random,
  { without = [], every = false }: LawOptions,
): Map<string, number[]> {
  const removal = new Map<string, number[]>();
  for (const { id, units, kind } of analysis.groups) {
    if (units < 2 || without.includes(kind) || (!every && random.uniform() < 0.3)) continue;
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
    let [scale, worst] = [1e-3, 0];
    data.forEach((value, i) => {
      scale = Math.max(scale, Math.abs(Number(value)));
      worst = Math.max(worst, Math.abs(Number(value) - Number(actual[name].data[i])));
    });
    expect(worst / scale, name).toBeLessThan(1e-4);
  }
}

/** Types at the sizes that were analysed and, where the graph leaves sizes open, at twice those. */
function typesAtSizes({ graph, types, bindings }: Analysis): Analysis['types'][] {
  const symbols = Object.entries(bindings);
  if (symbols.length === 0) return [types];
  return [
    types,
    inferTypes(graph, Object.fromEntries(symbols.map(([name, size]) => [name, 2 * size]))).types,
  ];
}

/** Whether masks fit: an axis that loses positions may hold the batch, too, as that of all heads of all examples. */
const masksFit = (kept: ReadonlyMap<string, Kept>, analysed: Analysis['types'], types: Analysis['types']) =>
  [...kept].every(([name, axes]) =>
    axes.every(
      (positions, axis) => !positions || types.get(name)?.dims[axis] === analysed.get(name)?.dims[axis],
    ),
  );

export interface LawOptions {
  readonly bindings?: Bindings;
  /** Kinds of groups to leave alone. */
  readonly without?: readonly GroupKind[];
  /** Prune every group that can be, not most of them. */
  readonly every?: boolean;
}

/** Prunes a network at random and compares; tells how many units were removed. */
export async function expectLaw(graph: Graph, seed: number, options: LawOptions = {}): Promise<number> {
  const random = new Random(seed);
  const analysis = analyse(graph, options.bindings ? { bindings: options.bindings } : {});
  expect(analysis.problems).toEqual([]);
  const removal = proposal(analysis, random, options);
  const pruned = cut(analysis, removal);
  expect(checkGraph(pruned.graph)).toEqual([]);
  const masked = maskedOriginal(analysis.graph, analysis.types, pruned.kept);
  for (const types of typesAtSizes(analysis)) {
    const inputs = inputsOf({ graph, types }, random);
    const actual = await runOnnx(fileOf(pruned.graph), inputs);
    if (masksFit(pruned.kept, analysis.types, types))
      expectClose(actual, await runOnnx(fileOf(masked), inputs));
    else for (const { name } of graph.outputs) expect(actual[name].dims).toEqual(types.get(name)?.dims);
  }
  return [...removal.values()].reduce((sum, units) => sum + units.length, 0);
}
