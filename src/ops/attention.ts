// Attention as one operator, as ONNX has it since opset 23. Heads, dims of queries and keys, and dims of values are
// three kinds of channels. Formulas: ONNX operator Attention.

import type * as Tf from '@tensorflow/tfjs';
import {
  asBias,
  attend,
  attended,
  attentionMacs,
  COMPARED,
  COUPLING,
  cutHeads,
  dimsPerHead,
  type HeadAxes,
  headsOf,
  joinHeads,
  keepScale,
  MASKED,
  survivingRuns,
  tieMask,
  withPast,
} from './attention-core.ts';
import {
  type AttrsOf,
  type Axis,
  type Equations,
  float,
  int,
  type NodeView,
  notFolded,
  noWeights,
  type Operator,
  operator,
  type ResizeView,
  type RunView,
  type ValueType,
} from './op.ts';
import { padAlong } from './padding.ts';
import { illShaped } from './refusal.ts';

const attrs = {
  is_causal: int(0),
  kv_num_heads: int(),
  q_num_heads: int(),
  qk_matmul_output_mode: int(0),
  scale: float(),
  softcap: float(0),
  softmax_precision: int(),
};
type View = NodeView<AttrsOf<typeof attrs>>;
const [Q, K, V, MASK, PAST_KEY, PAST_VALUE, LENGTHS] = [0, 1, 2, 3, 4, 5, 6];

interface Sizes {
  readonly heads: number;
  readonly keyHeads: number;
  readonly dims: number;
  readonly valueDims: number;
  readonly queries: number;
  /** Earlier ones included. */
  readonly keys: number;
}

function sizesOf(view: View): Sizes {
  const [q, k, v] = [Q, K, V].map((i) => view.shape(i));
  const past = view.has(PAST_KEY) ? view.shape(PAST_KEY)[2] : 0;
  if (q.length === 4)
    return {
      heads: q[1],
      keyHeads: k[1],
      dims: q[3],
      valueDims: v[3],
      queries: q[2],
      keys: past + k[2],
    };
  const { q_num_heads: heads, kv_num_heads: keyHeads } = view.attrs;
  if (!heads || !keyHeads) throw illShaped(view, 'does not state its numbers of heads');
  return {
    heads,
    keyHeads,
    dims: dimsPerHead(view, q[2], heads),
    valueDims: dimsPerHead(view, v[2], keyHeads),
    queries: q[1],
    keys: past + k[1],
  };
}

function attentionShape(view: View): ValueType[] {
  const { heads, keyHeads, dims, valueDims, queries, keys } = sizesOf(view);
  const dtype = view.dtype(Q);
  const [batch] = view.shape(Q);
  const y =
    view.shape(Q).length === 4 ? [batch, heads, queries, valueDims] : [batch, queries, heads * valueDims];
  return [
    y,
    [batch, keyHeads, keys, dims],
    [batch, keyHeads, keys, valueDims],
    [batch, heads, queries, keys],
  ].map((shape) => ({ dtype, dims: shape }));
}

/** The heads of an input, given as an axis of their own or within the last one, and its tokens. */
function operand(eq: Equations<unknown>, i: number, heads: number): HeadAxes & { tokens: Axis } {
  const axes = eq.axes(i);
  if (axes.length === 4) return { heads: axes[1], tokens: axes[2], dims: axes[3] };
  return { ...headsOf(eq, axes[2], heads), tokens: axes[1] };
}

/** Earlier keys or values [batch, heads, tokens, dims]. */
function tiePast(eq: Equations<unknown>, i: number, now: HeadAxes): void {
  if (!eq.has(i)) return;
  const [, heads, tokens, dims] = eq.axes(i);
  eq.same(heads, now.heads);
  eq.same(dims, now.dims);
  eq.fix(tokens, COMPARED);
}

function attentionTerms(eq: Equations<AttrsOf<typeof attrs>>): void {
  const { heads, keyHeads, keys } = sizesOf(eq);
  const [q, k, v] = [operand(eq, Q, heads), operand(eq, K, keyHeads), operand(eq, V, keyHeads)];
  const y = attended(eq, q, k, v);
  for (const tokens of [k.tokens, v.tokens]) eq.fix(tokens, COMPARED);
  if (eq.attrs.is_causal || eq.has(MASK)) eq.fix(q.tokens, COMPARED);
  if (eq.has(MASK)) tieMask(eq, eq.axes(MASK), q.heads);
  tiePast(eq, PAST_KEY, k);
  tiePast(eq, PAST_VALUE, v);
  const [batch] = eq.axes(Q);
  const all = () => eq.fixed(keys, COMPARED);
  const outputs = [
    eq.shape(Q).length === 4
      ? [batch, y.heads, q.tokens, y.dims]
      : [batch, q.tokens, eq.product([y.heads, y.dims])],
    [batch, k.heads, all(), k.dims],
    [batch, v.heads, all(), v.dims],
    [batch, q.heads, q.tokens, all()],
  ];
  for (let o = 0; o < eq.outputs; o++) eq.out(o, outputs[o]);
}

function attentionResize(view: ResizeView<AttrsOf<typeof attrs>>): void {
  const before = sizesOf(view);
  const packed = view.shape(Q).length === 3;
  const survivors = (i: number, count: number) =>
    packed ? survivingRuns(view.kept(i, 2), view.shape(i)[2], count) : view.newShape(i)[1];
  const [heads, keyHeads] = [survivors(Q, before.heads), survivors(K, before.keyHeads)];
  if (packed && heads !== before.heads) view.set('q_num_heads', heads);
  if (packed && keyHeads !== before.keyHeads) view.set('kv_num_heads', keyHeads);
  const dims = packed ? view.newShape(Q)[2] / heads : view.newShape(Q)[3];
  keepScale(view, before.dims, dims);
}

/** What is added to the logits: the mask, in which missing keys are not seen, and the lengths of the keys given. */
function biasOf(view: RunView<AttrsOf<typeof attrs>>): Tf.Tensor | undefined {
  const { tf } = view;
  const { queries, keys } = sizesOf(view);
  const given = view.has(MASK) ? asBias(tf, view.input(MASK)) : undefined;
  const missing = given ? keys - (given.shape.at(-1) as number) : 0;
  const mask = given && padAlong(tf, given, given.rank - 1, 'constant', [0, missing], MASKED);
  if (!view.has(LENGTHS)) return mask;
  const lengths = tf.reshape(tf.cast(view.input(LENGTHS), 'int32'), [-1, 1, 1, 1]);
  const places = tf.reshape(tf.range(0, keys, 1, 'int32'), [1, 1, 1, keys]);
  const rows = tf.reshape(tf.range(0, queries, 1, 'int32'), [1, 1, queries, 1]);
  const last = view.attrs.is_causal ? tf.add(rows, tf.sub(lengths, queries)) : tf.sub(lengths, 1);
  const seen = asBias(tf, tf.lessEqual(places, last));
  return mask ? tf.add(seen, mask) : seen;
}

function runAttention(view: RunView<AttrsOf<typeof attrs>>): Tf.Tensor[] {
  const { tf, attrs: stated } = view;
  const { heads, keyHeads } = sizesOf(view);
  const past = (i: number) => (view.has(i) ? view.input(i) : undefined);
  const k = withPast(tf, past(PAST_KEY), cutHeads(tf, view.input(K), keyHeads));
  const v = withPast(tf, past(PAST_VALUE), cutHeads(tf, view.input(V), keyHeads));
  const { y, stages } = attend(tf, view.kernels, cutHeads(tf, view.input(Q), heads), k, v, {
    scale: stated.scale,
    softcap: stated.softcap,
    bias: biasOf(view),
    causal: stated.is_causal && !view.has(LENGTHS) ? (past(PAST_KEY)?.shape[2] ?? 0) : undefined,
    mayBeBlind: view.has(MASK) || view.has(LENGTHS),
  });
  const shaped = view.shape(Q).length === 4 ? y : joinHeads(tf, y);
  return [shaped, k, v, stages[stated.qk_matmul_output_mode]].slice(0, view.outputs);
}

const Attention = operator({
  name: 'Attention',
  attrs,
  coupling: COUPLING,
  shape: attentionShape,
  fold: notFolded,
  terms: attentionTerms,
  resize: attentionResize,
  weights: noWeights,
  layout: 'logical',
  run: runAttention,
  macs: (view) => {
    const { heads, queries, keys, dims, valueDims } = sizesOf(view);
    return attentionMacs(view.shape(Q)[0], heads, queries, keys, dims, valueDims);
  },
});

export const attention: readonly Operator[] = [Attention];
