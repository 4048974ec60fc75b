// Sliding windows: where they start, how much padding they need, how many there are. Shared by convolutions and pools.
// Formulas: ONNX operators Conv and MaxPool (auto_pad, ceil_mode, dilations).

import { type Axis, type Equations, ints, type NodeView, string } from './op.ts';
import { illShaped, unsupported } from './refusal.ts';

export const windowAttrs = {
  auto_pad: string('NOTSET'),
  kernel_shape: ints(),
  strides: ints(),
  pads: ints(),
  dilations: ints(),
};

export interface WindowAttrs {
  readonly auto_pad: string;
  readonly kernel_shape: readonly number[] | undefined;
  readonly strides: readonly number[] | undefined;
  readonly pads: readonly number[] | undefined;
  readonly dilations: readonly number[] | undefined;
}

/** Windows along one spatial axis. */
export interface Windows {
  readonly length: number;
  /** Taps of one window. */
  readonly taps: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before and after. */
  readonly begin: number;
  readonly end: number;
  /** Number of windows: the output's length. */
  readonly count: number;
}

/** Positions from the first tap of a window to its last. */
export const extent = ({ taps, dilation }: Pick<Windows, 'taps' | 'dilation'>): number =>
  (taps - 1) * dilation + 1;

/** One number per spatial axis, or `fallback` everywhere. */
export function perAxis(
  view: NodeView<unknown>,
  name: string,
  values: readonly number[] | undefined,
  axes: number,
  fallback: number,
): readonly number[] {
  if (!values || values.length === 0) return new Array<number>(axes).fill(fallback);
  if (values.length !== axes)
    throw illShaped(view, `states ${values.length} ${name} where ${axes} are needed`);
  return values;
}

/** An odd total is longer at the end for SAME_UPPER, at the beginning for SAME_LOWER. */
export const shareOut = (total: number, lower: boolean): readonly [number, number] => {
  const less = Math.floor(total / 2);
  return lower ? [total - less, less] : [less, total - less];
};

/** Windows of `taps` over spatial axes of these lengths. `ceil` also counts a last window that sticks out. */
export function windowsOf(
  view: NodeView<WindowAttrs>,
  lengths: readonly number[],
  taps: readonly number[],
  ceil = false,
): Windows[] {
  const { auto_pad } = view.attrs;
  const axes = lengths.length;
  if (taps.length !== axes)
    throw illShaped(view, `has a window of ${taps.length} axes over an input of ${axes} spatial axes`);
  const strides = perAxis(view, 'strides', view.attrs.strides, axes, 1);
  const dilations = perAxis(view, 'dilations', view.attrs.dilations, axes, 1);
  const pads = perAxis(view, 'pads', view.attrs.pads, 2 * axes, 0);
  return lengths.map((length, i) => {
    const window = {
      length,
      taps: taps[i],
      stride: strides[i],
      dilation: dilations[i],
      begin: 0,
      end: 0,
      count: 0,
    };
    if (auto_pad === 'NOTSET' || auto_pad === '') {
      window.begin = pads[i];
      window.end = pads[axes + i];
    } else [window.begin, window.end] = autoPadding(view, window);
    window.count = countWindows(window, ceil);
    if (window.count < 0) throw illShaped(view, `has a window longer than its padded input [${lengths}]`);
    return window;
  });
}

function autoPadding(view: NodeView<WindowAttrs>, window: Windows): readonly [number, number] {
  const { length, stride } = window;
  switch (view.attrs.auto_pad) {
    case 'VALID':
      return [0, 0];
    case 'SAME_UPPER':
    case 'SAME_LOWER': {
      const count = Math.ceil(length / stride);
      const total = Math.max(0, (count - 1) * stride + extent(window) - length);
      return shareOut(total, view.attrs.auto_pad === 'SAME_LOWER');
    }
    default:
      throw unsupported(view, `asks for the padding "${view.attrs.auto_pad}"`);
  }
}

function countWindows(window: Windows, ceil: boolean): number {
  const { length, stride, begin, end } = window;
  const room = (length + begin + end - extent(window)) / stride;
  if (!ceil) return Math.floor(room) + 1;
  const count = Math.ceil(room) + 1;
  // A window that would start behind the input has nothing to look at.
  return (count - 1) * stride >= length + begin ? count - 1 : count;
}

/** Windows of one tap that visit every position leave the axis as it is. */
export const leavesAxis = ({ taps, stride, begin, end }: Windows): boolean =>
  taps === 1 && stride === 1 && begin === 0 && end === 0;

/** The output's spatial axes; positions that windows mix must stay. */
export const windowedAxes = (
  eq: Equations<unknown>,
  axes: readonly Axis[],
  windows: readonly Windows[],
): Axis[] =>
  axes.map((axis, i) => {
    if (leavesAxis(windows[i])) return axis;
    eq.fix(axis, SPATIAL);
    return eq.fixed(windows[i].count, SPATIAL);
  });

export const SPATIAL = 'it is a spatial axis';

/** The options of the kernels that execution brings. */
export const kernelOptions = (windows: readonly Windows[]) => ({
  strides: windows.map(({ stride }) => stride),
  dilations: windows.map(({ dilation }) => dilation),
  padding: windows.map(({ begin, end }) => [begin, end] as const),
});
