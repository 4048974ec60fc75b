// PNG to pixels, so that Node, a worker and a test read the same ones: all bit depths, colour types and interlacing.
// Transparency is dropped, 16-bit samples keep their high byte, colour profiles are ignored.
// https://www.w3.org/TR/png-3/

import { joinedBytes } from '../../../lib/bytes.ts';
import { counted } from '../../../lib/text.ts';
import type { Picture } from '../pictures.ts';
import { crc32 } from './crc32.ts';
import { dataView, memoryFile } from './data-file.ts';
import { inflate } from './inflate.ts';
import { AGAIN, refuse } from './refuse.ts';

export const isPng = (bytes: Uint8Array): boolean =>
  bytes.length > 8 &&
  dataView(bytes).getUint32(0) === 0x89504e47 &&
  dataView(bytes).getUint32(4) === 0x0d0a1a0a;

const PIXEL_LIMIT = 2 ** 26;
/** Samples per pixel by colour type: grey, RGB, palette, grey + alpha, RGB + alpha. */
const samplesOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const GREY = new Set([0, 4]);
/** Adam7: x and y of the first pixel, and steps. */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly interlaced: boolean;
}

/** @throws ModelError `wrong-data` */
export async function decodePng(bytes: Uint8Array, name: string): Promise<Picture> {
  const { header, palette, packed } = readChunks(bytes, name);
  const { width, height, colour, depth, interlaced } = header;
  const samples = samplesOf[colour];
  const grids = (interlaced ? passes : ([[0, 0, 1, 1]] as const)).map(([x, y, dx, dy]) => ({
    x,
    y,
    dx,
    dy,
    width: Math.ceil((width - x) / dx),
    height: Math.ceil((height - y) / dy),
  }));
  const rowBytes = (w: number) => Math.ceil((w * samples * depth) / 8);
  const expected = grids.reduce((sum, g) => sum + (g.width > 0 ? g.height * (1 + rowBytes(g.width)) : 0), 0);
  const raw = await inflate(memoryFile(name, packed), 'zlib', { enough: expected });
  if (raw.length < expected) throw broken(name);
  const channels = GREY.has(colour) ? 1 : 3;
  const pixels = new Uint8Array(width * height * channels);
  let at = 0;
  for (const grid of grids) {
    if (grid.width === 0) continue;
    const stride = rowBytes(grid.width);
    const lines = raw.subarray(at, at + grid.height * (1 + stride));
    at += lines.length;
    unfilter(lines, stride, Math.max(1, (samples * depth) / 8), name);
    for (let row = 0; row < grid.height; row++) {
      const line = lines.subarray(row * (1 + stride) + 1, (row + 1) * (1 + stride));
      const y = grid.y + row * grid.dy;
      for (let column = 0; column < grid.width; column++)
        setPixel(pixels, (y * width + grid.x + column * grid.dx) * channels, line, column, header, palette);
    }
  }
  return { width, height, channels, pixels };
}

const broken = (name: string) => refuse(name, 'is a PNG picture that is truncated or damaged.', AGAIN);

function readChunks(
  bytes: Uint8Array,
  name: string,
): { header: Header; palette: Uint8Array; packed: Uint8Array } {
  const view = dataView(bytes);
  let header: Header | undefined;
  let palette = new Uint8Array(0);
  const data: Uint8Array[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const end = at + 12 + length;
    if (end > bytes.length || view.getUint32(end - 4) !== crc32(bytes.subarray(at + 4, end - 4)))
      throw broken(name);
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const body = bytes.subarray(at + 8, end - 4);
    if (kind === 'IHDR') header = readHeader(body, name);
    else if (kind === 'PLTE') palette = new Uint8Array(body);
    else if (kind === 'IDAT') data.push(body);
    else if (kind === 'IEND') break;
    at = end;
  }
  if (!header || data.length === 0) throw broken(name);
  return { header, palette, packed: joinedBytes(data) };
}

function readHeader(body: Uint8Array, name: string): Header {
  if (body.length !== 13) throw broken(name);
  const view = dataView(body);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colour, , , interlace] = body.subarray(8);
  const legal = colour in samplesOf && [1, 2, 4, 8, 16].includes(depth) && width > 0 && height > 0;
  if (!legal) throw broken(name);
  if (width * height > PIXEL_LIMIT)
    throw refuse(
      name,
      `announces ${counted(width)}×${counted(height)} pixels, more than is read.`,
      'Scale it down.',
    );
  return { width, height, depth, colour, interlaced: interlace === 1 };
}

/** Undoes the prediction of each line from its left and upper neighbours (section 9). */
function unfilter(lines: Uint8Array, stride: number, pixel: number, name: string): void {
  for (let start = 0; start < lines.length; start += 1 + stride) {
    const filter = lines[start];
    if (filter > 4) throw broken(name);
    for (let i = 0; i < stride; i++) {
      const at = start + 1 + i;
      const left = i >= pixel ? lines[at - pixel] : 0;
      const up = start > 0 ? lines[at - stride - 1] : 0;
      const corner = i >= pixel && start > 0 ? lines[at - stride - 1 - pixel] : 0;
      lines[at] += [0, left, up, (left + up) >> 1, filter === 4 ? paeth(left, up, corner) : 0][filter];
    }
  }
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

function setPixel(
  pixels: Uint8Array,
  at: number,
  line: Uint8Array,
  column: number,
  { depth, colour }: Header,
  palette: Uint8Array,
): void {
  if (colour === 3) {
    const entry = 3 * sampleAt(line, column, depth);
    for (let c = 0; c < 3; c++) pixels[at + c] = palette[entry + c];
    return;
  }
  const samples = samplesOf[colour];
  const channels = GREY.has(colour) ? 1 : 3;
  // Samples below 8 bits are spread over the whole range.
  const spread = depth < 8 ? 255 / (2 ** depth - 1) : 1;
  for (let c = 0; c < channels; c++) pixels[at + c] = sampleAt(line, column * samples + c, depth) * spread;
}

/** The high byte where a sample has two. */
function sampleAt(line: Uint8Array, index: number, depth: number): number {
  if (depth === 8) return line[index];
  if (depth === 16) return line[2 * index];
  const bit = index * depth;
  return (line[bit >> 3] >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
}
