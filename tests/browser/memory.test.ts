// A pass on WebGPU holds after many steps what it held after a few: tensors, their bytes, and buffers on the device.

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type * as Memory from '../../scripts/bench/memory-in-browser.ts';
import { networks } from '../../scripts/bench/rates.ts';
import { type InChromium, inChromium } from '../../scripts/in-chromium.ts';

let browser: InChromium<typeof Memory>;

beforeAll(async () => {
  browser = await inChromium(
    fileURLToPath(new URL('../../scripts/bench/memory-in-browser.ts', import.meta.url)),
  );
});
afterAll(() => browser?.close());

it.each(Object.keys(networks) as (keyof typeof networks)[])(
  '%s on WebGPU',
  { timeout: 200_000 },
  async (network) => {
    const [few, many] = await browser.call('heldAfter', 'webgpu', network, [5, 12]);
    expect(few.backendBytes).toBeGreaterThan(0);
    expect(many).toEqual(few);
  },
);
