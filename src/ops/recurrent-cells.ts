// How recurrent layers compute: one step of each cell, and the walk over time that all cells share.
// Rows are the batch: x [N, I], states [N, H], gate weights [gates·H, I] and [gates·H, H] as stored.

import type * as Tf from '@tensorflow/tfjs';
import { type Activation, activationsByName } from './activation-by-name.ts';
import { sequence } from './host.ts';
import type { NodeView, RunView } from './op.ts';
import { reverseAlong, transpose } from './rearrange.ts';

type TfModule = typeof Tf;

interface Attrs {
  readonly direction: string;
  readonly layout: number;
  readonly activations: readonly string[] | undefined;
  readonly activation_alpha: readonly number[] | undefined;
  readonly activation_beta: readonly number[] | undefined;
  readonly clip: number | undefined;
  readonly linear_before_reset: number;
  readonly input_forget: number;
}

/** What a step has at hand. */
interface Step {
  readonly tf: TfModule;
  readonly attrs: Attrs;
  /** W·x + its bias, one [N, H] per gate. */
  readonly input: readonly Tf.Tensor[];
  /** [N, H] · R of a gate, without its bias. */
  recur(state: Tf.Tensor, gate: number): Tf.Tensor;
  /** The recurrent bias of a gate. */
  recurrentBias(gate: number): Tf.Tensor;
  /** The weights of the peephole with this number, where there are any. */
  peephole(i: number): Tf.Tensor | undefined;
  /** Limits what goes into an activation, where the node asks for it. */
  clip(x: Tf.Tensor): Tf.Tensor;
  readonly activations: readonly Activation[];
}

export interface Cell {
  readonly gates: number;
  /** State outputs: Y_h, and Y_c for a cell that has one. */
  readonly states: number;
  /** Default activations of one direction. */
  readonly activations: readonly string[];
  /** New states from old ones. */
  readonly step: (step: Step, states: readonly Tf.Tensor[]) => Tf.Tensor[];
}

/** W·x + R·h with both biases. */
const gate = (s: Step, i: number, h: Tf.Tensor): Tf.Tensor =>
  s.tf.add(s.tf.add(s.input[i], s.recur(h, i)), s.recurrentBias(i));

export const rnn: Cell = {
  gates: 1,
  states: 1,
  activations: ['Tanh'],
  step: (s, [h]) => [s.activations[0](s.tf, s.clip(gate(s, 0, h)))],
};

export const gru: Cell = {
  gates: 3,
  states: 1,
  activations: ['Sigmoid', 'Tanh'],
  step: (s, [h]) => {
    const { tf } = s;
    const [f, g] = s.activations;
    const update = f(tf, s.clip(gate(s, 0, h)));
    const reset = f(tf, s.clip(gate(s, 1, h)));
    const recurrent = s.attrs.linear_before_reset
      ? tf.mul(reset, tf.add(s.recur(h, 2), s.recurrentBias(2)))
      : tf.add(s.recur(tf.mul(reset, h), 2), s.recurrentBias(2));
    const fresh = g(tf, s.clip(tf.add(s.input[2], recurrent)));
    return [tf.add(tf.mul(tf.sub(1, update), fresh), tf.mul(update, h))];
  },
};

/** Gates in the order input, output, forget, cell. */
export const lstm: Cell = {
  gates: 4,
  states: 2,
  activations: ['Sigmoid', 'Tanh', 'Tanh'],
  step: (s, [h, c]) => {
    const { tf } = s;
    const [f, g, last] = s.activations;
    const looking = (x: Tf.Tensor, i: number, cell: Tf.Tensor) => {
      const weights = s.peephole(i);
      return s.clip(weights ? tf.add(x, tf.mul(weights, cell)) : x);
    };
    const input = f(tf, looking(gate(s, 0, h), 0, c));
    const forget = s.attrs.input_forget ? tf.sub(1, input) : f(tf, looking(gate(s, 2, h), 2, c));
    const fresh = g(tf, s.clip(gate(s, 3, h)));
    const cell = tf.add(tf.mul(forget, c), tf.mul(input, fresh));
    const output = f(tf, looking(gate(s, 1, h), 1, cell));
    return [tf.mul(output, last(tf, cell)), cell];
  },
};

// ---------------------------------------------------------------- walking over time

/** Inputs of every recurrent layer. */
export const slots = {
  X: 0,
  W: 1,
  R: 2,
  B: 3,
  LENGTHS: 4,
  INITIAL: 5,
  INITIAL_CELL: 6,
  PEEPHOLES: 7,
} as const;
const { X, W, R, B, LENGTHS, INITIAL, INITIAL_CELL, PEEPHOLES } = slots;

/** Outputs Y and the final states, in the order the node states them. */
export function runRecurrent(view: RunView<Attrs>, cell: Cell): Tf.Tensor[] {
  const { tf, attrs } = view;
  const batchFirst = attrs.layout === 1;
  const x = batchFirst ? transpose(tf, view.input(X), [1, 0, 2]) : view.input(X);
  const [directions] = view.shape(R);
  const walks = sequence(directions).map((d) => walk(view, cell, x, d));
  const [steps, batch] = x.shape;
  const hidden = view.shape(R)[2];
  const y = tf.stack(
    walks.map((own) => own.all),
    1,
  );
  const states = sequence(cell.states).map((i) => tf.stack(walks.map((own) => own.last[i])));
  const ordered = batchFirst
    ? [transpose(tf, y, [2, 0, 1, 3]), ...states.map((state) => transpose(tf, state, [1, 0, 2]))]
    : [tf.reshape(y, [steps, directions, batch, hidden]), ...states];
  return ordered.slice(0, view.outputs);
}

/** One direction: all hidden states [T, N, H] and the last of each state [N, H]. */
function walk(
  view: RunView<Attrs>,
  cell: Cell,
  x: Tf.Tensor,
  d: number,
): { all: Tf.Tensor; last: Tf.Tensor[] } {
  const { tf } = view;
  const [steps, batch, features] = x.shape;
  const hidden = view.shape(R)[2];
  const backwards = view.attrs.direction === 'reverse' || d === 1;
  const part = (i: number) => tf.squeeze(tf.slice(view.input(i), d, 1), [0]);
  const rows = (matrix: Tf.Tensor, i: number) => tf.slice(matrix, i * hidden, hidden);
  const [w, r] = [part(W), part(R)];
  const bias = view.has(B) ? part(B) : tf.zeros([2 * cell.gates * hidden]);
  const flat = tf.reshape(x, [steps * batch, features]);
  // All steps of a gate's input at once.
  const inputs = sequence(cell.gates).map((i) => {
    const product = view.kernels.matMul(flat, rows(w, i), false, true);
    return tf.reshape(tf.add(product, rows(bias, i)), [steps, batch, hidden]);
  });
  const recurrent = sequence(cell.gates).map((i) => rows(r, i));
  const peepholes = view.has(PEEPHOLES) ? part(PEEPHOLES) : undefined;
  const { clip } = view.attrs;
  const activations = activationsOf(view, cell, d);
  const stateless = tf.zeros([batch, hidden]);
  let states = [INITIAL, INITIAL_CELL]
    .slice(0, cell.states)
    .map((i) => initialState(view, i, d) ?? stateless);
  const outputs: Tf.Tensor[] = [];
  for (const t of backwards ? sequence(steps, steps - 1, -1) : sequence(steps)) {
    const next = cell.step(
      {
        tf,
        attrs: view.attrs,
        input: inputs.map((all) => tf.reshape(tf.slice(all, t, 1), [batch, hidden])),
        recur: (state, i) => view.kernels.matMul(state, recurrent[i], false, true),
        recurrentBias: (i) => rows(bias, cell.gates + i),
        peephole: (i) => peepholes && rows(peepholes, i),
        clip: (value) => (clip ? tf.clipByValue(value, -clip, clip) : value),
        activations,
      },
      states,
    );
    const alive = stillRunning(view, t);
    outputs.push(alive ? tf.mul(next[0], alive) : next[0]);
    states = alive
      ? next.map((state, i) => tf.add(tf.mul(state, alive), tf.mul(states[i], tf.sub(1, alive))))
      : next;
  }
  const all = tf.stack(outputs);
  return { all: backwards ? reverseAlong(tf, all, 0) : all, last: states };
}

function initialState(view: RunView<Attrs>, i: number, d: number): Tf.Tensor | undefined {
  if (!view.has(i)) return undefined;
  const { tf } = view;
  const given = view.attrs.layout === 1 ? transpose(tf, view.input(i), [1, 0, 2]) : view.input(i);
  return tf.squeeze(tf.slice(given, d, 1), [0]);
}

/** [N, 1]: 1 for the examples that are longer than `t` steps; `undefined` where all run to the end. */
function stillRunning(view: RunView<Attrs>, t: number): Tf.Tensor | undefined {
  if (!view.has(LENGTHS)) return undefined;
  const { tf } = view;
  const lengths = tf.reshape(view.input(LENGTHS), [-1, 1]);
  return tf.cast(tf.greater(lengths, tf.scalar(t, 'int32')), 'float32');
}

/** Parameters of activations are listed for all directions together. */
function activationsOf(view: NodeView<Attrs>, cell: Cell, d: number): Activation[] {
  const { activations, activation_alpha: alphas, activation_beta: betas, direction } = view.attrs;
  const count = cell.activations.length;
  const directions = direction === 'bidirectional' ? 2 : 1;
  const names = activations ?? sequence(directions).flatMap(() => cell.activations);
  return activationsByName(view, names, alphas, betas).slice(d * count, (d + 1) * count);
}
