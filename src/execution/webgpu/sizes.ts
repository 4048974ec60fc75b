// The sizes of a convolution under the names that its sources use.

import type { ConvolutionOptions } from '../own-kernels.ts';

/** @param x [N, H, W, C]; @param filter [kh, kw, C / groups, O] */
export function sizesOf(x: readonly number[], filter: readonly number[], options: ConvolutionOptions) {
  const { strides, dilations, before, windows } = options;
  const [tapsDown, tapsAcross, ownIn, outChannels] = filter;
  const channels = x[3];
  // Where every group is one channel, neighbouring channels are one group to a thread.
  const groups = ownIn === 1 && outChannels === channels ? 1 : options.groups;
  const plane = { batch: x[0], height: x[1], width: x[2], outHeight: windows[0], outWidth: windows[1] };
  return {
    ...(isPointwise(x, filter, options) ? inOneLine(plane) : plane),
    channels,
    outChannels,
    tapsDown,
    tapsAcross,
    strideDown: strides[0],
    strideAcross: strides[1],
    dilationDown: dilations[0],
    dilationAcross: dilations[1],
    above: before[0],
    beside: before[1],
    groups,
    groupIn: groups === 1 ? channels : ownIn,
    groupOut: outChannels / groups,
    ownIn,
  };
}

export type Sizes = ReturnType<typeof sizesOf>;

export const isDepthwise = ({ ownIn, groupIn, groupOut }: Sizes): boolean =>
  ownIn === 1 && groupIn === groupOut;

/** Whether every output position sees exactly the input position of the same place. */
const isPointwise = (
  x: readonly number[],
  filter: readonly number[],
  { strides, before, windows }: ConvolutionOptions,
): boolean =>
  filter[0] === 1 &&
  filter[1] === 1 &&
  strides[0] * strides[1] === 1 &&
  before[0] === 0 &&
  before[1] === 0 &&
  windows[0] === x[1] &&
  windows[1] === x[2];

type Plane = Record<'batch' | 'height' | 'width' | 'outHeight' | 'outWidth', number>;

/** All positions of all images as one row. */
function inOneLine({ batch, height, width }: Plane): Plane {
  const columns = batch * height * width;
  return { batch: 1, height: 1, width: columns, outHeight: 1, outWidth: columns };
}
