// Scaled dot-product attention (Vaswani et al., arXiv 1706.03762), shared by every fused operator that computes it:
// the channels it ties together, and the arithmetic on [batch, heads, tokens, dims].
// Fewer key heads than query heads: each key head serves a run of neighbouring query heads (arXiv 2305.13245).

import type * as Tf from '@tensorflow/tfjs';
import { sequence } from './host.ts';
import { multiply } from './matrix.ts';
import type { Axis, Equations, Kernels, NodeView, ResizeView } from './op.ts';
import { expandTo, transpose } from './rearrange.ts';
import { illShaped } from './refusal.ts';

// ---------------------------------------------------------------- channels

/** An axis of channels seen as heads and the dims of each. */
export interface HeadAxes {
  readonly heads: Axis;
  readonly dims: Axis;
}

/** How fused attention couples channels. */
export const COUPLING = 'compares queries with keys head by head and mixes the values';

/** First position of each of several parts that lie one after the other. */
export function startsOf(lengths: readonly number[]): number[] {
  let next = 0;
  return lengths.map((length) => {
    next += length;
    return next - length;
  });
}

export const COMPARED = 'every position along it is compared';

/** The heads of the last axis of [batch, tokens, heads · dims]. */
export function headsOf(eq: Equations<unknown>, axis: Axis, heads: number): HeadAxes {
  const each = axis.length / heads;
  if (!Number.isInteger(each)) throw illShaped(eq, `cannot cut ${axis.length} channels into ${heads} heads`);
  const [outer, inner] = eq.split(axis, [heads, each], 'heads');
  return { heads: outer, dims: inner };
}

/** Ties queries, keys and values; returns the axes that the result has. */
export function attended(eq: Equations<unknown>, q: HeadAxes, k: HeadAxes, v: HeadAxes): HeadAxes {
  eq.same(q.dims, k.dims);
  tieHeads(eq, k.heads, v.heads);
  tieHeads(eq, q.heads, k.heads);
  return { heads: q.heads, dims: v.dims };
}

/** As many heads are the same heads; more of them are runs that share one. */
function tieHeads(eq: Equations<unknown>, many: Axis, few: Axis): void {
  if (many.length === few.length) eq.same(many, few);
  else eq.same(many, eq.product([few, eq.free(many.length / few.length)]));
}

/** A mask or bias that broadcasts to [batch, heads, queries, keys]: it may have a row per head. */
export function tieMask(eq: Equations<unknown>, mask: readonly Axis[], heads: Axis): void {
  mask.forEach((axis, i) => {
    const fromEnd = mask.length - i;
    if (fromEnd === 3 && axis.length === heads.length) eq.same(axis, heads);
    else if (fromEnd <= 3) eq.fix(axis, COMPARED);
  });
}

// ---------------------------------------------------------------- after surgery

/** How many runs of `length / count` positions have survivors. */
export function survivingRuns(kept: ArrayLike<number> | undefined, length: number, count: number): number {
  if (!kept) return count;
  const each = length / count;
  return new Set(Array.from(kept, (position) => Math.floor(position / each))).size;
}

/** The default scale comes from the number of dims: written down when it changes, so that logits stay as they were. */
export function keepScale(
  view: ResizeView<{ readonly scale: number | undefined }>,
  before: number,
  after: number,
): void {
  if (before !== after && !view.attrs.scale) view.set('scale', 1 / Math.sqrt(before));
}

// ---------------------------------------------------------------- arithmetic

export interface AttentionOptions {
  readonly scale: number | undefined;
  /** Squashes logits into (-softcap, softcap). */
  readonly softcap?: number;
  /** Added to the logits; broadcasts to [batch, heads, queries, keys]. */
  readonly bias?: Tf.Tensor | undefined;
  /** A query sees the keys up to its own position, `causal` keys being older than the first query. */
  readonly causal?: number | undefined;
  /** A query may see no key at all; it then gets zeros. */
  readonly mayBeBlind?: boolean;
}

/** What one attention computes on its way. */
export interface Attended {
  readonly y: Tf.Tensor;
  /** Scaled products of queries and keys; also squashed; also biased; also normalised. */
  readonly stages: readonly [Tf.Tensor, Tf.Tensor, Tf.Tensor, Tf.Tensor];
}

export const MASKED = -1e30;

/** q [B, H, T, D], k [B, G, L, D], v [B, G, L, E] with H a multiple of G → [B, H, T, E]. */
export function attend(
  tf: typeof Tf,
  kernels: Kernels,
  q: Tf.Tensor,
  k: Tf.Tensor,
  v: Tf.Tensor,
  { scale, softcap = 0, bias, causal, mayBeBlind }: AttentionOptions,
): Attended {
  const [, heads, queries, dims] = q.shape;
  const keys = k.shape[2] as number;
  const scaled = tf.mul(
    multiply(tf, kernels, q, shared(tf, k, heads), [false, true]),
    scale || 1 / Math.sqrt(dims),
  );
  const capped = softcap > 0 ? tf.mul(tf.tanh(tf.div(scaled, softcap)), softcap) : scaled;
  let biased: Tf.Tensor = bias ? tf.add(capped, bias) : capped;
  if (causal !== undefined) biased = tf.add(biased, triangle(tf, queries, keys, causal));
  const weights = tf.softmax(biased);
  const shares = mayBeBlind
    ? tf.where(tf.greater(tf.max(biased, -1, true), MASKED / 2), weights, tf.zerosLike(weights))
    : weights;
  const y = multiply(tf, kernels, shares, shared(tf, v, heads));
  return { y, stages: [scaled, capped, biased, shares] };
}

/** Each head of [B, G, L, D] repeated for the query heads that share it. */
function shared(tf: typeof Tf, x: Tf.Tensor, heads: number): Tf.Tensor {
  const [batch, own, tokens, dims] = x.shape as [number, number, number, number];
  if (own === heads) return x;
  const lone = tf.reshape(x, [batch * own, 1, tokens * dims]);
  const repeated = expandTo(tf, lone, [batch * own, heads / own, tokens * dims]);
  return tf.reshape(repeated, [batch, heads, tokens, dims]);
}

/** [queries, keys]: nothing for keys that a query may see, a large negative number for later ones. */
function triangle(tf: typeof Tf, queries: number, keys: number, older: number): Tf.Tensor {
  const row = (i: number) => sequence(keys).map((j) => (j > i + older ? MASKED : 0));
  return tf.tensor2d(sequence(queries).map(row), [queries, keys]);
}

/** A mask of booleans (true: seen) or numbers (added) as numbers to add. */
export const asBias = (tf: typeof Tf, mask: Tf.Tensor): Tf.Tensor =>
  mask.dtype === 'bool' ? tf.mul(tf.sub(1, tf.cast(mask, 'float32')), MASKED) : mask;

/** [B, T, H·D] → [B, H, T, D]; what has heads already is left alone. */
export function cutHeads(tf: typeof Tf, x: Tf.Tensor, heads: number): Tf.Tensor {
  if (x.rank === 4) return x;
  const [batch, tokens, width] = x.shape as [number, number, number];
  return transpose(tf, tf.reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
}

/** [B, H, T, D] → [B, T, H·D]. */
export function joinHeads(tf: typeof Tf, x: Tf.Tensor): Tf.Tensor {
  const [batch, heads, tokens, dims] = x.shape as [number, number, number, number];
  return tf.reshape(transpose(tf, x, [0, 2, 1, 3]), [batch, tokens, heads * dims]);
}

/** Keys and values of earlier calls, then those of this one, along the tokens. */
export const withPast = (tf: typeof Tf, past: Tf.Tensor | undefined, x: Tf.Tensor): Tf.Tensor =>
  past ? tf.concat([past, x], 2) : x;

/** Multiply-accumulates of both products. */
export const attentionMacs = (
  batch: number,
  heads: number,
  queries: number,
  keys: number,
  dims: number,
  valueDims: number,
): number => batch * heads * queries * keys * (dims + valueDims);

/** @throws ModelError when `heads` does not divide the channels */
export function dimsPerHead(view: NodeView<unknown>, channels: number, heads: number): number {
  const each = channels / heads;
  if (!Number.isInteger(each)) throw illShaped(view, `cannot cut ${channels} channels into ${heads} heads`);
  return each;
}
