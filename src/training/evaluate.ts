// Loss and accuracy over a split, as a network stands: running statistics, no dropout, nothing changed.

import type { Network } from '../execution/types.ts';
import { ModelError } from '../lib/errors.ts';
import { resultOf } from '../lib/progress.ts';
import { Aim, type AimOptions, disposeBatch } from './aim.ts';
import { Breath } from './breath.ts';
import { comfortableBatch } from './tensors.ts';
import type { Evaluation, Examples, Split } from './types.ts';

export interface EvaluateOptions extends AimOptions {
  /** Default: 100, fewer where examples are large. */
  readonly batchSize?: number;
  /** Which examples; absent: all. */
  readonly positions?: ArrayLike<number>;
}

/**
 * Mean loss per example, and the share of right answers where targets are classes. The loss is the one that training
 * minimises: cross-entropy for classes, binary cross-entropy behind a sigmoid, mean squared error for other values, unless
 * `objectives` say otherwise.
 * @throws ModelError `no-examples` for an empty split, `no-labels` for one without labels (unless a teacher is given:
 * then "right" means agreeing with it)
 */
export async function evaluate(
  network: Network,
  split: Split,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  if (split.length === 0) throw noExamples();
  const aim = new Aim(network, await split.read([0]), options);
  return resultOf(evaluating(network, aim, split, options));
}

/** The same batch by batch, with an aim that exists already. */
export async function* evaluating(
  network: Network,
  aim: Aim,
  split: Split,
  options: EvaluateOptions = {},
): AsyncGenerator<{ readonly done: number; readonly of: number }, Evaluation, void> {
  const { batchSize = comfortableBatch(network.graph, 100), positions } = options;
  const order = positions ? Array.from(positions) : Array.from({ length: split.length }, (_, i) => i);
  if (order.length === 0) throw noExamples();
  let loss = 0;
  let right: number | undefined;
  const breath = new Breath();
  for (let start = 0; start < order.length; start += batchSize) {
    await breath.take();
    const examples = await split.read(order.slice(start, start + batchSize));
    const figures = await figuresOf(network, aim, examples);
    const count = examples.inputs[0].dims[0];
    loss += figures.loss * count;
    if (figures.right !== undefined) right = (right ?? 0) + figures.right * count;
    yield { done: Math.min(start + batchSize, order.length), of: order.length };
  }
  const examples = order.length;
  const means = { loss: loss / examples, examples };
  return right === undefined ? means : { ...means, accuracy: toSinglePrecision(right / examples) };
}

/** The device tells shares in 32 bits: digits beyond are noise, and 0.97 is not 0.9700000286. */
const toSinglePrecision = (share: number): number => Number(share.toPrecision(7));

async function figuresOf(network: Network, aim: Aim, examples: Examples) {
  const { tf } = network.backend;
  const batch = aim.bring(examples);
  try {
    const measured = tf.tidy(() => {
      const { loss, right } = aim.measure(batch, { training: false });
      return tf.stack(right ? [loss, right] : [loss]);
    });
    const [loss, right] = await measured.data();
    measured.dispose();
    return { loss, right };
  } finally {
    disposeBatch(tf, batch);
  }
}

const noExamples = (): ModelError =>
  new ModelError({
    code: 'no-examples',
    where: 'data',
    message: 'There are no examples to evaluate on.',
    hint: 'Open data that has a test or validation part.',
  });

/** Whether `a` is better than `b`: more right answers, or as many at a lower loss. */
export function isBetter(a: Evaluation, b: Evaluation): boolean {
  if (!Number.isFinite(a.loss)) return false;
  if (!Number.isFinite(b.loss)) return true;
  if (a.accuracy !== undefined && b.accuracy !== undefined && a.accuracy !== b.accuracy)
    return a.accuracy > b.accuracy;
  return a.loss < b.loss;
}
