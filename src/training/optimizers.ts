// Optimisers with the state in plain sight: one velocity or two moments per weight, readable for a checkpoint.
// What tfjs brings has no decoupled decay, decays normalisations too, and hides its state.

import type * as Tf from '@tensorflow/tfjs';
import { assign, overwrite } from '../execution/assign.ts';
import type { Parameter } from '../execution/types.ts';
import type { OptimizerName, OptimizerOptions } from './types.ts';

/** New weights and state, from weights, gradient and state; all of one shape. */
type Rule = (view: {
  readonly tf: typeof Tf;
  readonly options: OptimizerOptions;
  readonly weights: Tf.Tensor;
  readonly gradient: Tf.Tensor;
  /** One tensor per name in `slots`; zeros before the first update. */
  readonly state: readonly Tf.Tensor[];
  readonly learningRate: number;
  /** 0 where nothing decays. */
  readonly decay: number;
  /** Updates so far, this one included. */
  readonly count: number;
}) => { readonly weights: Tf.Tensor; readonly state: readonly Tf.Tensor[] };

interface Algorithm {
  readonly slots: (options: OptimizerOptions) => readonly string[];
  readonly rule: Rule;
}

/** v ← μv + g; w ← w - η(g + μv) with Nesterov's look ahead, w - ηv without (Sutskever et al., ICML 2013). */
const sgd: Algorithm = {
  slots: ({ momentum }) => (momentum > 0 ? ['velocity'] : []),
  rule: ({ tf, options: { momentum, nesterov }, weights, gradient, state, learningRate, decay }) => {
    const g = decay > 0 ? tf.add(gradient, tf.mul(weights, decay)) : gradient;
    if (state.length === 0) return { weights: tf.sub(weights, tf.mul(g, learningRate)), state };
    const velocity = tf.add(tf.mul(state[0], momentum), g);
    const step = nesterov ? tf.add(g, tf.mul(velocity, momentum)) : velocity;
    return { weights: tf.sub(weights, tf.mul(step, learningRate)), state: [velocity] };
  },
};

/**
 * m ← β₁m + (1-β₁)g, s ← β₂s + (1-β₂)g², w ← w - η·m̂ / (√ŝ + ε) (Kingma and Ba, arXiv 1412.6980, alg. 1).
 * `decoupled`: w shrinks by η·λ beside it (Loshchilov and Hutter, arXiv 1711.05101, alg. 2) instead of λw being part
 * of g.
 */
const adamRule =
  (decoupled: boolean): Rule =>
  ({ tf, options: { beta1, beta2, epsilon }, weights, gradient, state, learningRate, decay, count }) => {
    const g = decay > 0 && !decoupled ? tf.add(gradient, tf.mul(weights, decay)) : gradient;
    const first = tf.add(tf.mul(state[0], beta1), tf.mul(g, 1 - beta1));
    const second = tf.add(tf.mul(state[1], beta2), tf.mul(tf.square(g), 1 - beta2));
    const deviation = tf.sqrt(tf.div(second, 1 - beta2 ** count));
    const step = tf.div(tf.mul(first, learningRate / (1 - beta1 ** count)), tf.add(deviation, epsilon));
    const from = decay > 0 && decoupled ? tf.mul(weights, 1 - learningRate * decay) : weights;
    return { weights: tf.sub(from, step), state: [first, second] };
  };

const moments = () => ['first-moment', 'second-moment'] as const;

const algorithms: Record<OptimizerName, Algorithm> = {
  sgd,
  adam: { slots: moments, rule: adamRule(false) },
  adamw: { slots: moments, rule: adamRule(true) },
};

/** Norms, biases and slopes are few and have a scale of their own: they do not decay. */
const decays = ({ role }: Parameter): boolean => role === 'kernel' || role === 'table';

/** Parameters that decay alike, moved as one long vector: a device likes few large updates better than many small ones. */
interface Bucket {
  readonly parameters: readonly Parameter[];
  readonly decay: boolean;
}

/** Elements of a bucket; a longer parameter is one of its own, and no copy of it is made. */
const BUCKET = 2 ** 20;

function bucketsOf(parameters: readonly Parameter[]): Bucket[] {
  return [true, false].flatMap((decay) => {
    const buckets: Parameter[][] = [];
    let filled = BUCKET;
    for (const parameter of parameters.filter((one) => decays(one) === decay)) {
      const { size } = parameter.variable;
      if (filled + size > BUCKET) {
        buckets.push([]);
        filled = 0;
      }
      buckets[buckets.length - 1].push(parameter);
      filled += size;
    }
    return buckets.map((own) => ({ parameters: own, decay }));
  });
}

/** Holds device memory until `dispose`. */
export class Optimizer {
  private readonly tf: typeof Tf;
  private readonly parameters: readonly Parameter[];
  private readonly options: OptimizerOptions;
  private readonly slots: readonly string[];
  /** Of the parameters that the loss depends on; known from the first gradients on. */
  private buckets: readonly Bucket[] | undefined;
  /** By slot and number of the bucket. */
  private state = new Map<string, Tf.Tensor>();
  private count = 0;

  constructor(tf: typeof Tf, parameters: readonly Parameter[], options: OptimizerOptions) {
    this.tf = tf;
    this.parameters = parameters;
    this.options = options;
    this.slots = algorithms[options.name].slots(options);
  }

  /** Moves every parameter that has a gradient, the same ones every time; gradients stay the caller's. */
  update(gradients: Readonly<Record<string, Tf.Tensor>>, learningRate: number): void {
    this.buckets ??= bucketsOf(this.parameters.filter(({ name }) => name in gradients));
    this.count++;
    for (const [i, bucket] of this.buckets.entries()) this.move(bucket, i, gradients, learningRate);
  }

  private move(
    { parameters, decay }: Bucket,
    index: number,
    gradients: Readonly<Record<string, Tf.Tensor>>,
    learningRate: number,
  ): void {
    const { tf, options, slots } = this;
    const keys = slots.map((slot) => `${slot}/${index}`);
    const { parts, state } = tf.tidy(() => {
      const flat = (tensors: readonly Tf.Tensor[]) => joined(tf, tensors);
      const weights = flat(parameters.map(({ variable }) => variable));
      const after = algorithms[options.name].rule({
        tf,
        options,
        weights,
        gradient: flat(parameters.map(({ name }) => gradients[name])),
        state: keys.map((key) => this.state.get(key) ?? tf.zerosLike(weights)),
        learningRate,
        decay: decay ? options.weightDecay : 0,
        count: this.count,
      });
      return { parts: cut(tf, after.weights, parameters), state: [...after.state] };
    });
    for (const [i, { variable }] of parameters.entries()) assign(tf, variable, parts[i]);
    for (const [i, key] of keys.entries()) this.renew(key, state[i]);
    tf.dispose(parts);
  }

  private renew(key: string, value: Tf.Tensor): void {
    const held = this.state.get(key);
    if (held && overwrite(this.tf, held, value)) {
      value.dispose();
      return;
    }
    held?.dispose();
    this.state.set(key, this.tf.keep(value));
  }

  /** The state by name; the tensors stay the optimiser's. */
  tensors(): ReadonlyMap<string, Tf.Tensor> {
    return this.state;
  }

  /** Takes over the state after so many updates; the tensors become the optimiser's. */
  restore(saved: ReadonlyMap<string, Tf.Tensor>, updates: number): void {
    this.dispose();
    this.count = updates;
    this.state = new Map(saved);
  }

  dispose(): void {
    this.tf.dispose([...this.state.values()]);
    this.state = new Map();
  }
}

/** All elements in one row. */
function joined(tf: typeof Tf, tensors: readonly Tf.Tensor[]): Tf.Tensor {
  const rows = tensors.map((tensor) => tf.reshape(tensor, [-1]));
  return rows.length === 1 ? rows[0] : tf.concat(rows);
}

/** Undoes `joined`. */
function cut(tf: typeof Tf, row: Tf.Tensor, parameters: readonly Parameter[]): Tf.Tensor[] {
  const sizes = parameters.map(({ variable }) => variable.size);
  const parts = parameters.length === 1 ? [row] : tf.split(row, sizes);
  return parts.map((part, i) => tf.reshape(part, parameters[i].variable.shape));
}
