// Drawing smooth pen strokes on a small grey canvas: splines, anti-aliased by distance, no canvas API, so that a
// worker, Node and a test draw the same pixels.

/** How the pen moves and marks; positions and lengths in pixels. */
export interface Pen {
  /** Where a point of the plane lands: x' = a·x + b·y + c, y' = d·x + e·y + f. */
  readonly affine: readonly [a: number, b: number, c: number, d: number, e: number, f: number];
  /** Displaces points by slow waves: amplitude, and phase and frequency (per pixel) for each axis. */
  readonly wobble: {
    readonly amplitude: number;
    readonly phases: readonly [number, number];
    readonly frequency: number;
  };
  /** Half the line's width. */
  readonly radius: number;
  /** Width of the edge over which the ink fades. */
  readonly softness: number;
  /** 0 to 1. */
  readonly ink: number;
}

const SECTION = 5;

/**
 * Draws a smooth curve through `points` (x, y, x, y, …); a point given twice makes a corner. The canvas is square,
 * row-major, 0 empty to 1 full; ink never adds up beyond the darkest stroke.
 */
export function drawStroke(canvas: Float32Array, size: number, points: ArrayLike<number>, pen: Pen): void {
  const last = points.length / 2 - 1;
  let [fromX, fromY] = placed(points[0], points[1], pen);
  for (let i = 0; i < last; i++) {
    const before = Math.max(0, i - 1);
    const after = Math.min(last, i + 2);
    for (let k = 1; k <= SECTION; k++) {
      const t = k / SECTION;
      const x = spline(points[2 * before], points[2 * i], points[2 * i + 2], points[2 * after], t);
      const y = spline(
        points[2 * before + 1],
        points[2 * i + 1],
        points[2 * i + 3],
        points[2 * after + 1],
        t,
      );
      const [toX, toY] = placed(x, y, pen);
      drawSegment(canvas, size, fromX, fromY, toX, toY, pen);
      fromX = toX;
      fromY = toY;
    }
  }
}

/** Catmull and Rom's spline between `b` and `c`. */
function spline(a: number, b: number, c: number, d: number, t: number): number {
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

function placed(x: number, y: number, { affine: [a, b, c, d, e, f], wobble }: Pen): [number, number] {
  const px = a * x + b * y + c;
  const py = d * x + e * y + f;
  const { amplitude, frequency, phases } = wobble;
  return [
    px + amplitude * Math.sin(frequency * py + phases[0]),
    py + amplitude * Math.sin(frequency * px + phases[1]),
  ];
}

function drawSegment(
  canvas: Float32Array,
  size: number,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  { radius, softness, ink }: Pen,
): void {
  const reach = radius + softness;
  const left = Math.max(0, Math.ceil(Math.min(x0, x1) - reach));
  const right = Math.min(size - 1, Math.floor(Math.max(x0, x1) + reach));
  const top = Math.max(0, Math.ceil(Math.min(y0, y1) - reach));
  const bottom = Math.min(size - 1, Math.floor(Math.max(y0, y1) + reach));
  const dx = x1 - x0;
  const dy = y1 - y0;
  const squared = dx * dx + dy * dy || 1;
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const along = Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / squared));
      const offX = x - x0 - along * dx;
      const offY = y - y0 - along * dy;
      const distance = Math.sqrt(offX * offX + offY * offY);
      if (distance >= reach) continue;
      const value = ink * Math.min(1, (reach - distance) / (2 * softness));
      const at = y * size + x;
      if (value > canvas[at]) canvas[at] = value;
    }
  }
}
