// Einsum: a letter names an axis, and the same letter is the same axis wherever it stands.
// The equation is made explicit here (ellipsis, implied output, diagonals, lone axes), so that execution gets plain
// contractions only. Formula: ONNX operator Einsum (numpy.einsum).

import type * as Tf from '@tensorflow/tfjs';
import { elementCount } from '../graph/tensor.ts';
import { sequence } from './host.ts';
import {
  type Axis,
  type NodeView,
  noResize,
  notFolded,
  type Operator,
  operator,
  type RunView,
  string,
  type WeightUse,
} from './op.ts';
import { transpose } from './rearrange.ts';
import { illShaped } from './refusal.ts';

type View = NodeView<{ readonly equation: string }>;

/** One letter per axis. The axes that an ellipsis stands for are named 0, 1, … from the right. */
interface Equation {
  readonly operands: readonly (readonly string[])[];
  readonly result: readonly string[];
  /** Length of the axis that a letter names. */
  readonly lengths: ReadonlyMap<string, number>;
}

function parse(view: View): Equation {
  const [left, right] = view.attrs.equation.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  if (terms.length !== view.inputs)
    throw illShaped(view, `has ${view.inputs} inputs for the equation "${view.attrs.equation}"`);
  const lengths = new Map<string, number>();
  const operands = terms.map((term, i) => {
    const dims = view.shape(i);
    const letters = spell(term, dims.length);
    if (letters.length !== dims.length)
      throw illShaped(view, `calls the axes of [${dims}] "${term}" in its equation`);
    letters.forEach((letter, axis) => {
      const known = lengths.get(letter) ?? 1;
      if (known !== 1 && dims[axis] !== 1 && known !== dims[axis])
        throw illShaped(view, `uses "${letter}" for axes of ${known} and ${dims[axis]} positions`);
      lengths.set(letter, Math.max(known, dims[axis]));
    });
    return letters;
  });
  const shared = [...lengths.keys()].filter(isEllipsis).sort((a, b) => Number(b) - Number(a));
  const result = right === undefined ? impliedResult(operands, shared) : splice(right, shared);
  return { operands, result, lengths };
}

const isEllipsis = (letter: string) => letter >= '0' && letter <= '9';

const splice = (term: string, ellipsis: readonly string[]): string[] => {
  const [before, after] = term.split('...');
  return after === undefined ? [...before] : [...before, ...ellipsis, ...after];
};

const spell = (term: string, rank: number): string[] => {
  const hidden = rank - term.replace('...', '').length;
  return splice(term, sequence(Math.max(0, hidden)).map(String).reverse());
};

/** Without an arrow the result has the ellipsis and the letters that occur once, in alphabetical order. */
function impliedResult(operands: Equation['operands'], ellipsis: readonly string[]): string[] {
  const all = operands.flat().filter((letter) => !isEllipsis(letter));
  return [...ellipsis, ...all.filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter)).sort()];
}

/** Letters of either operand, each once. */
const union = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])];

const Einsum = operator({
  name: 'Einsum',
  attrs: { equation: string('') },
  coupling: 'multiplies and adds up along the axes its equation names',
  shape: (view) => {
    const { result, lengths } = parse(view);
    return [{ dtype: view.dtype(0), dims: result.map((letter) => lengths.get(letter) as number) }];
  },
  fold: notFolded,
  terms: (eq) => {
    const { operands, result, lengths } = parse(eq);
    const named = new Map<string, Axis>();
    operands.forEach((letters, i) => {
      letters.forEach((letter, a) => {
        const axis = eq.axes(i)[a];
        if (axis.length !== lengths.get(letter)) return;
        const known = named.get(letter);
        named.set(letter, known ? eq.same(known, axis) : axis);
      });
    });
    eq.out(
      0,
      result.map((letter) => named.get(letter) as Axis),
    );
  },
  resize: noResize,
  weights: kernels,
  layout: 'logical',
  run: contract,
  macs: (view) => {
    const { operands, result, lengths } = parse(view);
    let macs = 0;
    operands.reduce((left, right, i) => {
      const letters = union(left, right);
      macs += elementCount(letters.map((letter) => lengths.get(letter) as number));
      return remaining(letters, operands.slice(i + 1), result);
    });
    return macs;
  },
});

/** Letters still needed once these operands are multiplied. */
const remaining = (
  letters: readonly string[],
  later: Equation['operands'],
  result: readonly string[],
): string[] => letters.filter((letter) => result.includes(letter) || later.flat().includes(letter));

/** A constant factor is a kernel: its own letters go out, those it shares and the result lacks come in. */
function kernels(view: View): WeightUse[] {
  const { operands, result } = parse(view);
  if (operands.length !== 2) return [];
  return operands.flatMap((letters, input) => {
    const other = operands[1 - input];
    const axesWhere = (wanted: (letter: string) => boolean) =>
      sequence(letters.length).filter((axis) => wanted(letters[axis]));
    const outs = axesWhere((letter) => result.includes(letter) && !other.includes(letter));
    const ins = axesWhere((letter) => !result.includes(letter) && other.includes(letter));
    return sequence(Math.max(outs.length, ins.length)).map(
      (i): WeightUse => ({
        input,
        role: 'kernel',
        groups: 1,
        ...(outs.length > 0 ? { outAxis: outs[Math.min(i, outs.length - 1)] } : {}),
        ...(ins.length > 0 ? { inAxis: ins[Math.min(i, ins.length - 1)] } : {}),
      }),
    );
  });
}

// ---------------------------------------------------------------- running

interface Named {
  readonly x: Tf.Tensor;
  readonly letters: readonly string[];
}

/** Multiplies the operands from left to right, summing each letter as soon as nothing needs it. */
function contract(view: RunView<{ readonly equation: string }>): Tf.Tensor {
  const { tf } = view;
  const { operands, result, lengths } = parse(view);
  const named = operands.map((letters, i) =>
    withoutLone(tf, withoutRepeats(tf, view.input(i), letters), lengths),
  );
  const [first, ...rest] = named;
  const begin = summed(tf, first, remaining(first.letters, operands.slice(1), result));
  const product = rest.reduce((left, right, i) => {
    const later = operands.slice(i + 2);
    const own = summed(tf, right, remaining(right.letters, [left.letters, ...later], result));
    const kept = remaining(union(left.letters, own.letters), later, result);
    return { x: multiplyNamed(view, left, own, kept), letters: kept };
  }, begin);
  const ordered = result.filter((letter) => product.letters.includes(letter));
  const y = transpose(
    tf,
    product.x,
    ordered.map((letter) => product.letters.indexOf(letter)),
  );
  return tf.reshape(y, [...view.outShape(0)]);
}

/** `left` × `right` with the letters of `kept`, through the kernel that execution brings. */
function multiplyNamed(
  view: RunView<unknown>,
  left: Named,
  right: Named,
  kept: readonly string[],
): Tf.Tensor {
  const alphabet = union(left.letters, right.letters);
  const spelled = (letters: readonly string[]) =>
    letters.map((letter) => String.fromCharCode(97 + alphabet.indexOf(letter))).join('');
  const equation = `${spelled(left.letters)},${spelled(right.letters)}->${spelled(kept)}`;
  return view.kernels.einsum(equation, [left.x, right.x]);
}

/** Adds up the axes whose letters are not `kept`. */
function summed(tf: typeof Tf, { x, letters }: Named, kept: readonly string[]): Named {
  const axes = sequence(letters.length).filter((axis) => !kept.includes(letters[axis]));
  return axes.length === 0
    ? { x, letters }
    : { x: tf.sum(x, axes), letters: letters.filter((letter) => kept.includes(letter)) };
}

/** Lone axes that other operands repeat are dropped: multiplying by them changes nothing. */
function withoutLone(tf: typeof Tf, { x, letters }: Named, lengths: Equation['lengths']): Named {
  const whole = sequence(letters.length).filter((axis) => x.shape[axis] === lengths.get(letters[axis]));
  return {
    x: tf.reshape(
      x,
      whole.map((axis) => x.shape[axis]),
    ),
    letters: whole.map((axis) => letters[axis]),
  };
}

/** A letter that occurs twice in one operand picks the diagonal: mask it and add up one of the two axes. */
function withoutRepeats(tf: typeof Tf, x: Tf.Tensor, letters: readonly string[]): Named {
  const first = letters.findIndex((letter, axis) => letters.indexOf(letter, axis + 1) >= 0);
  if (first < 0) return { x, letters };
  const second = letters.indexOf(letters[first], first + 1);
  const length = x.shape[first];
  const mask = tf.reshape(
    tf.eye(length),
    x.shape.map((_, axis) => (axis === first || axis === second ? length : 1)),
  );
  const diagonal = tf.sum(tf.mul(x, mask), second);
  return withoutRepeats(tf, diagonal, letters.toSpliced(second, 1));
}

export const einsum: readonly Operator[] = [Einsum];
