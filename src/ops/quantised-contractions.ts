// ConvInteger, QLinearConv, MatMulInteger, QLinearMatMul: convolutions and products of integers. Everything about
// their channels is what Conv and MatMul say; they run on floats, which hold the sums exactly up to 2^24.

import type * as Tf from '@tensorflow/tfjs';
import type { DataType } from '../graph/types.ts';
import { convolutions } from './convolution.ts';
import { matrix } from './matrix.ts';
import {
  type AttrSchema,
  type Equations,
  type NodeView,
  notFolded,
  type Operator,
  operator,
  type RunView,
} from './op.ts';
import { quantised } from './quantise.ts';
import { seenPlain } from './seen-plain.ts';

/** Input slots of a quantised node. */
interface Slots {
  /** Where the inputs of the plain operator are: data, weight and, for QLinearConv, bias. */
  readonly plain: readonly number[];
  readonly dataZero: number;
  readonly weightZero: number;
  /** Absent where the result is the integer sum itself. */
  readonly scales?: { readonly data: number; readonly weight: number; readonly result: number };
  readonly resultZero?: number;
}

/** Scales and zero points that hold a number per output channel of the weight go with it. */
function coupleLevels(eq: Equations<unknown>, slots: Slots, outAxis: number): void {
  const out = eq.axes(slots.plain[1])[outAxis];
  for (const input of [slots.weightZero, slots.scales?.weight])
    if (input !== undefined && eq.has(input))
      for (const axis of eq.axes(input))
        if (axis.length === out.length && axis.length > 1) eq.same(axis, out);
}

/** A number per row of a matrix as a column; anything else as it is. */
const perRow = (tf: typeof Tf, x: Tf.Tensor, rows: number): Tf.Tensor =>
  x.rank === 1 && x.size === rows && rows > 1 ? tf.reshape(x, [rows, 1]) : x;

interface Kind {
  readonly plain: Operator;
  /** The weight's axis of output channels. */
  readonly outAxis: (rank: number) => number;
  /** Rows of the data that may have a scale and zero point of their own. */
  readonly rows: (dims: readonly number[]) => number;
}

function runOnFloats(view: RunView<unknown>, slots: Slots, { plain, rows }: Kind): Tf.Tensor {
  const { tf } = view;
  const float = (input: number) => tf.cast(view.input(input), 'float32');
  const rowCount = rows(view.shape(slots.plain[0]));
  const centred = (input: number, zero: number) => {
    if (!view.has(zero)) return float(input);
    const levels = float(zero);
    return tf.sub(float(input), zero === slots.dataZero ? perRow(tf, levels, rowCount) : levels);
  };
  const inputs = [centred(slots.plain[0], slots.dataZero), centred(slots.plain[1], slots.weightZero)];
  const bias = slots.plain[2];
  if (bias !== undefined && view.has(bias)) inputs.push(float(bias));
  const sum = plain.run(seenPlain(view, slots.plain, inputs) as RunView<never>) as Tf.Tensor;
  if (!slots.scales || slots.resultZero === undefined) return tf.cast(tf.round(sum), 'int32');
  const { data, weight, result } = slots.scales;
  const scale = tf.mul(perRow(tf, view.input(data), rowCount), view.input(weight));
  const rescaled = tf.mul(sum, scale);
  const type = view.dtype(slots.resultZero);
  return tf.cast(quantised(view, rescaled, view.input(result), float(slots.resultZero), type), 'int32');
}

function quantisedContraction(name: string, slots: Slots, kind: Kind): Operator {
  const { plain, outAxis } = kind;
  const resultType = (view: NodeView<unknown>): DataType =>
    slots.resultZero === undefined ? 'int32' : view.dtype(slots.resultZero);
  return operator<AttrSchema>({
    name,
    attrs: plain.attrs,
    coupling: plain.coupling,
    shape: (view) =>
      plain.shape(seenPlain(view, slots.plain)).map(({ dims }) => ({ dtype: resultType(view), dims })),
    fold: notFolded,
    terms: (eq) => {
      plain.terms(seenPlain(eq, slots.plain));
      coupleLevels(eq, slots, outAxis(eq.shape(slots.plain[1]).length));
    },
    resize: (view) => plain.resize(seenPlain(view, slots.plain)),
    weights: (view) =>
      plain.weights(seenPlain(view, slots.plain)).map((use) => ({ ...use, input: slots.plain[use.input] })),
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

const convolution: Kind = { plain: named(convolutions, 'Conv'), outAxis: () => 0, rows: () => 1 };
const product: Kind = {
  plain: named(matrix, 'MatMul'),
  outAxis: (rank) => rank - 1,
  rows: (dims) => dims[dims.length - 2] ?? 1,
};

export const quantisedContractions: readonly Operator[] = [
  quantisedContraction('ConvInteger', { plain: [0, 1], dataZero: 2, weightZero: 3 }, convolution),
  quantisedContraction(
    'QLinearConv',
    {
      plain: [0, 3, 8],
      dataZero: 2,
      weightZero: 5,
      scales: { data: 1, weight: 4, result: 6 },
      resultZero: 7,
    },
    convolution,
  ),
  quantisedContraction('MatMulInteger', { plain: [0, 1], dataZero: 2, weightZero: 3 }, product),
  quantisedContraction(
    'QLinearMatMul',
    {
      plain: [0, 3],
      dataZero: 2,
      weightZero: 5,
      scales: { data: 1, weight: 4, result: 6 },
      resultZero: 7,
    },
    product,
  ),
];
