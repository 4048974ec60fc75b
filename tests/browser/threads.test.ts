// WebAssembly on several threads: used where the page is isolated from other origins, done without where it is not, and
// the same numbers either way.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleDigits } from '../../src/training/datasets/sample.ts';
import { idxBytes, range } from '../training/data/files.ts';
import { button, dropFiles, launch, type OpenedPage, openPage, openSample, region } from './chromium.ts';
import { file } from './ready-to-train.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

/** The page as a host serves it that knows nothing of the two headers. */
async function withoutIsolation(page: Page): Promise<void> {
  await page.context().route('**/*', async (route) => {
    const response = await route.fetch();
    const {
      'cross-origin-opener-policy': _,
      'cross-origin-embedder-policy': __,
      ...headers
    } = response.headers();
    await route.fulfill({ response, headers });
  });
  await page.reload();
}

/** Digits like the sample's own, in the files of MNIST. */
async function digits(part: string, count: number) {
  const {
    inputs: [images],
    targets: [classes] = [],
  } = await sampleDigits().train.read(range(count));
  const pixels = Array.from(images.data, (ink) => Math.round(255 * Number(ink)));
  return [
    file({ name: `${part}-images-idx3-ubyte`, bytes: idxBytes([count, 28, 28], pixels) }),
    file({ name: `${part}-labels-idx1-ubyte`, bytes: idxBytes([count], Array.from(classes.data, Number)) }),
  ];
}

const trained = /^Trained 1 epoch, \d batches/;

/** A pass over few batches on WebAssembly. */
async function train(page: Page): Promise<void> {
  await openSample(page);
  await dropFiles(page, [...(await digits('train', 500)), ...(await digits('t10k', 8))]);
  await page.getByRole('status').getByText('to train on').waitFor();
  await button(page, 'Start step').click();
  await button(page, 'Accept').click();
  await button(page, 'Apply step').click();
  await button(page, 'Options').click();
  const sheet = page.getByRole('dialog', { name: 'How to fine-tune' });
  await sheet.getByText('How it learns').click();
  await sheet.getByRole('textbox', { name: 'Batch size' }).fill('128');
  await sheet.getByRole('textbox', { name: 'Epochs', exact: true }).fill('1');
  await sheet.getByRole('textbox', { name: 'Examples to measure' }).fill('0');
  await sheet.getByRole('button', { name: /Run on/ }).click();
  await page.getByRole('option', { name: 'WebAssembly' }).click();
  await page.keyboard.press('Escape');
  await button(page, 'Train').click();
  await region(page, 'Steps').getByText(trained).waitFor({ timeout: 120_000 });
}

/** What training came to: what is told of it, and what the network then says about some examples. */
async function result(page: Page): Promise<string[]> {
  const told = await region(page, 'Steps').getByText(trained).textContent();
  await button(page, 'Ask the network').click();
  await region(page, 'Data').getByText('Outputs of the network').click();
  const outputs = page.getByRole('table', { name: 'Outputs of the network' }).locator('tbody td');
  await outputs.first().waitFor();
  return [told ?? '', ...(await outputs.allTextContents())];
}

test('an isolated page trains on its threads, any other on one, to the same numbers', {
  timeout: 600_000,
}, async () => {
  const found: string[][] = [];
  for (const isolated of [true, false]) {
    const opened: OpenedPage = await openPage(browser);
    const { page, complaints, close } = opened;
    if (!isolated) await withoutIsolation(page);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(isolated);
    const processors = await page.evaluate(() => navigator.hardwareConcurrency);
    await train(page);
    const count = isolated ? Math.min(processors, 8) : 1;
    await page.getByText(`WebAssembly with SIMD, ${count} thread${count === 1 ? '' : 's'}`).waitFor();
    found.push(await result(page));
    expect(complaints).toEqual([]);
    await close();
  }
  expect(found[0].length).toBeGreaterThan(50);
  expect(found[0]).toEqual(found[1]);
});
