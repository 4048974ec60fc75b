// Matrix products and Einstein sums. Stock gradients of a broadcast product have the wrong shape, and transposed
// operands are slow on WASM, so products are brought to plain [batch, m, k] x [batch, k, n] first.

import type * as Tf from '@tensorflow/tfjs';
import { hasKernel, runKernel } from '../own-kernels.ts';
import { size, type TfModule } from './shapes.ts';

const swapLast = (tf: TfModule, x: Tf.Tensor): Tf.Tensor =>
  tf.transpose(
    x,
    [...x.shape.keys()].map((i, _, all) => (i === all.length - 2 ? i + 1 : i === all.length - 1 ? i - 1 : i)),
  );

export function matMul(
  tf: TfModule,
  a: Tf.Tensor,
  b: Tf.Tensor,
  transposeA = false,
  transposeB = false,
): Tf.Tensor {
  if (hasKernel(tf, 'Product')) return ownProduct(tf, a, b, transposeA, transposeB);
  const left = transposeA ? swapLast(tf, a) : a;
  const right = transposeB ? swapLast(tf, b) : b;
  if (right.rank === 2) {
    // One matrix for all rows: a single product.
    const k = left.shape[left.rank - 1];
    const rows = size(left.shape) / k;
    const flat = plainProduct(tf, tf.reshape(left, [rows, k]), right);
    return tf.reshape(flat, [...left.shape.slice(0, -1), right.shape[1] as number]);
  }
  const batch = broadcastBatch(left.shape.slice(0, -2), right.shape.slice(0, -2));
  const product = tf.matMul(stack(tf, left, batch) as Tf.Tensor3D, stack(tf, right, batch) as Tf.Tensor3D);
  return tf.reshape(product, [...batch, left.shape[left.rank - 2], right.shape[right.rank - 1]]);
}

function ownProduct(
  tf: TfModule,
  a: Tf.Tensor,
  b: Tf.Tensor,
  transposeA: boolean,
  transposeB: boolean,
): Tf.Tensor {
  if (b.rank === 2 && a.rank > 2 && !transposeA) {
    // One matrix for all rows: a single product.
    const rows = tf.reshape(a, [-1, a.shape[a.rank - 1]]);
    const flat = ownProduct(tf, rows, b, false, transposeB);
    return tf.reshape(flat, [...a.shape.slice(0, -1), flat.shape[1] as number]);
  }
  const batch = broadcastBatch(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const inputs = { a: stack(tf, a, batch), b: stack(tf, b, batch) };
  const [y] = runKernel(tf, 'Product', inputs, { transposeA, transposeB });
  return tf.reshape(y, [...batch, ...y.shape.slice(1)]);
}

/** Repeated over the stack where it has to be, as [size of the stack, rows, columns]. */
function stack(tf: TfModule, x: Tf.Tensor, batch: readonly number[]): Tf.Tensor {
  const own = x.shape.slice(0, -2);
  const matrix = x.shape.slice(-2);
  const same = own.length === batch.length && own.every((n, i) => n === batch[i]);
  return tf.reshape(same ? x : tf.broadcastTo(x, [...batch, ...matrix]), [size(batch), ...matrix]);
}

function broadcastBatch(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const da = a[a.length - rank + i] ?? 1;
    const db = b[b.length - rank + i] ?? 1;
    return da === 1 ? db : da;
  });
}

/** [m, k] x [k, n]; dA = dY · Bᵀ, dB = Aᵀ · dY with the transposes made first. */
function plainProduct(tf: TfModule, a: Tf.Tensor, b: Tf.Tensor): Tf.Tensor {
  const op = tf.customGrad((left, right, save) => {
    const [x, w] = [left, right] as [Tf.Tensor2D, Tf.Tensor2D];
    (save as Tf.GradSaveFunc)([x, w]);
    return {
      value: tf.matMul(x, w),
      gradFunc: (dy: Tf.Tensor, saved: Tf.Tensor[]) => {
        const [savedX, savedW] = saved as [Tf.Tensor2D, Tf.Tensor2D];
        return [
          tf.matMul(dy as Tf.Tensor2D, tf.transpose(savedW)),
          tf.matMul(tf.transpose(savedX), dy as Tf.Tensor2D),
        ];
      },
    };
  });
  return op(a, b);
}

// ---------------------------------------------------------------- Einstein sums

/** Letters of each operand and of the result; an ellipsis has become upper-case letters. */
interface Terms {
  readonly operands: readonly string[];
  readonly result: string;
}

/** `equation` as ONNX states it: explicit or implicit result, optional ellipsis; operands in order. */
export function einsum(tf: TfModule, equation: string, inputs: readonly Tf.Tensor[]): Tf.Tensor {
  const { operands, result } = parse(equation, inputs);
  let [letters, value] = diagonal(tf, operands[0], inputs[0]);
  for (let i = 1; i < inputs.length; i++) {
    const [right, other] = diagonal(tf, operands[i], inputs[i]);
    const later = operands.slice(i + 1).join('') + result;
    [letters, value] = contract(tf, letters, value, right, other, later);
  }
  const summed = [...letters].flatMap((letter, axis) => (result.includes(letter) ? [] : [axis]));
  const left = [...letters].filter((letter) => result.includes(letter));
  const total = summed.length > 0 ? tf.sum(value, summed) : value;
  return tf.transpose(
    total,
    [...result].map((letter) => left.indexOf(letter)),
  );
}

function parse(equation: string, inputs: readonly Tf.Tensor[]): Terms {
  const [left, right] = equation.replaceAll(' ', '').split('->');
  const stated = left.split(',');
  const hidden = stated.map((letters, i) => {
    const named = letters.replace('...', '').length;
    return letters.includes('...') ? inputs[i].rank - named : 0;
  });
  const most = Math.max(0, ...hidden);
  const dots = Array.from({ length: most }, (_, i) => String.fromCharCode(0x3b1 + i)).join('');
  const operands = stated.map((letters, i) => letters.replace('...', dots.slice(most - hidden[i])));
  if (right !== undefined) return { operands, result: right.replace('...', dots) };
  const all = [...operands.join('')];
  const once = all.filter(
    (letter) => !dots.includes(letter) && all.indexOf(letter) === all.lastIndexOf(letter),
  );
  return { operands, result: dots + [...new Set(once)].sort().join('') };
}

/** A letter that an operand repeats picks its diagonal. */
function diagonal(tf: TfModule, letters: string, x: Tf.Tensor): [string, Tf.Tensor] {
  for (let i = 0; i < letters.length; i++) {
    const j = letters.indexOf(letters[i], i + 1);
    if (j < 0) continue;
    const n = x.shape[i];
    const mask = tf.reshape(
      tf.eye(n),
      x.shape.map((_, axis) => (axis === i || axis === j ? n : 1)),
    );
    return diagonal(tf, letters.slice(0, j) + letters.slice(j + 1), tf.sum(tf.mul(x, mask), j));
  }
  return [letters, x];
}

/** Two operands into one: shared letters that nobody needs later are summed by a matrix product. */
function contract(
  tf: TfModule,
  a: string,
  x: Tf.Tensor,
  b: string,
  y: Tf.Tensor,
  later: string,
): [string, Tf.Tensor] {
  const shared = [...a].filter((letter) => b.includes(letter));
  const batch = shared.filter((letter) => later.includes(letter));
  const summed = shared.filter((letter) => !later.includes(letter));
  const onlyA = [...a].filter((letter) => !b.includes(letter));
  const onlyB = [...b].filter((letter) => !a.includes(letter));
  const arrange = (letters: string, value: Tf.Tensor, groups: readonly (readonly string[])[]) => {
    const order = groups.flat().map((letter) => letters.indexOf(letter));
    const sizes = groups.map((group) => size(group.map((letter) => value.shape[letters.indexOf(letter)])));
    return tf.reshape(tf.transpose(value, order), sizes);
  };
  const dim = (letter: string) => Math.max(lengthOf(a, x, letter), lengthOf(b, y, letter));
  const [wideX, wideY] = [widen(tf, a, x, shared, dim), widen(tf, b, y, shared, dim)];
  const left = arrange(a, wideX, [batch, onlyA, summed]) as Tf.Tensor3D;
  const right = arrange(b, wideY, [batch, summed, onlyB]) as Tf.Tensor3D;
  const letters = [...batch, ...onlyA, ...onlyB];
  return [letters.join(''), tf.reshape(matMul(tf, left, right), letters.map(dim))];
}

const lengthOf = (letters: string, x: Tf.Tensor, letter: string): number =>
  x.shape[letters.indexOf(letter)] ?? 1;

/** Broadcasts axes of length 1 that meet a longer one. */
function widen(
  tf: TfModule,
  letters: string,
  x: Tf.Tensor,
  shared: readonly string[],
  dim: (letter: string) => number,
): Tf.Tensor {
  const dims = [...letters].map((letter, i) => (shared.includes(letter) ? dim(letter) : x.shape[i]));
  return dims.every((n, i) => n === x.shape[i]) ? x : tf.broadcastTo(x, dims);
}
