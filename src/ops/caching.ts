// TensorScatter: keys or values of new tokens written into a cache, each example at its own place. Everything but the
// axis of tokens is the same channels in both. Formula: ONNX operator TensorScatter (opset 24).

import type * as Tf from '@tensorflow/tfjs';
import { elementCount } from '../graph/tensor.ts';
import { sequence } from './host.ts';
import { multiply } from './matrix.ts';
import {
  type AttrsOf,
  int,
  type NodeView,
  noMacs,
  noResize,
  notFolded,
  noWeights,
  type Operator,
  operator,
  positive,
  type RunView,
  string,
} from './op.ts';

const attrs = { axis: int(-2), mode: string('linear') };
type Attrs = AttrsOf<typeof attrs>;
const [CACHE, UPDATE, PLACES] = sequence(3);

const tokenAxis = (view: NodeView<Attrs>): number => positive(view.attrs.axis, view.shape(CACHE).length);

/** Each place of the cache takes what is new there: a product with a matrix of ones where tokens go. */
function write(view: RunView<Attrs>): Tf.Tensor {
  const { tf } = view;
  const dims = view.shape(CACHE);
  const axis = tokenAxis(view);
  const [batch, length, count] = [dims[0], dims[axis], view.shape(UPDATE)[axis]];
  const rest = [elementCount(dims.slice(1, axis)), elementCount(dims.slice(axis + 1))];
  const start = view.has(PLACES)
    ? tf.reshape(tf.cast(view.input(PLACES), 'int32'), [batch, 1, 1])
    : tf.zeros([batch, 1, 1], 'int32');
  const at = tf.add(start, tf.reshape(tf.range(0, count, 1, 'int32'), [1, 1, count]));
  const places = view.attrs.mode === 'circular' ? tf.mod(at, tf.scalar(length, 'int32')) : at;
  const hits = tf.cast(
    tf.equal(tf.reshape(tf.range(0, length, 1, 'int32'), [1, length, 1]), places),
    'float32',
  );
  const placed = multiply(
    tf,
    view.kernels,
    tf.reshape(hits, [batch, 1, length, count]),
    tf.reshape(view.input(UPDATE), [batch, rest[0], count, rest[1]]),
  );
  const kept = tf.sub(1, tf.reshape(tf.sum(hits, 2), [batch, 1, length, 1]));
  const before = tf.reshape(view.input(CACHE), [batch, rest[0], length, rest[1]]);
  return tf.reshape(tf.add(tf.mul(before, kept), placed), [...dims]);
}

const TensorScatter = operator({
  name: 'TensorScatter',
  attrs,
  coupling: 'writes new tokens into a cache',
  shape: (view) => [{ dtype: view.dtype(CACHE), dims: view.shape(CACHE) }],
  fold: notFolded,
  terms: (eq) => {
    const [cache, update] = [eq.axes(CACHE), eq.axes(UPDATE)];
    cache.forEach((axis, i) => {
      if (i !== tokenAxis(eq)) eq.same(axis, update[i]);
      else for (const tokens of [axis, update[i]]) eq.fix(tokens, 'tokens are written to places of it');
    });
    eq.out(0, cache);
  },
  resize: noResize,
  weights: noWeights,
  layout: 'logical',
  run: write,
  macs: noMacs,
});

export const caching: readonly Operator[] = [TensorScatter];
