// Whole networks take the same steps on WebGPU and WebGL as on WebAssembly: the sample, and one of every kind of the bench.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { networks } from '../../scripts/bench/rates.ts';
import { type InChromium, inChromium } from '../../scripts/in-chromium.ts';
import type * as InBrowser from '../training/steps-in-browser.ts';
import { lossesOf } from '../training/steps-in-browser.ts';

let browser: InChromium<typeof InBrowser>;

beforeAll(async () => {
  browser = await inChromium(fileURLToPath(new URL('../training/steps-in-browser.ts', import.meta.url)));
});
afterAll(() => browser?.close());

const sample = readFileSync(new URL('../../public/sample.onnx', import.meta.url)).toString('base64');

const cases = [
  ['the sample', sample],
  ...Object.keys(networks).map((name) => [name, name] as const),
] as const;

describe.each(['webgpu', 'webgl'] as const)('%s', (backend) => {
  it.each(cases)('%s', { timeout: 300_000 }, async (_, network) => {
    const expected = await lossesOf('wasm', network);
    const losses = await browser.call('lossesOf', backend, network);
    expect(losses).toHaveLength(expected.length);
    for (const [i, loss] of expected.entries()) expect(losses[i] / loss, `step ${i + 1}`).toBeCloseTo(1, 2);
  });
});
