// QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear: the numbers change, the channels do not.
// Rounding passes gradients straight through (Bengio et al., arXiv 1308.3432), so that quantised networks train.
// Left out: 8-bit float types, which are carried through but not computed with.

import type * as Tf from '@tensorflow/tfjs';
import type { DataType } from '../graph/types.ts';
import { elementTypeOf, sequence } from './host.ts';
import { numbersOf } from './levels.ts';
import {
  type AttrsOf,
  type Axis,
  type Equations,
  int,
  type NodeView,
  noMacs,
  noResize,
  notFolded,
  noWeights,
  type Operator,
  operator,
  positive,
  type RunView,
} from './op.ts';
import { takeAlong } from './rearrange.ts';
import { unsupported } from './refusal.ts';

const ranges: Readonly<Partial<Record<DataType, readonly [number, number]>>> = {
  uint4: [0, 15],
  int4: [-8, 7],
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
};

const levelAttrs = { axis: int(1), block_size: int(0), output_dtype: int(0) };
type LevelAttrs = AttrsOf<typeof levelAttrs>;

const levelAxis = (view: NodeView<LevelAttrs>) => positive(view.attrs.axis, view.shape(0).length);

/** Whether the scale (input 1) holds a number per position of the axis, per block of it, or one for all. */
function granularity(view: NodeView<LevelAttrs>): 'tensor' | 'axis' | 'block' {
  const scale = view.shape(1);
  if (view.attrs.block_size > 0) return 'block';
  return scale.length === 1 && scale[0] === view.shape(0)[levelAxis(view)] ? 'axis' : 'tensor';
}

/** Scales and zero points go with the channels they belong to, or with the blocks. */
function levelTerms(eq: Equations<LevelAttrs>): void {
  const axes = eq.axes(0);
  const along = levelAxis(eq);
  const kind = granularity(eq);
  const perLevel =
    kind === 'block' ? axes.with(along, blocksOf(eq, axes[along], eq.attrs.block_size)) : [axes[along]];
  if (kind !== 'tensor')
    for (const input of [1, 2].filter((i) => eq.has(i)))
      eq.axes(input).forEach((axis, i) => {
        eq.same(perLevel[i], axis);
      });
  eq.out(0, axes);
}

/** The blocks of an axis that share a scale each: whole ones may go. Fixed where the last one is shorter. */
export function blocksOf(eq: Equations<unknown>, axis: Axis, block: number): Axis {
  const why = 'blocks of it share a scale';
  const count = Math.ceil(axis.length / block);
  if (count * block !== axis.length) {
    eq.fix(axis, why);
    return eq.fixed(count, why);
  }
  if (block === 1) return axis;
  const [blocks, within] = eq.split(axis, [count, block], 'blocks');
  eq.fix(within, why);
  return blocks;
}

/** Scale or zero point as float32, shaped to go with input 0. */
function levels(view: RunView<LevelAttrs>, input: number): Tf.Tensor {
  const { tf } = view;
  const given = tf.cast(view.input(input), 'float32');
  const axis = view.axis(view.attrs.axis);
  const x = view.input(0);
  switch (granularity(view)) {
    case 'tensor':
      return tf.reshape(given, []);
    case 'axis':
      return tf.reshape(
        given,
        x.shape.map((length, i) => (i === axis ? length : 1)),
      );
    case 'block': {
      const blockOf = sequence(x.shape[axis]).map((p) => Math.floor(p / view.attrs.block_size));
      return takeAlong(tf, given, axis, blockOf);
    }
  }
}

/** Rounds half to even; the gradient is that of the identity. */
export function roundThrough(tf: typeof Tf, x: Tf.Tensor): Tf.Tensor {
  const apply = tf.customGrad((input) => ({
    value: tf.round(input as Tf.Tensor),
    gradFunc: (dy: Tf.Tensor) => dy,
  }));
  return apply(x);
}

/** round(x / scale) + zero point, within what `dtype` holds; as float32. */
export function quantised(
  view: RunView<unknown>,
  x: Tf.Tensor,
  scale: Tf.Tensor,
  zero: Tf.Tensor | undefined,
  dtype: DataType,
): Tf.Tensor {
  const { tf } = view;
  const range = ranges[dtype];
  if (!range) throw unsupported(view, `quantises to ${dtype}`);
  const rounded = roundThrough(tf, tf.div(x, scale));
  return tf.clipByValue(zero ? tf.add(rounded, zero) : rounded, ...range);
}

function quantisedType(view: NodeView<LevelAttrs>): DataType {
  if (view.has(2)) return view.dtype(2);
  return view.attrs.output_dtype === 0 ? 'uint8' : elementTypeOf(view.attrs.output_dtype);
}

const QuantizeLinear = operator({
  name: 'QuantizeLinear',
  attrs: levelAttrs,
  coupling: 'rounds its numbers to levels, channel by channel',
  shape: (view) => [{ dtype: quantisedType(view), dims: view.shape(0) }],
  fold: notFolded,
  terms: levelTerms,
  resize: noResize,
  weights: noWeights,
  layout: 'axes',
  run: (view) => {
    const zero = view.has(2) ? levels(view, 2) : undefined;
    const y = quantised(view, view.input(0), levels(view, 1), zero, quantisedType(view));
    return view.tf.cast(y, 'int32');
  },
  macs: noMacs,
});

const DequantizeLinear = operator({
  name: 'DequantizeLinear',
  attrs: levelAttrs,
  coupling: 'turns levels back into numbers, channel by channel',
  shape: (view) => {
    const { output_dtype: code } = view.attrs;
    return [{ dtype: code === 0 ? view.dtype(1) : elementTypeOf(code), dims: view.shape(0) }];
  },
  fold: notFolded,
  terms: levelTerms,
  resize: noResize,
  weights: (view) => [
    {
      input: 0,
      role: 'other',
      numbers: (constant) => {
        const levels = constant(0);
        const block = view.attrs.block_size;
        return (
          levels && numbersOf(levels, { scale: constant(1), zero: constant(2), axis: levelAxis(view), block })
        );
      },
    },
  ],
  layout: 'axes',
  run: (view) => {
    const { tf } = view;
    if (view.dtype(0) === 'opaque')
      throw unsupported(view, 'reads a type that this program cannot compute with');
    const x = tf.cast(view.input(0), 'float32');
    const centred = view.has(2) ? tf.sub(x, levels(view, 2)) : x;
    return tf.mul(centred, levels(view, 1));
  },
  macs: noMacs,
});

/** As unsigned levels of 8 bits between the least and greatest number, 0 included; as float32. */
export function dynamicLevels(view: RunView<unknown>, x: Tf.Tensor) {
  const { tf } = view;
  const low = tf.minimum(tf.min(x), tf.scalar(0));
  const high = tf.maximum(tf.max(x), tf.scalar(0));
  const scale = tf.div(tf.sub(high, low), tf.scalar(255));
  const zero = tf.clipByValue(roundThrough(tf, tf.neg(tf.div(low, scale))), 0, 255);
  return { levels: quantised(view, x, scale, zero, 'uint8'), scale, zero };
}

const DynamicQuantizeLinear = operator({
  name: 'DynamicQuantizeLinear',
  attrs: {},
  coupling: 'rounds its numbers to levels between its least and greatest',
  shape: (view) => [
    { dtype: 'uint8', dims: view.shape(0) },
    { dtype: 'float32', dims: [] },
    { dtype: 'uint8', dims: [] },
  ],
  fold: notFolded,
  terms: (eq) => {
    eq.out(0, eq.axes(0));
    eq.out(1, []);
    eq.out(2, []);
  },
  resize: noResize,
  weights: noWeights,
  layout: 'elementwise',
  run: (view) => {
    const { levels, scale, zero } = dynamicLevels(view, view.input(0));
    return [view.tf.cast(levels, 'int32'), scale, view.tf.cast(zero, 'int32')];
  },
  macs: noMacs,
});

const microsoft = (record: Operator): Operator => ({ ...record, domain: 'com.microsoft' });

export const quantise: readonly Operator[] = [
  QuantizeLinear,
  DequantizeLinear,
  DynamicQuantizeLinear,
  microsoft(QuantizeLinear),
  microsoft(DequantizeLinear),
];
