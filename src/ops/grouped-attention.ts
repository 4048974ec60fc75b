// Attention in which query heads share keys and values, with positions turned and a cache of earlier tokens inside.
// Formulas: com.microsoft.GroupQueryAttention (onnxruntime/docs/ContribOperators.md); Ainslie et al., arXiv 2305.13245.

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
  headsOf,
  joinHeads,
  startsOf,
  survivingRuns,
} from './attention-core.ts';
import { sequence } from './host.ts';
import { multiply } from './matrix.ts';
import {
  type AttrsOf,
  float,
  int,
  type NodeView,
  notFolded,
  noWeights,
  type Operator,
  operator,
  type ResizeView,
  type RunView,
} from './op.ts';
import { padAlong } from './padding.ts';
import { gatherRows, sliceAlong } from './rearrange.ts';
import { unsupported } from './refusal.ts';
import { rotatedDims, turn } from './rotary.ts';

/** ONNX Runtime takes heads of 8 dims, 16 where they are turned, or a multiple. */
const VECTORS = 'grouped attention runs on heads of 8 or 16 dims, or a multiple, only';

const groupAttrs = {
  num_heads: int(1),
  kv_num_heads: int(1),
  scale: float(),
  softcap: float(0),
  do_rotary: int(0),
  rotary_interleaved: int(0),
  local_window_size: int(-1),
};
type GroupAttrs = AttrsOf<typeof groupAttrs>;
type GroupView = NodeView<GroupAttrs>;
const [Q, K, V, CACHE_KEY, CACHE_VALUE, LAST, TOTAL, COSINES, SINES, BEYOND] = sequence(10);

function groupSizes(view: GroupView) {
  const { num_heads: heads, kv_num_heads: keyHeads } = view.attrs;
  const [batch, queries, width] = view.shape(Q);
  // Without keys the queries come packed with keys and values.
  const dims = dimsPerHead(view, width, view.has(K) ? heads : heads + 2 * keyHeads);
  const past = view.has(CACHE_KEY) ? view.shape(CACHE_KEY)[2] : 0;
  const total = view.has(TOTAL) ? view.known(TOTAL)?.values[0] : undefined;
  return { batch, queries, heads, keyHeads, dims, keys: Math.max(past, total ?? past + queries) };
}

/** Where the tokens of this call stand among all keys. */
interface Places {
  /** [B, 1, S, 1]: of each query. */
  readonly own: Tf.Tensor;
  /** [1, 1, 1, L]: of each key. */
  readonly all: Tf.Tensor;
}

/** The last key of each example is input LAST; a first call begins at 0, though its examples may be padded. */
function placesOf(view: RunView<GroupAttrs>): Places {
  const { tf } = view;
  const { batch, queries, keys } = groupSizes(view);
  const first = view.known(TOTAL)?.values[0] === queries || !view.has(CACHE_KEY);
  const last = tf.reshape(tf.cast(view.input(LAST), 'int32'), [batch, 1, 1, 1]);
  const start = first ? tf.zerosLike(last) : tf.sub(last, tf.scalar(queries - 1, 'int32'));
  return {
    own: tf.add(start, tf.reshape(tf.range(0, queries, 1, 'int32'), [1, 1, queries, 1])),
    all: tf.reshape(tf.range(0, keys, 1, 'int32'), [1, 1, 1, keys]),
  };
}

/** Earlier keys or values [B, G, P, D] and those of this call [B, G, S, D] at their places: [B, G, L, D]. */
function remembered(
  view: RunView<GroupAttrs>,
  cache: number,
  now: Tf.Tensor,
  { own, all }: Places,
): Tf.Tensor {
  const { tf } = view;
  const { keys } = groupSizes(view);
  const here = tf.cast(tf.equal(own, all), 'float32');
  const placed = multiply(tf, view.kernels, here, now, [true, false]);
  if (!view.has(cache)) return placed;
  const before = padAlong(tf, view.input(cache), 2, 'constant', [0, keys - view.shape(cache)[2]]);
  const kept = tf.sub(1, tf.reshape(tf.sum(here, 2), [here.shape[0], 1, keys, 1]));
  return tf.add(tf.mul(before, kept), placed);
}

function runGrouped(view: RunView<GroupAttrs>): Tf.Tensor[] {
  const { tf, attrs } = view;
  if (sequence(view.inputs, BEYOND).some((i) => view.has(i)))
    throw unsupported(view, 'is given positions, a bias or sinks of its own');
  const { heads, keyHeads, dims } = groupSizes(view);
  const places = placesOf(view);
  const widths = [heads, keyHeads, keyHeads].map((count) => count * dims);
  const [q, k, v] = startsOf(widths).map((start, i) =>
    cutHeads(
      tf,
      view.has(K) ? view.input(i) : sliceAlong(tf, view.input(Q), 2, start, widths[i]),
      i === 0 ? heads : keyHeads,
    ),
  );
  const turned = (x: Tf.Tensor) => (attrs.do_rotary ? rotated(view, x, places) : x);
  const keys = remembered(view, CACHE_KEY, turned(k), places);
  const values = remembered(view, CACHE_VALUE, v, places);
  const age = tf.sub(places.own, places.all);
  const seen = tf.greaterEqual(age, 0);
  const near =
    attrs.local_window_size > 0 ? tf.logicalAnd(seen, tf.less(age, attrs.local_window_size)) : seen;
  const { y } = attend(tf, view.kernels, turned(q), keys, values, {
    scale: attrs.scale,
    softcap: attrs.softcap,
    bias: asBias(tf, near),
  });
  return [joinHeads(tf, y), keys, values].slice(0, view.outputs);
}

function rotated(view: RunView<GroupAttrs>, x: Tf.Tensor, { own }: Places): Tf.Tensor {
  const { tf } = view;
  const [batch, , tokens] = own.shape;
  const rows = tf.reshape(own, [-1]) as Tf.Tensor1D;
  const [cosines, sines] = [COSINES, SINES].map((i) =>
    tf.reshape(gatherRows(tf, view.input(i) as Tf.Tensor2D, rows), [batch, 1, tokens as number, -1]),
  );
  return turn(tf, x, cosines, sines, view.attrs.rotary_interleaved !== 0);
}

const GroupQueryAttention = operator({
  name: 'GroupQueryAttention',
  domain: 'com.microsoft',
  attrs: groupAttrs,
  coupling: COUPLING,
  shape: (view) => {
    const { batch, queries, heads, keyHeads, dims, keys } = groupSizes(view);
    const dtype = view.dtype(Q);
    const cache = { dtype, dims: [batch, keyHeads, keys, dims] };
    return [{ dtype, dims: [batch, queries, heads * dims] }, cache, cache];
  },
  fold: notFolded,
  terms: (eq) => {
    const { heads, keyHeads, dims, keys } = groupSizes(eq);
    const [batch, tokens, width] = eq.axes(Q);
    eq.fix(tokens, COMPARED);
    const widths = [heads, keyHeads, keyHeads].map((count) => count * dims);
    const [q, k, v] = startsOf(widths).map((start, i) =>
      headsOf(
        eq,
        eq.has(K) ? eq.axes(i)[2] : eq.select(width, sequence(widths[i], start)),
        i === 0 ? heads : keyHeads,
      ),
    );
    for (const i of [K, V]) if (eq.has(i)) eq.fix(eq.axes(i)[1], COMPARED);
    const y = attended(eq, q, k, v);
    for (const part of [q, k, v]) eq.fix(part.dims, VECTORS);
    if (eq.attrs.do_rotary) rotatedDims(eq, q.dims, [COSINES, SINES], eq.attrs.rotary_interleaved !== 0);
    const stays = () => eq.fixed(keys, COMPARED);
    for (const [i, part] of [
      [CACHE_KEY, k],
      [CACHE_VALUE, v],
    ] as const) {
      if (!eq.has(i)) continue;
      const cached = eq.axes(i);
      eq.same(cached[1], part.heads);
      eq.fix(cached[2], COMPARED);
      eq.same(cached[3], part.dims);
    }
    eq.out(0, [batch, tokens, eq.product([y.heads, y.dims])]);
    if (eq.outputs > 1) eq.out(1, [batch, k.heads, stays(), k.dims]);
    if (eq.outputs > 2) eq.out(2, [batch, v.heads, stays(), v.dims]);
  },
  resize: (view: ResizeView<GroupAttrs>) => {
    const { heads, keyHeads, dims } = groupSizes(view);
    const kept = view.kept(Q, 2);
    const queries = view.has(K) ? kept : kept && Array.from(kept).filter((p) => p < heads * dims);
    const left = survivingRuns(queries, heads * dims, heads);
    const keysLeft = view.has(K)
      ? survivingRuns(view.kept(K, 2), keyHeads * dims, keyHeads)
      : survivingRuns(
          kept &&
            Array.from(kept)
              .map((p) => p - heads * dims)
              .filter((p) => p >= 0 && p < keyHeads * dims),
          keyHeads * dims,
          keyHeads,
        );
    if (left !== heads) view.set('num_heads', left);
    if (keysLeft !== keyHeads) view.set('kv_num_heads', keysLeft);
  },
  weights: noWeights,
  layout: 'logical',
  run: runGrouped,
  macs: (view) => {
    const { batch, heads, queries, keys, dims } = groupSizes(view);
    return attentionMacs(batch, heads, queries, keys, dims, dims);
  },
});

export const groupedAttention: readonly Operator[] = [GroupQueryAttention];
