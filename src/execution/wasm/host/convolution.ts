// Convolutions and their gradients on the WebAssembly backend: filters packed, tables looked up, kernels called per
// group and range. A convolution of single pixels is a product; one channel per group goes channel by channel.

import type * as Tf from '@tensorflow/tfjs';
import type { ConvolutionOptions, Pair, WindowOptions } from '../../own-kernels.ts';
import { PANEL_BYTES, ROWS } from '../kernels/tile.ts';
import type { KernelMemory, Range } from '../memory.ts';
import type { Call } from '../team.ts';
import { packedBytes, productOfRows, transposedProductOfRows } from './products.ts';
import { type Geometry, type Part, windowsOver, windowsSeeing } from './windows.ts';

const FLOAT = 4;
/** About half of the nearest cache, in bytes. */
const NEAR = 1 << 14;

/** What a multiply-add costs where channels go one by one, beside one of a product. */
const BY_CHANNEL = 4;
/** Channels that a thread takes at least where they go one by one: a line of the cache. */
const LINE = 16;

type Shape = readonly number[];

const geometryOf = (image: Shape, kernel: Pair, options: WindowOptions): Geometry => ({
  image: [image[1], image[2]],
  windows: options.windows,
  kernel,
  strides: options.strides,
  dilations: options.dilations,
  before: options.before,
});

/** Whether every window is one pixel, in order: a product of the pixels' rows. */
const isPointwise = ({ image, windows, kernel, strides, before }: Geometry): boolean =>
  [...kernel, ...strides].every((n) => n === 1) &&
  before.every((n) => n === 0) &&
  image.every((n, i) => n === windows[i]);

interface Tables {
  readonly part: Part;
  readonly targets: number;
  readonly table: number;
}

/** The tables of each part, targets first; handed to `use` one by one, since making one may take another's place. */
function eachPart(
  memory: KernelMemory,
  kind: 'over' | 'seeing',
  geometry: Geometry,
  use: (tables: Tables) => void,
): void {
  const key = JSON.stringify([kind, geometry]);
  const parts = partsOf(key, () => (kind === 'over' ? [windowsOver(geometry)] : windowsSeeing(geometry)));
  parts.forEach((part, i) => {
    const targets = memory.table(`${key}${i}`, () => Int32Array.from([...part.targets, ...part.table]));
    use({ part, targets, table: targets + part.targets.length * 4 });
  });
}

const knownParts = new Map<string, readonly Part[]>();

function partsOf(key: string, make: () => readonly Part[]): readonly Part[] {
  const present = knownParts.get(key);
  if (present) return present;
  const parts = make();
  if (knownParts.size >= 64) knownParts.clear();
  knownParts.set(key, parts);
  return parts;
}

/** Where a pass over windows reads and writes: addresses, and byte steps from image to image. */
interface Ends {
  readonly from: number;
  readonly to: number;
  readonly fromImage: number;
  readonly toImage: number;
}

/** A pass over images and windows in ranges: of images, or of windows where those are more. */
function overImages(
  memory: KernelMemory,
  images: number,
  { part, targets, table }: Tables,
  ends: Ends,
  work: number,
  call: (tables: Tables, pixels: number, ends: Ends, images: number) => Call,
): void {
  const pixels = part.targets.length;
  const ofImages = ({ first, count }: Range) =>
    call(
      { part, targets, table },
      pixels,
      { ...ends, from: ends.from + first * ends.fromImage, to: ends.to + first * ends.toImage },
      count,
    );
  const ofPixels = ({ first, count }: Range) =>
    call(
      { part, targets: targets + first * 4, table: table + first * part.taps.length * 4 },
      count,
      ends,
      images,
    );
  const calls =
    images >= pixels / ROWS
      ? memory.ranges(images, 1, work).map(ofImages)
      : memory.ranges(pixels, ROWS, work).map(ofPixels);
  memory.run(calls, work);
}

/** One channel per group: filters of the part's taps, one after the other, at `weights`. */
function depthwise(
  memory: KernelMemory,
  images: number,
  tables: Tables,
  ends: Ends,
  weights: number,
  channels: number,
): void {
  const taps = tables.part.taps.length;
  const work = images * tables.part.targets.length * taps * channels * BY_CHANNEL;
  overImages(memory, images, tables, ends, work, ({ table, targets }, pixels, at, count) => [
    'depthwise',
    at.from,
    weights,
    at.to,
    table,
    targets,
    count,
    pixels,
    taps,
    channels,
    at.fromImage,
    at.toImage,
  ]);
}

/** `packed`: the filters of the part's taps. `inner` channels of `from`, pixels `fromStep` apart, to `outer` of `to`. */
function convolve(
  memory: KernelMemory,
  images: number,
  tables: Tables,
  ends: Ends,
  packed: number,
  [inner, fromStep]: Pair,
  [outer, toStep]: Pair,
): void {
  const taps = tables.part.taps.length;
  const nothing = memory.room('nothing', inner * FLOAT + 64);
  const work = images * tables.part.targets.length * taps * inner * outer;
  overImages(memory, images, tables, ends, work, ({ table, targets }, pixels, at, count) => [
    'convolve',
    at.from,
    packed,
    at.to,
    table,
    targets,
    nothing,
    count,
    pixels,
    taps,
    inner,
    outer,
    fromStep,
    toStep,
    at.fromImage,
    at.toImage,
  ]);
}

export function convolution(
  memory: KernelMemory,
  x: Tf.TensorInfo,
  filter: Tf.TensorInfo,
  options: ConvolutionOptions,
): Tf.TensorInfo {
  const [images, height, width, channels] = x.shape;
  const [kh, kw, inner, out] = filter.shape;
  const { groups } = options;
  const geometry = geometryOf(x.shape, [kh, kw], options);
  const [rows, columns] = geometry.windows;
  const y = memory.output([images, rows, columns, out]);
  const [from, to, weights] = [x, y, filter].map((info) => memory.address(info));
  const [fromImage, toImage] = [height * width * channels * FLOAT, rows * columns * out * FLOAT];
  const each = out / groups;
  if (groups === channels && each === 1) {
    eachPart(memory, 'over', geometry, (tables) =>
      depthwise(memory, images, tables, { from, to, fromImage, toImage }, weights, channels),
    );
    return y;
  }
  for (let group = 0; group < groups; group++) {
    const b = { address: weights + group * each * FLOAT, rowStep: out * FLOAT, columnStep: FLOAT };
    const [a, c] = [from + group * inner * FLOAT, to + group * each * FLOAT];
    if (isPointwise(geometry)) {
      const sizes = { rows: images * height * width, inner, columns: each };
      productOfRows(memory, { a, aStep: channels * FLOAT, b, c, cStep: out * FLOAT, ...sizes });
      continue;
    }
    const packed = memory.room('packed', packedBytes(kh * kw * inner, each));
    memory.kernels.pack(b.address, packed, kh * kw * inner, each, b.rowStep, FLOAT, 0);
    eachPart(memory, 'over', geometry, (tables) =>
      convolve(
        memory,
        images,
        tables,
        { from: a, to: c, fromImage, toImage },
        packed,
        [inner, channels * FLOAT],
        [each, out * FLOAT],
      ),
    );
  }
  return y;
}

export function convolutionInput(
  memory: KernelMemory,
  dy: Tf.TensorInfo,
  filter: Tf.TensorInfo,
  options: ConvolutionOptions & { readonly shape: Shape },
): Tf.TensorInfo {
  const { shape, groups } = options;
  const [images, height, width, channels] = shape;
  const [, rows, columns, out] = dy.shape;
  const [kh, kw, inner] = filter.shape;
  const geometry = geometryOf(shape, [kh, kw], options);
  const dx = memory.output(shape);
  const [from, to, weights] = [dy, dx, filter].map((info) => memory.address(info));
  const each = out / groups;
  const [fromImage, toImage] = [rows * columns * out * FLOAT, height * width * channels * FLOAT];
  if (groups === channels && each === 1) {
    eachPart(memory, 'seeing', geometry, (tables) => {
      // The taps of this part, one after the other.
      const { taps } = tables.part;
      const chosen = memory.room('chosen', Math.max(1, taps.length) * channels * FLOAT);
      taps.forEach((tap, i) => {
        memory.kernels.copy(weights + tap * channels * FLOAT, chosen + i * channels * FLOAT, channels);
      });
      depthwise(memory, images, tables, { from, to, fromImage, toImage }, chosen, channels);
    });
    return dx;
  }
  for (let group = 0; group < groups; group++) {
    const [a, c] = [from + group * each * FLOAT, to + group * inner * FLOAT];
    const tapAt = (tap: number) => weights + (tap * inner * out + group * each) * FLOAT;
    if (isPointwise(geometry)) {
      const b = { address: tapAt(0), rowStep: FLOAT, columnStep: out * FLOAT };
      const sizes = { rows: images * height * width, inner: each, columns: inner };
      productOfRows(memory, { a, aStep: out * FLOAT, b, c, cStep: channels * FLOAT, ...sizes });
      continue;
    }
    eachPart(memory, 'seeing', geometry, (tables) => {
      const { taps } = tables.part;
      const packed = memory.room('packed', packedBytes(taps.length * each, inner));
      const skip = (taps.length - 1) * each * PANEL_BYTES;
      taps.forEach((tap, i) => {
        const target = packed + i * each * PANEL_BYTES;
        memory.kernels.pack(tapAt(tap), target, each, inner, FLOAT, out * FLOAT, skip);
      });
      convolve(
        memory,
        images,
        tables,
        { from: a, to: c, fromImage, toImage },
        packed,
        [each, out * FLOAT],
        [inner, channels * FLOAT],
      );
    });
  }
  return dx;
}

export function convolutionFilter(
  memory: KernelMemory,
  x: Tf.TensorInfo,
  dy: Tf.TensorInfo,
  options: ConvolutionOptions & { readonly shape: Shape },
): Tf.TensorInfo {
  const { shape, groups } = options;
  const [images, height, width, channels] = x.shape;
  const [, rows, columns, out] = dy.shape;
  const [kh, kw, inner] = shape;
  const taps = kh * kw;
  const geometry = geometryOf(x.shape, [kh, kw], options);
  const gradient = memory.zeros(shape);
  const [from, by, to] = [x, dy, gradient].map((info) => memory.address(info));
  const each = out / groups;
  const [xStep, yStep] = [channels * FLOAT, out * FLOAT];
  const [xImage, yImage] = [height * width * xStep, rows * columns * yStep];
  const block = Math.max(16, Math.floor(NEAR / yStep));
  const pixels = rows * columns;
  if (groups === channels && each === 1) {
    const work = images * pixels * taps * channels * BY_CHANNEL;
    eachPart(memory, 'over', geometry, ({ table }) =>
      memory.run(
        memory.ranges(channels, LINE, work).map(({ first, count }): Call => {
          const [a, b, c] = [from, by, to].map((address) => address + first * FLOAT);
          const sizes = [images, pixels, block, taps, count] as const;
          return ['depthwiseFilter', a, b, c, table, ...sizes, xStep, xImage, yImage];
        }),
        work,
      ),
    );
    return gradient;
  }
  const work = images * pixels * taps * inner * each;
  for (let group = 0; group < groups; group++) {
    const [a, b, c] = [from + group * inner * FLOAT, by + group * each * FLOAT, to + group * each * FLOAT];
    if (isPointwise(geometry)) {
      const sizes = { rows: inner, inner: images * pixels, columns: each };
      transposedProductOfRows(memory, { a, aStep: xStep, b, bStep: yStep, c, cStep: yStep, ...sizes });
      continue;
    }
    const nothing = memory.room('nothing', channels * FLOAT + 64);
    const tapStep = inner * yStep;
    eachPart(memory, 'over', geometry, ({ table }) => {
      const call = (tap: number, ownTaps: number, channel: number, ownChannels: number): Call => [
        'filterGradient',
        a + channel * FLOAT,
        b,
        c + tap * tapStep + channel * yStep,
        table + tap * 4,
        nothing,
        images,
        pixels,
        block,
        ownTaps,
        ownChannels,
        each,
        xStep,
        yStep,
        xImage,
        yImage,
        taps * 4,
        tapStep,
        yStep,
      ];
      const calls =
        taps >= inner / ROWS
          ? memory.ranges(taps, 1, work).map(({ first, count }) => call(first, count, 0, inner))
          : memory.ranges(inner, ROWS, work).map(({ first, count }) => call(0, taps, first, count));
      memory.run(calls, work);
    });
  }
  return gradient;
}

export function largestInput(
  memory: KernelMemory,
  x: Tf.TensorInfo,
  dy: Tf.TensorInfo,
  options: WindowOptions & { readonly window: Pair },
): Tf.TensorInfo {
  const [images, height, width, channels] = x.shape;
  const [rows, columns] = options.windows;
  const geometry = geometryOf(x.shape, options.window, options);
  const dx = memory.zeros(x.shape);
  const [from, by, to] = [x, dy, dx].map((info) => memory.address(info));
  const [xImage, yImage] = [height * width * channels * FLOAT, rows * columns * channels * FLOAT];
  eachPart(memory, 'over', geometry, ({ part, table }) => {
    const [pixels, taps] = [part.targets.length, part.taps.length];
    memory.run(
      Array.from({ length: images }, (_, image): Call => {
        const [a, b, c] = [from + image * xImage, by + image * yImage, to + image * xImage];
        return ['largestInput', a, b, c, table, pixels, taps, channels];
      }),
      images * pixels * taps * channels * BY_CHANNEL,
    );
  });
  return dx;
}
