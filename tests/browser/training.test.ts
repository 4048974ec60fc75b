// WebGPU trains, resumes, repairs and measures as WebAssembly does.

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type InChromium, inChromium } from '../../scripts/in-chromium.ts';
import type * as Training from './training-in-browser.ts';
import { trainingFigures } from './training-in-browser.ts';

let browser: InChromium<typeof Training>;

beforeAll(async () => {
  browser = await inChromium(fileURLToPath(new URL('training-in-browser.ts', import.meta.url)));
});
afterAll(() => browser?.close());

it('one of everything, on both', { timeout: 400_000 }, async () => {
  const found = await browser.call('trainingFigures', 'webgpu');
  const { left, ...expected } = await trainingFigures('wasm');
  expect(left).toBe(0);
  expect(found.left).toBe(0);
  expect(found.joined).toEqual(found.straight);
  for (const [figure, values] of Object.entries(expected)) {
    const others = found[figure as keyof typeof expected];
    expect(others, figure).toHaveLength(values.length);
    for (const [i, value] of values.entries())
      expect(Math.abs(others[i] - value), `${figure} ${i}: ${others[i]} for ${value}`).toBeLessThan(
        0.01 * Math.max(1, Math.abs(value)),
      );
  }
});
