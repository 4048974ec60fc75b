// Recovery without labels, as a session does it: on the device, in place of the present weights, with what it changed.

import { createNetwork } from '../../execution/network.ts';
import type { Network } from '../../execution/types.ts';
import { resultOf } from '../../lib/progress.ts';
import type { Gate } from '../../training/gate.ts';
import { reestimatingBatchNorm } from '../../training/recovery/batch-norm.ts';
import { reconstructing } from '../../training/recovery/reconstruct.ts';
import type { Change, Dataset } from '../../training/types.ts';
import type { Board } from '../board.ts';
import type { RepairOptions } from '../engine.ts';
import type { OpenedModel } from '../model/opened.ts';
import { type Device, discard } from './device.ts';

interface Context {
  readonly model: OpenedModel;
  readonly data: Dataset;
  readonly gate: Gate;
  readonly device: Device;
  readonly board: Board;
}

type Method = (
  network: Network,
  context: Context,
  options: { examples?: number; seed?: number },
) => AsyncGenerator<{ readonly done: number; readonly of: number }, Change, void>;

const methods: Record<RepairOptions['method'], { readonly task: string; readonly run: Method }> = {
  'batch-norm': {
    task: 'Re-estimating statistics',
    run: (network, { data, gate }, options) =>
      reestimatingBatchNorm(network, data.train, { ...options, gate }),
  },
  reconstruction: {
    task: 'Reconstructing layers',
    async *run(network, { model, data, gate }, options) {
      const original = await createNetwork(model.original.graph, network.backend);
      try {
        return yield* reconstructing(network, original, model.pruner, data.train, { ...options, gate });
      } finally {
        discard(original);
      }
    },
  },
};

export async function repair(
  { method, backend = 'auto', examples, seed }: RepairOptions,
  context: Context,
): Promise<Change> {
  const { model, device, board } = context;
  const { task, run } = methods[method];
  const stated = { ...(examples === undefined ? {} : { examples }), ...(seed === undefined ? {} : { seed }) };
  return device.withNetwork(model.graph, backend, async (network) => {
    const change = await resultOf(run(network, context, stated), (progress) =>
      board.set({ busy: { task, ...progress } }),
    );
    if (change.changed) model.pruner.replaceWeights(await network.readBack());
    return change;
  });
}
