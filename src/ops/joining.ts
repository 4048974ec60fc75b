// Concat and Split: one axis as a sequence of parts.

import { floatInputs } from './combinators.ts';
import { joined, pickAlong, sequence } from './host.ts';
import { int, ints, type NodeView, noMacs, noResize, type Operator, operator, positive } from './op.ts';
import { sliceAlong } from './rearrange.ts';
import { illShaped } from './refusal.ts';
import { restate } from './restate.ts';

const Concat = operator({
  name: 'Concat',
  attrs: { axis: int(1) },
  coupling: 'puts the channels of its inputs one after the other',
  shape: (view) => {
    const [first, ...rest] = sequence(view.inputs).map((i) => view.shape(i));
    const axis = positive(view.attrs.axis, first.length);
    for (const dims of rest)
      if (dims.length !== first.length || dims.some((length, i) => i !== axis && length !== first[i]))
        throw illShaped(view, `joins [${first}] and [${dims}], which differ beside axis ${axis}`);
    const length = rest.reduce((sum, dims) => sum + dims[axis], first[axis]);
    return [{ dtype: view.dtype(0), dims: first.with(axis, length) }];
  },
  fold: (view) => {
    const parts = sequence(view.inputs).map((i) => view.known(i)!);
    return [joined(parts, positive(view.attrs.axis, parts[0].dims.length))];
  },
  terms: (eq) => {
    const parts = sequence(eq.inputs).map((i) => eq.axes(i));
    const along = positive(eq.attrs.axis, parts[0].length);
    eq.out(
      0,
      parts[0].map((axis, i) =>
        i === along
          ? eq.concat(parts.map((axes) => axes[i]))
          : parts.slice(1).reduce((a, axes) => eq.same(a, axes[i]), axis),
      ),
    );
  },
  resize: noResize,
  weights: floatInputs,
  layout: 'axes',
  run: (view) =>
    view.tf.concat(
      sequence(view.inputs).map((i) => view.input(i)),
      view.axis(view.attrs.axis),
    ),
  macs: noMacs,
});

const splitAttrs = { axis: int(0), split: ints(), num_outputs: int() };
type SplitView = NodeView<{
  axis: number;
  split: readonly number[] | undefined;
  num_outputs: number | undefined;
}>;

const splitAxis = (view: SplitView) => positive(view.attrs.axis, view.shape(0).length);

/** Parts of `length` in equal sizes; the last may be smaller. */
function equalParts(length: number, parts: number): number[] {
  const size = Math.ceil(length / parts);
  return sequence(parts).map((i) => Math.max(0, Math.min(size, length - i * size)));
}

function splitSizes(view: SplitView): readonly number[] {
  const length = view.shape(0)[splitAxis(view)];
  const stated = view.has(1) ? view.numbers(1) : view.attrs.split;
  const sizes = stated ?? equalParts(length, view.attrs.num_outputs ?? view.outputs);
  if (sizes.reduce((sum, size) => sum + size, 0) !== length)
    throw illShaped(view, `cuts an axis of ${length} into parts of ${sizes.join(', ')}`);
  return sizes;
}

/** First position and length of each part. */
function splitParts(view: SplitView): { start: number; size: number }[] {
  let start = 0;
  return splitSizes(view).map((size) => {
    start += size;
    return { start: start - size, size };
  });
}

const Split = operator({
  name: 'Split',
  attrs: splitAttrs,
  coupling: 'hands each output its own run of channels',
  shape: (view) => {
    const axis = splitAxis(view);
    return splitSizes(view).map((size) => ({ dtype: view.dtype(0), dims: view.shape(0).with(axis, size) }));
  },
  fold: (view) =>
    splitParts(view).map(({ start, size }) =>
      pickAlong(view.known(0)!, splitAxis(view), sequence(size, start)),
    ),
  terms: (eq) => {
    const along = splitAxis(eq);
    const axes = eq.axes(0);
    const parts = splitParts(eq);
    if (parts.length > 1 && parts.every(({ size }) => size === 1))
      eq.fix(axes[along], 'its positions are handed out one by one');
    parts.forEach(({ start, size }, o) => {
      const part = eq.select(axes[along], sequence(size, start));
      if (size === 1) eq.fix(part, 'a single position is cut off');
      eq.out(o, axes.with(along, part));
    });
  },
  resize: (view) => {
    const axis = splitAxis(view);
    const sizes = sequence(view.outputs).map((o) => view.newOutShape(o)[axis]);
    if (view.has(1) || view.attrs.split) return restate(view, 'split', 1, sizes);
    const equal = equalParts(view.newShape(0)[axis], view.outputs);
    if (sizes.every((size, o) => size === equal[o])) return;
    if (view.opset < 13) view.set('split', sizes);
    else {
      view.set('num_outputs', undefined);
      view.setNumbers(1, sizes);
    }
  },
  weights: (view) => floatInputs(view).slice(0, 1),
  layout: 'axes',
  run: (view) => {
    const axis = view.axis(view.attrs.axis);
    return splitParts(view).map(({ start, size }) => sliceAlong(view.tf, view.input(0), axis, start, size));
  },
  macs: noMacs,
});

export const joining: readonly Operator[] = [Concat, Split];
