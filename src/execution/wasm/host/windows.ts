// Which input pixel each tap of a window sees, as tables that the kernels walk. Two spatial axes; pixels are numbered row
// by row.

export interface Geometry {
  /** Height and width of the image that windows slide over. */
  readonly image: readonly [number, number];
  /** Number of windows down and across. */
  readonly windows: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** Padding before the first row and column. */
  readonly before: readonly [number, number];
}

/** Pixels that are computed from the same taps. */
export interface Part {
  /** Numbers of the taps, row by row over the kernel. */
  readonly taps: readonly number[];
  /** [pixel, tap]: the pixel seen, or -1. */
  readonly table: Int32Array<ArrayBuffer>;
  /** The pixel that is written. */
  readonly targets: Int32Array<ArrayBuffer>;
}

/** Every window over the image. */
export function windowsOver({ image, windows, kernel, strides, dilations, before }: Geometry): Part {
  const taps = kernel[0] * kernel[1];
  const count = windows[0] * windows[1];
  const table = new Int32Array(count * taps);
  let at = 0;
  for (let row = 0; row < windows[0]; row++)
    for (let column = 0; column < windows[1]; column++)
      for (let i = 0; i < kernel[0]; i++)
        for (let j = 0; j < kernel[1]; j++) {
          const y = row * strides[0] - before[0] + i * dilations[0];
          const x = column * strides[1] - before[1] + j * dilations[1];
          const inside = y >= 0 && y < image[0] && x >= 0 && x < image[1];
          table[at++] = inside ? y * image[1] + x : -1;
        }
  return { taps: range(taps), table, targets: Int32Array.from(range(count)) };
}

/**
 * The other way round: for every pixel of the image, the windows whose taps saw it. Pixels with the same remainder by
 * the strides are seen by the same taps and form a part.
 */
export function windowsSeeing(geometry: Geometry): Part[] {
  const { strides } = geometry;
  return range(strides[0]).flatMap((row) =>
    range(strides[1]).map((column) => seeing(geometry, [row, column])),
  );
}

function seeing(geometry: Geometry, remainder: readonly [number, number]): Part {
  const { image, windows, kernel, strides, dilations, before } = geometry;
  const along = (axis: 0 | 1) =>
    range(kernel[axis]).filter(
      (tap) => (remainder[axis] + before[axis] - tap * dilations[axis]) % strides[axis] === 0,
    );
  const [rowTaps, columnTaps] = [along(0), along(1)];
  const targets: number[] = [];
  const table: number[] = [];
  for (let y = remainder[0]; y < image[0]; y += strides[0])
    for (let x = remainder[1]; x < image[1]; x += strides[1]) {
      targets.push(y * image[1] + x);
      for (const i of rowTaps)
        for (const j of columnTaps) {
          const row = (y + before[0] - i * dilations[0]) / strides[0];
          const column = (x + before[1] - j * dilations[1]) / strides[1];
          const inside = row >= 0 && row < windows[0] && column >= 0 && column < windows[1];
          table.push(inside ? row * windows[1] + column : -1);
        }
    }
  return {
    taps: rowTaps.flatMap((i) => columnTaps.map((j) => i * kernel[1] + j)),
    table: Int32Array.from(table),
    targets: Int32Array.from(targets),
  };
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
