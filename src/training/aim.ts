// What a pass minimises: labels, the soft targets of a teacher, or both, over all outputs. Built once for a network;
// measures batches that were brought to the device.

import type * as Tf from '@tensorflow/tfjs';
import type { HostArray, Network } from '../execution/types.ts';
import { ModelError } from '../lib/errors.ts';
import { type Head, headOf, objectivesFor, outputsOf } from './heads.ts';
import {
  asRows,
  attentionDistance,
  axisOfClasses,
  binaryCrossEntropy,
  classTable,
  crossEntropy,
  meanSquaredError,
  rightAnswers,
  rightClasses,
  smoothed,
  softTargets,
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

export interface Measured {
  readonly loss: Tf.Scalar;
  /** Share of right answers; absent where nothing can be right or wrong. */
  readonly right?: Tf.Scalar;
}

export interface Aim {
  readonly objectives: readonly Objective[];
  /** @throws ModelError when examples do not fit the network's inputs */
  bring(examples: Examples): Batch;
  /** Differentiable; call inside a gradient or `tf.tidy`. @throws ModelError when targets do not fit its outputs */
  measure(batch: Batch, mode: { readonly training: boolean; readonly seed?: number }): Measured;
  /** The loss of a network that knows nothing: whose every score and value is zero. */
  ignorance(batch: Batch): Tf.Scalar;
}

export interface AimOptions {
  readonly objectives?: readonly Objective[];
  readonly labelSmoothing?: number;
  readonly distillation?: Distillation;
}

/**
 * @param sample a few examples of the data, from which unstated objectives are derived
 * @throws ModelError `no-labels` for examples without targets and no teacher
 */
export function aimOf(network: Network, sample: Examples, options: AimOptions = {}): Aim {
  const { distillation, labelSmoothing = 0 } = options;
  const { graph, backend } = network;
  const { tf } = backend;
  const labelled = sample.targets !== undefined && sample.targets.length > 0;
  if (!labelled && !distillation) throw withoutLabels();
  const objectives =
    options.objectives ?? (sample.targets ? objectivesFor(graph, sample.targets) : outputsOf(graph));
  const heads = objectives.map(({ output }) => headOf(graph, output));
  const features = distillation?.features ?? [];
  const wanted = [...new Set([...heads.map(({ logits }) => logits), ...features])];
  const share = distillation ? (labelled ? distillation.share : 1) : 0;
  const lesson = distillation && lessonOf(distillation, objectives);

  const judge = (values: Readonly<Record<string, Tf.Tensor>>, batch: Batch): Measured => {
    const parts: Tf.Scalar[] = [];
    const right: Tf.Scalar[] = [];
    const add = (part: Tf.Tensor, weight: number) => {
      if (weight > 0) parts.push(tf.mul(part, weight) as Tf.Scalar);
    };
    heads.forEach((head, i) => {
      const objective = objectives[i];
      const logits = values[head.logits];
      if (labelled) {
        const labels = againstLabels(tf, objective, head, logits, batch, labelSmoothing);
        add(labels.loss, objective.weight * (1 - share));
        if (labels.right) right.push(labels.right);
      }
      if (lesson) {
        const taught = lesson.logits(batch.taught, head.output);
        const soft = againstTeacher(tf, objective, head, logits, taught, distillation.temperature);
        add(soft.loss, objective.weight * share);
        if (!labelled && soft.right) right.push(soft.right);
      }
    });
    for (const name of features) {
      const distance = attentionDistance(tf, values[name], batch.taught[name]);
      add(distance, (distillation?.featureWeight ?? 1) / features.length);
    }
    const loss = (parts.length > 0 ? tf.addN(parts) : tf.scalar(0)) as Tf.Scalar;
    return right.length === 0 ? { loss } : { loss, right: tf.div(tf.addN(right), right.length) };
  };

  return {
    objectives,
    bring(examples) {
      const inputs = inputTensors(network, examples);
      const targets = targetTensors(tf, examples);
      const taught = lesson ? tf.tidy(() => lesson.teach(inputs)) : {};
      const highest = (examples.targets ?? []).map(highestClass);
      return { count: examples.inputs[0].dims[0], inputs, targets, highest, taught };
    },
    measure(batch, { training, seed }) {
      const options = { training, wanted, ...(seed === undefined ? {} : { seed }) };
      return judge(network.forward(batch.inputs, options), batch);
    },
    ignorance(batch) {
      const values = Object.entries(network.forward(batch.inputs, { wanted }));
      const nothing = values.map(([name, value]) => [name, tf.zerosLike(value)] as const);
      return judge(Object.fromEntries(nothing), batch).loss;
    },
  };
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

// ---------------------------------------------------------------- a teacher

interface Lesson {
  teach(inputs: Readonly<Record<string, Tf.Tensor>>): Record<string, Tf.Tensor>;
  logits(taught: Readonly<Record<string, Tf.Tensor>>, output: string): Tf.Tensor;
}

function lessonOf({ teacher, features = [] }: Distillation, objectives: readonly Objective[]): Lesson {
  const logitsOf = new Map(
    objectives.map(({ output }) => [output, headOf(teacher.graph, output).logits] as const),
  );
  const wanted = [...new Set([...logitsOf.values(), ...features])];
  return {
    teach: (inputs) => teacher.forward(inputs, { wanted }),
    logits: (taught, output) => taught[logitsOf.get(output)!],
  };
}

/** Softened classes where the output tells classes apart, softened answers after a Sigmoid, else values. */
function againstTeacher(
  tf: typeof Tf,
  { loss }: Objective,
  head: Head,
  student: Tf.Tensor,
  teacher: Tf.Tensor,
  temperature: number,
): Measured {
  if (head.link === 'sigmoid' || loss === 'binary-cross-entropy') {
    const wanted = tf.sigmoid(tf.div(teacher, temperature));
    const soft = binaryCrossEntropy(tf, tf.div(student, temperature), wanted);
    return {
      loss: tf.mul(soft, temperature * temperature),
      right: rightAnswers(tf, student, tf.sigmoid(teacher)),
    };
  }
  const classes = loss === 'cross-entropy' && (head.axis !== undefined || student.rank === 2);
  if (!classes) return { loss: meanSquaredError(tf, student, teacher) };
  const axis = head.axis === undefined ? student.rank - 1 : (head.axis + student.rank) % student.rank;
  const [rows, wanted] = [asRows(tf, student, axis), asRows(tf, teacher, axis)];
  return {
    loss: softTargets(tf, rows, wanted, temperature),
    right: rightClasses(tf, { logits: rows, targets: wanted }),
  };
}
