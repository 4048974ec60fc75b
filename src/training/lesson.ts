// What a teacher says about a batch, and how far a student is from it.

import type * as Tf from '@tensorflow/tfjs';
import { type Head, headOf } from './heads.ts';
import {
  asRows,
  attentionDistance,
  binaryCrossEntropy,
  type Measured,
  meanSquaredError,
  rightAnswers,
  rightClasses,
  softTargets,
} from './losses.ts';
import type { Distillation, Objective } from './types.ts';

type Values = Readonly<Record<string, Tf.Tensor>>;

export class Lesson {
  /** Intermediate values that are compared. */
  readonly features: readonly string[];
  /** Of the teacher in the loss, where there are labels too. */
  readonly share: number;
  private readonly distillation: Distillation;
  /** Names of the teacher's logits, by output. */
  private readonly logits: ReadonlyMap<string, string>;

  constructor(distillation: Distillation, objectives: readonly Objective[]) {
    const { teacher, features = [], share } = distillation;
    this.distillation = distillation;
    this.features = features;
    this.share = share;
    this.logits = new Map(
      objectives.map(({ output }) => [output, headOf(teacher.graph, output).logits] as const),
    );
  }

  /** The teacher's values, by name. Inside `tf.tidy`. */
  teach(inputs: Values): Record<string, Tf.Tensor> {
    const wanted = [...new Set([...this.logits.values(), ...this.features])];
    return this.distillation.teacher.forward(inputs, { wanted });
  }

  /** Softened classes where the output tells classes apart, softened answers after a Sigmoid, else values. */
  against(tf: typeof Tf, { loss }: Objective, head: Head, student: Tf.Tensor, taught: Values): Measured {
    const { temperature } = this.distillation;
    const teacher = taught[this.logits.get(head.output)!];
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
    const axis = ((head.axis ?? -1) + student.rank) % student.rank;
    const [rows, wanted] = [asRows(tf, student, axis), asRows(tf, teacher, axis)];
    return {
      loss: softTargets(tf, rows, wanted, temperature),
      right: rightClasses(tf, { logits: rows, targets: wanted }),
    };
  }

  /** How differently both attend, one part per feature. */
  featureLosses(tf: typeof Tf, values: Values, taught: Values): Tf.Scalar[] {
    const { featureWeight = 1 } = this.distillation;
    return this.features.map((name) => {
      const distance = attentionDistance(tf, values[name], taught[name]);
      return tf.mul(distance, featureWeight / this.features.length);
    });
  }
}
