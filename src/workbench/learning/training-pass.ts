// One training pass of a session, from the opened gate to the log entry: the curve, checkpoints every few seconds, and a
// graphics device that may vanish on the way.

import { createNetwork } from '../../execution/network.ts';
import type { Network } from '../../execution/types.ts';
import { problemOf } from '../../lib/errors.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../training/checkpoint.ts';
import type { Gate } from '../../training/gate.ts';
import { train } from '../../training/loop.ts';
import type {
  BatchEvent,
  Dataset,
  EpochEvent,
  Split,
  TrainingEvent,
  TrainingResult,
} from '../../training/types.ts';
import type { Board } from '../board.ts';
import type { TrainOptions, TrainProgress } from '../engine.ts';
import type { Keeper } from '../keeping/keeper.ts';
import type { KeptTraining } from '../keeping/store.ts';
import type { OpenedModel } from '../model/opened.ts';
import type { TrainingPoint } from '../state.ts';
import { type Device, discard, isDeviceLost } from './device.ts';
import { heldOut, isMeasurable, measuring, withAccuracy } from './measure.ts';
import { Rate } from './rate.ts';
import { distillationFrom, trainingOptions } from './training-options.ts';

export interface PassContext {
  readonly board: Board;
  readonly device: Device;
  readonly keeper: Keeper;
  readonly model: OpenedModel;
  readonly data: Dataset;
  readonly gate: Gate;
  /** Between two checkpoints. */
  readonly checkpointSeconds: number;
}

type Progress<T = void> = AsyncGenerator<TrainProgress, T, void>;
type Loop = AsyncGenerator<TrainingEvent, TrainingResult, void>;

/** Examples on which accuracy is measured before and after. */
const TEST_EXAMPLES = 500;

/** Milliseconds between two looks at the curve: whoever listens gets the points of many quick batches in one state. */
const CURVE_PAUSE = 80;

/** A device that is lost as often in one pass will be lost again. */
const DEVICES = 4;

export class TrainingPass {
  readonly #context: PassContext;
  readonly #options: TrainOptions;
  readonly #stop = new AbortController();
  readonly #rate = new Rate();
  /** Points that are not on the board yet. */
  #fresh: TrainingPoint[] = [];
  #drawnAt = Number.NEGATIVE_INFINITY;
  #kept: KeptTraining;
  #lastCheckpoint = performance.now();
  #pause: number;
  #epoch: number;
  #closed = false;

  /** @param start options of a new pass, or a pass to go on with */
  constructor(context: PassContext, start: TrainOptions | KeptTraining) {
    this.#context = context;
    this.#pause = context.checkpointSeconds * 1000;
    const { curve } = context.board.state;
    this.#kept =
      'options' in start
        ? start
        : {
            options: start,
            firstBatch: curve.at(-1)?.batch ?? 0,
            epoch: 0,
            points: curve.length,
            at: Date.now(),
          };
    this.#options = this.#kept.options;
    this.#epoch = this.#kept.epoch;
  }

  /** Returning stops within one batch and keeps the weights as the last one left them. */
  async *run(): Progress {
    const { board, keeper } = this.#context;
    board.set({ interrupted: undefined });
    keeper.pause(true);
    let failed = false;
    try {
      for (let devices = 1; ; devices++)
        try {
          yield* this.#onDevice();
          return;
        } catch (error) {
          if (!isDeviceLost(error) || devices === DEVICES) throw error;
          board.log({
            kind: 'note',
            message: `${problemOf(error).message} Training goes on from the last checkpoint.`,
          });
        }
    } catch (error) {
      failed = true;
      this.#draw();
      await this.#failed(error);
      throw error;
    } finally {
      if (!failed && !this.#closed) await this.#stoppedEarly();
      keeper.pause(false);
    }
  }

  async *#onDevice(): Progress {
    const { device, model } = this.#context;
    yield this.#progress('backend');
    const backend = await device.start(this.#options.backend);
    yield this.#progress('compiling');
    const network = await createNetwork(model.graph, backend);
    const { distil } = this.#options;
    let teacher: Network | undefined;
    try {
      teacher = distil && (await createNetwork(model.original.graph, backend));
      yield* this.#train(network, teacher);
    } finally {
      discard(network);
      if (teacher) discard(teacher);
    }
  }

  async *#train(network: Network, teacher: Network | undefined): Progress {
    const { board, keeper, data, gate, model } = this.#context;
    const { distil } = this.#options;
    this.#fresh = [];
    const subject = { analysis: model.pruner.analysis, classes: data.classes.length };
    board.set({ curve: board.state.curve.slice(0, this.#kept.points) });
    await keeper.keep({ training: this.#kept });
    const { checkpoint } = this.#kept;
    const loop: Loop = train(network, distil?.labels === false ? withoutLabels(data) : data, {
      ...trainingOptions(this.#options, subject),
      gate,
      signal: this.#stop.signal,
      ...(teacher ? { distillation: distillationFrom(teacher, network.graph, distil) } : {}),
      ...(checkpoint ? { resume: decodeCheckpoint(checkpoint) } : {}),
    });
    let result: TrainingResult | undefined;
    let accuracyAfter: number | undefined;
    let failed = false;
    try {
      if (!checkpoint) yield* this.#measureBefore(network);
      result = yield* this.#follow(loop);
      accuracyAfter = yield* this.#accuracy(network);
    } catch (error) {
      failed = true;
      throw error;
    } finally {
      if (!failed) await this.#close(network, result ?? (await this.#stopped(loop)), accuracyAfter);
    }
  }

  /** Pulls the loop and passes on what it tells. */
  async *#follow(loop: Loop): Progress<TrainingResult> {
    for (;;) {
      const pulledAt = performance.now();
      const { done, value } = await this.#context.device.orLost(() => loop.next());
      if (done) return value;
      if (value.kind === 'batch') this.#rate.add(value.examples, performance.now() - pulledAt);
      const point = this.#pointOf(value);
      if (point) this.#fresh.push(point);
      if (performance.now() - this.#drawnAt >= CURVE_PAUSE) this.#draw();
      if (value.kind === 'batch' || value.kind === 'epoch') yield* this.#checkpointIfDue(value);
      yield this.#told(value, point);
    }
  }

  /** The result of a loop that is asked to stop. */
  async #stopped(loop: Loop): Promise<TrainingResult> {
    this.#stop.abort();
    for (;;) {
      const { done, value } = await this.#context.device.orLost(() => loop.next());
      if (done) return value;
    }
  }

  async #close(network: Network, result: TrainingResult, accuracyAfter: number | undefined): Promise<void> {
    const { board, keeper, device, model } = this.#context;
    this.#closed = true;
    this.#draw();
    if (result.changed) model.pruner.replaceWeights(await device.orLost(() => network.readBack()));
    const { accuracyBefore } = this.#kept;
    const { outcome, epochs, message } = result;
    const costs = withAccuracy(board.state.costs, accuracyAfter);
    board.log(
      outcome === 'skipped'
        ? { kind: 'training-skipped', message }
        : {
            kind: 'training',
            outcome,
            epochs,
            message,
            ...(accuracyBefore === undefined ? {} : { accuracyBefore }),
            ...(accuracyAfter === undefined ? {} : { accuracyAfter }),
          },
      { costs },
    );
    await keeper.keep({ training: undefined, ...(result.changed ? { present: model.write() } : {}) });
  }

  /** A pass that has a checkpoint can go on from there; another leaves nothing behind. */
  async #failed(error: unknown): Promise<void> {
    const { board, keeper } = this.#context;
    const { message } = problemOf(error);
    const { checkpoint, epoch, at } = this.#kept;
    const interrupted = checkpoint ? { epoch, epochs: this.#options.epochs, at } : undefined;
    board.log({ kind: 'training', outcome: 'failed', epochs: epoch, message }, { interrupted });
    await keeper.keep({ training: checkpoint ? this.#kept : undefined });
  }

  async #stoppedEarly(): Promise<void> {
    const message = 'Stopped before the first batch; the weights are as they were.';
    this.#context.board.log({ kind: 'training', outcome: 'stopped', epochs: 0, message });
    await this.#context.keeper.keep({ training: undefined });
  }

  async *#measureBefore(network: Network): Progress {
    const accuracyBefore = yield* this.#accuracy(network);
    if (accuracyBefore !== undefined) this.#kept = { ...this.#kept, accuracyBefore };
  }

  /** On held-out examples; `undefined` where there is nothing to measure it on. */
  async *#accuracy(network: Network): Progress<number | undefined> {
    const { device, data } = this.#context;
    const { testExamples: examples = TEST_EXAMPLES, seed } = this.#options;
    if (examples === 0 || !(await isMeasurable(heldOut(data)))) return undefined;
    const work = measuring(network, data, { examples, seed });
    for (;;) {
      const { done, value } = await device.orLost(() => work.next());
      if (done) return value.accuracy;
      yield { ...this.#progress('evaluating'), batch: value.done, batches: value.of };
    }
  }

  async *#checkpointIfDue(event: BatchEvent | EpochEvent): Progress {
    const { board, device, keeper } = this.#context;
    const begun = performance.now();
    if (begun - this.#lastCheckpoint < this.#pause) return;
    const checkpoint = encodeCheckpoint(await device.orLost(() => event.checkpoint()));
    this.#draw();
    const epoch = event.kind === 'epoch' ? event.epoch + 1 : event.epoch;
    this.#kept = { ...this.#kept, checkpoint, epoch, points: board.state.curve.length, at: Date.now() };
    await keeper.keep({ training: this.#kept });
    this.#lastCheckpoint = performance.now();
    // Large networks take long to fetch and write: never more than a tenth of the time.
    this.#pause = Math.max(this.#context.checkpointSeconds * 1000, 9 * (this.#lastCheckpoint - begun));
    yield this.#progress('saving', event);
  }

  // -------------------------------------------------------------- what is told

  #pointOf(event: TrainingEvent): TrainingPoint | undefined {
    if (event.kind !== 'batch' && event.kind !== 'epoch') return undefined;
    const batch = this.#kept.firstBatch + event.total;
    const accuracy = event.accuracy === undefined ? {} : { accuracy: event.accuracy };
    if (event.kind === 'batch') return { batch, loss: event.loss, ...accuracy };
    const { validation } = event;
    if (!validation) return undefined;
    const last = this.#fresh.at(-1) ?? this.#context.board.state.curve.at(-1);
    return {
      batch,
      loss: last?.loss ?? event.loss,
      ...(last?.accuracy === undefined ? accuracy : { accuracy: last.accuracy }),
      validationLoss: validation.loss,
      ...(validation.accuracy === undefined ? {} : { validationAccuracy: validation.accuracy }),
    };
  }

  #draw(): void {
    if (this.#fresh.length === 0) return;
    const { board } = this.#context;
    board.set({ curve: board.state.curve.concat(this.#fresh) });
    this.#fresh = [];
    this.#drawnAt = performance.now();
  }

  #told(event: TrainingEvent, point: TrainingPoint | undefined): TrainProgress {
    const phase = phaseOf(event);
    const { perSecond } = this.#rate;
    return {
      ...this.#progress(phase, event),
      ...(perSecond === undefined ? {} : { imagesPerSecond: perSecond }),
      ...(point ? { point } : {}),
    };
  }

  #progress(phase: TrainProgress['phase'], event?: TrainingEvent): TrainProgress {
    if (event && 'epoch' in event) this.#epoch = event.epoch;
    const { epochs } = this.#options;
    const place = { phase, epoch: Math.min(this.#epoch + 1, epochs), epochs };
    switch (event?.kind) {
      case 'batch':
        return { ...place, batch: event.batch + 1, batches: event.batches };
      case 'compiling':
      case 'validating':
        return { ...place, batch: event.done, batches: event.of };
      default:
        return { ...place, batch: 0, batches: 0 };
    }
  }
}

function phaseOf({ kind }: TrainingEvent): TrainProgress['phase'] {
  if (kind === 'compiling') return kind;
  return kind === 'batch' ? 'training' : 'evaluating';
}

/** The same images, their labels out of reach. */
function withoutLabels(data: Dataset): Dataset {
  const stripped = (split: Split): Split => ({
    length: split.length,
    read: async (positions) => ({ inputs: (await split.read(positions)).inputs }),
  });
  return { ...data, train: stripped(data.train), validation: stripped(data.validation) };
}
