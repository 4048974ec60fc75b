// Convolutions and their gradients on the WebAssembly backend: filters packed, tables looked up, kernels called per
// group. A convolution of single pixels is a product; one channel per group goes channel by channel.

import type * as Tf from '@tensorflow/tfjs';
import type { ConvolutionOptions, Pair, WindowOptions } from '../own-kernels.ts';
import { productOfRows, transposedProductOfRows } from './host-products.ts';
import type { KernelMemory } from './memory.ts';
import { COLUMNS, PANEL_BYTES } from './tile.ts';
import { type Geometry, type Part, windowsOver, windowsSeeing } from './windows.ts';

const FLOAT = 4;
/** About half of the nearest cache, in bytes. */
const NEAR = 1 << 14;

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
  const each = out / groups;
  if (groups === channels && each === 1) {
    eachPart(memory, 'over', geometry, ({ part, targets, table }) => {
      memory.kernels.depthwise(
        from,
        weights,
        to,
        table,
        targets,
        images,
        part.targets.length,
        kh * kw,
        channels,
        height * width * channels * FLOAT,
        rows * columns * channels * FLOAT,
      );
    });
    return y;
  }
  for (let group = 0; group < groups; group++) {
    const source = { address: weights + group * each * FLOAT, rowStep: out * FLOAT, columnStep: FLOAT };
    const [a, c] = [from + group * inner * FLOAT, to + group * each * FLOAT];
    if (isPointwise(geometry)) {
      productOfRows(memory, {
        a,
        aStep: channels * FLOAT,
        b: source,
        c,
        cStep: out * FLOAT,
        rows: images * height * width,
        inner,
        columns: each,
      });
      continue;
    }
    const packed = memory.room('packed', packedBytes(kh * kw * inner, each));
    memory.kernels.pack(source.address, packed, kh * kw * inner, each, source.rowStep, FLOAT, 0);
    const nothing = memory.room('nothing', inner * FLOAT + 64);
    eachPart(memory, 'over', geometry, ({ part, targets, table }) => {
      memory.kernels.convolve(
        a,
        packed,
        c,
        table,
        targets,
        nothing,
        images,
        part.targets.length,
        kh * kw,
        inner,
        each,
        channels * FLOAT,
        out * FLOAT,
        height * width * channels * FLOAT,
        rows * columns * out * FLOAT,
      );
    });
  }
  return y;
}

const packedBytes = (inner: number, columns: number): number =>
  Math.ceil(columns / COLUMNS) * Math.max(1, inner) * PANEL_BYTES;

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
    eachPart(memory, 'seeing', geometry, ({ part, targets, table }) => {
      // The taps of this part, one after the other.
      const chosen = memory.room('chosen', Math.max(1, part.taps.length) * channels * FLOAT);
      part.taps.forEach((tap, i) => {
        memory.kernels.copy(weights + tap * channels * FLOAT, chosen + i * channels * FLOAT, channels);
      });
      memory.kernels.depthwise(
        from,
        chosen,
        to,
        table,
        targets,
        images,
        part.targets.length,
        part.taps.length,
        channels,
        fromImage,
        toImage,
      );
    });
    return dx;
  }
  for (let group = 0; group < groups; group++) {
    const [a, c] = [from + group * each * FLOAT, to + group * inner * FLOAT];
    const tapAt = (tap: number) => weights + (tap * inner * out + group * each) * FLOAT;
    if (isPointwise(geometry)) {
      const b = { address: tapAt(0), rowStep: FLOAT, columnStep: out * FLOAT };
      productOfRows(memory, {
        a,
        aStep: out * FLOAT,
        b,
        c,
        cStep: channels * FLOAT,
        rows: images * height * width,
        inner: each,
        columns: inner,
      });
      continue;
    }
    const nothing = memory.room('nothing', each * FLOAT + 64);
    eachPart(memory, 'seeing', geometry, ({ part, targets, table }) => {
      const taps = part.taps.length;
      const packed = memory.room('packed', packedBytes(taps * each, inner));
      part.taps.forEach((tap, i) => {
        const skip = (taps - 1) * each * PANEL_BYTES;
        memory.kernels.pack(
          tapAt(tap),
          packed + i * each * PANEL_BYTES,
          each,
          inner,
          FLOAT,
          out * FLOAT,
          skip,
        );
      });
      memory.kernels.convolve(
        a,
        packed,
        c,
        table,
        targets,
        nothing,
        images,
        part.targets.length,
        taps,
        each,
        inner,
        out * FLOAT,
        channels * FLOAT,
        fromImage,
        toImage,
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
  const geometry = geometryOf(x.shape, [kh, kw], options);
  const gradient = memory.zeros(shape);
  const [from, by, to] = [x, dy, gradient].map((info) => memory.address(info));
  const each = out / groups;
  const [xImage, yImage] = [height * width * channels * FLOAT, rows * columns * out * FLOAT];
  const depthwise = groups === channels && each === 1;
  const block = Math.max(16, Math.floor(NEAR / (out * FLOAT)));
  for (let group = 0; group < (depthwise ? 1 : groups); group++) {
    const [a, b, c] = [from + group * inner * FLOAT, by + group * each * FLOAT, to + group * each * FLOAT];
    if (isPointwise(geometry) && !depthwise) {
      transposedProductOfRows(memory, {
        a,
        aStep: channels * FLOAT,
        b,
        bStep: out * FLOAT,
        c,
        cStep: out * FLOAT,
        rows: inner,
        inner: images * rows * columns,
        columns: each,
      });
      continue;
    }
    const nothing = memory.room('nothing', channels * FLOAT + 64);
    eachPart(memory, 'over', geometry, ({ part, table }) => {
      for (let image = 0; image < images; image++)
        for (let first = 0; first < part.targets.length; first += block) {
          const end = Math.min(part.targets.length, first + block);
          if (depthwise)
            memory.kernels.depthwiseFilter(
              a + image * xImage,
              b + image * yImage,
              c,
              table,
              first,
              end,
              kh * kw,
              channels,
            );
          else
            memory.kernels.filterGradient(
              a + image * xImage,
              b + image * yImage,
              c,
              table,
              nothing,
              first,
              end,
              kh * kw,
              inner,
              each,
              channels * FLOAT,
              out * FLOAT,
              out * FLOAT,
            );
        }
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
    for (let image = 0; image < images; image++)
      memory.kernels.largestInput(
        from + image * xImage,
        by + image * yImage,
        to + image * xImage,
        table,
        part.targets.length,
        part.taps.length,
        channels,
      );
  });
  return dx;
}
