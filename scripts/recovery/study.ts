// One experiment of the recovery figures: prune, win back, measure.

import { createNetwork } from '../../src/execution/network.ts';
import type { Backend, Network } from '../../src/execution/types.ts';
import type { Graph } from '../../src/graph/types.ts';
import { criterionOf } from '../../src/pruning/criteria/criteria.ts';
import type { PrunerOptions } from '../../src/pruning/options.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { evaluate } from '../../src/training/evaluate.ts';
import { collectEvidence } from '../../src/training/evidence.ts';
import { gateOf } from '../../src/training/gate.ts';
import { train } from '../../src/training/loop.ts';
import type { PartialTraining } from '../../src/training/options.ts';
import type { Dataset, Split, TrainingEvent, TrainingResult } from '../../src/training/types.ts';

export interface Study {
  readonly backend: Backend;
  /** The trained network. */
  readonly graph: Graph;
  readonly data: Dataset;
  readonly seed: number;
}

/** A pruner after one step at these options, with the evidence its criterion needs. */
export async function pruned(
  study: Study,
  options: PrunerOptions & { readonly criterion: string },
): Promise<MetaPruner> {
  const pruner = new MetaPruner(study.graph, { seed: study.seed, ...options });
  const network = await createNetwork(study.graph, study.backend);
  const { needs } = criterionOf(options.criterion);
  const evidence = await collectEvidence(network, study.data.train, needs, { seed: study.seed });
  network.dispose();
  pruner.step({ evidence });
  return pruner;
}

/** A network on the study's backend for as long as `work` takes. */
export async function withNetwork<T>(
  { backend }: Pick<Study, 'backend'>,
  graph: Graph,
  work: (network: Network) => Promise<T>,
): Promise<T> {
  const network = await createNetwork(graph, backend);
  try {
    return await work(network);
  } finally {
    network.dispose();
  }
}

/** Runs a pass to its end. */
export async function finished(
  pass: AsyncGenerator<TrainingEvent, TrainingResult, void>,
): Promise<TrainingResult> {
  for (;;) {
    const { done, value } = await pass.next();
    if (done) return value;
  }
}

/** Fine-tunes if the pruner's last step removed something. */
export const fineTune = (
  { data, seed }: Study,
  network: Network,
  pruner: MetaPruner,
  training: PartialTraining,
): Promise<TrainingResult> =>
  finished(train(network, data, { seed, gate: gateOf(pruner.lastStep), ...training }));

export async function accuracyOf(network: Network, split: Split): Promise<number> {
  const { accuracy } = await evaluate(network, split);
  if (accuracy === undefined) throw new Error('this data has no classes');
  return accuracy;
}

export const withoutLabels = (data: Dataset): Dataset => {
  const bare = ({ length, read }: Split): Split => ({
    length,
    read: async (positions) => ({ inputs: (await read(positions)).inputs }),
  });
  return { ...data, train: bare(data.train), validation: bare(data.validation), test: bare(data.test) };
};

/** The first `count` examples. */
export const first = ({ read }: Split, count: number): Split => ({ length: count, read });

// ---------------------------------------------------------------- as text

export const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;
export const thousands = (count: number): string => `${(count / 1000).toFixed(1)} k`;
export const millions = (count: number): string => `${(count / 1e6).toFixed(2)} M`;

export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
