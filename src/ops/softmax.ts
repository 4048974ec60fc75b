// Softmax and its kin. Before opset 13 they flatten the axes from `axis` on and normalise over all of them
// (https://onnx.ai/onnx/operators/onnx__Softmax.html); since then over one axis.

import type * as Tf from '@tensorflow/tfjs';
import { elementCount } from '../graph/tensor.ts';
import { int, type NodeView, noMacs, noResize, noWeights, type Operator, operator, positive } from './op.ts';

type SoftmaxView = NodeView<{ axis: number | undefined }>;

const axisOf = (view: SoftmaxView): number =>
  positive(view.attrs.axis ?? (view.opset < 13 ? 1 : -1), view.shape(0).length);

/** Applies `f`, which works along the last axis, along the axes that the operator normalises. */
function along(view: SoftmaxView, tf: typeof Tf, x: Tf.Tensor, f: (x: Tf.Tensor) => Tf.Tensor): Tf.Tensor {
  const axis = axisOf(view);
  const { rank, shape } = x;
  if (view.opset < 13) {
    const rows = elementCount(shape.slice(0, axis));
    return tf.reshape(f(tf.reshape(x, [rows, elementCount(shape.slice(axis))])), shape);
  }
  if (axis === rank - 1) return f(x);
  const order = shape.map((_, i) => i);
  [order[axis], order[rank - 1]] = [order[rank - 1], order[axis]];
  return tf.transpose(f(tf.transpose(x, order)), order);
}

function softmaxLike(name: string, f: (tf: typeof Tf, x: Tf.Tensor) => Tf.Tensor): Operator {
  return operator({
    name,
    attrs: { axis: int() },
    coupling: 'normalises along its axis',
    shape: (view) => [{ dtype: view.dtype(0), dims: view.shape(0) }],
    fold: 'not-folded',
    terms: (eq) => {
      const axes = eq.axes(0);
      const first = axisOf(eq);
      const end = eq.opset < 13 ? axes.length : first + 1;
      for (const axis of axes.slice(first, end)) eq.fix(axis, 'every position along it is compared');
      eq.out(0, axes);
    },
    resize: noResize,
    weights: noWeights,
    layout: 'logical',
    run: (view) => along(view, view.tf, view.input(0), (x) => f(view.tf, x)),
    macs: noMacs,
  });
}

/** 1 at the first of the greatest. */
function hardmax(tf: typeof Tf, x: Tf.Tensor): Tf.Tensor {
  const first = tf.expandDims(tf.argMax(x, -1), -1);
  return tf.cast(tf.equal(tf.range(0, x.shape[x.rank - 1], 1, 'int32'), first), 'float32');
}

export const softmax: readonly Operator[] = [
  softmaxLike('Softmax', (tf, x) => tf.softmax(x)),
  softmaxLike('LogSoftmax', (tf, x) => tf.logSoftmax(x)),
  softmaxLike('Hardmax', hardmax),
];
