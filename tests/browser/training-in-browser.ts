// One of everything that training does, on one backend, as figures that another backend must find too.

import { analyse } from '../../src/analysis/analyse.ts';
import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import type { BackendName } from '../../src/execution/types.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/training/checkpoint.ts';
import { evaluate } from '../../src/training/evaluate.ts';
import { collectEvidence } from '../../src/training/evidence.ts';
import { train } from '../../src/training/loop.ts';
import type { PartialTraining } from '../../src/training/options.ts';
import { reestimateBatchNorm } from '../../src/training/recovery/batch-norm.ts';
import { distil, lessonsOf } from '../../src/training/recovery/distil.ts';
import { reconstruct } from '../../src/training/recovery/reconstruct.ts';
import { penaltyOf } from '../../src/training/sparsity.ts';
import type { TrainingEvent } from '../../src/training/types.ts';
import { runPass, tinyData, tinyGraph, withoutLabels } from '../training/tiny.ts';

const data = tinyData(64, 16);
const bare = withoutLabels(data);
const options: PartialTraining = {
  epochs: 1,
  batchSize: 16,
  seed: 3,
  learningRate: 0.05,
  clipNorm: 1,
  labelSmoothing: 0.1,
};

const lossesOf = (events: readonly TrainingEvent[]): number[] =>
  events.flatMap((event) => (event.kind === 'batch' ? [event.loss] : []));

export async function trainingFigures(name: BackendName) {
  const backend = await chooseBackend(name);
  const before = backend.tf.memory().numTensors;
  const straight = await lossCurve(name);
  const joined = await lossCurve(name, 2);
  const repaired = await repairs(name);
  return { straight, joined, ...repaired, left: backend.tf.memory().numTensors - before };
}

/** Losses of AdamW with a penalty; with `interrupt`, of a pass that rests as bytes after so many batches. */
async function lossCurve(name: BackendName, interrupt?: number): Promise<number[]> {
  const backend = await chooseBackend(name);
  const pass = () => ({
    ...options,
    optimizer: { name: 'adamw' as const },
    learningRate: 0.01,
    penalty: penaltyOf(analyse(tinyGraph()), { name: 'group-lasso', strength: 1e-3, every: 2 }),
  });
  const network = await createNetwork(tinyGraph(), backend);
  const losses: number[] = [];
  let saved: Uint8Array | undefined;
  for await (const event of train(network, data, pass())) {
    if (event.kind !== 'batch') continue;
    losses.push(event.loss);
    if (event.total !== interrupt) continue;
    saved = encodeCheckpoint(await event.checkpoint());
    break;
  }
  network.dispose();
  if (!saved) return losses;
  const second = await createNetwork(tinyGraph(), backend);
  const { events } = await runPass(train(second, data, { ...pass(), resume: decodeCheckpoint(saved) }));
  second.dispose();
  return [...losses, ...lossesOf(events)];
}

/** What is left of the original's answers after a cut and after each repair, and the evidence for a cut. */
async function repairs(name: BackendName) {
  const backend = await chooseBackend(name);
  const original = await createNetwork(tinyGraph(), backend);
  const pruner = new MetaPruner(tinyGraph(), { ratio: 0.5 });
  pruner.step();
  const network = await createNetwork(pruner.graph, backend);
  const distance = async () =>
    (await evaluate(network, bare.test, { distillation: lessonsOf(original) })).loss;
  const distances = [await distance()];
  await reestimateBatchNorm(network, bare.train);
  distances.push(await distance());
  await reconstruct(network, original, pruner, bare.train);
  distances.push(await distance());
  const { events } = await runPass(distil(network, original, bare, { ...options, features: ['second_out'] }));
  const { gradients, activations } = await collectEvidence(
    original,
    data.train,
    ['gradients', 'activations'],
    { examples: 4 },
  );
  network.dispose();
  original.dispose();
  return {
    distances,
    distilled: lossesOf(events),
    gradients: Array.from(gradients!.get('second.weight')!.mean.slice(0, 32)),
    squares: Array.from(gradients!.get('second.weight')!.square.slice(0, 32)),
    activations: Array.from(activations!.get('first.weight')!),
  };
}
