// The ways back after a cut, from the cheapest to the dearest, as rows of a table.

import type { Network } from '../../src/execution/types.ts';
import type { MetaPruner } from '../../src/pruning/pruner.ts';
import { gateOf } from '../../src/training/gate.ts';
import type { PartialTraining } from '../../src/training/options.ts';
import { reestimateBatchNorm } from '../../src/training/recovery/batch-norm.ts';
import { distil } from '../../src/training/recovery/distil.ts';
import { reconstruct } from '../../src/training/recovery/reconstruct.ts';
import { accuracyOf, fineTune, finished, type Study, withNetwork, withoutLabels } from './study.ts';

export interface Repair {
  readonly name: string;
  readonly labels: boolean;
  readonly apply: (study: Study, network: Network, original: Network, pruner: MetaPruner) => Promise<unknown>;
}

const gateAfter = (pruner: MetaPruner) => gateOf(pruner.lastStep);

const statistics: Repair['apply'] = ({ data, seed }, network, _, pruner) =>
  reestimateBatchNorm(network, data.train, { seed, gate: gateAfter(pruner) });

const leastSquares: Repair['apply'] = async (study, network, original, pruner) => {
  const { data, seed } = study;
  await reconstruct(network, original, pruner, data.train, { seed, gate: gateAfter(pruner) });
  await statistics(study, network, original, pruner);
};

const distilled =
  (training: PartialTraining, labels: boolean): Repair['apply'] =>
  async (study, network, original, pruner) => {
    await leastSquares(study, network, original, pruner);
    const data = labels ? study.data : withoutLabels(study.data);
    const options = { seed: study.seed, gate: gateAfter(pruner), ...training };
    await finished(distil(network, original, data, options));
  };

export const repairsWith = (training: PartialTraining): Repair[] => [
  { name: 'nothing', labels: false, apply: async () => {} },
  { name: 'batch-norm re-estimation', labels: false, apply: statistics },
  { name: 'least-squares reconstruction, then re-estimation', labels: false, apply: leastSquares },
  { name: 'the same, then distillation', labels: false, apply: distilled(training, false) },
  { name: 'the same, then distillation', labels: true, apply: distilled(training, true) },
  {
    name: 'fine-tuning alone',
    labels: true,
    apply: (study, network, _, pruner) => fineTune(study, network, pruner, training),
  },
];

/** Accuracy on the test part after a repair, the network it left behind, and the seconds it took. */
export async function repaired(study: Study, pruner: MetaPruner, repair: Repair) {
  return withNetwork(study, study.graph, (original) =>
    withNetwork(study, pruner.graph, async (network) => {
      const start = performance.now();
      await repair.apply(study, network, original, pruner);
      const seconds = (performance.now() - start) / 1000;
      return { accuracy: await accuracyOf(network, study.data.test), seconds };
    }),
  );
}
