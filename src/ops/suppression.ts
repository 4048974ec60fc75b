// NonMaxSuppression: of boxes that overlap the best ones, per example and class. How many there are depends on the data,
// so a network that asks for them is run up to here first. Formula: ONNX operator NonMaxSuppression.

import { sequence } from './host.ts';
import {
  type AttrsOf,
  type HostTensor,
  int,
  type NodeView,
  noMacs,
  noResize,
  noWeights,
  type Operator,
  operator,
} from './op.ts';
import { onHost } from './rearrange.ts';
import { dataDependent } from './refusal.ts';

const attrs = { center_point_box: int(0) };
type View = NodeView<AttrsOf<typeof attrs>>;
const [BOXES, SCORES, MOST, OVERLAP, LEAST] = sequence(5);

interface Box {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

function boxOf([a, b, c, d]: readonly number[], centred: boolean): Box {
  if (centred) return { left: a - c / 2, right: a + c / 2, top: b - d / 2, bottom: b + d / 2 };
  return { top: Math.min(a, c), bottom: Math.max(a, c), left: Math.min(b, d), right: Math.max(b, d) };
}

const area = ({ top, left, bottom, right }: Box): number =>
  Math.max(0, bottom - top) * Math.max(0, right - left);

/** Intersection over union. */
function overlap(a: Box, b: Box): number {
  const shared = area({
    top: Math.max(a.top, b.top),
    left: Math.max(a.left, b.left),
    bottom: Math.min(a.bottom, b.bottom),
    right: Math.min(a.right, b.right),
  });
  const either = area(a) + area(b) - shared;
  return either > 0 ? shared / either : 0;
}

/** [example, class, box] of every box kept, by class and falling score. */
function survivors(view: View): HostTensor[] {
  const [boxes, scores] = [view.known(BOXES), view.known(SCORES)];
  if (!boxes || !scores) throw dataDependent(view, 'keeps as many boxes as do not overlap');
  const number = (i: number, otherwise: number) => (view.has(i) ? view.numbers(i)[0] : otherwise);
  const [most, limit] = [number(MOST, 0), number(OVERLAP, 0)];
  const least = number(LEAST, Number.NEGATIVE_INFINITY);
  const [examples, classes, count] = scores.dims;
  const found: number[] = [];
  for (let n = 0; n < examples; n++) {
    const places = sequence(count).map((p) => {
      const start = (n * count + p) * 4;
      return boxOf(boxes.values.slice(start, start + 4), view.attrs.center_point_box === 1);
    });
    for (let c = 0; c < classes; c++) {
      const score = (p: number) => scores.values[(n * classes + c) * count + p];
      const kept: number[] = [];
      for (const p of sequence(count).sort((a, b) => score(b) - score(a)))
        if (kept.length < most && score(p) > least)
          if (kept.every((other) => overlap(places[other], places[p]) <= limit)) kept.push(p);
      found.push(...kept.flatMap((p) => [n, c, p]));
    }
  }
  return [{ dtype: 'int64', dims: [found.length / 3, 3], values: found }];
}

const NonMaxSuppression = operator({
  name: 'NonMaxSuppression',
  attrs,
  coupling: 'keeps the best of boxes that overlap',
  shape: survivors,
  fold: survivors,
  terms: (eq) => {
    const why = 'boxes are compared with each other';
    for (const i of [BOXES, SCORES]) for (const axis of eq.axes(i)) eq.fix(axis, why);
    eq.out(
      0,
      eq.outShape(0).map((length) => eq.fixed(length, why)),
    );
  },
  resize: noResize,
  weights: noWeights,
  layout: 'logical',
  run: onHost(survivors),
  macs: noMacs,
});

export const suppression: readonly Operator[] = [NonMaxSuppression];
