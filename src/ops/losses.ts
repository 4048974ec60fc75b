// Losses as operators of a graph: NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss, classes along axis 1.
// Formulas: https://onnx.ai/onnx/operators/onnx__SoftmaxCrossEntropyLoss.html

import type * as Tf from '@tensorflow/tfjs';
import { sequence } from './host.ts';
import {
  type AttrsOf,
  type Equations,
  int,
  type NodeView,
  noMacs,
  noResize,
  notFolded,
  noWeights,
  type Operator,
  operator,
  type RunView,
  string,
  type ValueType,
} from './op.ts';
import { transpose } from './rearrange.ts';

const lossAttrs = { ignore_index: int(), reduction: string('mean') };
type LossAttrs = AttrsOf<typeof lossAttrs>;
const [SCORES, LABELS, CLASS_WEIGHTS] = [0, 1, 2];
const COMPARED = 'a loss compares its classes';
const REDUCED = 'a loss is taken over all of it';

const isReduced = ({ attrs }: NodeView<LossAttrs>): boolean => attrs.reduction !== 'none';

function lossTypes(view: NodeView<LossAttrs>): ValueType[] {
  const dtype = view.dtype(SCORES);
  return [
    { dtype, dims: isReduced(view) ? [] : view.shape(LABELS) },
    { dtype, dims: view.shape(SCORES) },
  ];
}

function lossTerms(eq: Equations<LossAttrs>): void {
  const [batch, classes, ...places] = eq.axes(SCORES);
  eq.fix(classes, COMPARED);
  if (eq.has(CLASS_WEIGHTS)) eq.fix(eq.axes(CLASS_WEIGHTS)[0], COMPARED);
  const labelled = [batch, ...places].map((axis, i) => eq.same(axis, eq.axes(LABELS)[i]));
  if (isReduced(eq)) for (const axis of labelled) eq.fix(axis, REDUCED);
  eq.out(0, isReduced(eq) ? [] : labelled);
  eq.out(1, eq.axes(SCORES));
}

/** [batch, classes, …places] with the classes last, as rows. */
function rowsOfClasses(tf: typeof Tf, x: Tf.Tensor): Tf.Tensor2D {
  const last = transpose(tf, x, [0, ...sequence(x.rank - 2, 2), 1]);
  return tf.reshape(last, [-1, x.shape[1] as number]);
}

function lossOf(view: RunView<LossAttrs>, logProbabilities: Tf.Tensor): Tf.Tensor {
  const { tf, attrs } = view;
  const rows = rowsOfClasses(tf, logProbabilities);
  const labels = tf.reshape(tf.cast(view.input(LABELS), 'int32'), [-1, 1]);
  const classes = tf.reshape(tf.range(0, rows.shape[1], 1, 'int32'), [1, -1]);
  const isLabel = tf.cast(tf.equal(labels, classes), 'float32');
  const counted =
    attrs.ignore_index === undefined
      ? isLabel
      : tf.mul(isLabel, tf.cast(tf.notEqual(labels, tf.scalar(attrs.ignore_index, 'int32')), 'float32'));
  const weighted = view.has(CLASS_WEIGHTS) ? tf.mul(counted, view.input(CLASS_WEIGHTS)) : counted;
  const losses = tf.neg(tf.sum(tf.mul(rows, weighted), 1));
  if (attrs.reduction === 'none') return tf.reshape(losses, [...view.shape(LABELS)]);
  const sum = tf.sum(losses);
  return attrs.reduction === 'sum' ? sum : tf.div(sum, tf.sum(weighted));
}

/** log softmax along axis 1. */
function logSoftmax(tf: typeof Tf, x: Tf.Tensor): Tf.Tensor {
  const shifted = tf.sub(x, tf.max(x, 1, true));
  return tf.sub(shifted, tf.log(tf.sum(tf.exp(shifted), 1, true)));
}

const loss = (name: string, run: (view: RunView<LossAttrs>) => Tf.Tensor[]): Operator =>
  operator({
    name,
    attrs: lossAttrs,
    coupling: 'compares scores of classes with labels',
    shape: (view) => lossTypes(view).slice(0, view.outputs),
    fold: notFolded,
    terms: lossTerms,
    resize: noResize,
    weights: noWeights,
    layout: 'logical',
    run: (view) => run(view).slice(0, view.outputs),
    macs: noMacs,
  });

export const losses: readonly Operator[] = [
  loss('NegativeLogLikelihoodLoss', (view) => [lossOf(view, view.input(SCORES))]),
  loss('SoftmaxCrossEntropyLoss', (view) => {
    const logProbabilities = logSoftmax(view.tf, view.input(SCORES));
    return [lossOf(view, logProbabilities), logProbabilities];
  }),
];
