// ONNX Runtime's operators on weights of a few bits: MatMulNBits, whose rows are stored in blocks with a scale each, and
// GatherBlockQuantized, a table of such rows. Several levels lie in one byte, the first in its lowest bits.
// Formulas: onnxruntime/docs/ContribOperators.md. Left out: weights packed for one processor (`weight_prepacked`), and
// columns put in another order (`g_idx`): they can be pruned by rows, but not run.

import type * as Tf from '@tensorflow/tfjs';
import { elementCount, gatherAxis, isFloat, tensorOf, toFloat32 } from '../graph/tensor.ts';
import type { Tensor } from '../graph/types.ts';
import { sequence } from './host.ts';
import { numbersOf } from './levels.ts';
import { multiply } from './matrix.ts';
import {
  type AttrsOf,
  type Axis,
  type Equations,
  int,
  type NodeView,
  noMacs,
  noResize,
  notFolded,
  type Operator,
  operator,
  positive,
  type RunView,
  type WeightUse,
} from './op.ts';
import { blocksOf } from './quantise.ts';
import { gatherAlong, sliceAlong, takeAlong } from './rearrange.ts';
import { illShaped, unsupported } from './refusal.ts';

const SHARED_BYTE = 'levels of it share a byte';

/** Bytes as the levels packed in them along the last axis. */
function apart(tf: typeof Tf, bytes: Tf.Tensor, bits: number): Tf.Tensor {
  const parts: Tf.Tensor[] = [];
  let rest = tf.cast(bytes, 'float32');
  for (let left = 8; left > 0; left -= bits) {
    const higher = tf.floor(tf.div(rest, 2 ** bits));
    parts.push(tf.sub(rest, tf.mul(higher, 2 ** bits)));
    rest = higher;
  }
  const dims = bytes.shape.with(-1, (bytes.shape.at(-1) as number) * parts.length);
  return tf.reshape(tf.stack(parts, -1), dims);
}

/** The same on the host. */
function levelsApart(bytes: Tensor, bits: number): Tensor {
  const per = 8 / bits;
  const packed = toFloat32(bytes);
  const levels = Uint8Array.from({ length: packed.length * per }, (_, i) => {
    const byte = packed[Math.floor(i / per)];
    return (byte >> (bits * (i % per))) & (2 ** bits - 1);
  });
  return tensorOf(bytes.name, 'uint8', bytes.dims.with(-1, (bytes.dims.at(-1) as number) * per), levels);
}

/** The bytes that hold a number of `bits` for each position of an axis. */
function bytesOver(eq: Equations<unknown>, axis: Axis, bits: number): Axis {
  const per = 8 / bits;
  if (per === 1) return axis;
  if (axis.length % per !== 0) {
    eq.fix(axis, SHARED_BYTE);
    return eq.fixed(Math.ceil(axis.length / per), SHARED_BYTE);
  }
  if (axis.length === per) {
    eq.fix(axis, SHARED_BYTE);
    return eq.fixed(1, SHARED_BYTE);
  }
  const [bytes, within] = eq.split(axis, [axis.length / per, per], 'blocks');
  eq.fix(within, SHARED_BYTE);
  return bytes;
}

// ---------------------------------------------------------------- MatMulNBits

const productAttrs = { K: int(0), N: int(0), bits: int(4), block_size: int(32), weight_prepacked: int(0) };
type ProductAttrs = AttrsOf<typeof productAttrs>;
type ProductView = NodeView<ProductAttrs>;
const [A, B, SCALES, ZEROS, ORDER, BIAS] = sequence(6);

/** Zero points are packed like levels, unless they are fractions. */
const areZerosPacked = (view: ProductView): boolean => view.has(ZEROS) && !isFloat(view.dtype(ZEROS));

/** A number per row and block, as a matrix or one row after the other. */
function tieToBlocks(eq: Equations<ProductAttrs>, input: number, rows: Axis, blocks: Axis): void {
  if (!eq.has(input)) return;
  const axes = eq.axes(input);
  if (axes.length === 1) eq.same(axes[0], eq.product([rows, blocks]));
  else [rows, blocks].forEach((axis, i) => void eq.same(axes[i], axis));
}

function productTerms(eq: Equations<ProductAttrs>): void {
  const data = eq.axes(A);
  const columns = data[data.length - 1];
  const [rows, blocks, blob] = eq.axes(B);
  const { bits, block_size: block } = eq.attrs;
  eq.fix(blob, SHARED_BYTE);
  eq.same(blocks, blocksOf(eq, columns, block));
  if (eq.has(ORDER))
    for (const axis of [columns, ...eq.axes(ORDER)]) eq.fix(axis, 'it is put in another order');
  if (eq.attrs.weight_prepacked)
    for (const axis of [columns, rows]) eq.fix(axis, 'the weight is packed for one kind of processor');
  tieToBlocks(eq, SCALES, rows, blocks);
  tieToBlocks(eq, ZEROS, rows, areZerosPacked(eq) ? bytesOver(eq, blocks, bits) : blocks);
  if (eq.has(BIAS)) eq.same(eq.axes(BIAS)[0], rows);
  eq.out(0, data.with(-1, rows));
}

/** The weight [N, K]. */
function weightOf(view: RunView<ProductAttrs>): Tf.Tensor {
  const { tf, attrs } = view;
  const { bits, block_size: block, K } = attrs;
  const [rows, blocks] = view.shape(B);
  const levels = tf.reshape(apart(tf, view.input(B), bits), [rows, blocks, block]);
  const scales = tf.reshape(view.input(SCALES), [rows, blocks, 1]);
  const zeros = view.has(ZEROS) ? zerosOf(view, rows, blocks) : tf.scalar(2 ** (bits - 1));
  const weight = tf.reshape(tf.mul(tf.sub(levels, zeros), scales), [rows, blocks * block]);
  return sliceAlong(tf, weight, 1, 0, K);
}

function zerosOf(view: RunView<ProductAttrs>, rows: number, blocks: number): Tf.Tensor {
  const { tf, attrs } = view;
  const given = tf.reshape(view.input(ZEROS), [rows, -1]);
  const zeros = areZerosPacked(view) ? apart(tf, given, attrs.bits) : given;
  return tf.reshape(sliceAlong(tf, zeros, 1, 0, blocks), [rows, blocks, 1]);
}

/** The weight on the host, as [N, blocks, positions of a block]: the axes of what is stored. */
function storedWeight(
  { bits, block_size: block }: ProductAttrs,
  constant: (input: number) => Tensor | undefined,
): Tensor | undefined {
  const [stored, scale, zeros] = [B, SCALES, ZEROS].map(constant);
  if (!stored || !scale) return undefined;
  const [rows, blocks] = stored.dims;
  const levels = { ...levelsApart(stored, bits), dims: [rows, blocks * block] };
  const zero = zeros
    ? storedZeros(zeros, rows, blocks, bits)
    : tensorOf('', 'float32', [], [2 ** (bits - 1)]);
  return { ...numbersOf(levels, { scale, zero, axis: 1, block }), dims: [rows, blocks, block] };
}

function storedZeros(zeros: Tensor, rows: number, blocks: number, bits: number): Tensor {
  if (isFloat(zeros.dtype)) return zeros;
  const perRow = elementCount(zeros.dims) / rows;
  const levels = levelsApart({ ...zeros, dims: [rows, perRow] }, bits);
  return gatherAxis(levels, 1, sequence(blocks));
}

const MatMulNBits = operator({
  name: 'MatMulNBits',
  domain: 'com.microsoft',
  attrs: productAttrs,
  coupling: 'multiplies rows with columns and adds up channels that are the same on both sides',
  shape: (view) => {
    const dims = view.shape(A);
    if (dims.at(-1) !== view.attrs.K)
      throw illShaped(view, `multiplies ${view.attrs.K} columns, but gets [${dims}]`);
    return [{ dtype: view.dtype(A), dims: dims.with(-1, view.attrs.N) }];
  },
  fold: notFolded,
  terms: productTerms,
  resize: (view) => {
    const [K, N] = [view.newShape(A).at(-1) as number, view.newShape(B)[0]];
    if (K !== view.attrs.K) view.set('K', K);
    if (N !== view.attrs.N) view.set('N', N);
  },
  weights: (view): WeightUse[] => [
    {
      input: B,
      role: 'kernel',
      outAxis: 0,
      inAxis: 1,
      groups: 1,
      perElement: 8 / view.attrs.bits,
      numbers: (constant) => storedWeight(view.attrs, constant),
    },
    ...(view.has(BIAS) ? [{ input: BIAS, role: 'bias' } as const] : []),
  ],
  layout: 'logical',
  run: (view) => {
    const { tf, kernels, attrs } = view;
    if (view.has(ORDER) || attrs.weight_prepacked) throw unsupported(view, 'reorders its weight');
    const y = multiply(tf, kernels, view.input(A), weightOf(view), [false, true]);
    return view.has(BIAS) ? tf.add(y, view.input(BIAS)) : y;
  },
  macs: (view) => elementCount(view.outShape(0)) * view.attrs.K,
});

// ---------------------------------------------------------------- GatherBlockQuantized

const tableAttrs = { bits: int(4), block_size: int(128), gather_axis: int(0), quantize_axis: int(1) };
type TableView = NodeView<AttrsOf<typeof tableAttrs>>;
const [TABLE, INDICES, TABLE_SCALES, TABLE_ZEROS] = sequence(4);

/** Levels in an element of the last axis: bytes hold several, the types of 4 bits one. */
const perElement = (view: TableView): number => (view.dtype(TABLE) === 'uint8' ? 8 / view.attrs.bits : 1);

function tablePlaces(view: TableView) {
  const rank = view.shape(TABLE).length;
  return {
    picked: positive(view.attrs.gather_axis, rank),
    blocked: positive(view.attrs.quantize_axis, rank),
  };
}

const GatherBlockQuantized = operator({
  name: 'GatherBlockQuantized',
  domain: 'com.microsoft',
  attrs: tableAttrs,
  coupling: 'picks positions by number',
  shape: (view) => {
    const dims = view.shape(TABLE);
    const whole = dims.with(-1, (dims.at(-1) as number) * perElement(view));
    const { picked } = tablePlaces(view);
    return [{ dtype: view.dtype(TABLE_SCALES), dims: whole.toSpliced(picked, 1, ...view.shape(INDICES)) }];
  },
  fold: notFolded,
  terms: (eq) => {
    const { picked, blocked } = tablePlaces(eq);
    const { bits, block_size: block } = eq.attrs;
    const per = perElement(eq);
    const axes = eq.axes(TABLE);
    eq.fix(axes[picked], 'it is looked up by numbers that the network computes');
    const blocks = blocksOf(eq, axes[blocked], block / per);
    const tied = axes.with(blocked, blocks);
    tied.forEach((axis, i) => void eq.same(eq.axes(TABLE_SCALES)[i], axis));
    if (eq.has(TABLE_ZEROS)) {
      const zeros = per === 1 ? blocks : bytesOver(eq, blocks, bits);
      tied.with(blocked, zeros).forEach((axis, i) => void eq.same(eq.axes(TABLE_ZEROS)[i], axis));
    }
    const last = axes[axes.length - 1];
    const whole = per === 1 ? axes : axes.with(-1, eq.product([last, eq.fixed(per, SHARED_BYTE)]));
    eq.out(0, whole.toSpliced(picked, 1, ...eq.axes(INDICES)));
  },
  resize: noResize,
  weights: (view) => [{ input: TABLE, role: 'table', perElement: perElement(view) }],
  layout: 'logical',
  run: (view) => {
    const { tf, attrs } = view;
    const { picked, blocked } = tablePlaces(view);
    const per = perElement(view);
    const levels = (input: number) =>
      per === 1 ? tf.cast(view.input(input), 'float32') : apart(tf, view.input(input), attrs.bits);
    const indices = tf.reshape(tf.cast(view.input(INDICES), 'int32'), [-1]) as Tf.Tensor1D;
    const length = view.shape(TABLE)[picked];
    const positions = tf.where(
      tf.less(indices, 0),
      tf.add(indices, tf.scalar(length, 'int32')),
      indices,
    ) as Tf.Tensor1D;
    const pick = (x: Tf.Tensor) => gatherAlong(tf, x, picked, positions);
    const x = pick(levels(TABLE));
    const blockOf = sequence(x.shape[blocked]).map((p) => Math.floor(p / attrs.block_size));
    const spread = (given: Tf.Tensor) => takeAlong(tf, pick(given), blocked, blockOf);
    const middle = per === 1 ? 0 : 2 ** (attrs.bits - 1);
    const zeros = view.has(TABLE_ZEROS) ? spread(levels(TABLE_ZEROS)) : tf.scalar(middle);
    const y = tf.mul(tf.sub(x, zeros), spread(view.input(TABLE_SCALES)));
    return tf.reshape(y, [...view.outShape(0)]);
  },
  macs: noMacs,
});

export const packedLevels: readonly Operator[] = [MatMulNBits, GatherBlockQuantized];
