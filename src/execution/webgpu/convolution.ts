// Convolution on the graphics processor, and its input gradient, which is a transposed convolution too. A thread sums four
// channels at a few neighbouring positions of a row, so that a filter value read once serves them all.

import type { TensorInfo } from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { ConvolutionOptions } from '../own-kernels.ts';
import { each, lanesOf, reader, runProgram, writer } from './program.ts';
import { isDepthwise, sizesOf } from './sizes.ts';

type Shape = readonly number[];

export function convolution(
  backend: WebGPUBackend,
  x: TensorInfo,
  filter: TensorInfo,
  options: ConvolutionOptions,
): TensorInfo {
  const sizes = sizesOf(x.shape, filter.shape, options);
  const { groupIn, groupOut, groups, batch, outHeight, outWidth } = sizes;
  const depthwise = isDepthwise(sizes);
  const quads = groups * Math.ceil(groupOut / 4);
  const positions = positionsPerThread(batch * outHeight, outWidth, quads);
  const tiles = Math.ceil(outWidth / positions);
  const xLanes = lanesOf(groupIn);
  const lanes = lanesOf(groupOut);
  return runProgram(backend, {
    name: `convolution ${depthwise} ${positions}`,
    inputs: { x: { info: x, lanes: xLanes }, f: { info: filter, lanes } },
    integers: { ...sizes, quads, tiles },
    shape: [x.shape[0], ...options.windows, sizes.outChannels],
    lanes,
    threads: batch * outHeight * tiles * quads,
    declarations: reader('readImage', 'x', xLanes) + reader('readFilter', 'f', lanes) + writer(lanes),
    body: `
${tile(positions, 'groupOut')}
  let column = index / uniforms.quads % uniforms.tiles * ${positions};
  let line = index / (uniforms.quads * uniforms.tiles);
  let top = line % uniforms.outHeight * uniforms.strideDown - uniforms.above;
  let start = column * uniforms.strideAcross - uniforms.beside;
  let pace = uniforms.strideAcross;
  let width = uniforms.width;
  let image = line / uniforms.outHeight * uniforms.height;
  for (var i = 0; i < uniforms.tapsDown; i++) {
    let y = top + i * uniforms.dilationDown;
    if (y < 0 || y >= uniforms.height) { continue; }
    for (var j = 0; j < uniforms.tapsAcross; j++) {
      let source = start + j * uniforms.dilationAcross;
      let at = ((image + y) * width + source) * uniforms.channels;
      let step = pace * uniforms.channels;
${depthwise ? sumDepthwise(positions) : sumForward(positions)}
    }
  }
${each(positions, (p) => `  if (column + ${p} < uniforms.outWidth) { writeQuad((line * uniforms.outWidth + column + ${p}) * uniforms.outChannels + channel, left, sum${p}); }`)}`,
  });
}

/** @param shape of x */
export function convolutionInput(
  backend: WebGPUBackend,
  dy: TensorInfo,
  filter: TensorInfo,
  { shape, ...options }: ConvolutionOptions & { readonly shape: Shape },
): TensorInfo {
  const sizes = sizesOf(shape, filter.shape, options);
  const { groupIn, groupOut, groups, batch, height, width, strideAcross } = sizes;
  const depthwise = isDepthwise(sizes);
  const quads = groups * Math.ceil(groupIn / 4);
  // Columns that lie a stride apart were seen through the same taps: a thread's positions are such ones.
  const phase = Math.ceil(width / strideAcross);
  const positions = positionsPerThread(batch * height * strideAcross, phase, quads);
  const tiles = Math.ceil(phase / positions);
  const innerLanes = lanesOf(groupOut);
  const lanes = lanesOf(groupIn);
  return runProgram(backend, {
    name: `convolution input ${depthwise} ${positions}`,
    inputs: { dy: { info: dy, lanes: innerLanes }, f: { info: filter, lanes: innerLanes } },
    integers: { ...sizes, quads, tiles },
    shape,
    lanes,
    threads: batch * height * strideAcross * tiles * quads,
    declarations:
      reader('readImage', 'dy', innerLanes) + reader('readFilter', 'f', innerLanes) + writer(lanes),
    body: `
${tile(positions, 'groupIn')}
  let stride = uniforms.strideAcross;
  let tile = index / uniforms.quads;
  let column = tile % uniforms.tiles * ${positions} * stride + tile / uniforms.tiles % stride;
  let line = tile / (uniforms.tiles * stride);
  let width = uniforms.outWidth;
  let image = line / uniforms.height * uniforms.outHeight;
  let pace = 1;
  let step = uniforms.outChannels;
  for (var i = 0; i < uniforms.tapsDown; i++) {
    let below = line % uniforms.height + uniforms.above - i * uniforms.dilationDown;
    let y = below / uniforms.strideDown;
    if (below < 0 || y >= uniforms.outHeight || y * uniforms.strideDown != below) { continue; }
    for (var j = 0; j < uniforms.tapsAcross; j++) {
      let right = column + uniforms.beside - j * uniforms.dilationAcross;
      let source = right / stride;
      if (source * stride != right) { continue; }
      let at = ((image + y) * width + source) * uniforms.outChannels;
${depthwise ? sumDepthwise(positions) : sumInput(positions)}
    }
  }
${each(positions, (p) => `  if (column + ${p} * stride < uniforms.width) { writeQuad((line * uniforms.width + column + ${p} * stride) * uniforms.channels + channel, left, sum${p}); }`)}`,
  });
}

/** Positions whose sums a thread holds: fewer in short rows, and where threads would be few. */
function positionsPerThread(lines: number, columns: number, quads: number): number {
  const fits = (count: number) => columns >= count - 1 && (lines * columns * quads) / count >= 2 ** 10;
  return [4, 2].find(fits) ?? 1;
}

// ---------------------------------------------------------------- parts of the sources

/** Which channels a thread sums: threads beside each other share what they read of an image. */
const tile = (positions: number, side: 'groupIn' | 'groupOut'): string => `
  let perGroup = (uniforms.${side} + 3) / 4;
  let group = index % uniforms.quads / perGroup;
  let inGroup = index % uniforms.quads % perGroup * 4;
  let left = uniforms.${side} - inGroup;
  let channel = group * uniforms.${side} + inGroup;
${each(positions, (p) => `  var sum${p} = vec4f();`)}`;

/** Four channels at each position, zero outside the row. */
const readPositions = (positions: number, channel: string, left: string): string =>
  each(
    positions,
    (p) => `
        let inside${p} = source + ${p} * pace >= 0 && source + ${p} * pace < width;
        let v${p} = select(vec4f(), readImage(select(0, at + ${p} * step, inside${p}) + ${channel}, ${left}), inside${p});`,
  );

const sumForward = (positions: number): string => `
      let row = uniforms.outChannels;
      let count = uniforms.groupIn;
      let groupAt = group * count;
      var filterAt = (i * uniforms.tapsAcross + j) * count * row + channel;
      for (var c = 0; c < count; c += 4) {
${readPositions(positions, 'groupAt + c', 'count - c')}
${each(4, (k) => `        let f${k} = readFilter(filterAt + ${k} * row, left);`)}
${each(positions, (p) => `        sum${p} = sum${p} + v${p}.x * f0 + v${p}.y * f1 + v${p}.z * f2 + v${p}.w * f3;`)}
        filterAt += 4 * row;
      }`;

const sumInput = (positions: number): string => `
      let row = uniforms.outChannels;
      let count = uniforms.groupOut;
      let groupAt = group * count;
      let filterAt = ((i * uniforms.tapsAcross + j) * uniforms.groupIn + inGroup) * row + groupAt;
      for (var c = 0; c < count; c += 4) {
${readPositions(positions, 'groupAt + c', 'count - c')}
${each(4, (k) => `        let f${k} = readFilter(filterAt + c + ${k} * row, count - c);`)}
${each(positions, (p) => `        sum${p} += vec4f(dot(v${p}, f0), dot(v${p}, f1), dot(v${p}, f2), dot(v${p}, f3));`)}
      }`;

/** One input channel for each output channel: four of them side by side. */
const sumDepthwise = (positions: number): string => `
      let taps = readFilter((i * uniforms.tapsAcross + j) * uniforms.outChannels + channel, left);
${readPositions(positions, 'channel', 'left')}
${each(positions, (p) => `      sum${p} += v${p} * taps;`)}`;
