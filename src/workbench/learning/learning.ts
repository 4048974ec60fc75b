// Everything that runs the network: training behind the gate, repair, and how good it is.

import type { BackendName } from '../../execution/types.ts';
import type { Graph } from '../../graph/types.ts';
import { resultOf } from '../../lib/progress.ts';
import type { Core } from '../core.ts';
import type { Engine, Evaluated, TrainOptions, TrainProgress } from '../engine.ts';
import type { KeptTraining } from '../keeping/store.ts';
import { lacks } from '../missing.ts';
import { answersOf } from './answers.ts';
import { type MeasureOptions, measuring, withAccuracy } from './measure.ts';
import { repair } from './repair.ts';
import { TrainingPass } from './training-pass.ts';

type Learning = Pick<Engine, 'train' | 'resume' | 'repair' | 'evaluate' | 'tryOut' | 'answers'>;

export const learning = (core: Core): Learning => ({
  train: (options) => pass(core, () => options),

  resume: () =>
    pass(core, () => {
      const { training } = core.keeper;
      if (training) return training;
      throw lacks.interruption();
    }),

  repair: (options) =>
    core.task('Repairing', async () => {
      const model = core.requireModel();
      const { board, device, keeper } = core;
      const data = core.requireData().dataset;
      const done = await repair(options, { model, data, gate: core.gate({ pass: 'repair' }), device, board });
      board.log({ kind: 'repair', method: options.method, ...done });
      if (done.changed) await keeper.keep({ present: model.write() });
      return done;
    }),

  evaluate: (backend) =>
    core.task('Evaluating', async () => {
      const evaluated = await measure(core, core.requireModel().graph, backend, 'Evaluating');
      const costs = withAccuracy(core.board.state.costs, evaluated.accuracy);
      core.board.log({ kind: 'evaluated', ...evaluated }, { costs });
      return evaluated;
    }),

  tryOut: ({ examples, backend }) => {
    const task = 'Trying the decisions out';
    return core.task(task, () =>
      measure(core, core.requireReview().graphLeft(), backend, task, { examples }),
    );
  },

  answers: ({ examples, backend }) =>
    core.task('Asking the network', () => {
      const { graph } = core.requireModel();
      const { dataset } = core.requireData();
      return core.device.withNetwork(graph, backend, (network) => answersOf(network, dataset, examples));
    }),
});

async function* pass(
  core: Core,
  begin: () => TrainOptions | KeptTraining,
): AsyncGenerator<TrainProgress, void, void> {
  const release = await core.turns.hold();
  try {
    const model = core.requireModel();
    const start = begin();
    const { unpruned = false } = 'options' in start ? start.options : start;
    const gate = core.gate({ unpruned });
    if (!gate.open) {
      core.board.log({ kind: 'training-skipped', message: gate.message });
      return;
    }
    const { board, device, keeper, checkpointSeconds } = core;
    const data = core.requireData().dataset;
    yield* new TrainingPass({ board, device, keeper, model, data, gate, checkpointSeconds }, start).run();
  } finally {
    release();
  }
}

/** @throws ModelError `no-data-set`, `no-labels` */
function measure(
  core: Core,
  graph: Graph,
  backend: BackendName | 'auto',
  task: string,
  options: MeasureOptions = {},
): Promise<Evaluated> {
  const { dataset } = core.requireData();
  return core.device.withNetwork(graph, backend, (network) =>
    resultOf(measuring(network, dataset, options), (progress) =>
      core.board.set({ busy: { task, ...progress } }),
    ),
  );
}
