// Matrix products: MatMul, Gemm and ONNX Runtime's fused variants.
// Formulas: ONNX operators MatMul (numpy.matmul) and Gemm; com.microsoft.FusedMatMul, FusedGemm, TransposeMatMul.

import type * as Tf from '@tensorflow/tfjs';
import { elementCount } from '../graph/tensor.ts';
import { activationsByName } from './activation-by-name.ts';
import { broadcastAxes } from './combinators.ts';
import { sequence } from './host.ts';
import {
  type AttrsOf,
  type Axis,
  broadcast,
  type Equations,
  float,
  int,
  type Kernels,
  type NodeView,
  noResize,
  notFolded,
  type Operator,
  operator,
  type RunView,
  string,
  type ValueType,
  type WeightUse,
} from './op.ts';
import { expandTo, transpose } from './rearrange.ts';
import { illShaped } from './refusal.ts';

// ---------------------------------------------------------------- stacks of matrices

/** Where the rows and columns of a factor are; a vector has no row (left) or no column (right). */
interface Factor {
  /** The axis that the product keeps; `undefined` for a vector. */
  readonly kept: number | undefined;
  readonly contracted: number;
  /** Number of leading axes over which matrices are stacked. */
  readonly stacked: number;
}

const factor = (rank: number, side: 'left' | 'right', transposed = false): Factor => {
  if (rank === 1) return { kept: undefined, contracted: 0, stacked: 0 };
  const keepsFirst = (side === 'left') !== transposed;
  const [first, last] = [rank - 2, rank - 1];
  return {
    kept: keepsFirst ? first : last,
    contracted: keepsFirst ? last : first,
    stacked: rank - 2,
  };
};

type Flags = readonly [transposeA: boolean, transposeB: boolean];
const plain: Flags = [false, false];

const factors = (view: NodeView<unknown>, [transposeA, transposeB]: Flags) =>
  [
    factor(view.shape(0).length, 'left', transposeA),
    factor(view.shape(1).length, 'right', transposeB),
  ] as const;

const isLength = (length: number | undefined): length is number => length !== undefined;

function productShape(view: NodeView<unknown>, flags: Flags): number[] {
  const [a, b] = [view.shape(0), view.shape(1)];
  if (a.length === 0 || b.length === 0) throw illShaped(view, 'cannot multiply a single number');
  const [left, right] = factors(view, flags);
  if (a[left.contracted] !== b[right.contracted]) throw illShaped(view, `cannot multiply [${a}] with [${b}]`);
  const stack = broadcast(a.slice(0, left.stacked), b.slice(0, right.stacked));
  const kept = [
    left.kept === undefined ? undefined : a[left.kept],
    right.kept === undefined ? undefined : b[right.kept],
  ];
  return [...stack, ...kept.filter(isLength)];
}

const lengthsOf = (axes: readonly Axis[]): number[] => axes.map(({ length }) => length);

/** The axes of two values broadcast together. */
const bothAxes = (eq: Equations<unknown>, a: readonly Axis[], b: readonly Axis[]): Axis[] =>
  broadcastAxes(eq, [a, b], broadcast(lengthsOf(a), lengthsOf(b)));

function productAxes(eq: Equations<unknown>, flags: Flags): Axis[] {
  const [a, b] = [eq.axes(0), eq.axes(1)];
  const [left, right] = factors(eq, flags);
  eq.same(a[left.contracted], b[right.contracted]);
  const stack = bothAxes(eq, a.slice(0, left.stacked), b.slice(0, right.stacked));
  const kept = [
    left.kept === undefined ? undefined : a[left.kept],
    right.kept === undefined ? undefined : b[right.kept],
  ];
  return [...stack, ...kept.filter((axis) => axis !== undefined)];
}

/** Either factor is the kernel where it is a constant. */
const productWeights = (view: NodeView<unknown>, flags: Flags): WeightUse[] =>
  factors(view, flags).map(({ kept, contracted }, input) => ({
    input,
    role: 'kernel',
    ...(kept === undefined ? {} : { outAxis: kept }),
    inAxis: contracted,
    groups: 1,
  }));

const productMacs = (
  view: NodeView<unknown> & { outShape(o: number): readonly number[] },
  flags: Flags,
): number => elementCount(view.outShape(0)) * view.shape(0)[factors(view, flags)[0].contracted];

/** A product of stacks of matrices, of any ranks, broadcast as numpy.matmul does. */
export function multiply(
  tf: typeof Tf,
  kernels: Kernels,
  a: Tf.Tensor,
  b: Tf.Tensor,
  [transposeA, transposeB]: Flags = plain,
): Tf.Tensor {
  if (b.rank === 1)
    return dropAxis(tf, multiply(tf, kernels, a, tf.reshape(b, [b.size, 1]), [transposeA, false]), 1);
  if (a.rank === 1)
    return dropAxis(tf, multiply(tf, kernels, tf.reshape(a, [1, a.size]), b, [false, transposeB]), 2);
  const right = b.shape.slice(0, -2);
  if (elementCount(right) === 1 && !transposeA && a.rank >= b.rank)
    return rowsTimes(tf, kernels, a, b, transposeB);
  const left = a.shape.slice(0, -2);
  const stack = broadcast(left, right);
  const flat = (x: Tf.Tensor): Tf.Tensor => {
    const whole = expandTo(tf, x, [...stack, ...x.shape.slice(-2)]);
    return tf.reshape(whole, [elementCount(stack), ...x.shape.slice(-2)]);
  };
  const product = kernels.matMul(flat(a), flat(b), transposeA, transposeB);
  return tf.reshape(product, [...stack, ...product.shape.slice(-2)]);
}

/** One matrix on the right serves all rows of the stack at once. */
function rowsTimes(
  tf: typeof Tf,
  kernels: Kernels,
  a: Tf.Tensor,
  b: Tf.Tensor,
  transposeB: boolean,
): Tf.Tensor {
  const inner = a.shape[a.rank - 1];
  const rows = tf.reshape(a, [elementCount(a.shape.slice(0, -1)), inner]);
  const matrix = tf.reshape(b, b.shape.slice(-2));
  const product = kernels.matMul(rows, matrix, false, transposeB);
  return tf.reshape(product, [...a.shape.slice(0, -1), product.shape[1] as number]);
}

/** Takes away the lone axis that stood in for a vector's missing one; counted from the end. */
const dropAxis = (tf: typeof Tf, x: Tf.Tensor, fromEnd: number): Tf.Tensor =>
  tf.reshape(
    x,
    x.shape.filter((_, axis) => axis !== x.rank - fromEnd),
  );

const ofFloats = (view: NodeView<unknown>, dims: readonly number[]): ValueType[] => [
  { dtype: view.dtype(0), dims },
];

const contraction = {
  coupling: 'multiplies rows with columns and adds up channels that are the same on both sides',
  fold: notFolded,
  resize: noResize,
  layout: 'logical',
} as const;

const MatMul = operator({
  ...contraction,
  name: 'MatMul',
  attrs: {},
  shape: (view) => ofFloats(view, productShape(view, plain)),
  terms: (eq) => eq.out(0, productAxes(eq, plain)),
  weights: (view) => productWeights(view, plain),
  run: (view) => multiply(view.tf, view.kernels, view.input(0), view.input(1)),
  macs: (view) => productMacs(view, plain),
});

const fusedAttrs = {
  transA: int(0),
  transB: int(0),
  transBatchA: int(0),
  transBatchB: int(0),
  alpha: float(1),
};
type FusedAttrs = AttrsOf<typeof fusedAttrs>;
const fusedFlags = ({ attrs: { transA, transB } }: NodeView<FusedAttrs>): Flags => [
  transA === 1,
  transB === 1,
];

/** The order that puts the stack in front where `transBatch` has it behind the rows: [rows, …stack, columns]. */
const stackFirst = (view: NodeView<FusedAttrs>, input: number) => {
  const rank = view.shape(input).length;
  const { transBatchA, transBatchB } = view.attrs;
  const behind = input === 0 ? transBatchA : transBatchB;
  return behind && rank > 2 ? [...sequence(rank - 2, 1), 0, rank - 1] : sequence(rank);
};

/** The node with the stacks of its factors in front. */
function stacked<V extends NodeView<FusedAttrs>>(view: V): V {
  const seen = Object.create(view);
  const inOrder =
    <T>(axesOf: (input: number) => readonly T[]) =>
    (input: number) =>
      stackFirst(view, input).map((axis) => axesOf(input)[axis]);
  seen.shape = inOrder((input) => view.shape(input));
  seen.axes = inOrder((input) => (view as unknown as Equations<FusedAttrs>).axes(input));
  return seen;
}

function runFused(view: RunView<FusedAttrs>): Tf.Tensor {
  const { tf, kernels, attrs } = view;
  const [a, b] = [0, 1].map((input) => transpose(tf, view.input(input), stackFirst(view, input)));
  return scaled(tf, multiply(tf, kernels, a, b, fusedFlags(view)), attrs.alpha);
}

const fusedMatMul = (name: string): Operator =>
  operator({
    ...contraction,
    name,
    domain: 'com.microsoft',
    attrs: fusedAttrs,
    shape: (view) => ofFloats(view, productShape(stacked(view), fusedFlags(view))),
    terms: (eq) => eq.out(0, productAxes(stacked(eq), fusedFlags(eq))),
    weights: (view) =>
      productWeights(stacked(view), fusedFlags(view)).map(({ outAxis, inAxis, ...use }) => {
        const order = stackFirst(view, use.input);
        return {
          ...use,
          ...(outAxis === undefined ? {} : { outAxis: order[outAxis] }),
          inAxis: order[inAxis ?? -1],
        };
      }),
    run: runFused,
    macs: (view) => productMacs(stacked(view), fusedFlags(view)),
  });

const scaled = (tf: typeof Tf, x: Tf.Tensor, by: number): Tf.Tensor => (by === 1 ? x : tf.mul(x, by));

// ---------------------------------------------------------------- Gemm

const gemmAttrs = { transA: int(0), transB: int(0), alpha: float(1), beta: float(1) };
type GemmAttrs = AttrsOf<typeof gemmAttrs>;
const gemmFlags = (view: NodeView<GemmAttrs>): Flags => [view.attrs.transA !== 0, view.attrs.transB !== 0];

function runGemm(view: RunView<GemmAttrs>): Tf.Tensor {
  const { tf, kernels } = view;
  const { alpha, beta } = view.attrs;
  const product = kernels.matMul(view.input(0), view.input(1), ...gemmFlags(view));
  const y = scaled(tf, product, alpha);
  return view.has(2) ? tf.add(y, scaled(tf, view.input(2), beta)) : y;
}

const gemm = {
  ...contraction,
  attrs: gemmAttrs,
  shape: (view: NodeView<GemmAttrs>) => {
    if (view.shape(0).length !== 2 || view.shape(1).length !== 2)
      throw illShaped(view, `multiplies matrices, but gets [${view.shape(0)}] and [${view.shape(1)}]`);
    return ofFloats(view, productShape(view, gemmFlags(view)));
  },
  terms: (eq: Equations<GemmAttrs>) => {
    const axes = productAxes(eq, gemmFlags(eq));
    eq.out(0, eq.has(2) ? bothAxes(eq, axes, eq.axes(2)) : axes);
  },
  weights: (view: NodeView<GemmAttrs>): WeightUse[] => [
    ...productWeights(view, gemmFlags(view)),
    ...(view.has(2) ? [{ input: 2, role: 'bias' } as const] : []),
  ],
  macs: (view: NodeView<GemmAttrs> & { outShape(o: number): readonly number[] }) =>
    productMacs(view, gemmFlags(view)),
} as const;

const Gemm = operator({ ...gemm, name: 'Gemm', run: runGemm });

const FusedGemm = operator({
  ...gemm,
  name: 'FusedGemm',
  domain: 'com.microsoft',
  attrs: { ...gemmAttrs, activation: string(''), activation_alpha: float(), activation_beta: float() },
  run: (view) => {
    const { activation, activation_alpha, activation_beta } = view.attrs;
    const y = runGemm(view);
    if (activation === '') return y;
    const [apply] = activationsByName(
      view,
      [activation],
      activation_alpha === undefined ? [] : [activation_alpha],
      activation_beta === undefined ? [] : [activation_beta],
    );
    return apply(view.tf, y);
  },
});

export const matrix: readonly Operator[] = [
  MatMul,
  Gemm,
  FusedGemm,
  ...['FusedMatMul', 'TransposeMatMul'].map(fusedMatMul),
];
