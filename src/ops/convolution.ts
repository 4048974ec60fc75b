// Conv and its fused variant, in one, two and three dimensions, grouped and depthwise.
// Formulas: ONNX operator Conv; com.microsoft.FusedConv adds an optional residual and an activation.

import type * as Tf from '@tensorflow/tfjs';
import { elementCount } from '../graph/tensor.ts';
import { activationsByName } from './activation-by-name.ts';
import { sequence } from './host.ts';
import {
  type AttrsOf,
  type Axis,
  type Equations,
  floats,
  int,
  type NodeView,
  notFolded,
  type Operator,
  operator,
  type ResizeView,
  type RunView,
  string,
  type ValueType,
  type WeightUse,
} from './op.ts';
import { illShaped } from './refusal.ts';
import { kernelOptions, SPATIAL, type Windows, windowAttrs, windowedAxes, windowsOf } from './windows.ts';

const convAttrs = { ...windowAttrs, group: int(1) };
type ConvAttrs = AttrsOf<typeof convAttrs>;

/** Windows of the filter [out, in / groups, spatial…] over input 0. */
const convWindows = (view: NodeView<ConvAttrs>): Windows[] =>
  windowsOf(view, view.shape(0).slice(2), view.attrs.kernel_shape ?? view.shape(1).slice(2));

function convShape(view: NodeView<ConvAttrs>): ValueType[] {
  const [batch, channels] = view.shape(0);
  const [out, perGroup] = view.shape(1);
  const { group } = view.attrs;
  if (channels !== perGroup * group || out % group !== 0)
    throw illShaped(
      view,
      `gets ${channels} channels for a filter of [${view.shape(1)}] in ${group} group${group === 1 ? '' : 's'}`,
    );
  return [{ dtype: view.dtype(0), dims: [batch, out].concat(convWindows(view).map(({ count }) => count)) }];
}

/** An axis of channels as [groups, channels in each]; a single channel in each needs no second factor. */
export function channelGroups(
  eq: Equations<unknown>,
  axis: Axis,
  groups: number,
): { group: Axis; inner?: Axis } {
  const each = axis.length / groups;
  if (each === 1) return { group: axis };
  const [group, inner] = eq.split(axis, [groups, each], 'conv-groups');
  return { group, inner };
}

/** The axes of the output. */
function convAxes(eq: Equations<ConvAttrs>): Axis[] {
  const [batch, channels, ...spatial] = eq.axes(0);
  const [out, perGroup, ...taps] = eq.axes(1);
  const { group: groups } = eq.attrs;
  for (const tap of taps) eq.fix(tap, SPATIAL);
  if (groups === 1) eq.same(perGroup, channels);
  else {
    const source = channelGroups(eq, channels, groups);
    eq.same(channelGroups(eq, out, groups).group, source.group);
    if (source.inner) eq.same(perGroup, source.inner);
    else eq.fix(perGroup, 'each group has a single input channel');
  }
  if (eq.has(2)) eq.same(eq.axes(2)[0], out);
  return [batch, out].concat(windowedAxes(eq, spatial, convWindows(eq)));
}

function convResize(view: ResizeView<ConvAttrs>): void {
  const { group } = view.attrs;
  const groups = group === 1 ? 1 : view.newShape(0)[1] / view.newShape(1)[1];
  if (groups !== group) view.set('group', groups);
}

function convWeights(view: NodeView<ConvAttrs>): WeightUse[] {
  const { group: groups } = view.attrs;
  const depthwise = groups > 1 && view.shape(1)[1] === 1;
  const kernel: WeightUse = { input: 1, role: 'kernel', outAxis: 0, inAxis: 1, groups, depthwise };
  return view.has(2) ? [kernel, { input: 2, role: 'bias' }] : [kernel];
}

function convolve(view: RunView<ConvAttrs>): Tf.Tensor {
  const options = { ...kernelOptions(convWindows(view)), groups: view.attrs.group };
  const y = view.kernels.conv(view.input(0), view.input(1), options);
  return view.has(2) ? view.tf.add(y, view.input(2)) : y;
}

/** Per output element one multiply-accumulate for each tap of each channel of its group. */
const convMacs = (view: NodeView<ConvAttrs> & { outShape(o: number): readonly number[] }): number =>
  elementCount(view.outShape(0)) * elementCount(view.shape(1).slice(1));

/** Filters [out, in, spatial…] as [spatial…, in, out]; also [in, out, spatial…] as [spatial…, out, in]. */
export const spatialFirst = (view: NodeView<unknown>, input: number): number[] | undefined =>
  input === 1 ? [...sequence(view.shape(1).length - 2, 2), 1, 0] : undefined;

const convolution = {
  attrs: convAttrs,
  coupling: 'multiplies its input channels with its filters and adds them up into new channels',
  shape: convShape,
  fold: notFolded,
  resize: convResize,
  weights: convWeights,
  layout: 'channels-last',
  weightOrder: spatialFirst,
  macs: convMacs,
} as const;

const Conv = operator({
  ...convolution,
  name: 'Conv',
  terms: (eq) => eq.out(0, convAxes(eq)),
  run: convolve,
});

const FusedConv = operator({
  ...convolution,
  name: 'FusedConv',
  domain: 'com.microsoft',
  attrs: { ...convAttrs, activation: string(''), activation_params: floats([]) },
  terms: (eq) => {
    const axes = convAxes(eq);
    eq.out(0, eq.has(3) ? axes.map((axis, i) => eq.same(axis, eq.axes(3)[i])) : axes);
  },
  run: (view) => {
    const { tf } = view;
    const { activation, activation_params } = view.attrs;
    const y = convolve(view);
    const sum = view.has(3) ? tf.add(y, channelsLast(tf, view.input(3))) : y;
    if (activation === '') return sum;
    const [alpha, beta] = activation_params;
    const [apply] = activationsByName(
      view,
      [activation],
      alpha === undefined ? [] : [alpha],
      beta === undefined ? [] : [beta],
    );
    return apply(tf, sum);
  },
});

/** A residual arrives in the order of the file. */
const channelsLast = (tf: typeof Tf, x: Tf.Tensor): Tf.Tensor =>
  tf.transpose(x, [0, ...sequence(x.rank - 2, 2), 1]);

export const convolutions: readonly Operator[] = [Conv, FusedConv];
