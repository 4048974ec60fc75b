// Det: determinants of stacks of square matrices, by expansion along the first row, so that its gradient is that of sums
// and products. Left out: matrices larger than 5, for which the expansion has too many terms.

import type * as Tf from '@tensorflow/tfjs';
import { sequence } from './host.ts';
import { noMacs, noResize, notFolded, noWeights, type Operator, operator } from './op.ts';
import { sliceAlong } from './rearrange.ts';
import { illShaped, unsupported } from './refusal.ts';

const LARGEST = 5;

/** Of the entries in the rows from `row` on and in the columns listed, as many as rows: alternating products. */
function expanded(
  tf: typeof Tf,
  entry: (row: number, column: number) => Tf.Tensor,
  columns: readonly number[],
  row = 0,
): Tf.Tensor {
  const terms = columns.map((column, i) => {
    const others = columns.filter((other) => other !== column);
    const minor = others.length === 0 ? undefined : expanded(tf, entry, others, row + 1);
    const term = minor ? tf.mul(entry(row, column), minor) : entry(row, column);
    return i % 2 === 0 ? term : tf.neg(term);
  });
  return terms.reduce((sum, term) => tf.add(sum, term));
}

const Det = operator({
  name: 'Det',
  attrs: {},
  coupling: 'takes determinants of its last two axes',
  shape: (view) => {
    const dims = view.shape(0);
    const [rows, columns] = dims.slice(-2);
    if (dims.length < 2 || rows !== columns)
      throw illShaped(view, `takes determinants of square matrices, but gets [${dims}]`);
    return [{ dtype: view.dtype(0), dims: dims.slice(0, -2) }];
  },
  fold: notFolded,
  terms: (eq) => {
    const axes = eq.axes(0);
    for (const axis of axes.slice(-2)) eq.fix(axis, 'it is a row or column of a determinant');
    eq.out(0, axes.slice(0, -2));
  },
  resize: noResize,
  weights: noWeights,
  layout: 'logical',
  run: (view) => {
    const { tf } = view;
    const x = view.input(0);
    const size = x.shape[x.rank - 1];
    if (size > LARGEST) throw unsupported(view, `takes determinants of ${size} × ${size} matrices`);
    const flat = tf.reshape(x, [-1, size * size]);
    const entry = (row: number, column: number) => sliceAlong(tf, flat, 1, row * size + column, 1);
    return tf.reshape(expanded(tf, entry, sequence(size)), [...view.outShape(0)]);
  },
  macs: noMacs,
});

export const determinant: readonly Operator[] = [Det];
