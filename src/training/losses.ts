// Losses on logits, each computed stably and with a gradient of its own; and what share of examples is right.
// Every loss is a mean over examples (rows of class scores, elements of values).

import type * as Tf from '@tensorflow/tfjs';

type TfModule = typeof Tf;

export interface Measured {
  readonly loss: Tf.Scalar;
  /** Share of right answers; absent where nothing can be right or wrong. */
  readonly right?: Tf.Scalar;
}

/** Class scores and targets as tables: a row per decision, a column per class. */
export interface ClassTable {
  readonly logits: Tf.Tensor2D;
  /** Probabilities; a row of zeros (a negative class number) says nothing and costs nothing. */
  readonly targets: Tf.Tensor2D;
}

/**
 * Brings the class axis to the end and everything else into rows.
 * @param targets class numbers (int32), one per row, or probabilities in the shape or element order of the logits
 * @param axis class axis of the logits where the graph states it
 */
export function classTable(tf: TfModule, logits: Tf.Tensor, targets: Tf.Tensor, axis?: number): ClassTable {
  const classAxis = axisOfClasses(logits.shape, targets, axis);
  const classes = logits.shape[classAxis];
  const table = asRows(tf, logits, classAxis);
  if (targets.dtype !== 'int32')
    return { logits: table, targets: asRows(tf, tf.reshape(targets, logits.shape), classAxis) };
  const numbers = tf.reshape(targets, [-1]) as Tf.Tensor1D;
  return { logits: table, targets: tf.cast(tf.oneHot(numbers, classes), 'float32') as Tf.Tensor2D };
}

/** [rows, classes]: the class axis last, all others before it. */
export function asRows(tf: TfModule, x: Tf.Tensor, axis: number): Tf.Tensor2D {
  const order = [...x.shape.keys()].filter((i) => i !== axis);
  const last = axis === x.rank - 1 ? x : tf.transpose(x, [...order, axis]);
  return tf.reshape(last, [-1, x.shape[axis]]);
}

/** The stated axis; else the second where one number per remaining position is given, else the last. */
export function axisOfClasses(dims: readonly number[], targets: Tf.Tensor, axis?: number): number {
  if (axis !== undefined) return axis < 0 ? axis + dims.length : axis;
  const positions = dims.reduce((product, n) => product * n, 1) / dims[1];
  const second = targets.dtype === 'int32' ? targets.size === positions : dims.length > 2;
  return second ? 1 : dims.length - 1;
}

/** Part of each target row's probability spread over all classes (Szegedy et al., arXiv 1512.00567, § 7). */
export function smoothed(tf: TfModule, targets: Tf.Tensor2D, share: number): Tf.Tensor2D {
  if (share === 0) return targets;
  const even = tf.div(tf.mul(tf.sum(targets, 1, true), share), targets.shape[1]);
  return tf.add(tf.mul(targets, 1 - share), even);
}

/** -Σ p · log softmax(z), averaged over rows; dL/dz = (softmax(z) · Σp - p) / rows. */
export function crossEntropy(tf: TfModule, { logits, targets }: ClassTable): Tf.Scalar {
  const rows = logits.shape[0];
  const op = tf.customGrad((z, p, save) => {
    const scores = tf.logSoftmax(z as Tf.Tensor);
    (save as Tf.GradSaveFunc)([scores, p as Tf.Tensor]);
    return {
      value: tf.div(tf.neg(tf.sum(tf.mul(p as Tf.Tensor, scores))), rows),
      gradFunc: (dy: Tf.Tensor, saved: Tf.Tensor[]) => {
        const [logProbabilities, wanted] = saved;
        const mass = tf.mul(tf.exp(logProbabilities), tf.sum(wanted, 1, true));
        return [tf.mul(tf.sub(mass, wanted), tf.div(dy, rows)), tf.zerosLike(wanted)];
      },
    };
  });
  return op(logits, targets) as Tf.Scalar;
}

/**
 * Independent yes and no per element: max(z, 0) - z·t + log(1 + e^-|z|), averaged over all; dL/dz = sigmoid(z) - t.
 * @param targets probabilities, in the element order of the logits
 */
export function binaryCrossEntropy(tf: TfModule, logits: Tf.Tensor, targets: Tf.Tensor): Tf.Scalar {
  const count = logits.size;
  const op = tf.customGrad((z, t, save) => {
    const [scores, wanted] = [z as Tf.Tensor, t as Tf.Tensor];
    (save as Tf.GradSaveFunc)([scores, wanted]);
    const softened = tf.log1p(tf.exp(tf.neg(tf.abs(scores))));
    return {
      value: tf.div(tf.sum(tf.add(tf.sub(tf.relu(scores), tf.mul(scores, wanted)), softened)), count),
      gradFunc: (dy: Tf.Tensor, saved: Tf.Tensor[]) => {
        const [from, to] = saved;
        return [tf.mul(tf.sub(tf.sigmoid(from), to), tf.div(dy, count)), tf.zerosLike(to)];
      },
    };
  });
  return op(logits, targets) as Tf.Scalar;
}

/** Mean of the squared differences of all elements. */
export const meanSquaredError = (tf: TfModule, values: Tf.Tensor, targets: Tf.Tensor): Tf.Scalar =>
  tf.mean(tf.square(tf.sub(values, tf.reshape(targets, values.shape))));

/** Share of rows whose highest score is at the most probable class. */
export const rightClasses = (tf: TfModule, { logits, targets }: ClassTable): Tf.Scalar =>
  tf.mean(tf.cast(tf.equal(tf.argMax(logits, 1), tf.argMax(targets, 1)), 'float32'));

/** Share of elements on the right side of one half. */
export const rightAnswers = (tf: TfModule, logits: Tf.Tensor, targets: Tf.Tensor): Tf.Scalar =>
  tf.mean(tf.cast(tf.equal(tf.greater(logits, 0), tf.greater(targets, 0.5)), 'float32'));

/**
 * Kullback and Leibler's divergence of softened class scores, times T² so that its gradient keeps its size (Hinton,
 * Vinyals and Dean, arXiv 1503.02531, § 2).
 */
export function softTargets(
  tf: TfModule,
  student: Tf.Tensor2D,
  teacher: Tf.Tensor2D,
  temperature: number,
): Tf.Scalar {
  const wanted = tf.div(teacher, temperature) as Tf.Tensor2D;
  const targets = tf.softmax(wanted);
  const loss = crossEntropy(tf, { logits: tf.div(student, temperature), targets });
  const entropy = crossEntropy(tf, { logits: wanted, targets });
  return tf.mul(tf.sub(loss, entropy), temperature * temperature);
}

/**
 * How differently two feature maps attend to places: squared distance of their normalised mean energy per position
 * (Zagoruyko and Komodakis, arXiv 1612.03928, eq. 2). Widths may differ, so pruned maps compare with the original's.
 * @param student [batch, channels, …spatial], as the file states it; [batch, features] are compared element by element
 */
export function attentionDistance(tf: TfModule, student: Tf.Tensor, teacher: Tf.Tensor): Tf.Scalar {
  if (student.rank < 3) {
    const scale = tf.add(tf.mean(tf.square(teacher)), 1e-12);
    return tf.div(meanSquaredError(tf, student, teacher), scale);
  }
  const attention = (x: Tf.Tensor) => {
    const energy = tf.reshape(tf.mean(tf.square(x), 1), [x.shape[0], -1]);
    return tf.div(energy, tf.sqrt(tf.add(tf.sum(tf.square(energy), 1, true), 1e-12)));
  };
  const distance = tf.sum(tf.square(tf.sub(attention(student), attention(teacher))));
  return tf.div(distance, student.shape[0]);
}
