// The surgery law on random networks. ONNX Runtime also tells the shapes of every value that analysis has to predict.
// SECATEUR_NETWORKS=5000 tries that many; each seed is a network, so a failure is reproduced by its number
// (SECATEUR_FIRST). What once failed is kept as a row of tests/analysis/terms.test.ts, which outlives the generator.

import { describe, expect, test } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import type { Graph } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';
import { runOnnx } from '../onnx-runtime.ts';
import { expectLaw, fileOf, inputsOf } from './random/law.ts';
import { randomNetwork } from './random/network.ts';

const count = Number(process.env.SECATEUR_NETWORKS ?? 300);
const first = Number(process.env.SECATEUR_FIRST ?? 1);

describe('a pruned random network equals the masked original', () => {
  const batch = 25;
  const starts = Array.from({ length: Math.ceil(count / batch) }, (_, i) => first + i * batch);
  test.each(starts)('seeds from %i', async (start) => {
    let pruned = 0;
    for (let seed = start; seed < start + batch; seed++) {
      const { graph, story } = randomNetwork(seed);
      try {
        if ((await expectLaw(graph, seed + 1_000_000)) > 0) pruned++;
      } catch (error) {
        throw new Error(`seed ${seed}: ${story}: ${error instanceof Error ? error.message : error}`);
      }
    }
    expect(pruned).toBeGreaterThan(batch / 2);
  });
});

/** Every value as an output, to compare its shape. */
const withAllOutputs = (graph: Graph): Graph => ({
  ...graph,
  outputs: graph.nodes.flatMap(({ outputs }) => outputs.map((name) => ({ name, dtype: 'float32' as const }))),
});

test.each([1, 2, 3, 4])('inferred shapes are those of ONNX Runtime (%i)', async (part) => {
  for (let seed = part * 10; seed < part * 10 + 10; seed++) {
    const { graph } = randomNetwork(seed);
    const analysis = analyse(graph);
    const all = withAllOutputs(graph);
    const typed = {
      ...all,
      outputs: all.outputs.map((output) => ({
        ...output,
        dtype: analysis.types.get(output.name)?.dtype ?? output.dtype,
      })),
    };
    const outputs = await runOnnx(fileOf(typed), inputsOf(analysis, new Random(seed)));
    for (const [name, { dims }] of Object.entries(outputs))
      expect(analysis.types.get(name)?.dims, `seed ${seed}, ${name}`).toEqual(dims);
  }
});
