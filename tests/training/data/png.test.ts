import { describe, expect, it } from 'vitest';
import { decodePng } from '../../../src/training/datasets/files/png.ts';
import { pngBytes, pngOf, range } from './files.ts';

const header = (width: number, height: number, depth: number, colour: number, interlace = 0): Uint8Array =>
  Uint8Array.from([0, 0, 0, width, 0, 0, 0, height, depth, colour, 0, 0, interlace]);

describe('PNG', () => {
  it.each([0, 1, 2])('8-bit colours through filter %i', async (filter) => {
    const pixels = range(3 * 5 * 4).map((i) => (i * 37) % 256);
    const picture = await decodePng(pngBytes(5, 4, 3, pixels, filter), 'a.png');
    expect(picture).toEqual({ width: 5, height: 4, channels: 3, pixels: Uint8Array.from(pixels) });
  });

  it('filters 3 and 4: average and Paeth', async () => {
    // Two rows of two grey pixels; worked out by hand from the specification.
    const average = Uint8Array.from([0, 10, 20, 3, 1, 2]);
    expect((await decodePng(pngOf(header(2, 2, 8, 0), average), 'a.png')).pixels).toEqual(
      Uint8Array.from([10, 20, 6, 15]),
    );
    const paeth = Uint8Array.from([0, 10, 20, 4, 1, 2]);
    expect((await decodePng(pngOf(header(2, 2, 8, 0), paeth), 'a.png')).pixels).toEqual(
      Uint8Array.from([10, 20, 11, 22]),
    );
  });

  it('drops transparency', async () => {
    const picture = await decodePng(pngBytes(1, 1, 4, [1, 2, 3, 128]), 'a.png');
    expect([picture.channels, ...picture.pixels]).toEqual([3, 1, 2, 3]);
  });

  it('spreads samples below 8 bits over the whole range', async () => {
    const lines = Uint8Array.from([0, 0b11_01_10_00]);
    expect([...(await decodePng(pngOf(header(4, 1, 2, 0), lines), 'a.png')).pixels]).toEqual([
      255, 85, 170, 0,
    ]);
    const bits = Uint8Array.from([0, 0b1010_0000]);
    expect([...(await decodePng(pngOf(header(4, 1, 1, 0), bits), 'a.png')).pixels]).toEqual([255, 0, 255, 0]);
  });

  it('keeps the high byte of 16-bit samples', async () => {
    const lines = Uint8Array.from([0, 200, 99, 7, 1]);
    expect([...(await decodePng(pngOf(header(2, 1, 16, 0), lines), 'a.png')).pixels]).toEqual([200, 7]);
  });

  it('looks colours up in the palette', async () => {
    const palette = Uint8Array.from([1, 2, 3, 40, 50, 60]);
    const lines = Uint8Array.from([0, 0b0001_0000]);
    const picture = await decodePng(pngOf(header(2, 1, 4, 3), lines, palette), 'a.png');
    expect([...picture.pixels]).toEqual([40, 50, 60, 1, 2, 3]);
  });

  it('puts interlaced passes together', async () => {
    // 3×3, Adam7: pass 1 has (0,0); pass 4 (2,0); pass 5 (0,2), (2,2); pass 6 (1,0), (1,2); pass 7 row 1.
    const lines = Uint8Array.from([0, 1, 0, 3, 0, 7, 9, 0, 2, 0, 8, 0, 4, 5, 6]);
    const picture = await decodePng(pngOf(header(3, 3, 8, 0, 1), lines), 'a.png');
    expect([...picture.pixels]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});
