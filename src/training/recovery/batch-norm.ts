// Batch-norm re-estimation: after a cut the channels that feed a normalisation have other means and variances than its
// running statistics say. Measuring them anew needs images, but neither labels nor gradients.

import type * as Tf from '@tensorflow/tfjs';
import type { Network } from '../../execution/types.ts';
import type { GraphNode } from '../../graph/types.ts';
import { resultOf } from '../../lib/progress.ts';
import { Breath } from '../breath.ts';
import type { Gate } from '../gate.ts';
import { samplePositions, streamAt } from '../streams.ts';
import { comfortableBatch, inputTensors } from '../tensors.ts';
import type { Change, Split } from '../types.ts';

export interface ReestimateOptions {
  /** How many examples to look at, drawn by `seed`. Default 512. */
  readonly examples?: number;
  /** Statistics of a batch are those of all its examples: many are better. Default: 64, fewer where they are large. */
  readonly batchSize?: number;
  readonly seed?: number;
  /** The flag of the step before: a shut gate skips the work and says so. */
  readonly gate?: Gate;
}

export interface ReestimateProgress {
  readonly done: number;
  readonly of: number;
}

interface Normalisation {
  readonly mean: string;
  readonly variance: string;
  /** Share of the former statistics that one training pass keeps. */
  readonly momentum: number;
}

/**
 * Replaces the running statistics of every batch normalisation by those of the examples: the mean of the batches'
 * means, and the mean of their variances plus the variance of their means (the variance of everything together). Says
 * whether anything changed; a network without such statistics, and a shut gate, change nothing.
 */
export async function reestimateBatchNorm(
  network: Network,
  split: Split,
  options: ReestimateOptions = {},
): Promise<Change> {
  return resultOf(reestimatingBatchNorm(network, split, options));
}

/** The same batch by batch; `return()` leaves the statistics as they were. */
export async function* reestimatingBatchNorm(
  network: Network,
  split: Split,
  options: ReestimateOptions = {},
): AsyncGenerator<ReestimateProgress, Change, void> {
  const { examples = 512, batchSize = comfortableBatch(network.graph, 64), seed = 0, gate } = options;
  if (gate && !gate.open) return { changed: false, message: gate.message };
  const norms = batchNorms(network);
  if (norms.length === 0)
    return {
      changed: false,
      message: 'The network has no batch normalisation, so nothing was re-estimated.',
    };
  const order = samplePositions(streamAt(seed, 'calibration'), split.length, examples);
  if (order.length < 2)
    return { changed: false, message: 'Too few examples to measure a mean and a variance on.' };
  const size = Math.min(batchSize, order.length);
  const sums = new StatisticsSums(network, norms);
  const breath = new Breath();
  try {
    for (let start = 0; start + size <= order.length; start += size) {
      await breath.take();
      await sums.add(await split.read(order.subarray(start, start + size)));
      yield { done: start + size, of: order.length };
    }
    sums.apply();
  } finally {
    sums.dispose();
  }
  const batches = Math.floor(order.length / size);
  return {
    changed: true,
    message: `Re-estimated ${norms.length === 1 ? 'one batch normalisation' : `${norms.length} batch normalisations`} on ${batches * size} examples.`,
  };
}

/** The only nodes that behave as in training: what dropout would add to a variance is not there in use. */
const isBatchNorm = ({ op, domain }: Pick<GraphNode, 'op' | 'domain'>): boolean =>
  op === 'BatchNormalization' && domain === '';

function batchNorms({ graph, parameters }: Network): Normalisation[] {
  const found = new Map<string, Normalisation>();
  for (const { op, domain, inputs, attributes } of graph.nodes) {
    const [, , , mean, variance] = inputs;
    if (!isBatchNorm({ op, domain }) || !parameters.has(mean)) continue;
    if (parameters.has(variance))
      found.set(mean, { mean, variance, momentum: Number(attributes.momentum ?? 0.9) });
  }
  return [...found.values()].filter(({ momentum }) => momentum < 1);
}

/** Means of the batches' means, of their squares, and of the variances. */
class StatisticsSums {
  private readonly network: Network;
  private readonly norms: readonly Normalisation[];
  private readonly tf: typeof Tf;
  private readonly sums = new Map<string, { mean: Tf.Tensor; square: Tf.Tensor; variance: Tf.Tensor }>();
  private batches = 0;

  constructor(network: Network, norms: readonly Normalisation[]) {
    this.network = network;
    this.norms = norms;
    this.tf = network.backend.tf;
  }

  async add(examples: Parameters<typeof inputTensors>[1]): Promise<void> {
    const { tf, network, norms } = this;
    const inputs = inputTensors(network, examples);
    const variables = norms.flatMap(({ mean, variance }) => [this.variable(mean), this.variable(variance)]);
    const before = variables.map((variable) => tf.clone(variable));
    try {
      // A training pass moves r to m·r + (1 - m)·b; from r = 0 that is (1 - m)·b, so b is read off exactly.
      for (const variable of variables) assign(variable, tf.zerosLike(variable));
      tf.tidy(() => void network.forward(inputs, { training: isBatchNorm }));
      network.commitStatistics();
      tf.tidy(() => this.collect());
      this.batches++;
      await variables[0].data();
    } finally {
      variables.forEach((variable, i) => {
        assign(variable, before[i]);
      });
      tf.dispose(inputs);
    }
  }

  private variable(name: string): Tf.Variable {
    return this.network.parameters.get(name)!.variable;
  }

  private collect(): void {
    const { tf } = this;
    for (const { mean, variance, momentum } of this.norms) {
      const batchMean = tf.div(this.variable(mean), 1 - momentum);
      const batch = {
        mean: batchMean,
        square: tf.square(batchMean),
        variance: tf.div(this.variable(variance), 1 - momentum),
      };
      const sum = this.sums.get(mean);
      this.sums.set(mean, {
        mean: tf.keep(sum ? tf.add(sum.mean, batch.mean) : batch.mean),
        square: tf.keep(sum ? tf.add(sum.square, batch.square) : batch.square),
        variance: tf.keep(sum ? tf.add(sum.variance, batch.variance) : batch.variance),
      });
      if (sum) tf.dispose([sum.mean, sum.square, sum.variance]);
    }
  }

  apply(): void {
    const { tf, batches } = this;
    for (const { mean, variance } of this.norms) {
      const sum = this.sums.get(mean)!;
      const [newMean, newVariance] = tf.tidy(() => {
        const average = tf.div(sum.mean, batches);
        const spread = tf.relu(tf.sub(tf.div(sum.square, batches), tf.square(average)));
        return [average, tf.add(tf.div(sum.variance, batches), spread)];
      });
      assign(this.variable(mean), newMean);
      assign(this.variable(variance), newVariance);
    }
  }

  dispose(): void {
    for (const { mean, square, variance } of this.sums.values()) this.tf.dispose([mean, square, variance]);
    this.sums.clear();
  }
}

/** Takes the tensor over. */
function assign(variable: Tf.Variable, value: Tf.Tensor): void {
  variable.assign(value);
  value.dispose();
}
