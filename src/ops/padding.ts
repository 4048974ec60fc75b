// Pad: new positions at both ends of an axis, or positions taken away where an amount is negative.

import type * as Tf from '@tensorflow/tfjs';
import { floatInputs } from './combinators.ts';
import { filled, joined, pickAlong, ranksOf, sequence } from './host.ts';
import {
  type AttrsOf,
  float,
  type HostTensor,
  ints,
  type NodeView,
  noMacs,
  type Operator,
  operator,
  positive,
  string,
} from './op.ts';
import { along, sliceAlong, takeAlong } from './rearrange.ts';
import { illShaped, unsupported } from './refusal.ts';
import { restate } from './restate.ts';

type PadMode = 'constant' | 'reflect' | 'edge' | 'wrap';
const modes: readonly string[] = ['constant', 'reflect', 'edge', 'wrap'];

const padAttrs = { mode: string('constant'), pads: ints(), paddings: ints(), value: float(0) };
type PadView = NodeView<AttrsOf<typeof padAttrs>>;

/** What happens to one axis; a negative amount crops. */
interface Edge {
  readonly axis: number;
  readonly length: number;
  readonly before: number;
  readonly after: number;
}

/** Amounts as written: all begins, then all ends. Attribute before opset 11 (`paddings` before 2), input since. */
const statedPads = (view: PadView) => view.attrs.pads ?? view.attrs.paddings ?? view.numbers(1);

/** Every axis that has a stated amount, in the order stated. */
function edgesOf(view: PadView): Edge[] {
  const dims = view.shape(0);
  const pads = statedPads(view);
  const axes = view.has(3)
    ? view.numbers(3).map((axis) => positive(axis, dims.length))
    : sequence(dims.length);
  if (pads.length !== 2 * axes.length)
    throw illShaped(view, `states ${pads.length} amounts for ${axes.length} axes`);
  return axes.map((axis, i) => ({
    axis,
    length: dims[axis],
    before: pads[i],
    after: pads[axes.length + i],
  }));
}

const modeOf = (view: PadView): PadMode => {
  if (modes.includes(view.attrs.mode)) return view.attrs.mode as PadMode;
  throw unsupported(view, `pads in mode '${view.attrs.mode}'`);
};

/** The constant to pad with, `undefined` where only the running network knows. */
function padValue(view: PadView): number | undefined {
  if (!view.has(2)) return view.attrs.value;
  return view.known(2)?.values[0];
}

/** The run of positions that a negative amount leaves. */
const croppedRun = ({ length, before, after }: Edge) => {
  const start = Math.max(0, -before);
  return { start, size: length - start - Math.max(0, -after) };
};

/** For each position of the padded axis the one it copies; amounts are not negative. */
function copiedPositions(mode: Exclude<PadMode, 'constant'>, length: number, before: number, after: number) {
  const positions = sequence(length + before + after, -before);
  if (mode === 'edge') return positions.map((p) => Math.max(0, Math.min(length - 1, p)));
  if (mode === 'wrap') return positions.map((p) => ((p % length) + length) % length);
  const period = Math.max(1, 2 * (length - 1));
  return positions.map((p) => {
    const folded = ((p % period) + period) % period;
    return folded < length ? folded : period - folded;
  });
}

/** Pads one axis of a tensor; amounts are not negative. Copies are slices, so that their gradients add up. */
export function padAlong(
  tf: typeof Tf,
  x: Tf.Tensor,
  axis: number,
  mode: PadMode,
  [before, after]: readonly [number, number],
  value = 0,
): Tf.Tensor {
  if (before === 0 && after === 0) return x;
  if (mode === 'constant')
    return along(tf, x, axis, (flat) =>
      tf.pad(
        flat,
        [
          [0, 0],
          [before, after],
          [0, 0],
        ],
        value,
      ),
    );
  const length = x.shape[axis];
  const copied = copiedPositions(mode, length, before, after);
  const ends = [copied.slice(0, before), copied.slice(before + length)].map((positions) =>
    monotoneRuns(positions).map((run) => takeAlong(tf, x, axis, run)),
  );
  return tf.concat([...ends[0], x, ...ends[1]], axis);
}

/** Pads every axis of a tensor; amounts are not negative. */
function padEnds(tf: typeof Tf, x: Tf.Tensor, mode: PadMode, ends: [number, number][], value = 0): Tf.Tensor {
  if (mode === 'constant' && x.rank > 0 && x.rank <= 4) return tf.pad(x, ends, value);
  return ends.reduce((y, amounts, axis) => padAlong(tf, y, axis, mode, amounts, value), x);
}

/** Cuts positions into runs that step by 1 or by -1, so that each is one slice. */
function monotoneRuns(positions: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const position of positions) {
    const run = runs.at(-1);
    if (run && continues(run, position)) run.push(position);
    else runs.push([position]);
  }
  return runs;
}

function continues(run: readonly number[], position: number): boolean {
  const step = position - run[run.length - 1];
  return Math.abs(step) === 1 && (run.length === 1 || step === run[1] - run[0]);
}

function padHost(tensor: HostTensor, edge: Edge, mode: PadMode, value: number): HostTensor {
  const { start, size } = croppedRun(edge);
  const [before, after] = [Math.max(0, edge.before), Math.max(0, edge.after)];
  const rest = pickAlong(tensor, edge.axis, sequence(size, start));
  if (mode !== 'constant') return pickAlong(rest, edge.axis, copiedPositions(mode, size, before, after));
  const constant = (count: number) =>
    filled({ dtype: tensor.dtype, dims: rest.dims.with(edge.axis, count) }, value);
  return joined([constant(before), rest, constant(after)], edge.axis);
}

/** The amounts that give the surviving positions: padded zeros that are left, cropped positions that are left. */
function resizedEdge(
  edge: Edge,
  kept: ArrayLike<number> | undefined,
  keptOut: ArrayLike<number> | undefined,
): Edge {
  const { length, before, after } = edge;
  const outLength = length + before + after;
  const input = ranksOf(kept ?? sequence(length), length);
  const output = ranksOf(keptOut ?? sequence(outLength), outLength);
  const [inputLeft, outputLeft] = [input[length], output[outLength]];
  return {
    ...edge,
    before: before >= 0 ? output[before] : 0 - input[-before],
    after: after >= 0 ? outputLeft - output[outLength - after] : input[length + after] - inputLeft,
  };
}

const Pad = operator({
  name: 'Pad',
  attrs: padAttrs,
  coupling: 'adds positions at the ends of its axes',
  shape: (view) => {
    const dims = [...view.shape(0)];
    for (const { axis, before, after } of edgesOf(view)) dims[axis] += before + after;
    return [{ dtype: view.dtype(0), dims }];
  },
  fold: (view) => {
    const value = padValue(view) ?? 0;
    return [
      edgesOf(view).reduce((tensor, edge) => padHost(tensor, edge, modeOf(view), value), view.known(0)!),
    ];
  },
  terms: (eq) => {
    const axes = [...eq.axes(0)];
    for (const edge of edgesOf(eq)) {
      const { axis, length, before, after } = edge;
      if (before === 0 && after === 0) continue;
      if (eq.attrs.mode !== 'constant') {
        const why = `it is padded in mode '${eq.attrs.mode}'`;
        eq.fix(axes[axis], why);
        axes[axis] = eq.fixed(length + before + after, why);
        continue;
      }
      const { start, size } = croppedRun(edge);
      axes[axis] = eq.concat([
        eq.free(Math.max(0, before)),
        eq.select(axes[axis], sequence(size, start)),
        eq.free(Math.max(0, after)),
      ]);
    }
    eq.out(0, axes);
  },
  resize: (view) => {
    const edges = edgesOf(view).map((edge) =>
      resizedEdge(edge, view.kept(0, edge.axis), view.keptOut(0, edge.axis)),
    );
    const pads = [...edges.map(({ before }) => before), ...edges.map(({ after }) => after)];
    restate(view, view.attrs.paddings ? 'paddings' : 'pads', 1, pads);
  },
  weights: (view) => floatInputs(view).slice(0, 1),
  layout: 'axes',
  run: (view) => {
    const { tf } = view;
    const mode = modeOf(view);
    const ends = view.shape(0).map((): [number, number] => [0, 0]);
    const rest = edgesOf(view).reduce((x, edge) => {
      const axis = view.axis(edge.axis);
      ends[axis] = [Math.max(0, edge.before), Math.max(0, edge.after)];
      const { start, size } = croppedRun(edge);
      return size === edge.length ? x : sliceAlong(tf, x, axis, start, size);
    }, view.input(0));
    const value = padValue(view);
    if (value !== undefined || mode !== 'constant') return padEnds(tf, rest, mode, ends, value);
    const inside = padEnds(tf, tf.onesLike(rest), mode, ends);
    return tf.where(tf.cast(inside, 'bool'), padEnds(tf, rest, mode, ends), tf.reshape(view.input(2), []));
  },
  macs: noMacs,
});

export const padding: readonly Operator[] = [Pad];
