// What a pass minimises: labels, the soft targets of a teacher, or both, over all outputs. Built once for a network;
// measures batches that were brought to the device.

import type * as Tf from '@tensorflow/tfjs';
import type { HostArray, Network, TrainingMode } from '../execution/types.ts';
import { ModelError } from '../lib/errors.ts';
import { type Head, headOf, objectivesFor, outputsOf } from './heads.ts';
import { Lesson } from './lesson.ts';
import {
  axisOfClasses,
  binaryCrossEntropy,
  classTable,
  crossEntropy,
  type Measured,
  meanSquaredError,
  rightAnswers,
  rightClasses,
  smoothed,
} from './losses.ts';
import { inputTensors, targetTensors } from './tensors.ts';
import type { Distillation, Examples, Objective } from './types.ts';

/** A batch on the device. */
export interface Batch {
  readonly count: number;
  readonly inputs: Readonly<Record<string, Tf.Tensor>>;
  /** None for examples without labels. */
  readonly targets: readonly Tf.Tensor[];
  /** The highest class number in each target, to be found before it silently means nothing. */
  readonly highest: readonly number[];
  /** The teacher's values, by name. */
  readonly taught: Readonly<Record<string, Tf.Tensor>>;
}

export interface AimOptions {
  readonly objectives?: readonly Objective[];
  readonly labelSmoothing?: number;
  readonly distillation?: Distillation;
}

export class Aim {
  readonly objectives: readonly Objective[];
  private readonly network: Network;
  private readonly heads: readonly Head[];
  private readonly labelled: boolean;
  private readonly smoothing: number;
  private readonly lesson: Lesson | undefined;
  /** Values that are computed of the network. */
  private readonly wanted: readonly string[];

  /**
   * @param sample a few examples of the data, from which unstated objectives are derived
   * @throws ModelError `no-labels` for examples without targets and no teacher, `too-many-targets`
   */
  constructor(network: Network, sample: Examples, options: AimOptions = {}) {
    const { graph } = network;
    const { targets = [] } = sample;
    const { distillation, labelSmoothing = 0 } = options;
    this.network = network;
    this.labelled = targets.length > 0;
    if (!this.labelled && !distillation) throw withoutLabels();
    this.objectives =
      options.objectives ?? (this.labelled ? objectivesFor(graph, targets) : outputsOf(graph));
    this.heads = this.objectives.map(({ output }) => headOf(graph, output));
    this.smoothing = labelSmoothing;
    this.lesson = distillation && new Lesson(distillation, this.objectives);
    this.wanted = [...new Set([...this.heads.map(({ logits }) => logits), ...(this.lesson?.features ?? [])])];
  }

  /** @throws ModelError when examples do not fit the network's inputs */
  bring(examples: Examples): Batch {
    const { network, lesson } = this;
    const { tf } = network.backend;
    const { targets = [] } = examples;
    const inputs = inputTensors(network, examples);
    return {
      count: examples.inputs[0].dims[0],
      inputs,
      targets: targetTensors(tf, examples),
      highest: targets.map(highestClass),
      taught: lesson ? tf.tidy(() => lesson.teach(inputs)) : {},
    };
  }

  /** Differentiable; call inside a gradient or `tf.tidy`. @throws ModelError when targets do not fit the outputs */
  measure(batch: Batch, mode: { readonly training: TrainingMode; readonly seed?: number }): Measured {
    return this.judge(this.network.forward(batch.inputs, { ...mode, wanted: this.wanted }), batch);
  }

  /** The loss of a network that knows nothing: whose every score and value is zero. */
  ignorance(batch: Batch): Tf.Scalar {
    const { tf } = this.network.backend;
    const values = this.network.forward(batch.inputs, { wanted: this.wanted });
    const nothing = Object.entries(values).map(([name, value]) => [name, tf.zerosLike(value)] as const);
    return this.judge(Object.fromEntries(nothing), batch).loss;
  }

  private judge(values: Readonly<Record<string, Tf.Tensor>>, batch: Batch): Measured {
    const { tf } = this.network.backend;
    const parts = this.heads.flatMap((head, i) => this.judgeOutput(head, this.objectives[i], values, batch));
    const lost = parts.filter(({ weight }) => weight > 0).map(({ loss, weight }) => tf.mul(loss, weight));
    if (this.lesson) lost.push(...this.lesson.featureLosses(tf, values, batch.taught));
    const right = parts.flatMap((part) => part.right ?? []);
    const loss = (lost.length > 0 ? tf.addN(lost) : tf.scalar(0)) as Tf.Scalar;
    return right.length === 0 ? { loss } : { loss, right: tf.div(tf.addN(right), right.length) };
  }

  /** What one output loses against the labels and against the teacher; labels say what is right where there are any. */
  private judgeOutput(
    head: Head,
    objective: Objective,
    values: Readonly<Record<string, Tf.Tensor>>,
    batch: Batch,
  ): (Measured & { readonly weight: number })[] {
    const { tf } = this.network.backend;
    const { labelled, lesson } = this;
    const share = lesson ? (labelled ? lesson.share : 1) : 0;
    const logits = values[head.logits];
    const parts: (Measured & { readonly weight: number })[] = [];
    if (labelled) {
      const measured = againstLabels(tf, objective, head, logits, batch, this.smoothing);
      parts.push({ ...measured, weight: objective.weight * (1 - share) });
    }
    if (lesson) {
      const { right, loss } = lesson.against(tf, objective, head, logits, batch.taught);
      parts.push({ loss, ...(right && !labelled ? { right } : {}), weight: objective.weight * share });
    }
    return parts;
  }
}

export function disposeBatch(tf: typeof Tf, batch: Batch): void {
  tf.dispose([...Object.values(batch.inputs), ...batch.targets, ...Object.values(batch.taught)]);
}

const withoutLabels = (): ModelError =>
  new ModelError({
    code: 'no-labels',
    where: 'data',
    message: 'These examples have no labels, so there is nothing to train towards.',
    hint: 'Distil from the original model, or open data with labels.',
  });

// ---------------------------------------------------------------- labels

function againstLabels(
  tf: typeof Tf,
  { loss, target, output }: Objective,
  head: Head,
  logits: Tf.Tensor,
  batch: Batch,
  smoothing: number,
): Measured {
  const targets = batch.targets[target];
  if (!targets)
    throw misfit(output, `The data brings no target number ${target + 1}, which "${output}" should learn.`);
  const classes = targets.dtype === 'int32';
  if (loss === 'mean-squared-error') {
    checkSizes(output, logits, targets);
    return { loss: meanSquaredError(tf, logits, tf.cast(targets, 'float32')) };
  }
  const axis = axisOfClasses(logits.shape, targets, head.axis);
  const columns = logits.shape[axis];
  if (classes) checkClasses(output, columns, batch.highest[target], loss);
  if (loss === 'binary-cross-entropy' || (classes && columns === 1)) {
    const answers =
      classes && columns > 1
        ? classTable(tf, logits, targets, axis)
        : { logits, targets: tf.reshape(tf.cast(targets, 'float32'), logits.shape) };
    return {
      loss: binaryCrossEntropy(tf, answers.logits, answers.targets),
      right:
        classes && columns > 1
          ? rightClasses(tf, classTable(tf, logits, targets, axis))
          : rightAnswers(tf, answers.logits, answers.targets),
    };
  }
  if (!classes) checkSizes(output, logits, targets);
  const table = classTable(tf, logits, targets, axis);
  const loosened = { logits: table.logits, targets: smoothed(tf, table.targets, smoothing) };
  return { loss: crossEntropy(tf, loosened), right: rightClasses(tf, table) };
}

function checkSizes(output: string, logits: Tf.Tensor, targets: Tf.Tensor): void {
  if (logits.size !== targets.size)
    throw misfit(
      output,
      `The output "${output}" is [${logits.shape}], but its targets are [${targets.shape}] for the same batch.`,
    );
}

function checkClasses(output: string, columns: number, highest: number, loss: string): void {
  const classes = columns === 1 ? 2 : columns;
  if (highest >= classes)
    throw misfit(
      output,
      `The data has class number ${highest}, but "${output}" tells only ${classes} classes apart (${loss}).`,
    );
}

const misfit = (where: string, message: string): ModelError =>
  new ModelError({
    code: 'target-misfit',
    where,
    message,
    hint: 'Open data whose targets match the outputs of this network.',
  });

const highestClass = ({ data }: HostArray): number =>
  data instanceof Int32Array ? data.reduce((highest, n) => Math.max(highest, n), -1) : -1;
