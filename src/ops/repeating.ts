// Expand and Tile: copies along an axis.

import { floatInputs } from './combinators.ts';
import { expanded, pick, sequence } from './host.ts';
import { broadcast, type NodeView, noMacs, type Operator, operator } from './op.ts';
import { expandTo, repeatAlong } from './rearrange.ts';

const expandDims = (view: NodeView<unknown>) => broadcast(view.shape(0), view.numbers(1));

const Expand = operator({
  name: 'Expand',
  attrs: {},
  coupling: 'repeats its input along axes of length 1',
  shape: (view) => [{ dtype: view.dtype(0), dims: expandDims(view) }],
  fold: (view) => [expanded(view.known(0)!, expandDims(view))],
  terms: (eq) => {
    const dims = eq.outShape(0);
    const lead = dims.length - eq.axes(0).length;
    eq.out(
      0,
      dims.map((length, i) => {
        const axis = eq.axes(0)[i - lead];
        if (axis && axis.length === length) return axis;
        if (axis) eq.fix(axis, 'it is repeated');
        return eq.free(length);
      }),
    );
  },
  resize: (view) => {
    const target = view.numbers(1);
    const lead = view.outShape(0).length - target.length;
    const resized = target.map((length, i) => (length === 1 ? 1 : view.newOutShape(0)[i + lead]));
    view.setNumbers(1, resized);
  },
  weights: (view) => floatInputs(view).slice(0, 1),
  layout: 'logical',
  run: (view) => expandTo(view.tf, view.input(0), view.outShape(0)),
  macs: noMacs,
});

const Tile = operator({
  name: 'Tile',
  attrs: {},
  coupling: 'repeats its input side by side',
  shape: (view) => {
    const repeats = view.numbers(1);
    return [{ dtype: view.dtype(0), dims: view.shape(0).map((length, i) => length * repeats[i]) }];
  },
  fold: (view) => {
    const repeats = view.numbers(1);
    const input = view.known(0)!;
    return [
      pick(
        input,
        input.dims.map((length, i) => sequence(length * repeats[i]).map((p) => p % length)),
      ),
    ];
  },
  terms: (eq) => {
    const repeats = eq.numbers(1);
    eq.out(
      0,
      eq.axes(0).map((axis, i) => (repeats[i] === 1 ? axis : eq.product([eq.free(repeats[i]), axis]))),
    );
  },
  resize: (view) => {
    const repeats = view.numbers(1);
    const resized = repeats.map((times, i) =>
      times === 1 ? 1 : view.newOutShape(0)[i] / view.newShape(0)[i],
    );
    view.setNumbers(1, resized);
  },
  weights: (view) => floatInputs(view).slice(0, 1),
  layout: 'logical',
  run: (view) =>
    view.numbers(1).reduce((x, times, axis) => repeatAlong(view.tf, x, axis, times), view.input(0)),
  macs: noMacs,
});

export const repeating: readonly Operator[] = [Expand, Tile];
