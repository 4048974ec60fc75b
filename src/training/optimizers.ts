// Optimisers with the state in plain sight: one velocity or two moments per parameter, readable for a checkpoint.
// What tfjs brings has no decoupled decay, decays normalisations too, and hides its state.

import type * as Tf from '@tensorflow/tfjs';
import type { Parameter } from '../execution/types.ts';
import type { OptimizerName, OptimizerOptions } from './types.ts';

/** The new weights and state of one parameter, from its weights, gradient and state. */
type Rule = (view: {
  readonly tf: typeof Tf;
  readonly options: OptimizerOptions;
  readonly weights: Tf.Tensor;
  readonly gradient: Tf.Tensor;
  /** One tensor per name in `slots`; zeros before the first update. */
  readonly state: readonly Tf.Tensor[];
  readonly learningRate: number;
  /** Of this parameter; 0 where nothing decays. */
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

/** Holds device memory until `dispose`. */
export class Optimizer {
  private readonly tf: typeof Tf;
  private readonly parameters: readonly Parameter[];
  private readonly options: OptimizerOptions;
  private readonly slots: readonly string[];
  private state: ReadonlyMap<string, readonly Tf.Tensor[]> = new Map();
  private count = 0;

  constructor(tf: typeof Tf, parameters: readonly Parameter[], options: OptimizerOptions) {
    this.tf = tf;
    this.parameters = parameters;
    this.options = options;
    this.slots = algorithms[options.name].slots(options);
  }

  /** Moves every parameter that has a gradient; gradients stay the caller's. */
  update(gradients: Readonly<Record<string, Tf.Tensor>>, learningRate: number): void {
    const { tf, options } = this;
    const { rule } = algorithms[options.name];
    this.count++;
    const state = new Map(this.state);
    for (const parameter of this.parameters) {
      const { name, variable } = parameter;
      const gradient = gradients[name];
      if (!gradient) continue;
      const before = this.state.get(name);
      const after = tf.tidy(() => {
        const { weights, state: moved } = rule({
          tf,
          options,
          weights: variable,
          gradient,
          state: before ?? this.slots.map(() => tf.zerosLike(variable)),
          learningRate,
          decay: decays(parameter) ? options.weightDecay : 0,
          count: this.count,
        });
        variable.assign(weights);
        return [...moved];
      });
      if (this.slots.length > 0)
        state.set(
          name,
          after.map((tensor) => tf.keep(tensor)),
        );
      if (before) tf.dispose([...before]);
    }
    this.state = state;
  }

  /** The state by `<slot>/<parameter>`; the tensors stay the optimiser's. */
  tensors(): Map<string, Tf.Tensor> {
    return new Map(
      [...this.state].flatMap(([name, tensors]) =>
        tensors.map((tensor, i) => [`${this.slots[i]}/${name}`, tensor] as const),
      ),
    );
  }

  /** Updates so far; Adam's bias correction depends on it. */
  get updates(): number {
    return this.count;
  }

  /** Takes a saved state over; the tensors become the optimiser's. */
  restore(saved: ReadonlyMap<string, Tf.Tensor>, updates: number): void {
    this.dispose();
    this.count = updates;
    this.state = new Map(
      this.parameters.flatMap(({ name }) => {
        const tensors = this.slots.flatMap((slot) => saved.get(`${slot}/${name}`) ?? []);
        return tensors.length === this.slots.length ? [[name, tensors] as const] : [];
      }),
    );
  }

  dispose(): void {
    for (const tensors of this.state.values()) this.tf.dispose([...tensors]);
    this.state = new Map();
  }
}
