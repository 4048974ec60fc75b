// Rotary position embedding (Su et al., arXiv 2104.09864): dims are turned in pairs, so a pair goes as a whole, with
// its column in the tables of cosines and sines.
// Formulas: ONNX operator RotaryEmbedding (opset 23); com.microsoft.RotaryEmbedding.

import type * as Tf from '@tensorflow/tfjs';
import { cutHeads, headsOf, joinHeads, survivingRuns } from './attention-core.ts';
import { sequence } from './host.ts';
import {
  type AttrsOf,
  type Axis,
  type Equations,
  float,
  int,
  type NodeView,
  noMacs,
  notFolded,
  noWeights,
  type Operator,
  operator,
  type ResizeView,
  type RunView,
} from './op.ts';
import { gatherRows, sliceAlong } from './rearrange.ts';
import { illShaped } from './refusal.ts';

const PAIR = 'it is a half of a pair that is turned together';
const POSITION = 'it is a position in a table';

/** Ties the dims that are turned to the tables at the inputs `tables`; dims beyond them only pass. */
export function rotatedDims(
  eq: Equations<unknown>,
  dims: Axis,
  tables: readonly number[],
  interleaved: boolean,
): void {
  const half = eq.shape(tables[0]).at(-1) ?? 0;
  const turned = eq.select(dims, sequence(2 * half));
  const [first, second] = eq.split(turned, interleaved ? [half, 2] : [2, half], 'blocks');
  const [pairs, halves] = interleaved ? [first, second] : [second, first];
  eq.fix(halves, PAIR);
  for (const i of tables) {
    const axes = eq.axes(i);
    axes.forEach((axis, a) => {
      if (a === axes.length - 1) eq.same(axis, pairs);
      else eq.fix(axis, POSITION);
    });
  }
}

const attrs = {
  interleaved: int(0),
  num_heads: int(0),
  rotary_embedding_dim: int(0),
  is_packed_batching: int(0),
  scale: float(1),
};
type Attrs = AttrsOf<typeof attrs>;
type View = NodeView<Attrs>;

/** Which input holds what. */
interface Slots {
  readonly positions: number;
  readonly cosines: number;
  readonly sines: number;
}

function headCount(view: View, { cosines }: Slots): number {
  const x = view.shape(0);
  if (x.length === 4) return x[1];
  const { num_heads: heads, rotary_embedding_dim: turned } = view.attrs;
  const each = 2 * (view.shape(cosines).at(-1) ?? 0);
  const count = heads || x[2] / each;
  if (!Number.isInteger(count) || (turned > 0 && !heads))
    throw illShaped(view, `cannot tell the heads of [${x}]`);
  return count;
}

function terms(eq: Equations<Attrs>, slots: Slots): void {
  const axes = eq.axes(0);
  const dims = axes.length === 4 ? axes[3] : headsOf(eq, axes[2], headCount(eq, slots)).dims;
  rotatedDims(eq, dims, [slots.cosines, slots.sines], eq.attrs.interleaved !== 0);
  eq.fix(axes[axes.length === 4 ? 2 : 1], POSITION);
  eq.out(0, axes);
}

function resize(view: ResizeView<Attrs>, slots: Slots): void {
  const { num_heads: heads, rotary_embedding_dim: turned } = view.attrs;
  if (heads > 0 && view.shape(0).length === 3) {
    const left = survivingRuns(view.kept(0, 2), view.shape(0)[2], heads);
    if (left !== heads) view.set('num_heads', left);
  }
  const after = 2 * (view.newShape(slots.cosines).at(-1) ?? 0);
  if (turned > 0 && turned !== after) view.set('rotary_embedding_dim', after);
}

/** Rows of a table [positions, half] for each token, or the table of every token [batch, tokens, half] as it is. */
function rowsOf(view: RunView<Attrs>, table: Tf.Tensor, positions: number, batch: number, tokens: number) {
  const { tf } = view;
  if (table.rank === 3) return table;
  const half = table.shape[1] as number;
  const given = tf.reshape(view.input(positions), [-1]) as Tf.Tensor1D;
  const at = given.size === 1 && tokens > 1 ? tf.add(given, tf.range(0, tokens, 1, 'int32')) : given;
  const rows = tf.reshape(gatherRows(tf, table as Tf.Tensor2D, at as Tf.Tensor1D), [-1, tokens, half]);
  return rows.shape[0] === batch ? rows : tf.tile(rows, [batch, 1, 1]);
}

function run(view: RunView<Attrs>, slots: Slots): Tf.Tensor {
  const { tf, attrs: stated } = view;
  const heads = headCount(view, slots);
  const x = cutHeads(tf, view.input(0), heads);
  const [batch, , tokens] = x.shape as [number, number, number, number];
  const tables = [slots.cosines, slots.sines].map((i) =>
    tf.expandDims(rowsOf(view, view.input(i), slots.positions, batch, tokens), 1),
  );
  const whole = turn(tf, x, tables[0], tables[1], stated.interleaved !== 0);
  return view.shape(0).length === 3 ? joinHeads(tf, whole) : whole;
}

/** Pairs of x [B, H, T, D] turned by tables that broadcast to [B, H, T, half]; dims beyond 2 · half stay. */
export function turn(
  tf: typeof Tf,
  x: Tf.Tensor,
  cosines: Tf.Tensor,
  sines: Tf.Tensor,
  interleaved: boolean,
): Tf.Tensor {
  const [batch, heads, tokens, dims] = x.shape as [number, number, number, number];
  const half = cosines.shape[3] as number;
  const turned = sliceAlong(tf, x, 3, 0, 2 * half);
  const shape = [batch, heads, tokens, half];
  const [a, b] = interleaved
    ? [0, 1].map((i) => tf.reshape(sliceAlong(tf, tf.reshape(turned, [...shape, 2]), 4, i, 1), shape))
    : [0, 1].map((i) => sliceAlong(tf, turned, 3, i * half, half));
  const real = tf.sub(tf.mul(a, cosines), tf.mul(b, sines));
  const imaginary = tf.add(tf.mul(a, sines), tf.mul(b, cosines));
  const y = interleaved
    ? tf.reshape(tf.concat([tf.reshape(real, [...shape, 1]), tf.reshape(imaginary, [...shape, 1])], 4), [
        ...shape.slice(0, 3),
        2 * half,
      ])
    : tf.concat([real, imaginary], 3);
  return dims > 2 * half ? tf.concat([y, sliceAlong(tf, x, 3, 2 * half, dims - 2 * half)], 3) : y;
}

const rotary = (domain: string, slots: Slots): Operator =>
  operator({
    name: 'RotaryEmbedding',
    domain,
    attrs,
    coupling: 'turns pairs of channels by the position of their token',
    shape: (view) => [{ dtype: view.dtype(0), dims: view.shape(0) }],
    fold: notFolded,
    terms: (eq) => terms(eq, slots),
    resize: (view) => resize(view, slots),
    weights: noWeights,
    layout: 'logical',
    run: (view) => run(view, slots),
    macs: noMacs,
  });

export const rotaryEmbeddings: readonly Operator[] = [
  rotary('', { cosines: 1, sines: 2, positions: 3 }),
  rotary('com.microsoft', { positions: 1, cosines: 2, sines: 3 }),
];
