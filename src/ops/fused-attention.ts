// ONNX Runtime's attention operators. Attention also projects: its weight holds queries, keys and values one after the
// other. MultiHeadAttention gets them projected.
// Formulas: com.microsoft Attention, MultiHeadAttention (onnxruntime/docs/ContribOperators.md).

import type * as Tf from '@tensorflow/tfjs';
import {
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
  startsOf,
  survivingRuns,
  tieMask,
} from './attention-core.ts';
import { sequence } from './host.ts';
import {
  type AttrsOf,
  type Axis,
  type Equations,
  float,
  int,
  ints,
  type NodeView,
  notFolded,
  type Operator,
  operator,
  type ResizeView,
  type RunView,
  type ValueType,
  type WeightUse,
} from './op.ts';
import { sliceAlong } from './rearrange.ts';
import { illShaped, unsupported } from './refusal.ts';

const sum = (lengths: readonly number[]): number => lengths.reduce((a, b) => a + b, 0);

/** The parts of an axis, each as heads. */
const partsOf = (eq: Equations<unknown>, axis: Axis, widths: readonly number[], heads: number): HeadAxes[] =>
  startsOf(widths).map((start, i) => headsOf(eq, eq.select(axis, sequence(widths[i], start)), heads));

/** A bias of queries, keys and values one after the other goes with them. */
function tieBias(eq: Equations<unknown>, i: number, parts: readonly HeadAxes[]): void {
  if (eq.has(i)) eq.same(eq.axes(i)[0], eq.concat(parts.map(({ heads, dims }) => eq.product([heads, dims]))));
}

/** Inputs and outputs that hold earlier keys and values, in whatever shape: their channels stay. */
function fixCache(eq: Equations<unknown>, inputs: readonly number[], channels: readonly Axis[]): void {
  const why = 'earlier keys and values are kept in one array';
  const given = inputs.filter((i) => eq.has(i));
  if (given.length === 0 && eq.outputs < 2) return;
  for (const axis of [...given.flatMap((i) => eq.axes(i)), ...channels]) eq.fix(axis, why);
  for (let o = 1; o < eq.outputs; o++)
    eq.out(
      o,
      eq.outShape(o).map((length) => eq.fixed(length, why)),
    );
}

/** What is added to the logits: a bias, and a mask of keys given as one number each, or as a count per example. */
function biasOf(
  view: RunView<{ readonly mask_filter_value: number }>,
  mask: number,
  bias: number,
  keys: number,
): Tf.Tensor | undefined {
  const { tf } = view;
  const added = view.has(bias) ? view.input(bias) : undefined;
  if (!view.has(mask)) return added;
  const given = view.input(mask);
  const [batch] = view.shape(0);
  const counted = given.rank === 1 && given.size === batch;
  if (!counted && given.rank !== 2) throw unsupported(view, `masks its keys with [${given.shape}]`);
  const column = tf.reshape(tf.cast(given, 'float32'), [batch, 1, 1, -1]);
  const seen = counted
    ? tf.cast(tf.less(tf.reshape(tf.range(0, keys), [1, 1, 1, keys]), column), 'float32')
    : column;
  const hidden = tf.mul(tf.sub(1, seen), view.attrs.mask_filter_value);
  return added ? tf.add(hidden, added) : hidden;
}

// ---------------------------------------------------------------- Attention

const fusedAttrs = {
  num_heads: int(1),
  qkv_hidden_sizes: ints(),
  scale: float(),
  mask_filter_value: float(-10000),
  unidirectional: int(0),
  do_rotary: int(0),
};
type FusedAttrs = AttrsOf<typeof fusedAttrs>;
const [INPUT, WEIGHTS, BIAS, MASK_INDEX, PAST, LOGIT_BIAS, PAST_LENGTH] = sequence(7);

function widthsOf(view: NodeView<FusedAttrs>): readonly number[] {
  const all = view.shape(WEIGHTS)[1];
  const widths = view.attrs.qkv_hidden_sizes ?? [all / 3, all / 3, all / 3];
  if (widths.length !== 3 || sum(widths) !== all)
    throw illShaped(view, `cuts ${all} channels into queries, keys and values of ${widths}`);
  return widths;
}

function fusedResize(view: ResizeView<FusedAttrs>): void {
  const { num_heads: before } = view.attrs;
  const widths = widthsOf(view);
  const kept = view.kept(WEIGHTS, 1);
  if (!kept) return;
  const parts = startsOf(widths).map((start, i) =>
    Array.from(kept)
      .filter((p) => p >= start && p < start + widths[i])
      .map((p) => p - start),
  );
  const heads = survivingRuns(parts[0], widths[0], before);
  const left = parts.map((part) => part.length);
  if (heads !== before) view.set('num_heads', heads);
  if (view.attrs.qkv_hidden_sizes || new Set(left).size > 1) view.set('qkv_hidden_sizes', left);
  keepScale(view, widths[0] / before, left[0] / heads);
}

function runFused(view: RunView<FusedAttrs>): Tf.Tensor[] {
  const { tf, attrs, kernels } = view;
  if ([PAST, PAST_LENGTH].some((i) => view.has(i)) || attrs.do_rotary)
    throw unsupported(view, 'remembers or turns its tokens');
  const [batch, tokens, features] = view.shape(INPUT);
  const flat = tf.reshape(view.input(INPUT), [batch * tokens, features]);
  const product = kernels.matMul(flat, view.input(WEIGHTS));
  const projected = tf.reshape(view.has(BIAS) ? tf.add(product, view.input(BIAS)) : product, [
    batch,
    tokens,
    -1,
  ]);
  const widths = widthsOf(view);
  const [q, k, v] = startsOf(widths).map((start, i) =>
    cutHeads(tf, sliceAlong(tf, projected, 2, start, widths[i]), attrs.num_heads),
  );
  const { y } = attend(tf, kernels, q, k, v, {
    scale: attrs.scale,
    bias: biasOf(view, MASK_INDEX, LOGIT_BIAS, tokens),
    causal: attrs.unidirectional ? 0 : undefined,
  });
  return [joinHeads(tf, y)];
}

const Attention = operator({
  name: 'Attention',
  domain: 'com.microsoft',
  attrs: fusedAttrs,
  coupling: COUPLING,
  shape: (view) => {
    const dtype = view.dtype(INPUT);
    const [batch, tokens] = view.shape(INPUT);
    const [, keys, values] = widthsOf(view);
    const { num_heads: heads } = view.attrs;
    const past = view.has(PAST) ? view.shape(PAST)[3] : 0;
    return [
      { dtype, dims: [batch, tokens, values] },
      { dtype, dims: [2, batch, heads, past + tokens, keys / heads] },
    ];
  },
  fold: notFolded,
  terms: (eq) => {
    const [batch, tokens, features] = eq.axes(INPUT);
    const [inner, outer] = eq.axes(WEIGHTS);
    eq.same(features, inner);
    const parts = partsOf(eq, outer, widthsOf(eq), eq.attrs.num_heads);
    const [q, k, v] = parts;
    const y = attended(eq, q, k, v);
    tieBias(eq, BIAS, parts);
    eq.fix(tokens, COMPARED);
    if (eq.has(LOGIT_BIAS)) tieMask(eq, eq.axes(LOGIT_BIAS), q.heads);
    fixCache(eq, [PAST], [k.heads, k.dims, v.dims]);
    eq.out(0, [batch, tokens, eq.product([y.heads, y.dims])]);
  },
  resize: fusedResize,
  weights: (view): WeightUse[] => [
    { input: WEIGHTS, role: 'kernel', outAxis: 1, inAxis: 0, groups: 1 },
    ...(view.has(BIAS) ? [{ input: BIAS, role: 'bias' } as const] : []),
  ],
  layout: 'logical',
  run: runFused,
  macs: (view) => {
    const [batch, tokens, features] = view.shape(INPUT);
    const widths = widthsOf(view);
    const [, keys, values] = widths.map((width) => width / view.attrs.num_heads);
    const products = attentionMacs(batch, view.attrs.num_heads, tokens, tokens, keys, values);
    return batch * tokens * features * sum(widths) + products;
  },
});

// ---------------------------------------------------------------- MultiHeadAttention

const multiAttrs = {
  num_heads: int(1),
  scale: float(),
  mask_filter_value: float(-10000),
  unidirectional: int(0),
};
type MultiAttrs = AttrsOf<typeof multiAttrs>;
type MultiView = NodeView<MultiAttrs>;
const [Q, K, V, MULTI_BIAS, KEY_MASK, MULTI_LOGIT_BIAS, PAST_KEY] = sequence(7);

/** Keys and values may come packed with others, or with their heads in front; only the plain form is followed. */
const isPlain = (view: MultiView): boolean =>
  [Q, K, V].every((i) => view.has(i) && view.shape(i).length === 3);

function multiSizes(view: MultiView) {
  const { num_heads: heads } = view.attrs;
  const [batch, queries, ...packed] = view.shape(Q);
  if (packed.length > 1) {
    const dims = packed[packed.length - 1];
    return { batch, heads, queries, keys: queries, dims, valueDims: dims, past: 0 };
  }
  const dims = dimsPerHead(view, packed[0], heads);
  const past = view.has(PAST_KEY) ? view.shape(PAST_KEY)[2] : 0;
  const withHeads = view.has(K) && view.shape(K).length === 4;
  const keys = view.has(K) ? view.shape(K)[withHeads ? 2 : 1] : queries;
  const value = view.has(V) ? view.shape(V) : undefined;
  const valueDims = value?.length === 3 ? dimsPerHead(view, value[2], heads) : (value?.[3] ?? dims);
  return { batch, heads, queries, keys, dims, valueDims, past };
}

function multiTerms(eq: Equations<MultiAttrs>): void {
  const { num_heads: heads } = eq.attrs;
  if (!isPlain(eq)) {
    const why = 'queries, keys and values come packed';
    for (const i of sequence(eq.inputs)) if (eq.has(i)) for (const axis of eq.axes(i)) eq.fix(axis, why);
    for (let o = 0; o < eq.outputs; o++)
      eq.out(
        o,
        eq.outShape(o).map((length) => eq.fixed(length, why)),
      );
    return;
  }
  const parts = [Q, K, V].map((i) => headsOf(eq, eq.axes(i)[2], heads));
  const [q, k, v] = parts;
  const y = attended(eq, q, k, v);
  tieBias(eq, MULTI_BIAS, parts);
  const [batch, tokens] = eq.axes(Q);
  for (const axis of [eq.axes(K)[1], eq.axes(V)[1]]) eq.fix(axis, COMPARED);
  if (eq.has(KEY_MASK)) for (const axis of eq.axes(KEY_MASK)) eq.fix(axis, COMPARED);
  if (eq.has(MULTI_LOGIT_BIAS) || eq.attrs.unidirectional) eq.fix(tokens, COMPARED);
  if (eq.has(MULTI_LOGIT_BIAS)) tieMask(eq, eq.axes(MULTI_LOGIT_BIAS), q.heads);
  fixCache(eq, sequence(4, PAST_KEY), [k.heads, k.dims, v.dims]);
  eq.out(0, [batch, tokens, eq.product([y.heads, y.dims])]);
}

function multiResize(view: ResizeView<MultiAttrs>): void {
  if (!isPlain(view)) return;
  const before = multiSizes(view);
  const heads = survivingRuns(view.kept(Q, 2), view.shape(Q)[2], before.heads);
  if (heads !== before.heads) view.set('num_heads', heads);
  keepScale(view, before.dims, view.newShape(Q)[2] / heads);
}

function runMulti(view: RunView<MultiAttrs>): Tf.Tensor[] {
  const { tf, attrs } = view;
  if (!isPlain(view) || sequence(view.inputs, PAST_KEY).some((i) => view.has(i)))
    throw unsupported(view, 'gets its inputs packed or with a memory');
  const widths = [Q, K, V].map((i) => view.shape(i)[2]);
  const biases = startsOf(widths).map((start, i) =>
    view.has(MULTI_BIAS) ? sliceAlong(tf, view.input(MULTI_BIAS), 0, start, widths[i]) : undefined,
  );
  const [q, k, v] = [Q, K, V].map((i) => {
    const bias = biases[i];
    return cutHeads(tf, bias ? tf.add(view.input(i), bias) : view.input(i), attrs.num_heads);
  });
  const { y } = attend(tf, view.kernels, q, k, v, {
    scale: attrs.scale,
    bias: biasOf(view, KEY_MASK, MULTI_LOGIT_BIAS, view.shape(K)[1]),
    causal: attrs.unidirectional ? 0 : undefined,
  });
  return [joinHeads(tf, y)];
}

const MultiHeadAttention = operator({
  name: 'MultiHeadAttention',
  domain: 'com.microsoft',
  attrs: multiAttrs,
  coupling: COUPLING,
  shape: (view) => {
    const { batch, heads, queries, keys, dims, valueDims, past } = multiSizes(view);
    const dtype = view.dtype(Q);
    return [
      [batch, queries, heads * valueDims],
      [batch, heads, past + keys, dims],
      [batch, heads, past + keys, valueDims],
      [batch, heads, queries, past + keys],
    ].map((shape): ValueType => ({ dtype, dims: shape }));
  },
  fold: notFolded,
  terms: multiTerms,
  resize: multiResize,
  weights: (view) => (view.has(MULTI_BIAS) ? [{ input: MULTI_BIAS, role: 'bias' }] : []),
  layout: 'logical',
  run: runMulti,
  macs: (view) => {
    const { batch, heads, queries, keys, dims, valueDims, past } = multiSizes(view);
    return attentionMacs(batch, heads, queries, past + keys, dims, valueDims);
  },
});

export const fusedAttention: readonly Operator[] = [Attention, MultiHeadAttention];
