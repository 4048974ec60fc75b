// The state of one training pass: the network, the optimiser, the best weights so far and the position. What happens
// in which order is the loop's; how it rests in a checkpoint is here, because it is all of this state.

import type * as Tf from '@tensorflow/tfjs';
import { type Compiled, compiling } from '../execution/compile.ts';
import type { Network, Parameter } from '../execution/types.ts';
import type { Graph, GraphNode } from '../graph/types.ts';
import { ModelError } from '../lib/errors.ts';
import { Aim, type Batch, disposeBatch } from './aim.ts';
import { nextTrend } from './divergence.ts';
import { frozenConstants } from './frozen.ts';
import { Optimizer } from './optimizers.ts';
import { samplePositions, streamAt } from './streams.ts';
import { restoredTensor, restoreSnapshot, type Snapshot, savedTensors, snapshotOf } from './tensors.ts';
import type {
  Checkpoint,
  Dataset,
  Evaluation,
  Examples,
  Running,
  SavedTensor,
  TrainingOptions,
} from './types.ts';

/** What one batch told. */
export interface BatchFigures {
  readonly loss: number;
  readonly right?: number;
  readonly gradientNorm?: number;
}

interface BestSoFar {
  readonly epoch: number;
  readonly evaluation: Evaluation;
  readonly weights: Snapshot;
}

const atRest: Running = { loss: 0, right: 0, examples: 0, normalLoss: 0, averageLoss: 0 };

export class Pass {
  readonly network: Network;
  readonly options: TrainingOptions;
  readonly aim: Aim;
  /** Per epoch. */
  readonly batches: number;
  readonly batchSize: number;
  /** Of the validation split; the same ones after every epoch. */
  readonly validationPositions: Uint32Array;
  epoch = 0;
  batch = 0;
  total = 0;
  running = atRest;
  /** How good the network was as the pass began. */
  before: Evaluation | undefined;
  best: BestSoFar | undefined;
  private readonly tf: typeof Tf;
  private readonly trainable: readonly Parameter[];
  /** Which nodes behave as in training: a normalisation whose statistics are frozen uses them. */
  private readonly learns: (node: GraphNode) => boolean;
  private readonly optimizer: Optimizer;

  /** @throws ModelError when the data does not fit the network, or nothing is left to train */
  static async begin(network: Network, data: Dataset, options: TrainingOptions): Promise<Pass> {
    if (data.train.length === 0)
      throw new ModelError({
        code: 'no-examples',
        where: data.name,
        message: `"${data.name}" has no examples to train on.`,
      });
    const aim = new Aim(network, await data.train.read([0]), options);
    const pass = new Pass(network, data, options, aim);
    if (options.resume) pass.restore(options.resume);
    return pass;
  }

  private constructor(network: Network, data: Dataset, options: TrainingOptions, aim: Aim) {
    this.network = network;
    this.options = options;
    this.aim = aim;
    this.tf = network.backend.tf;
    const frozen = frozenConstants(network.graph, options.frozen);
    const isFrozen = (name: string) => frozen.has(name) && network.parameters.get(name)?.trainable === false;
    this.learns = ({ inputs }) => !inputs.some(isFrozen);
    const trainable = [...network.parameters.values()].filter((parameter) => parameter.trainable);
    this.trainable = trainable.filter(({ name }) => !frozen.has(name));
    if (this.trainable.length === 0) throw nothingToTrain(network.graph, trainable.length > 0);
    this.batchSize = Math.min(options.batchSize, data.train.length);
    this.batches = Math.floor(data.train.length / this.batchSize);
    this.validationPositions = samplePositions(
      streamAt(options.seed, 'validation'),
      data.validation.length,
      options.validationExamples,
    );
    this.optimizer = new Optimizer(this.tf, this.trainable, options.optimizer);
  }

  /** All training positions as the present epoch takes them; a short last batch waits for another epoch's order. */
  orderOfEpoch(length: number): Uint32Array {
    return streamAt(this.options.seed, 'order', this.epoch).permutation(length);
  }

  /** What the network sees of a batch. */
  augmented(examples: Examples, batch: number): Examples {
    const random = streamAt(this.options.seed, 'augmentation', this.epoch, batch);
    return this.options.augmentations.reduce((changed, augment) => augment(changed, random), examples);
  }

  /** Has the shaders of a step compiled, on backends that have such: nothing is learnt. */
  async *rehearse(examples: Examples): AsyncGenerator<Compiled, void, void> {
    const { tf, network } = this;
    const weights = snapshotOf(tf, network.parameters.values());
    const optimizer = new Optimizer(tf, this.trainable, this.options.optimizer);
    try {
      yield* compiling(network.backend, () => {
        const batch = this.aim.bring(examples);
        tf.tidy(() => this.aim.ignorance(batch)).dispose();
        this.update(batch, 0, optimizer).dispose();
        disposeBatch(tf, batch);
      });
    } finally {
      optimizer.dispose();
      restoreSnapshot(tf, network.parameters, weights);
      tf.dispose([...weights.values()]);
    }
  }

  /** One update. */
  async step(examples: Examples, learningRate: number): Promise<BatchFigures> {
    const { tf } = this;
    if (this.options.penalty && this.batch % this.options.penalty.every === 0) await this.look();
    const batch = this.aim.bring(examples);
    try {
      if (this.total === 0) this.running = { ...atRest, normalLoss: await this.ignorance(batch) };
      const measured = this.update(batch, learningRate, this.optimizer);
      const values = await measured.data();
      measured.dispose();
      const [loss, right, norm] = values;
      const figures = {
        loss,
        ...(Number.isNaN(right) && !Number.isNaN(loss) ? {} : { right }),
        ...(this.options.clipNorm > 0 ? { gradientNorm: norm } : {}),
      };
      this.count(figures, batch.count);
      return figures;
    } finally {
      disposeBatch(tf, batch);
    }
  }

  private async ignorance(batch: Batch): Promise<number> {
    const loss = this.tf.tidy(() => this.aim.ignorance(batch));
    const [value] = await loss.data();
    loss.dispose();
    return value;
  }

  /** Updates the weights; [loss, share right or NaN, gradient norm or NaN]. */
  private update(batch: Batch, learningRate: number, optimizer: Optimizer): Tf.Tensor1D {
    const { tf, options } = this;
    const seed = streamAt(options.seed, 'network', this.total).integer();
    let right: Tf.Scalar | undefined;
    const { value, grads } = tf.variableGrads(
      () => {
        const measured = this.aim.measure(batch, { training: this.learns, seed });
        right = measured.right && tf.keep(measured.right);
        return measured.loss;
      },
      this.trainable.map(({ variable }) => variable),
    );
    this.network.commitStatistics();
    const figures = tf.tidy(() => {
      const raw = this.byConstant(grads);
      const pushed = this.penalised(raw);
      const norm = options.clipNorm > 0 ? normOf(tf, pushed) : undefined;
      optimizer.update(norm ? clipped(tf, pushed, norm, options.clipNorm) : pushed, learningRate);
      const none = tf.scalar(Number.NaN);
      return tf.stack([value, right ?? none, norm ?? none]) as Tf.Tensor1D;
    });
    tf.dispose([value, ...Object.values(grads), ...(right ? [right] : [])]);
    return figures;
  }

  private byConstant(grads: Tf.NamedTensorMap): Record<string, Tf.Tensor> {
    return Object.fromEntries(
      this.trainable.flatMap(({ name, variable }) => {
        const gradient = grads[variable.name];
        return gradient ? [[name, gradient] as const] : [];
      }),
    );
  }

  private penalised(gradients: Record<string, Tf.Tensor>): Record<string, Tf.Tensor> {
    const { penalty } = this.options;
    if (!penalty) return gradients;
    return Object.fromEntries(
      this.trainable.flatMap((parameter) => {
        const gradient = gradients[parameter.name];
        if (!gradient) return [];
        const push = penalty.gradient(parameter, this.tf);
        return [[parameter.name, push ? this.tf.add(gradient, push) : gradient] as const];
      }),
    );
  }

  private async look(): Promise<void> {
    const ended = this.batch === 0 && this.epoch > 0 ? 1 : 0;
    this.options.penalty?.look(await this.network.readBack(), ended);
  }

  private count({ loss, right }: BatchFigures, examples: number): void {
    const { running } = this;
    const trend =
      this.total === 0
        ? { normal: Math.max(loss, running.normalLoss), average: loss }
        : nextTrend({ normal: running.normalLoss, average: running.averageLoss }, loss);
    this.running = {
      loss: running.loss + loss * examples,
      right: running.right + (right ?? Number.NaN) * examples,
      examples: running.examples + examples,
      normalLoss: trend.normal,
      averageLoss: trend.average,
    };
    this.batch++;
    this.total++;
  }

  /** Means over the epoch so far; the next epoch starts from nothing. */
  closeEpoch(): { readonly loss: number; readonly accuracy?: number } {
    const { loss, right, examples } = this.running;
    this.epoch++;
    this.batch = 0;
    this.running = { ...this.running, loss: 0, right: 0, examples: 0 };
    const mean = loss / examples;
    return Number.isNaN(right) ? { loss: mean } : { loss: mean, accuracy: right / examples };
  }

  /** Remembers the present weights as those to come back to. */
  remember(epoch: number, evaluation: Evaluation): void {
    const weights = snapshotOf(this.tf, this.network.parameters.values());
    this.forget();
    this.best = { epoch, evaluation, weights };
  }

  /** Whether any weight is not a finite number. */
  async isBroken(): Promise<boolean> {
    const { tf } = this;
    const sum = tf.tidy(() => tf.addN(this.trainable.map(({ variable }) => tf.sum(tf.abs(variable)))));
    const [value] = await sum.data();
    sum.dispose();
    return !Number.isFinite(value);
  }

  restoreBest(): void {
    if (this.best) restoreSnapshot(this.tf, this.network.parameters, this.best.weights);
  }

  async checkpoint(): Promise<Checkpoint> {
    const { options, network, best } = this;
    const weights = [...network.parameters.values()].map(({ name, variable }) => [name, variable] as const);
    return {
      seed: options.seed,
      epoch: this.epoch,
      batch: this.batch,
      total: this.total,
      weights: await savedTensors(weights),
      optimizer: await savedTensors(this.optimizer.tensors()),
      ...(this.before ? { before: this.before } : {}),
      ...(best ? { best: { ...best, weights: await savedTensors(best.weights) } } : {}),
      running: this.running,
      ...(options.penalty ? { penalty: options.penalty.save() } : {}),
    };
  }

  private restore(saved: Checkpoint): void {
    const { tf, network } = this;
    if (saved.seed !== this.options.seed || !fits(network, saved.weights))
      throw new ModelError({
        code: 'checkpoint-misfit',
        where: network.graph.name,
        message: 'This checkpoint belongs to another network or another seed.',
        hint: 'Start the pass anew.',
      });
    const onDevice = (tensors: ReadonlyMap<string, SavedTensor>) =>
      new Map([...tensors].map(([name, tensor]) => [name, restoredTensor(tf, tensor)] as const));
    const weights = onDevice(saved.weights);
    restoreSnapshot(tf, network.parameters, weights);
    tf.dispose([...weights.values()]);
    this.optimizer.restore(onDevice(saved.optimizer), saved.total);
    if (saved.best) this.best = { ...saved.best, weights: onDevice(saved.best.weights) };
    if (saved.penalty) this.options.penalty?.restore(saved.penalty);
    this.epoch = saved.epoch;
    this.batch = saved.batch;
    this.total = saved.total;
    this.running = saved.running;
    this.before = saved.before;
  }

  private forget(): void {
    if (this.best) this.tf.dispose([...this.best.weights.values()]);
    this.best = undefined;
  }

  dispose(): void {
    this.forget();
    this.optimizer.dispose();
  }
}

const normOf = (tf: typeof Tf, gradients: Readonly<Record<string, Tf.Tensor>>): Tf.Scalar =>
  tf.sqrt(tf.addN(Object.values(gradients).map((gradient) => tf.sum(tf.square(gradient)))));

/** All gradients scaled alike so that their overall norm is at most `limit` (Pascanu et al., arXiv 1211.5063). */
function clipped(
  tf: typeof Tf,
  gradients: Readonly<Record<string, Tf.Tensor>>,
  norm: Tf.Scalar,
  limit: number,
): Record<string, Tf.Tensor> {
  const factor = tf.minimum(tf.div(limit, tf.add(norm, 1e-6)), 1);
  return Object.fromEntries(
    Object.entries(gradients).map(([name, gradient]) => [name, tf.mul(gradient, factor)] as const),
  );
}

const fits = ({ parameters }: Network, weights: ReadonlyMap<string, SavedTensor>): boolean =>
  weights.size === parameters.size &&
  [...parameters].every(([name, { variable }]) => {
    const dims = weights.get(name)?.dims;
    return dims?.length === variable.rank && dims.every((n, i) => n === variable.shape[i]);
  });

const nothingToTrain = ({ name }: Graph, areFrozen: boolean): ModelError =>
  new ModelError({
    code: 'nothing-to-train',
    where: name,
    ...(areFrozen
      ? { message: 'No weight is left to train: all are frozen.', hint: 'Freeze fewer layers.' }
      : {
          message:
            'The network has no weight that can be trained: integers, as a quantised network has them, stay as they are.',
          hint: 'Train the network that it was quantised from.',
        }),
  });
