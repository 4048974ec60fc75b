// Attention in which query heads share keys and values, with positions turned and a cache of earlier tokens inside.
// Formulas: com.microsoft.GroupQueryAttention (onnxruntime/docs/ContribOperators.md); Ainslie et al., arXiv 2305.13245.

import {
  attended,
  attentionMacs,
  COMPARED,
  COUPLING,
  dimsPerHead,
  headsOf,
  keepScale,
  startsOf,
  survivingRuns,
} from './attention-core.ts';
import { sequence } from './host.ts';
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
} from './op.ts';
import { unsupported } from './refusal.ts';
import { rotatedDims } from './rotary.ts';

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
const [Q, K, V, CACHE_KEY, CACHE_VALUE, , TOTAL, COSINES, SINES] = sequence(9);

function groupSizes(view: GroupView) {
  const { num_heads: heads, kv_num_heads: keyHeads } = view.attrs;
  const [batch, queries, width] = view.shape(Q);
  // Without keys the queries come packed with keys and values.
  const dims = dimsPerHead(view, width, view.has(K) ? heads : heads + 2 * keyHeads);
  const past = view.has(CACHE_KEY) ? view.shape(CACHE_KEY)[2] : 0;
  const total = view.has(TOTAL) ? view.known(TOTAL)?.values[0] : undefined;
  return { batch, queries, heads, keyHeads, dims, keys: Math.max(past, total ?? past + queries) };
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
    // One number of dims for queries, keys and values.
    eq.same(k.dims, v.dims);
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
    keepScale(view, dims, view.newShape(Q)[2] / (view.has(K) ? left : left + 2 * keysLeft));
  },
  weights: noWeights,
  layout: 'logical',
  run: (view) => {
    throw unsupported(view, 'keeps a memory of keys and values');
  },
  macs: (view) => {
    const { batch, heads, queries, keys, dims } = groupSizes(view);
    return attentionMacs(batch, heads, queries, keys, dims, dims);
  },
});

export const groupedAttention: readonly Operator[] = [GroupQueryAttention];
