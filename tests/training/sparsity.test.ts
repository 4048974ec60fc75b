// Penalties pull as published, on whole units and nothing else, and a network trained with them loses less in a cut.

import { describe, expect, test } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import { unpermute } from '../../src/execution/transfer.ts';
import type { Network } from '../../src/execution/types.ts';
import { toFloat32 } from '../../src/graph/tensor.ts';
import type { Graph } from '../../src/graph/types.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { evaluate } from '../../src/training/evaluate.ts';
import { train } from '../../src/training/loop.ts';
import { penaltyOf } from '../../src/training/sparsity.ts';
import type { Penalty } from '../../src/training/types.ts';
import { runPass, tinyData, tinyGraph } from './tiny.ts';

const backend = await chooseBackend('wasm');
const { tf } = backend;
const graph = tinyGraph({ width: 4 });
const analysis = analyse(graph);
const network = await createNetwork(graph, backend);

/** What a penalty adds to the gradient of a constant, in the file's order. */
function pullOn(penalty: Penalty, name: string, from: Network = network): Float32Array | undefined {
  const parameter = from.parameters.get(name)!;
  const pull = tf.tidy(() => penalty.gradient(parameter, tf)?.clone());
  if (!pull) return undefined;
  expect(pull.shape).toEqual(parameter.variable.shape);
  const values = pull.dataSync() as Float32Array;
  pull.dispose();
  return unpermute(values, graph.tensors.get(name)!.dims, parameter.order);
}

const weights = (name: string) => toFloat32(graph.tensors.get(name)!);

/** Squares of all weights that go with each channel of `first`. */
function firstNorms(): number[] {
  return [0, 1, 2, 3].map((unit) => {
    const own = weights('first.weight').slice(unit * 9, (unit + 1) * 9);
    const readers = [0, 1, 2, 3].flatMap((out) => [
      ...weights('second.weight').slice((out * 4 + unit) * 9, (out * 4 + unit + 1) * 9),
    ]);
    return Math.sqrt([...own, ...readers, 1].reduce((sum, w) => sum + w * w, 0));
  });
}

const weakness = (norms: readonly number[], unit: number): number =>
  (Math.max(...norms) - norms[unit]) / (Math.max(...norms) - Math.min(...norms));

describe('penalties', () => {
  test('batch-norm scale: the sign of the scale, on nothing else', () => {
    const penalty = penaltyOf(analysis, { name: 'bn-scale', strength: 0.25 });
    expect([...pullOn(penalty, 'norm.scale')!]).toEqual([0.25, 0.25, 0.25, 0.25]);
    for (const name of ['first.weight', 'norm.shift', 'classifier.weight'])
      expect(pullOn(penalty, name)).toBeUndefined();
  });

  test('group lasso: the weight itself, the harder the weaker its unit', () => {
    const penalty = penaltyOf(analysis, { name: 'group-lasso', strength: 0.5, emphasis: 3 });
    penalty.look(graph, 0);
    const norms = firstNorms();
    const pull = pullOn(penalty, 'first.weight')!;
    for (const [i, weight] of weights('first.weight').entries()) {
      const strength = 0.5 * 2 ** (3 * weakness(norms, Math.floor(i / 9)));
      expect(pull[i]).toBeCloseTo(strength * weight, 5);
    }
  });

  test('a kernel between two groups is pulled by both', () => {
    const penalty = penaltyOf(analysis, { name: 'growing', strength: 0.5 });
    const pull = pullOn(penalty, 'second.weight')!;
    for (const [i, weight] of weights('second.weight').entries()) expect(pull[i]).toBeCloseTo(weight, 5);
    expect(pullOn(penalty, 'second.bias')).toBeUndefined();
  });

  test('growing: what the weakest unit feels grows with every epoch', () => {
    const penalty = penaltyOf(analysis, { name: 'growing', strength: 0.1, growth: 0.3 });
    const norms = firstNorms();
    for (const epochs of [1, 1, 0]) penalty.look(graph, epochs);
    const pull = pullOn(penalty, 'first.weight')!;
    for (const [i, weight] of weights('first.weight').entries()) {
      const strength = 0.1 + 2 * 0.3 * weakness(norms, Math.floor(i / 9));
      expect(pull[i]).toBeCloseTo(strength * weight, 5);
    }
    const again = penaltyOf(analysis, { name: 'growing', strength: 0.1, growth: 0.3 });
    again.restore(penalty.save());
    expect(pullOn(again, 'first.weight')).toEqual(pull);
  });
});

const data = tinyData();

/** The tiny network, trained on with or without a penalty. */
async function trainedGraph(penalty?: Penalty) {
  const own = await createNetwork(tinyGraph(), backend);
  await runPass(
    train(own, data, {
      epochs: 10,
      batchSize: 16,
      learningRate: 0.1,
      seed: 2,
      keepBest: false,
      optimizer: { weightDecay: 0 },
      ...(penalty ? { penalty } : {}),
    }),
  );
  const trained = await own.readBack();
  own.dispose();
  return trained;
}

const plain = await trainedGraph();

test.each(['group-lasso', 'growing'] as const)(
  'after sparse training (%s) a cut takes less away',
  async (name) => {
    const lossAfterCut = async (trained: Graph) => {
      const pruner = new MetaPruner(trained, { ratio: 0.5, ignore: ['second'] });
      pruner.step();
      const cut = await createNetwork(pruner.graph, backend);
      const { loss } = await evaluate(cut, data.test);
      cut.dispose();
      return loss;
    };
    const penalty = penaltyOf(analyse(tinyGraph()), { name, strength: 0.003, growth: 0.01, every: 4 });
    expect(await lossAfterCut(await trainedGraph(penalty))).toBeLessThan(await lossAfterCut(plain));
  },
);

test('sparse training (bn-scale) makes scales smaller', async () => {
  const sizeOf = (trained: Graph) =>
    toFloat32(trained.tensors.get('norm.scale')!).reduce((sum, scale) => sum + Math.abs(scale), 0);
  const penalty = penaltyOf(analyse(tinyGraph()), { name: 'bn-scale', strength: 0.01 });
  expect(sizeOf(await trainedGraph(penalty))).toBeLessThan(0.8 * sizeOf(plain));
});
