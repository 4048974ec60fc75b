// Slice and CenterCropPad: runs of positions chosen by bounds.

import { floatInputs } from './combinators.ts';
import { filled, joined, pickAlong, ranksOf, sequence } from './host.ts';
import {
  type AttrsOf,
  type Axis,
  type HostTensor,
  ints,
  type NodeView,
  noMacs,
  type Operator,
  operator,
  positive,
} from './op.ts';
import { padAlong } from './padding.ts';
import { sliceAlong, takeAlong } from './rearrange.ts';
import { illShaped } from './refusal.ts';
import { restate } from './restate.ts';

const sliceAttrs = { starts: ints(), ends: ints(), axes: ints() };
type SliceView = NodeView<AttrsOf<typeof sliceAttrs>>;

/** One sliced axis: bounds as written, and clamped to the axis as the spec says. */
interface Cut {
  readonly axis: number;
  readonly length: number;
  readonly stated: { readonly start: number; readonly end: number };
  /** First position taken. */
  readonly start: number;
  /** First position not taken; -1 for a descending cut that takes position 0. */
  readonly end: number;
  readonly step: number;
}

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));

/** Bounds are attributes before opset 10, inputs since. @throws ModelError `data-dependent` for computed bounds */
function cutsOf(view: SliceView): Cut[] {
  const dims = view.shape(0);
  const list = (input: number, attribute: readonly number[] | undefined) =>
    attribute ?? (view.has(input) ? view.numbers(input) : undefined);
  const starts = list(1, view.attrs.starts) ?? [];
  const ends = list(2, view.attrs.ends) ?? [];
  const axes = list(3, view.attrs.axes) ?? sequence(starts.length);
  const steps = list(4, undefined) ?? starts.map(() => 1);
  return axes.map((stated, i) => {
    const axis = positive(stated, dims.length);
    const length = dims[axis];
    const step = steps[i];
    if (length === undefined || step === 0) throw illShaped(view, `cannot cut axis ${stated} of [${dims}]`);
    const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
    return {
      axis,
      length,
      stated: { start: starts[i], end: ends[i] },
      start: clamp(positive(starts[i], length), Math.max(0, low), high),
      end: clamp(positive(ends[i], length), low, high),
      step,
    };
  });
}

const positionsOf = ({ start, end, step }: Cut): number[] =>
  sequence(Math.ceil((end - start) / step), start, step);

/** A bound for the shrunk axis, written the way the old one was: from the front, from the end, or beyond it. */
function rebound(stated: number, { length }: Cut, bound: number, newLength: number): number {
  if (stated >= length || stated < -length) return stated;
  if (stated >= 0) return bound < 0 ? -newLength - 1 : bound;
  return bound === newLength ? newLength : bound - newLength;
}

/** The bounds of a cut by 1 or -1 after only `kept` positions of its axis are left. */
function reboundCut(cut: Cut, kept: ArrayLike<number>) {
  const ranks = ranksOf(kept, cut.length);
  const forward = cut.step > 0;
  const start = forward ? ranks[cut.start] : ranks[cut.start + 1] - 1;
  const end = forward ? ranks[cut.end] : ranks[cut.end + 1] - 1;
  return {
    start: rebound(cut.stated.start, cut, start, kept.length),
    end: rebound(cut.stated.end, cut, end, kept.length),
  };
}

const Slice = operator({
  name: 'Slice',
  attrs: sliceAttrs,
  coupling: 'passes a run of its positions on',
  shape: (view) => {
    const dims = [...view.shape(0)];
    for (const cut of cutsOf(view)) dims[cut.axis] = positionsOf(cut).length;
    return [{ dtype: view.dtype(0), dims }];
  },
  fold: (view) => [
    cutsOf(view).reduce((tensor, cut) => pickAlong(tensor, cut.axis, positionsOf(cut)), view.known(0)!),
  ],
  terms: (eq) => {
    const axes = [...eq.axes(0)];
    for (const cut of cutsOf(eq)) {
      const whole = axes[cut.axis];
      const positions = positionsOf(cut);
      if (Math.abs(cut.step) > 1) eq.fix(whole, 'every so many of its positions are taken');
      axes[cut.axis] = eq.select(whole, positions);
      if (positions.length === 1 && cut.length > 1)
        eq.fix(axes[cut.axis], 'a single position is picked by number');
    }
    eq.out(0, axes);
  },
  resize: (view) => {
    const cuts = cutsOf(view);
    const bounds = cuts.map((cut) => {
      const kept = view.kept(0, cut.axis);
      return kept && Math.abs(cut.step) === 1 ? reboundCut(cut, kept) : cut.stated;
    });
    restate(
      view,
      'starts',
      1,
      bounds.map(({ start }) => start),
    );
    restate(
      view,
      'ends',
      2,
      bounds.map(({ end }) => end),
    );
  },
  weights: (view) => floatInputs(view).slice(0, 1),
  layout: 'axes',
  run: (view) =>
    cutsOf(view).reduce(
      (x, cut) => takeAlong(view.tf, x, view.axis(cut.axis), positionsOf(cut)),
      view.input(0),
    ),
  macs: noMacs,
});

// ---------------------------------------------------------------- CenterCropPad

const cropAttrs = { axes: ints() };

interface Centred {
  readonly axis: number;
  readonly length: number;
  readonly target: number;
  /** First position kept when cropping, zeros put before when padding. */
  readonly offset: number;
}

function centredAxes(view: NodeView<AttrsOf<typeof cropAttrs>>): Centred[] {
  const dims = view.shape(0);
  const axes = view.attrs.axes?.map((axis) => positive(axis, dims.length)) ?? sequence(dims.length);
  return axes.map((axis, i) => {
    const [length, target] = [dims[axis], view.numbers(1)[i]];
    return { axis, length, target, offset: Math.floor(Math.abs(length - target) / 2) };
  });
}

const centre = (tensor: HostTensor, { axis, length, target, offset }: Centred): HostTensor => {
  if (target <= length) return pickAlong(tensor, axis, sequence(target, offset));
  const zeros = (count: number) => filled({ dtype: tensor.dtype, dims: tensor.dims.with(axis, count) }, 0);
  return joined([zeros(offset), tensor, zeros(target - length - offset)], axis);
};

const CenterCropPad = operator({
  name: 'CenterCropPad',
  attrs: cropAttrs,
  coupling: 'crops or pads around the middle',
  shape: (view) => {
    const dims = [...view.shape(0)];
    for (const { axis, target } of centredAxes(view)) dims[axis] = target;
    return [{ dtype: view.dtype(0), dims }];
  },
  fold: (view) => [centredAxes(view).reduce(centre, view.known(0)!)],
  terms: (eq) => {
    const axes: Axis[] = [...eq.axes(0)];
    for (const { axis, length, target } of centredAxes(eq)) {
      if (length === target) continue;
      const why = 'it is cropped or padded around its middle';
      eq.fix(axes[axis], why);
      axes[axis] = eq.fixed(target, why);
    }
    eq.out(0, axes);
  },
  resize: (view) => {
    const sizes = centredAxes(view).map(({ axis }) => view.newOutShape(0)[axis]);
    view.setNumbers(1, sizes);
  },
  weights: (view) => floatInputs(view).slice(0, 1),
  layout: 'axes',
  run: (view) =>
    centredAxes(view).reduce((x, { axis, length, target, offset }) => {
      const at = view.axis(axis);
      if (target <= length) return sliceAlong(view.tf, x, at, offset, target);
      return padAlong(view.tf, x, at, 'constant', [offset, target - length - offset]);
    }, view.input(0)),
  macs: noMacs,
});

export const slicing: readonly Operator[] = [Slice, CenterCropPad];
