// Fourier transforms and what goes with them: DFT, STFT, windows, MelWeightMatrix. A transform is a product with the
// matrix of its waves, which every backend computes and differentiates. What is transformed stays; other axes pass.
// Formulas: ONNX operators of these names (opset 17; DFT takes its axis as an input since 20).

import type * as Tf from '@tensorflow/tfjs';
import { elementTypeOf, sequence } from './host.ts';
import { multiply } from './matrix.ts';
import {
  type AttrsOf,
  type Equations,
  type HostTensor,
  int,
  type Kernels,
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
import { padAlong } from './padding.ts';
import { onHost, sliceAlong, takeAlong, transpose } from './rearrange.ts';

const TRANSFORMED = 'it is transformed as a whole';

/** Real and imaginary parts. */
interface Complex {
  readonly real: Tf.Tensor;
  /** Absent for a real signal. */
  readonly imaginary?: Tf.Tensor;
}

/** The last of its axes holds a number, or real and imaginary parts. */
function parts(tf: typeof Tf, x: Tf.Tensor): Complex {
  const last = x.rank - 1;
  const part = (i: number) => tf.squeeze(sliceAlong(tf, x, last, i, 1), [last]);
  return x.shape[last] === 1 ? { real: part(0) } : { real: part(0), imaginary: part(1) };
}

/** Transforms the last axis, of `length`, to the first `bins` frequencies: [… , bins, 2]. */
function transformed(
  tf: typeof Tf,
  kernels: Kernels,
  { real, imaginary }: Complex,
  bins: number,
  inverse: boolean,
): Tf.Tensor {
  const length = real.shape[real.rank - 1] as number;
  const waves = (wave: (angle: number) => number) =>
    tf.tensor2d(
      sequence(length).map((t) =>
        sequence(bins).map((f) => wave((2 * Math.PI * ((t * f) % length)) / length)),
      ),
      [length, bins],
    );
  const [cosines, sines] = [waves(Math.cos), waves((angle) => (inverse ? -1 : 1) * Math.sin(angle))];
  const times = (x: Tf.Tensor, y: Tf.Tensor) => multiply(tf, kernels, x, y);
  const [a, b] = [times(real, cosines), tf.neg(times(real, sines))];
  const both = imaginary
    ? [tf.add(a, times(imaginary, sines)), tf.add(b, times(imaginary, cosines))]
    : [a, b];
  const y = tf.stack(both, real.rank);
  return inverse ? tf.div(y, length) : y;
}

// ---------------------------------------------------------------- DFT

const dftAttrs = { axis: int(), inverse: int(0), onesided: int(0) };
type DftView = NodeView<AttrsOf<typeof dftAttrs>>;

function dftSizes(view: DftView) {
  const dims = view.shape(0);
  const stated = view.opset < 20 ? (view.attrs.axis ?? 1) : view.has(2) ? view.numbers(2)[0] : -2;
  const axis = positive(stated, dims.length);
  const length = view.has(1) ? view.numbers(1)[0] : dims[axis];
  return { axis, length, bins: view.attrs.onesided ? Math.floor(length / 2) + 1 : length };
}

const DFT = operator({
  name: 'DFT',
  attrs: dftAttrs,
  coupling: 'transforms along its axis',
  shape: (view) => {
    const { axis, bins } = dftSizes(view);
    return [{ dtype: view.dtype(0), dims: view.shape(0).with(axis, bins).with(-1, 2) }];
  },
  fold: notFolded,
  terms: (eq) => {
    const { axis } = dftSizes(eq);
    const axes = [...eq.axes(0)];
    for (const along of [axis, axes.length - 1]) {
      eq.fix(axes[along], TRANSFORMED);
      axes[along] = eq.fixed(eq.outShape(0)[along], TRANSFORMED);
    }
    eq.out(0, axes);
  },
  resize: noResize,
  weights: noWeights,
  layout: 'logical',
  run: (view) => {
    const { tf } = view;
    const { axis, length, bins } = dftSizes(view);
    const given = view.shape(0)[axis];
    const x = view.input(0);
    const fitted =
      length > given
        ? padAlong(tf, x, axis, 'constant', [0, length - given])
        : sliceAlong(tf, x, axis, 0, length);
    const order = sequence(x.rank - 1).filter((i) => i !== axis);
    const turned = transpose(tf, fitted, [...order, axis, x.rank - 1]);
    const y = transformed(tf, view.kernels, parts(tf, turned), bins, view.attrs.inverse === 1);
    return transpose(tf, y, [...sequence(order.length).toSpliced(axis, 0, order.length), x.rank - 1]);
  },
  macs: noMacs,
});

// ---------------------------------------------------------------- STFT

const stftAttrs = { onesided: int(1) };
const [SIGNAL, STEP, WINDOW, FRAME] = sequence(4);

function frames(view: NodeView<AttrsOf<typeof stftAttrs>>) {
  const [, samples] = view.shape(SIGNAL);
  const step = view.numbers(STEP)[0];
  const length = view.has(FRAME) ? view.numbers(FRAME)[0] : view.shape(WINDOW)[0];
  const count = Math.floor((samples - length) / step) + 1;
  return { step, length, count, bins: view.attrs.onesided ? Math.floor(length / 2) + 1 : length };
}

function runStft(view: RunView<AttrsOf<typeof stftAttrs>>): Tf.Tensor {
  const { tf } = view;
  const { step, length, count, bins } = frames(view);
  const [batch] = view.shape(SIGNAL);
  const places = sequence(count).flatMap((frame) => sequence(length, frame * step));
  const given = view.input(SIGNAL);
  const signal = given.rank === 2 ? tf.expandDims(given, 2) : given;
  const { real, imaginary } = parts(tf, signal);
  const framed = (x: Tf.Tensor) => {
    const cut = tf.reshape(takeAlong(tf, x, 1, places), [batch, count, length]);
    return view.has(WINDOW) ? tf.mul(cut, view.input(WINDOW)) : cut;
  };
  const complex = { real: framed(real), ...(imaginary && { imaginary: framed(imaginary) }) };
  return transformed(tf, view.kernels, complex, bins, false);
}

const STFT = operator({
  name: 'STFT',
  attrs: stftAttrs,
  coupling: 'transforms a signal frame by frame',
  shape: (view) => {
    const { count, bins } = frames(view);
    return [{ dtype: view.dtype(SIGNAL), dims: [view.shape(SIGNAL)[0], count, bins, 2] }];
  },
  fold: notFolded,
  terms: (eq: Equations<AttrsOf<typeof stftAttrs>>) => {
    const [batch, ...signal] = eq.axes(SIGNAL);
    for (const axis of signal) eq.fix(axis, TRANSFORMED);
    if (eq.has(WINDOW)) eq.fix(eq.axes(WINDOW)[0], TRANSFORMED);
    const [, ...made] = eq.outShape(0);
    eq.out(0, [batch, ...made.map((length) => eq.fixed(length, TRANSFORMED))]);
  },
  resize: noResize,
  weights: noWeights,
  layout: 'logical',
  run: runStft,
  macs: noMacs,
});

// ---------------------------------------------------------------- windows, mel weights

const windowAttrs = { output_datatype: int(1), periodic: int(1) };

/** @param weights of cos 0, cos x, cos 2x, … over one period */
function windowOf(name: string, weights: readonly number[]): Operator {
  const fold = (view: NodeView<AttrsOf<typeof windowAttrs>>): HostTensor[] => {
    const size = view.numbers(0)[0];
    const period = view.attrs.periodic ? size : size - 1;
    const values = sequence(size).map((i) =>
      weights.reduce((sum, weight, k) => sum + weight * Math.cos((2 * Math.PI * k * i) / period), 0),
    );
    return [{ dtype: elementTypeOf(view.attrs.output_datatype), dims: [size], values }];
  };
  return made(name, 'makes a window', windowAttrs, fold);
}

const melAttrs = { output_datatype: int(1) };

/** Triangles over the bins of a spectrum, equally wide in mel. */
function melWeights(view: NodeView<AttrsOf<typeof melAttrs>>): HostTensor[] {
  const [count, length, rate, low, high] = sequence(5).map((i) => view.numbers(i)[0]);
  const bins = Math.floor(length / 2) + 1;
  const mel = (frequency: number) => 2595 * Math.log10(1 + frequency / 700);
  const step = (mel(high) - mel(low)) / (count + 2);
  const edges = sequence(count + 2).map((i) => {
    const frequency = 700 * (10 ** ((mel(low) + i * step) / 2595) - 1);
    return Math.floor(((length + 1) * frequency) / rate);
  });
  const values = new Array<number>(bins * count).fill(0);
  for (let i = 0; i < count; i++) {
    const [lower, centre, upper] = edges.slice(i, i + 3);
    if (lower === centre) values[centre * count + i] = 1;
    else for (let j = lower; j <= centre; j++) values[j * count + i] = (j - lower) / (centre - lower);
    for (let j = centre; j < upper; j++) values[j * count + i] = (upper - j) / (upper - centre);
  }
  return [{ dtype: elementTypeOf(view.attrs.output_datatype), dims: [bins, count], values }];
}

function made<A extends typeof windowAttrs | typeof melAttrs>(
  name: string,
  coupling: string,
  attrs: A,
  fold: (view: NodeView<AttrsOf<A>>) => HostTensor[],
): Operator {
  return operator<A>({
    name,
    attrs,
    coupling,
    shape: fold,
    fold,
    terms: (eq) =>
      eq.out(
        0,
        eq.outShape(0).map((length) => eq.fixed(length, 'it is made of sizes')),
      ),
    resize: noResize,
    weights: noWeights,
    layout: 'logical',
    run: onHost(fold),
    macs: noMacs,
  });
}

export const spectral: readonly Operator[] = [
  DFT,
  STFT,
  windowOf('HannWindow', [0.5, -0.5]),
  windowOf('HammingWindow', [25 / 46, -21 / 46]),
  windowOf('BlackmanWindow', [0.42, -0.5, 0.08]),
  made('MelWeightMatrix', 'makes triangles over a spectrum', melAttrs, melWeights),
];
