// The training loop: an async generator that reports every batch. Not pulling is pausing; `return()` or the signal
// stops it within one batch. What was best is kept, a loss that runs away ends the pass, and a shut gate never lets it
// begin.

import { hasShaders } from '../execution/compile.ts';
import type { Network } from '../execution/types.ts';
import { Breath } from './breath.ts';
import { failureOf } from './divergence.ts';
import { evaluating, isBetter } from './evaluate.ts';
import { completeTraining, type PartialTraining } from './options.ts';
import { Pass } from './pass.ts';
import { rateFactor } from './schedule.ts';
import type {
  BatchEvent,
  Dataset,
  EpochEvent,
  Evaluation,
  Examples,
  TrainingEvent,
  TrainingResult,
} from './types.ts';

type Run<T> = AsyncGenerator<TrainingEvent, T, void>;

/**
 * Trains a network in place.
 *
 * Completed and early-stopped passes end with the best weights (`keepBest`), diverged ones too; a stopped pass keeps
 * those it has. With the same options, data and backend the same weights come out, whether or not it was interrupted
 * and resumed from a checkpoint.
 * @example
 * for await (const event of train(network, data, { epochs: 3, gate: gateOf(pruner.lastStep) }))
 *   if (event.kind === 'batch') draw(event.total, event.loss);
 * @throws ModelError when the data does not fit the network
 */
export async function* train(
  network: Network,
  data: Dataset,
  stated: PartialTraining = {},
): Run<TrainingResult> {
  const options = completeTraining(stated);
  if (options.gate && !options.gate.open)
    return { outcome: 'skipped', changed: false, message: options.gate.message, epochs: 0, batches: 0 };
  const pass = await Pass.begin(network, data, options);
  try {
    return yield* runPass(pass, data);
  } finally {
    pass.dispose();
  }
}

async function* runPass(pass: Pass, data: Dataset): Run<TrainingResult> {
  const { options } = pass;
  yield* compile(pass, data);
  if (!options.resume) yield* begin(pass, data);
  const end = (outcome: TrainingResult['outcome'], why?: string) => finish(pass, outcome, why);
  const breath = new Breath();
  while (pass.epoch < options.epochs) {
    const interrupted = yield* runEpoch(pass, data, breath);
    if (interrupted) return end(interrupted.outcome, interrupted.why);
    const validation = yield* validate(pass, data);
    if (isStopped(pass)) return end('stopped');
    const event = closeEpoch(pass, validation);
    if ((await pass.isBroken()) || !Number.isFinite(event.validation?.loss ?? 0))
      return end('diverged', 'The weights are no longer numbers.');
    yield event;
    const waited = pass.epoch - 1 - (pass.best?.epoch ?? pass.epoch);
    if (options.patience > 0 && waited >= options.patience && pass.epoch < options.epochs)
      return end('early-stopped');
  }
  return end('completed');
}

/** Shaders first, where there are any: what comes after takes as long as it will take every time. */
async function* compile(pass: Pass, data: Dataset): Run<void> {
  if (!hasShaders(pass.network.backend)) return;
  const begun = performance.now();
  const positions = pass.orderOfEpoch(data.train.length).subarray(0, pass.batchSize);
  for await (const shaders of pass.rehearse(pass.augmented(await data.train.read(positions), 0)))
    yield { kind: 'compiling', ...shaders, milliseconds: performance.now() - begun };
}

const isStopped = ({ options }: Pass): boolean => options.signal?.aborted ?? false;

/** How good the network is before anything happens: what comes after has to be better to be kept. */
async function* begin(pass: Pass, data: Dataset): Run<void> {
  const validation = yield* validate(pass, data);
  pass.before = validation;
  pass.remember(-1, validation ?? { loss: Number.POSITIVE_INFINITY, examples: 0 });
  yield {
    kind: 'start',
    epochs: pass.options.epochs,
    batches: pass.batches,
    ...(validation ? { validation } : {}),
  };
}

async function* validate(pass: Pass, data: Dataset): Run<Evaluation | undefined> {
  const positions = pass.validationPositions;
  if (positions.length === 0) return undefined;
  const evaluation = evaluating(pass.network, pass.aim, data.validation, { positions });
  for (;;) {
    const { done, value } = await evaluation.next();
    if (done) return value;
    yield { kind: 'validating', ...value };
    if (isStopped(pass)) return undefined;
  }
}

type Interruption = { readonly outcome: 'stopped' | 'diverged'; readonly why?: string };

/** The rest of the present epoch; the next batch is read while the present one computes. */
async function* runEpoch(pass: Pass, data: Dataset, breath: Breath): Run<Interruption | undefined> {
  const order = pass.orderOfEpoch(data.train.length);
  const read = (batch: number): Promise<Examples> | undefined => {
    if (batch >= pass.batches) return undefined;
    const start = batch * pass.batchSize;
    const reading = data.train.read(order.subarray(start, start + pass.batchSize));
    // A pass that ends before it needs the batch does not care whether reading it failed.
    reading.catch(() => {});
    return reading;
  };
  let next = read(pass.batch);
  while (next) {
    await breath.take();
    if (isStopped(pass)) return { outcome: 'stopped' };
    const { batch, epoch } = pass;
    const examples = pass.augmented(await next, batch);
    next = read(batch + 1);
    const learningRate = rateNow(pass);
    const figures = await pass.step(examples, learningRate);
    const { normalLoss, averageLoss } = pass.running;
    const failure = failureOf({ normal: normalLoss, average: averageLoss });
    if (failure) return { outcome: 'diverged', why: failure };
    yield {
      kind: 'batch',
      epoch,
      epochs: pass.options.epochs,
      batch,
      batches: pass.batches,
      total: pass.total,
      examples: examples.inputs[0].dims[0],
      loss: figures.loss,
      ...(figures.right === undefined ? {} : { accuracy: figures.right }),
      learningRate,
      ...(figures.gradientNorm === undefined ? {} : { gradientNorm: figures.gradientNorm }),
      checkpoint: () => pass.checkpoint(),
    } satisfies BatchEvent;
  }
  return undefined;
}

function rateNow({ options, batches, total }: Pass): number {
  const all = options.epochs * batches;
  return options.learningRate * rateFactor(options.schedule, total, all, options.warmUp * batches);
}

function closeEpoch(pass: Pass, validation: Evaluation | undefined): EpochEvent {
  const { epoch, running } = pass;
  const means = pass.closeEpoch();
  const evaluation = validation ?? { ...means, examples: running.examples };
  const best = !pass.best || isBetter(evaluation, pass.best.evaluation);
  if (best) pass.remember(epoch, evaluation);
  return {
    kind: 'epoch',
    epoch,
    epochs: pass.options.epochs,
    total: pass.total,
    ...means,
    ...(validation ? { validation } : {}),
    best,
    checkpoint: () => pass.checkpoint(),
  };
}

// ---------------------------------------------------------------- the end

function finish(pass: Pass, outcome: TrainingResult['outcome'], why = ''): TrainingResult {
  const { before, best, options } = pass;
  const restores = outcome === 'diverged' || (options.keepBest && outcome !== 'stopped');
  if (restores) pass.restoreBest();
  const changed = pass.total > 0 && !(restores && best?.epoch === -1);
  const figures = best && best.evaluation.examples > 0 ? { best: best.evaluation } : {};
  return {
    outcome,
    changed,
    message: [sentences[outcome](pass), why, restores ? restoredSentence(pass) : '']
      .filter(Boolean)
      .join(' '),
    epochs: pass.epoch,
    batches: pass.total,
    ...(before ? { before } : {}),
    ...figures,
  };
}

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;
const epochsOf = (n: number) => count(n, 'epoch', 'epochs');
const batchesOf = (n: number) => count(n, 'batch', 'batches');

const sentences: Record<TrainingResult['outcome'], (pass: Pass) => string> = {
  completed: ({ epoch, total }) => `Trained ${epochsOf(epoch)}, ${batchesOf(total)}.`,
  stopped: ({ total }) => `Stopped after ${batchesOf(total)}; the weights are as the last one left them.`,
  'early-stopped': ({ epoch, options }) =>
    `Ended after ${epochsOf(epoch)}: ${epochsOf(options.patience)} brought nothing better.`,
  diverged: ({ total }) => `Training failed after ${batchesOf(total)}.`,
  skipped: () => '',
};

function restoredSentence({ before, best, epoch }: Pass): string {
  if (!best) return '';
  if (best.epoch === -1) return 'No epoch was better than the start: the weights are as before.';
  const kept =
    best.epoch === epoch - 1 ? '' : `The weights of epoch ${best.epoch + 1}, the best one, were kept. `;
  const { accuracy } = best.evaluation;
  if (accuracy === undefined || before?.accuracy === undefined) return kept.trim();
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  return `${kept}Accuracy on validation examples went from ${percent(before.accuracy)} to ${percent(accuracy)}.`;
}
