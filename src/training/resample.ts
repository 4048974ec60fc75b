// Pictures of another size or another number of channels. Planes are row-major, one after the other.

/**
 * Bilinear resizing. Where a picture shrinks, each new pixel averages all old ones that it covers (a triangle as wide as
 * the step), so that nothing flickers; where it grows, it is the usual interpolation. Corners of pixels are aligned.
 */
export function resizePlanes(
  planes: Float32Array,
  count: number,
  [height, width]: readonly [number, number],
  [toHeight, toWidth]: readonly [number, number],
): Float32Array {
  if (height === toHeight && width === toWidth) return planes;
  const rows = resizeAxis(planes, count, height, width, toHeight);
  return resizeAxis(rows, count * toHeight, width, 1, toWidth);
}

/** Resizes the middle axis of [outer, length, inner]. */
function resizeAxis(
  values: Float32Array,
  outer: number,
  length: number,
  inner: number,
  to: number,
): Float32Array {
  if (length === to) return values;
  const out = new Float32Array(outer * to * inner);
  for (let j = 0; j < to; j++) {
    const { from, weights } = triangle(j, length, to);
    for (let o = 0; o < outer; o++)
      for (let k = 0; k < weights.length; k++) {
        const [target, source] = [(o * to + j) * inner, (o * length + from + k) * inner];
        for (let i = 0; i < inner; i++) out[target + i] += weights[k] * values[source + i];
      }
  }
  return out;
}

/** Which old pixels, from `from` on, make the new pixel `j`, and how much of each. */
function triangle(j: number, length: number, to: number): { from: number; weights: number[] } {
  const step = length / to;
  const reach = Math.max(1, step);
  const centre = (j + 0.5) * step - 0.5;
  const from = Math.max(0, Math.ceil(centre - reach));
  const until = Math.min(length - 1, Math.floor(centre + reach));
  const heights = Array.from({ length: until - from + 1 }, (_, k) => 1 - Math.abs(from + k - centre) / reach);
  const total = heights.reduce((a, b) => a + b, 0);
  return { from, weights: heights.map((height) => height / total) };
}

/** Grey from colours as the eye weighs them (ITU-R BT.601). */
const LUMA = [0.299, 0.587, 0.114];

/** A picture's planes with another number of channels: grey is repeated, colours are weighed; else unchanged. */
export function toChannels(planes: Float32Array, channels: number, wanted: number): Float32Array {
  const area = planes.length / channels;
  if (channels === wanted) return planes;
  const out = new Float32Array(area * wanted);
  if (channels === 1) {
    for (let c = 0; c < wanted; c++) out.set(planes, c * area);
    return out;
  }
  for (let c = 0; c < LUMA.length; c++)
    for (let i = 0; i < area; i++) out[i] += LUMA[c] * planes[c * area + i];
  return out;
}
