// ConvTranspose: the input gradient of a convolution, used to enlarge.
// Formulas: ONNX operator ConvTranspose (output_shape decides the padding where it is given).

import { elementCount } from '../graph/tensor.ts';
import { channelGroups, spatialFirst } from './convolution.ts';
import {
  type AttrsOf,
  type Equations,
  int,
  ints,
  type NodeView,
  notFolded,
  type Operator,
  operator,
  type ResizeView,
  type RunView,
  type ValueType,
} from './op.ts';
import { illShaped, unsupported } from './refusal.ts';
import {
  extent,
  kernelOptions,
  leavesAxis,
  perAxis,
  SPATIAL,
  shareOut,
  type Windows,
  windowAttrs,
} from './windows.ts';

const attrs = { ...windowAttrs, group: int(1), output_padding: ints(), output_shape: ints() };
type Attrs = AttrsOf<typeof attrs>;

/** One entry per spatial axis; `count` is the output's length, `begin` and `end` what is cut off the full result. */
function transposedWindows(view: NodeView<Attrs>): Windows[] {
  const lengths = view.shape(0).slice(2);
  const axes = lengths.length;
  const { auto_pad, kernel_shape, output_shape } = view.attrs;
  const taps = kernel_shape ?? view.shape(1).slice(2);
  if (taps.length !== axes)
    throw illShaped(view, `has a window of ${taps.length} axes over an input of ${axes} spatial axes`);
  const strides = perAxis(view, 'strides', view.attrs.strides, axes, 1);
  const dilations = perAxis(view, 'dilations', view.attrs.dilations, axes, 1);
  const extra = perAxis(view, 'output paddings', view.attrs.output_padding, axes, 0);
  const pads = perAxis(view, 'pads', view.attrs.pads, 2 * axes, 0);
  const same = auto_pad === 'SAME_UPPER' || auto_pad === 'SAME_LOWER';
  if (!same && !['', 'NOTSET', 'VALID'].includes(auto_pad))
    throw unsupported(view, `asks for the padding "${auto_pad}"`);
  return lengths.map((length, i) => {
    const window = { length, taps: taps[i], stride: strides[i], dilation: dilations[i] };
    const full = (length - 1) * window.stride + extent(window) + extra[i];
    // Some writers state the batch and the channels too.
    const wanted = output_shape?.[output_shape.length - axes + i];
    if (wanted === undefined && !same) {
      const [begin, end] = auto_pad === 'VALID' ? [0, 0] : [pads[i], pads[axes + i]];
      return { ...window, begin, end, count: full - begin - end };
    }
    const count = wanted ?? length * window.stride;
    const [begin, end] = shareOut(Math.max(0, full - count), auto_pad !== 'SAME_UPPER');
    return { ...window, begin, end, count };
  });
}

function shape(view: NodeView<Attrs>): ValueType[] {
  const [batch, channels] = view.shape(0);
  const [filterIn, perGroup] = view.shape(1);
  const { group } = view.attrs;
  if (channels !== filterIn || channels % group !== 0)
    throw illShaped(view, `gets ${channels} channels for a filter of [${view.shape(1)}]`);
  const spatial = transposedWindows(view).map(({ count }) => count);
  return [{ dtype: view.dtype(0), dims: [batch, perGroup * group, ...spatial] }];
}

function terms(eq: Equations<Attrs>): void {
  const [batch, channels, ...spatial] = eq.axes(0);
  const [filterIn, perGroup, ...taps] = eq.axes(1);
  const { group: groups } = eq.attrs;
  for (const tap of taps) eq.fix(tap, SPATIAL);
  eq.same(filterIn, channels);
  const out = groups === 1 ? perGroup : eq.product([channelGroups(eq, channels, groups).group, perGroup]);
  if (groups > 1 && perGroup.length > 1) channelGroups(eq, out, groups);
  if (eq.has(2)) eq.same(eq.axes(2)[0], out);
  const windows = transposedWindows(eq);
  eq.out(0, [
    batch,
    out,
    ...spatial.map((axis, i) => {
      if (leavesAxis(windows[i]) && windows[i].count === axis.length) return axis;
      eq.fix(axis, SPATIAL);
      return eq.fixed(windows[i].count, SPATIAL);
    }),
  ]);
}

/** The filter does not say how many groups there are; the surviving input channels do. */
function resize(view: ResizeView<Attrs>): void {
  const { group } = view.attrs;
  const kept = view.kept(0, 1);
  if (group === 1 || !kept) return;
  const each = view.shape(0)[1] / group;
  const groups = new Set(Array.from(kept, (position) => Math.floor(position / each))).size;
  if (groups !== group) view.set('group', groups);
}

function run(view: RunView<Attrs>) {
  const windows = transposedWindows(view);
  const y = view.kernels.convTranspose(view.input(0), view.input(1), {
    ...kernelOptions(windows),
    outSpatial: windows.map(({ count, begin, end }) => count + begin + end),
    groups: view.attrs.group,
  });
  return view.has(2) ? view.tf.add(y, view.input(2)) : y;
}

const ConvTranspose = operator({
  name: 'ConvTranspose',
  attrs,
  coupling: 'spreads its input channels over its filters and adds them up into new channels',
  shape,
  fold: notFolded,
  terms,
  resize,
  weights: (view) => {
    const groups = view.attrs.group;
    const depthwise = groups > 1 && view.shape(0)[1] === groups;
    const kernel = { input: 1, role: 'kernel', outAxis: 1, inAxis: 0, groups, depthwise } as const;
    return view.has(2) ? [kernel, { input: 2, role: 'bias' }] : [kernel];
  },
  layout: 'channels-last',
  weightOrder: spatialFirst,
  run,
  /** Every input element meets every tap of every output channel of its group. */
  macs: (view) => elementCount(view.shape(0)) * elementCount(view.shape(1).slice(1)),
});

export const transposedConvolutions: readonly Operator[] = [ConvTranspose];
