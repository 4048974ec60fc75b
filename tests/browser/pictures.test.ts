// Pictures that only a browser decodes, decoded there as the worker does it: from slices of Blobs.

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type InChromium, inChromium } from '../../scripts/in-chromium.ts';
import type * as Data from './data-in-browser.ts';

let browser: InChromium<typeof Data>;

beforeAll(async () => {
  browser = await inChromium(fileURLToPath(new URL('data-in-browser.ts', import.meta.url)));
});
afterAll(() => browser?.close());

it('JPEG and WebP in a folder per class: shape, classes, colours', async () => {
  const read = await browser.page.evaluate(async () => {
    const { openDataset, blobFile } = (globalThis as unknown as { ours: typeof Data }).ours;
    const picture = async (name: string, type: string, colour: string, size: number) => {
      const canvas = new OffscreenCanvas(size, size);
      const context = canvas.getContext('2d')!;
      context.fillStyle = colour;
      context.fillRect(0, 0, size, size);
      return blobFile(await canvas.convertToBlob({ type, quality: 1 }), name);
    };
    const dataset = await openDataset(
      [
        await picture('train/red/1.jpg', 'image/jpeg', 'rgb(255, 0, 0)', 16),
        await picture('train/blue/1.webp', 'image/webp', 'rgb(0, 0, 255)', 16),
        await picture('test/blue/2.jpg', 'image/jpeg', 'rgb(0, 0, 255)', 40),
      ],
      { validation: 0 },
    );
    const { inputs, targets } = await dataset.test.read([0]);
    const damaged = await openDataset([blobFile(new Blob(['\u00ff\u00d8no']), 'a/1.jpg')]).catch(
      (error) => error.message,
    );
    return {
      classes: dataset.classes,
      train: dataset.train.length,
      dims: inputs[0].dims,
      middles: [0, 1, 2].map((channel) => inputs[0].data[channel * 256 + 136]),
      target: targets![0].data[0],
      damaged,
    };
  });
  expect(read).toMatchObject({ classes: ['blue', 'red'], train: 2, dims: [1, 3, 16, 16], target: 0 });
  const [red, green, blue] = read.middles;
  expect([red < 0.03, green < 0.03, blue > 0.97]).toEqual([true, true, true]);
  expect(read.damaged).toBe('"a/1.jpg" cannot be read as a picture; it is damaged or something else.');
});
