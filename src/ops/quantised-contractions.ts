// ConvInteger, QLinearConv, MatMulInteger, QLinearMatMul, and ONNX Runtime's QGemm, MatMulIntegerToFloat and
// DynamicQuantizeMatMul: convolutions and products of integers. Everything about their channels is what Conv, MatMul and
// Gemm say; they run on floats, which hold the sums exactly up to 2^24.

import type * as Tf from '@tensorflow/tfjs';
import type { DataType } from '../graph/types.ts';
import { statedLast } from './channels-last.ts';
import { convolutions } from './convolution.ts';
import { sequence } from './host.ts';
import { numbersOf } from './levels.ts';
import { matrix } from './matrix.ts';
import {
  type AttrSchema,
  type Equations,
  type NodeView,
  notFolded,
  type Operator,
  operator,
  type RunView,
  type WeightUse,
} from './op.ts';
import { dynamicLevels, quantised, roundThrough } from './quantise.ts';
import { seenPlain } from './seen-plain.ts';

/** Input slots of a quantised node. */
interface Slots {
  /** Where the inputs of the plain operator are: data, weight and, for some, a bias of integers. */
  readonly plain: readonly number[];
  /** Of the data; absent where the node itself quantises them. */
  readonly data?: Steps;
  readonly weight: Steps;
  /** Of the result, which is a float where the node leaves them out. */
  readonly result?: Steps;
  /** A bias of floats, added to the result. */
  readonly bias?: number;
}

/** Input slots of a scale and a zero point. The integer sum itself is the result where none has a scale. */
interface Steps {
  readonly scale?: number;
  readonly zero: number;
}

/** The weight's axis of output channels. */
const outAxisOf = (view: NodeView<unknown>, { plain }: Slots, operator: Operator): number =>
  operator.weights(seenPlain(view, plain) as never).find(({ input }) => input === 1)?.outAxis ?? 0;

/** Scales, zero points and a bias that hold a number per output channel of the weight go with it. */
function coupleLevels(eq: Equations<unknown>, slots: Slots, outAxis: number): void {
  const out = eq.axes(slots.plain[1])[outAxis];
  for (const input of [slots.weight.zero, slots.weight.scale, slots.bias])
    if (input !== undefined && eq.has(input))
      for (const axis of eq.axes(input))
        if (axis.length === out.length && axis.length > 1) eq.same(axis, out);
}

/** A number per row of a matrix as a column; anything else as it is. */
const perRow = (tf: typeof Tf, x: Tf.Tensor, rows: number): Tf.Tensor =>
  x.rank === 1 && x.size === rows && rows > 1 ? tf.reshape(x, [rows, 1]) : x;

interface Kind {
  readonly plain: Operator;
  /** Rows of the data that may have a scale and zero point of their own. */
  readonly rows: (dims: readonly number[]) => number;
}

const given = (view: NodeView<unknown>, input: number | undefined): input is number =>
  input !== undefined && view.has(input);

/** Levels less their zero points, and their scale. */
function dataOf(view: RunView<unknown>, slots: Slots, rows: number) {
  const { tf } = view;
  const x = tf.cast(view.input(slots.plain[0]), 'float32');
  if (!slots.data) {
    const { levels, scale, zero } = dynamicLevels(view, x);
    return { centred: tf.sub(levels, zero), scale };
  }
  const { scale, zero } = slots.data;
  const column = (input: number) => perRow(tf, tf.cast(view.input(input), 'float32'), rows);
  return {
    centred: given(view, zero) ? tf.sub(x, column(zero)) : x,
    scale: given(view, scale) ? column(scale) : undefined,
  };
}

/** A number per output channel, shaped to go with the kernel as it is held. */
function perOutput(view: RunView<unknown>, x: Tf.Tensor, kernel: Tf.Tensor, slots: Slots, plain: Operator) {
  if (x.size === 1) return x;
  const axis = outAxisOf(view, slots, plain);
  const order = plain.weightOrder?.(seenPlain(view, slots.plain) as never, 1) ?? sequence(kernel.rank);
  return view.tf.reshape(
    x,
    order.map((stored) => (stored === axis ? x.size : 1)),
  );
}

function runOnFloats(view: RunView<unknown>, slots: Slots, { plain, rows }: Kind): Tf.Tensor {
  const { tf } = view;
  const float = (input: number) => tf.cast(view.input(input), 'float32');
  const data = dataOf(view, slots, rows(view.shape(slots.plain[0])));
  const kernel = float(slots.plain[1]);
  const { zero } = slots.weight;
  const zeros = given(view, zero) ? perOutput(view, float(zero), kernel, slots, plain) : tf.scalar(0);
  const inputs = [data.centred, tf.sub(kernel, zeros)];
  if (given(view, slots.plain[2])) inputs.push(float(slots.plain[2]));
  const sum = plain.run(seenPlain(view, slots.plain, inputs) as RunView<never>) as Tf.Tensor;
  if (!given(view, slots.weight.scale)) return tf.cast(roundThrough(tf, sum), 'int32');
  const scale = data.scale ? tf.mul(data.scale, view.input(slots.weight.scale)) : float(slots.weight.scale);
  const rescaled = tf.mul(sum, scale);
  const y = given(view, slots.bias) ? tf.add(rescaled, view.input(slots.bias)) : rescaled;
  return isQuantised(view, slots) ? requantised(view, slots, y) : y;
}

const isQuantised = (view: NodeView<unknown>, { result }: Slots): boolean =>
  given(view, result?.scale) && given(view, result?.zero);

function requantised(view: RunView<unknown>, { result }: Slots, y: Tf.Tensor): Tf.Tensor {
  const { scale = -1, zero = -1 } = result ?? {};
  const levels = quantised(
    view,
    y,
    view.input(scale),
    view.tf.cast(view.input(zero), 'float32'),
    view.dtype(zero),
  );
  return view.tf.cast(levels, 'int32');
}

function resultType(view: NodeView<unknown>, slots: Slots): DataType {
  if (isQuantised(view, slots)) return view.dtype(slots.result?.zero ?? -1);
  return slots.weight.scale === undefined ? 'int32' : view.dtype(slots.weight.scale);
}

function quantisedContraction(name: string, slots: Slots, kind: Kind, domain?: string): Operator {
  const { plain } = kind;
  const [, kernel] = slots.plain;
  const numbers = (view: NodeView<unknown>): WeightUse['numbers'] => {
    const axis = outAxisOf(view, slots, plain);
    return (constant) => {
      const { scale = -1, zero } = slots.weight;
      const levels = constant(kernel);
      return levels && numbersOf(levels, { scale: constant(scale), zero: constant(zero), axis });
    };
  };
  return operator<AttrSchema>({
    name,
    ...(domain ? { domain } : {}),
    attrs: plain.attrs,
    coupling: plain.coupling,
    shape: (view) =>
      plain.shape(seenPlain(view, slots.plain)).map(({ dims }) => ({ dtype: resultType(view, slots), dims })),
    fold: notFolded,
    terms: (eq) => {
      plain.terms(seenPlain(eq, slots.plain));
      coupleLevels(eq, slots, outAxisOf(eq, slots, plain));
    },
    resize: (view) => plain.resize(seenPlain(view, slots.plain)),
    weights: (view) => [
      ...plain.weights(seenPlain(view, slots.plain)).map((use) => ({
        ...use,
        input: slots.plain[use.input],
        ...(use.input === 1 ? { numbers: numbers(view) } : {}),
      })),
      ...(given(view, slots.bias) ? [{ input: slots.bias, role: 'bias' } as const] : []),
    ],
    layout: plain.layout,
    weightOrder: (view, input) =>
      slots.plain.includes(input)
        ? plain.weightOrder?.(seenPlain(view, slots.plain), slots.plain.indexOf(input))
        : undefined,
    run: (view) => runOnFloats(view, slots, kind),
    macs: (view) => plain.macs(seenPlain(view, slots.plain)),
  });
}

const named = (family: readonly Operator[], name: string): Operator => {
  const found = family.find((record) => record.name === name && !record.domain);
  if (found) return found;
  throw new RangeError(`no operator ${name}`);
};

const convolution: Kind = { plain: named(convolutions, 'Conv'), rows: () => 1 };
const product: Kind = {
  plain: named(matrix, 'MatMul'),
  rows: (dims) => dims[dims.length - 2] ?? 1,
};
const Gemm = named(matrix, 'Gemm');
/** The bias is in the steps of the whole product, `alpha` included. */
const gemm: Kind = {
  plain: {
    ...Gemm,
    run: (view) =>
      Gemm.run(Object.create(view, { attrs: { value: { ...view.attrs, beta: view.attrs.alpha } } })),
  },
  rows: () => 1,
};

const QLinearConv = quantisedContraction(
  'QLinearConv',
  {
    plain: [0, 3, 8],
    data: { scale: 1, zero: 2 },
    weight: { scale: 4, zero: 5 },
    result: { scale: 6, zero: 7 },
  },
  convolution,
);

export const quantisedContractions: readonly Operator[] = [
  quantisedContraction('ConvInteger', { plain: [0, 1], data: { zero: 2 }, weight: { zero: 3 } }, convolution),
  QLinearConv,
  statedLast(QLinearConv),
  quantisedContraction('MatMulInteger', { plain: [0, 1], data: { zero: 2 }, weight: { zero: 3 } }, product),
  quantisedContraction(
    'QLinearMatMul',
    {
      plain: [0, 3],
      data: { scale: 1, zero: 2 },
      weight: { scale: 4, zero: 5 },
      result: { scale: 6, zero: 7 },
    },
    product,
  ),
  quantisedContraction(
    'MatMulIntegerToFloat',
    { plain: [0, 1], data: { scale: 2, zero: 4 }, weight: { scale: 3, zero: 5 }, bias: 6 },
    product,
    'com.microsoft',
  ),
  quantisedContraction(
    'DynamicQuantizeMatMul',
    { plain: [0, 1], weight: { scale: 2, zero: 3 }, bias: 4 },
    product,
    'com.microsoft',
  ),
  quantisedContraction(
    'QGemm',
    {
      plain: [0, 3, 6],
      data: { scale: 1, zero: 2 },
      weight: { scale: 4, zero: 5 },
      result: { scale: 7, zero: 8 },
    },
    gemm,
    'com.microsoft',
  ),
];
