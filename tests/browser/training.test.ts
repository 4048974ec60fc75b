// WebGPU trains, resumes, repairs and measures as WebAssembly does.

import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { launch } from './chromium.ts';
import type * as Training from './training-in-browser.ts';
import { trainingFigures } from './training-in-browser.ts';

let browser: Browser;
let script: string;

beforeAll(async () => {
  browser = await launch();
  const built = (await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      lib: {
        entry: fileURLToPath(new URL('training-in-browser.ts', import.meta.url)),
        formats: ['iife'],
        name: 'training',
      },
    },
  })) as Rolldown.RolldownOutput[];
  script = built[0].output[0].code;
});
afterAll(() => browser.close());

it('one of everything, on both', { timeout: 400_000 }, async () => {
  const page = await browser.newPage();
  // WebGPU is for secure contexts only: the machine's own address is one.
  await page.goto(inject('page'));
  await page.evaluate(`${script}; globalThis.training = training;`);
  const found = await page.evaluate(() =>
    (globalThis as unknown as { training: typeof Training }).training.trainingFigures('webgpu'),
  );
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
