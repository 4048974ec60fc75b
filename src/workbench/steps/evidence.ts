// What a criterion cannot read off the weights, collected before a step begins.

import type { Graph } from '../../graph/types.ts';
import { resultOf } from '../../lib/progress.ts';
import { criterionOf } from '../../pruning/criteria/criteria.ts';
import type { ProvidedEvidence } from '../../pruning/pruner.ts';
import { collectingEvidence } from '../../training/evidence.ts';
import type { Dataset } from '../../training/types.ts';
import type { Board } from '../board.ts';
import type { StepOptions } from '../engine.ts';
import type { Device } from '../learning/device.ts';
import { lacks } from '../missing.ts';

interface Sources {
  readonly graph: Graph;
  readonly data: Dataset | undefined;
  readonly device: Device;
  readonly board: Board;
}

/** @throws ModelError `unknown-criterion`, `no-data-set` when the criterion needs examples and there are none */
export async function evidenceFor(options: StepOptions, sources: Sources): Promise<ProvidedEvidence> {
  const { needs } = criterionOf(options.criterion);
  if (needs.every((kind) => kind === 'weights')) return {};
  const { graph, data, device, board } = sources;
  if (!data) throw lacks.data();
  const task = `Collecting ${needs.filter((kind) => kind !== 'weights').join(' and ')}`;
  return device.withNetwork(graph, options.backend ?? 'auto', (network) => {
    const collecting = collectingEvidence(network, data.train, needs, {
      seed: options.seed,
      ...(options.calibration === undefined ? {} : { examples: options.calibration }),
    });
    return resultOf(collecting, (progress) => board.set({ busy: { task, ...progress } }));
  });
}
