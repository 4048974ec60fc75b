// The filter gradient of a convolution on the graphics processor: for each tap, the products of what it saw with the
// gradients of what came out, summed over all positions of all images.

import type { TensorInfo } from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { ConvolutionOptions } from '../own-kernels.ts';
import { each, lanesOf, reader, runProgram, writer } from './program.ts';
import { isDepthwise, type Sizes, sizesOf } from './sizes.ts';
import { sharesOf, sumShares } from './sums.ts';

/** @param shape of the filter */
export function convolutionFilter(
  backend: WebGPUBackend,
  x: TensorInfo,
  dy: TensorInfo,
  { shape, ...options }: ConvolutionOptions & { readonly shape: readonly number[] },
): TensorInfo {
  const sizes = sizesOf(x.shape, shape, options);
  const { batch, outHeight, outWidth, tapsDown, tapsAcross } = sizes;
  const { name, tiles, tilesIn, tilesOut, body } = isDepthwise(sizes) ? depthwise(sizes) : dense(sizes);
  // Positions are shared out by number: rows may be one, or as short as one.
  const positions = batch * outHeight * outWidth;
  const threads = tiles * tapsDown * tapsAcross;
  const shares = sharesOf(positions, threads, 64);
  const xLanes = lanesOf(sizes.groupIn);
  const dyLanes = lanesOf(sizes.groupOut);
  const parts = runProgram(backend, {
    name,
    inputs: { x: { info: x, lanes: xLanes }, dy: { info: dy, lanes: dyLanes } },
    integers: { ...sizes, tilesIn, tilesOut, positions, share: Math.ceil(positions / shares) },
    shape: [shares, ...shape],
    lanes: dyLanes,
    threads: threads * shares,
    declarations: reader('readImage', 'x', xLanes) + reader('readDy', 'dy', dyLanes) + writer(dyLanes),
    body,
  });
  return sumShares(backend, parts, shape);
}

interface Form {
  readonly name: string;
  /** Threads per tap and share, and how they lie along the channels. */
  readonly tiles: number;
  readonly tilesIn: number;
  readonly tilesOut: number;
  readonly body: string;
}

/** Where a tap looked at each position of a thread's share; `sum` may use `at` and `source`. */
const overPositions = (sum: string): string => `
  let j = place % uniforms.tapsAcross;
  let i = place / uniforms.tapsAcross % uniforms.tapsDown;
  let share = place / (uniforms.tapsAcross * uniforms.tapsDown);
  let tap = (share * uniforms.tapsDown + i) * uniforms.tapsAcross + j;
  let across = j * uniforms.dilationAcross - uniforms.beside;
  let width = uniforms.width;
  let stride = uniforms.strideAcross;
  let channels = uniforms.channels;
  let outChannels = uniforms.outChannels;
  let end = min(uniforms.positions, (share + 1) * uniforms.share);
  var position = share * uniforms.share;
  while (position < end) {
    let line = position / uniforms.outWidth;
    let rowEnd = min(end, (line + 1) * uniforms.outWidth);
    let y = line % uniforms.outHeight * uniforms.strideDown + i * uniforms.dilationDown - uniforms.above;
    if (y < 0 || y >= uniforms.height) { position = rowEnd; continue; }
    let row = (line / uniforms.outHeight * uniforms.height + y) * width;
    var column = (position - line * uniforms.outWidth) * stride + across;
    for (; position < rowEnd; position++) {
      if (column >= 0 && column < width) {
        let at = (row + column) * channels;
        let source = position * outChannels;
${sum}
      }
      column += stride;
    }
  }`;

/** Eight input channels by eight output channels: what is read once is multiplied eight times. */
function dense({ groups, groupIn, groupOut }: Sizes): Form {
  const tilesIn = Math.ceil(groupIn / 8);
  const tilesOut = Math.ceil(groupOut / 8);
  const rows = each(8, (k) => `  var low${k} = vec4f(); var high${k} = vec4f();`);
  const products = each(8, (k) => {
    const value = `v${k >> 2}.${'xyzw'[k % 4]}`;
    return `        low${k} += ${value} * d0; high${k} += ${value} * d1;`;
  });
  const writes = each(
    8,
    (k) => `
  if (${k} < leftIn) {
    writeQuad(into + ${k} * uniforms.outChannels, leftOut, low${k});
    if (leftOut > 4) { writeQuad(into + ${k} * uniforms.outChannels + 4, leftOut - 4, high${k}); }
  }`,
  );
  return {
    name: 'convolution filter',
    tiles: groups * tilesIn * tilesOut,
    tilesIn,
    tilesOut,
    body: `
  let o = index % uniforms.tilesOut * 8;
  let c = index / uniforms.tilesOut % uniforms.tilesIn * 8;
  let group = index / (uniforms.tilesOut * uniforms.tilesIn) % uniforms.groups;
  let place = index / (uniforms.tilesOut * uniforms.tilesIn * uniforms.groups);
  let leftIn = uniforms.groupIn - c;
  let leftOut = uniforms.groupOut - o;
  let channel = group * uniforms.groupIn + c;
  let outChannel = group * uniforms.groupOut + o;
${rows}
${overPositions(`
        let v0 = readImage(at + channel, leftIn);
        let v1 = readImage(at + channel + 4, leftIn - 4);
        let d0 = readDy(source + outChannel, leftOut);
        let d1 = readDy(source + outChannel + 4, leftOut - 4);
${products}`)}
  let into = (tap * uniforms.groupIn + c) * uniforms.outChannels + outChannel;
${writes}`,
  };
}

/** Channel by channel, four at a time. */
function depthwise({ groupOut }: Sizes): Form {
  const tilesOut = Math.ceil(groupOut / 4);
  return {
    name: 'convolution filter depthwise',
    tiles: tilesOut,
    tilesIn: 1,
    tilesOut,
    body: `
  let channel = index % uniforms.tilesOut * 4;
  let place = index / uniforms.tilesOut;
  let left = uniforms.groupOut - channel;
  var sum = vec4f();
${overPositions('        sum += readImage(at + channel, left) * readDy(source + channel, left);')}
  writeQuad(tap * uniforms.outChannels + channel, left, sum);`,
  };
}
