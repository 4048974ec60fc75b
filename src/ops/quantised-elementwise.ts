// ONNX Runtime's operators on quantised activations: QLinearAdd, QLinearConcat and their kin. Each is a plain operator
// between levels: every quantised input brings its scale and zero point, the result has its own. Everything about
// channels is what the plain operator says. Formulas: com.microsoft (onnxruntime/docs/ContribOperators.md).

import type * as Tf from '@tensorflow/tfjs';
import { activation } from './activation.ts';
import { statedLast } from './channels-last.ts';
import { elementwise } from './elementwise.ts';
import { globalPools } from './global-pooling.ts';
import { sequence } from './host.ts';
import { joining } from './joining.ts';
import {
  type AttrSchema,
  int,
  type NodeView,
  notFolded,
  noWeights,
  type Operator,
  operator,
  positive,
  type RunView,
} from './op.ts';
import { pools } from './pooling.ts';
import { quantised } from './quantise.ts';
import { seenPlain } from './seen-plain.ts';
import { softmax } from './softmax.ts';

/** A quantised input, and the slots of its scale and zero point. */
interface Levels {
  readonly data: number;
  readonly scale: number;
  readonly zero: number;
}

/** Where a node keeps its levels. */
interface Slots {
  readonly inputs: (view: NodeView<unknown>) => readonly Levels[];
  readonly result: Omit<Levels, 'data'>;
}

const following = (data: number): Levels => ({ data, scale: data + 1, zero: data + 2 });

/** X, its scale and zero point; those of the result. */
const one: Slots = { inputs: () => [following(0)], result: { scale: 3, zero: 4 } };
/** The same for two operands. */
const two: Slots = { inputs: () => [following(0), following(3)], result: { scale: 6, zero: 7 } };
/** The result's first, then as many operands as there are. */
const several: Slots = {
  inputs: ({ inputs }) => sequence((inputs - 2) / 3, 2, 3).map(following),
  result: { scale: 0, zero: 1 },
};

/** The standard operators that these stand for are those of the newest operator set, where none is stated. */
const NEWEST = 25;

/** @param name of the operator that is `plain` between levels */
function between(name: string, plain: Operator, slots: Slots): Operator {
  const resultType = (view: NodeView<unknown>) => view.dtype(slots.inputs(view)[0].data);
  const seen = <V extends NodeView<unknown>>(view: V, inputs?: readonly Tf.Tensor[]): V => {
    const data = slots.inputs(view).map((levels) => levels.data);
    const { opset = NEWEST } = view.attrs as { opset?: number };
    const plainly = seenPlain(view, data, inputs);
    // The layout is told by input 0; where that is a level, axes are as the file states them.
    const axis = (i: number) => positive(i, plainly.shape(0).length);
    return Object.create(plainly, { opset: { value: opset }, ...(data[0] > 0 && { axis: { value: axis } }) });
  };
  const run = (view: RunView<unknown>) => {
    const { tf } = view;
    const float = (input: number) => tf.cast(view.input(input), 'float32');
    const zeroAt = (input: number) => (view.has(input) ? float(input) : tf.scalar(0));
    const inputs = slots
      .inputs(view)
      .map(({ data, scale, zero }) => tf.mul(tf.sub(float(data), zeroAt(zero)), view.input(scale)));
    const y = plain.run(seen(view, inputs) as RunView<never>);
    const [result] = Array.isArray(y) ? y : [y];
    const { scale, zero } = slots.result;
    return tf.cast(quantised(view, result, view.input(scale), zeroAt(zero), resultType(view)), 'int32');
  };
  return operator<AttrSchema>({
    name,
    domain: 'com.microsoft',
    attrs: { ...plain.attrs, opset: int() },
    coupling: plain.coupling,
    shape: (view) => plain.shape(seen(view)).map(({ dims }) => ({ dtype: resultType(view), dims })),
    fold: notFolded,
    terms: (eq) => plain.terms(seen(eq)),
    resize: (view) => plain.resize(seen(view)),
    weights: noWeights,
    layout: slots === several ? 'logical' : plain.layout,
    run,
    macs: (view) => plain.macs(seen(view)),
  });
}

const named = (name: string): Operator => {
  const families = [activation, elementwise, globalPools, joining, pools, softmax];
  const found = families.flat().find((record) => record.name === name && !record.domain);
  if (found) return found;
  throw new RangeError(`no operator ${name}`);
};

export const quantisedElementwise: readonly Operator[] = [
  between('QLinearAdd', named('Add'), two),
  between('QLinearMul', named('Mul'), two),
  between('QLinearLeakyRelu', named('LeakyRelu'), one),
  between('QLinearSigmoid', named('Sigmoid'), one),
  between('QLinearSoftmax', named('Softmax'), one),
  statedLast(between('QLinearAveragePool', named('AveragePool'), one)),
  statedLast(between('QLinearGlobalAveragePool', named('GlobalAveragePool'), one)),
  between('QLinearConcat', named('Concat'), several),
];
