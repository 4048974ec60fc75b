// Recurrent layers: RNN, GRU and LSTM. A hidden unit is one position of the hidden axis in every gate of W, R and B,
// among the recurrent inputs, in the initial states and in the outputs; both directions share it.
// Formulas: ONNX operators of these names (Elman 1990; Cho et al., arXiv 1406.1078; Hochreiter and Schmidhuber 1997).

import { sequence } from './host.ts';
import {
  type AttrReader,
  type AttrsOf,
  type Equations,
  float,
  floats,
  int,
  type NodeView,
  notFolded,
  type Operator,
  operator,
  type ResizeView,
  type RunView,
  string,
  strings,
  type ValueType,
  type WeightUse,
} from './op.ts';
import { type Cell, gru, lstm, rnn, runRecurrent, slots } from './recurrent-cells.ts';
import { illShaped } from './refusal.ts';

const recurrentAttrs = {
  direction: string('forward'),
  hidden_size: int(),
  layout: int(0),
  activations: strings() as AttrReader<readonly string[] | undefined>,
  activation_alpha: floats() as AttrReader<readonly number[] | undefined>,
  activation_beta: floats() as AttrReader<readonly number[] | undefined>,
  clip: float(),
  linear_before_reset: int(0),
  input_forget: int(0),
};
type RecurrentAttrs = AttrsOf<typeof recurrentAttrs>;
type View = NodeView<RecurrentAttrs>;

const { X, W, R, B, LENGTHS, INITIAL, INITIAL_CELL, PEEPHOLES } = slots;

const WALKED = 'a recurrent layer walks along it';
const GATE = 'it is a gate of a recurrent cell';
const DIRECTION = 'it is a direction of a recurrent layer';

/** Where time and batch are in the input, and how the axes of the outputs are ordered. */
const axesOf = ({ attrs }: View) => (attrs.layout === 1 ? { time: 1, batch: 0 } : { time: 0, batch: 1 });

/** In the order of output 0: by default [time, direction, batch, hidden]. */
const arranged = <T>({ attrs }: View, time: T, direction: T, batch: T, hidden: T): T[] =>
  attrs.layout === 1 ? [batch, time, direction, hidden] : [time, direction, batch, hidden];

const stateArranged = <T>({ attrs }: View, direction: T, batch: T, hidden: T): T[] =>
  attrs.layout === 1 ? [batch, direction, hidden] : [direction, batch, hidden];

function shapes(view: View, { gates, states }: Cell): ValueType[] {
  const [x, w, r] = [view.shape(X), view.shape(W), view.shape(R)];
  const [directions, , hidden] = r;
  if (
    x.length !== 3 ||
    w.length !== 3 ||
    r.length !== 3 ||
    w[1] !== gates * hidden ||
    r[1] !== gates * hidden
  )
    throw illShaped(view, `gets [${x}] with weights of [${w}] and [${r}]`);
  if (w[2] !== x[2]) throw illShaped(view, `gets ${x[2]} features for weights of [${w}]`);
  const { time, batch } = axesOf(view);
  const dtype = view.dtype(X);
  const state = { dtype, dims: stateArranged(view, directions, x[batch], hidden) };
  return [
    { dtype, dims: arranged(view, x[time], directions, x[batch], hidden) },
    ...sequence(states).map(() => state),
  ];
}

function equations(eq: Equations<RecurrentAttrs>, { gates, states }: Cell): void {
  const x = eq.axes(X);
  const hidden = eq.axes(R)[2];
  const { time, batch } = axesOf(eq);
  eq.fix(x[time], WALKED);
  eq.same(x[2], eq.axes(W)[2]);
  /** An axis of `count` runs of all hidden units. */
  const stacked = (i: number, axis: number, count: number) => {
    if (!eq.has(i)) return;
    const [gate, units] = eq.split(eq.axes(i)[axis], [count, hidden.length]);
    eq.fix(gate, GATE);
    eq.same(units, hidden);
  };
  stacked(W, 1, gates);
  stacked(R, 1, gates);
  stacked(B, 1, 2 * gates);
  stacked(PEEPHOLES, 1, 3);
  for (const i of [W, R, B, PEEPHOLES]) if (eq.has(i)) eq.fix(eq.axes(i)[0], DIRECTION);
  if (eq.has(LENGTHS)) eq.same(eq.axes(LENGTHS)[0], x[batch]);
  const [directions] = eq.shape(R);
  const direction = () => eq.fixed(directions, DIRECTION);
  for (const i of [INITIAL, INITIAL_CELL]) {
    if (!eq.has(i)) continue;
    const expected = stateArranged(eq, direction(), x[batch], hidden);
    eq.axes(i).forEach((axis, a) => {
      eq.same(axis, expected[a]);
    });
  }
  eq.out(0, arranged(eq, eq.fixed(x[time].length, WALKED), direction(), x[batch], hidden));
  for (const o of sequence(states, 1))
    if (o < eq.outputs) eq.out(o, stateArranged(eq, direction(), x[batch], hidden));
}

function resized(view: ResizeView<RecurrentAttrs>): void {
  const hidden = view.newShape(R)[2];
  if (hidden !== view.shape(R)[2]) view.set('hidden_size', hidden);
}

const kernel = (input: number): WeightUse => ({ input, role: 'kernel', outAxis: 1, inAxis: 2, groups: 1 });

const weights = (view: View): WeightUse[] => [
  kernel(W),
  kernel(R),
  ...(view.has(B) ? [{ input: B, role: 'bias' } as const] : []),
  ...(view.has(PEEPHOLES) ? [{ input: PEEPHOLES, role: 'other' } as const] : []),
];

/** Every step multiplies its input and its state with the weights of each gate. */
function macs(view: View): number {
  const { time, batch } = axesOf(view);
  const [directions, rows, hidden] = view.shape(R);
  const x = view.shape(X);
  return x[time] * x[batch] * directions * rows * (x[2] + hidden);
}

const recurrent = (name: string, cell: Cell): Operator =>
  operator({
    name,
    attrs: recurrentAttrs,
    coupling: 'carries its hidden units from step to step: each takes its place in every gate',
    shape: (view) => shapes(view, cell),
    fold: notFolded,
    terms: (eq) => equations(eq, cell),
    resize: resized,
    weights,
    layout: 'logical',
    run: (view: RunView<RecurrentAttrs>) => runRecurrent(view, cell),
    macs,
  });

export const recurrentLayers: readonly Operator[] = [
  recurrent('RNN', rnn),
  recurrent('GRU', gru),
  recurrent('LSTM', lstm),
];
