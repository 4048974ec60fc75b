// Row-makers for operators that work element by element: one line states the operator, the rest follows from
// broadcasting (https://onnx.ai/onnx/repo-docs/Broadcasting.html).

import type * as Tf from '@tensorflow/tfjs';
import { elementCount, isFloat } from '../graph/tensor.ts';
import type { DataType } from '../graph/types.ts';
import { offsetsOf, sequence, stridesOf } from './host.ts';
import {
  type AttrSchema,
  type AttrsOf,
  type Axis,
  broadcast,
  type Equations,
  type HostTensor,
  int,
  type NodeView,
  noMacs,
  noResize,
  noWeights,
  type Operator,
  operator,
  type RunView,
  type WeightUse,
} from './op.ts';
import { illShaped } from './refusal.ts';

type TfModule = typeof Tf;

/** Given inputs of a node. */
const present = (view: NodeView<unknown>): number[] => sequence(view.inputs).filter((i) => view.has(i));

/** Shape of all inputs broadcast together. */
function broadcastShape(view: NodeView<unknown>, shapes: readonly (readonly number[])[]): number[] {
  try {
    return shapes.reduce<number[]>((a, b) => broadcast(a, b), []);
  } catch {
    throw illShaped(
      view,
      `combines the shapes ${shapes.map((dims) => `[${dims}]`).join(' and ')}, which do not broadcast`,
    );
  }
}

/** Axes of inputs broadcast together, aligned at the right; an axis of length 1 beside a longer one says nothing. */
export function broadcastAxes(
  eq: Equations<unknown>,
  inputs: readonly (readonly Axis[])[],
  dims: readonly number[],
): Axis[] {
  return dims.map((length, i) => {
    let met: Axis | undefined;
    for (const axes of inputs) {
      const axis = axes[axes.length - dims.length + i];
      if (axis?.length === length) met = met ? eq.same(met, axis) : axis;
    }
    return met as Axis;
  });
}

/** `combine` on the host, with broadcasting. */
function foldElementwise(
  inputs: readonly HostTensor[],
  dtype: DataType,
  combine: (...values: number[]) => number,
): HostTensor {
  const dims = inputs.reduce<number[]>((a, { dims: b }) => broadcast(a, b), []);
  const values = new Array<number>(elementCount(dims));
  const offsets = inputs.map((input) => broadcastOffsets(input, dims));
  for (let at = 0; at < values.length; at++)
    values[at] = combine(...inputs.map((input, k) => input.values[offsets[k]?.[at] ?? at]));
  return { dtype, dims, values };
}

/** Where the element of `input` lies that meets each element of `dims`; `undefined` where they are in step. */
function broadcastOffsets(input: HostTensor, dims: readonly number[]): number[] | undefined {
  const count = elementCount(dims);
  if (input.values.length === count) return undefined;
  if (input.values.length === 1) return new Array<number>(count).fill(0);
  const own = stridesOf(input.dims);
  const lead = dims.length - input.dims.length;
  return offsetsOf(
    dims.map((length, i) => sequence(length, 0, i < lead || input.dims[i - lead] === 1 ? 0 : own[i - lead])),
  );
}

// ---------------------------------------------------------------- one input

interface Unary<S extends AttrSchema> {
  readonly name: string;
  readonly domain?: string;
  readonly attrs?: S;
  readonly coupling?: string;
  /** Element type of the result; that of the input unless stated. */
  readonly dtype?: (view: NodeView<AttrsOf<S>>) => DataType;
  /** On one number on the host, where shape arithmetic may need it. */
  readonly host?: (value: number, view: NodeView<AttrsOf<S>>) => number;
  readonly run: (tf: TfModule, x: Tf.Tensor, view: RunView<AttrsOf<S>>) => Tf.Tensor;
}

const ALONE = 'works on each channel by itself';

/** An operator that maps each element of its first input. */
export function unary<S extends AttrSchema = Record<never, never>>(row: Unary<S>): Operator {
  const { host } = row;
  const dtype = (view: NodeView<AttrsOf<S>>) => row.dtype?.(view) ?? view.dtype(0);
  return operator<S>({
    name: row.name,
    ...(row.domain === undefined ? {} : { domain: row.domain }),
    attrs: row.attrs ?? ({} as S),
    coupling: row.coupling ?? ALONE,
    shape: (view) => [{ dtype: dtype(view), dims: view.shape(0) }],
    fold: host
      ? (view) => [foldElementwise([view.known(0)!], dtype(view), (value) => host(value, view))]
      : 'not-folded',
    terms: (eq) => eq.out(0, eq.axes(0)),
    resize: noResize,
    weights: noWeights,
    layout: 'elementwise',
    run: (view) => row.run(view.tf, view.input(0), view),
    macs: noMacs,
  });
}

// ---------------------------------------------------------------- two inputs or more

interface Combining<S extends AttrSchema> {
  readonly name: string;
  readonly attrs?: S;
  readonly coupling: string;
  readonly dtype?: (view: NodeView<AttrsOf<S>>) => DataType;
  readonly host?: (values: readonly number[], view: NodeView<AttrsOf<S>>) => number;
  readonly run: (tf: TfModule, inputs: Tf.Tensor[], view: RunView<AttrsOf<S>>) => Tf.Tensor;
  readonly weights?: (view: NodeView<AttrsOf<S>>) => WeightUse[];
}

/** Before opset 7 the second operand lined up at `axis` when `broadcast` was set. */
export const oldBroadcast = { broadcast: int(0), axis: int() };
/** The same for an operator whose second operand always lined up with the channels. */
export const oldChannels = { broadcast: int(1), axis: int(1) };

function alignedShape(view: NodeView<unknown>, i: number): readonly number[] {
  const { broadcast: on, axis } = view.attrs as { broadcast?: number; axis?: number };
  const dims = view.shape(i);
  if (i === 0 || view.opset >= 7 || !on || axis === undefined) return dims;
  const trailing = view.shape(0).length - (axis < 0 ? axis + view.shape(0).length : axis) - dims.length;
  return [...dims, ...new Array<number>(Math.max(0, trailing)).fill(1)];
}

function alignedAxes(eq: Equations<unknown>, i: number): readonly Axis[] {
  const added = alignedShape(eq, i).length - eq.shape(i).length;
  if (added === 0) return eq.axes(i);
  return [...eq.axes(i), ...sequence(added).map(() => eq.fixed(1, 'it is a single position'))];
}

export const floatInputs = (view: NodeView<unknown>): WeightUse[] =>
  present(view)
    .filter((i) => isFloat(view.dtype(i)))
    .map((input) => ({ input, role: 'other' }));

/** An operator that combines all its inputs element by element, with broadcasting. */
export function combining<S extends AttrSchema = Record<never, never>>(row: Combining<S>): Operator {
  const { host } = row;
  const dtype = (view: NodeView<AttrsOf<S>>) => row.dtype?.(view) ?? view.dtype(0);
  const shapes = (view: NodeView<unknown>) => present(view).map((i) => alignedShape(view, i));
  return operator<S>({
    name: row.name,
    attrs: row.attrs ?? ({} as S),
    coupling: row.coupling,
    shape: (view) => [{ dtype: dtype(view), dims: broadcastShape(view, shapes(view)) }],
    fold: host
      ? (view) => {
          const inputs = present(view).map((i) => ({ ...view.known(i)!, dims: alignedShape(view, i) }));
          return [foldElementwise(inputs, dtype(view), (...values) => host(values, view))];
        }
      : 'not-folded',
    terms: (eq) =>
      eq.out(
        0,
        broadcastAxes(
          eq,
          present(eq).map((i) => alignedAxes(eq, i)),
          eq.outShape(0),
        ),
      ),
    resize: noResize,
    weights: row.weights ?? floatInputs,
    layout: (view) =>
      view.opset < 7 && (view.attrs as { broadcast?: number }).broadcast ? 'logical' : 'elementwise',
    run: (view) => {
      const inputs = present(view).map((i) => {
        const dims = alignedShape(view, i);
        return dims.length === view.shape(i).length
          ? view.input(i)
          : view.tf.reshape(view.input(i), [...dims]);
      });
      return row.run(view.tf, inputs, view);
    },
    macs: noMacs,
  });
}
