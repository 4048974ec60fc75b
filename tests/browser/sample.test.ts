// The whole way, on WebGPU: the sample, a step reviewed and cut, trained, charted, measured, taken away, and the file
// judged by ONNX Runtime. Then a reload in the middle of it all.

import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleDigits } from '../../src/training/datasets/sample.ts';
import { runOnnx } from '../onnx-runtime.ts';
import { button, launch, openPage, openSample, region } from './chromium.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const tableRows = (page: Page, caption: string): Promise<string[][]> =>
  region(page, 'Charts')
    .locator('table', { has: page.locator('caption', { hasText: caption }) })
    .evaluate((table) =>
      [...table.querySelectorAll('tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent)),
    );

/** A software adapter is slow: batches are small and nothing is measured in between. */
async function trainLightlyOn(page: Page, label: string): Promise<void> {
  await button(page, 'Options').click();
  const sheet = page.getByRole('dialog', { name: 'How to fine-tune' });
  await sheet.getByText('How it learns').click();
  await sheet.getByRole('textbox', { name: 'Batch size' }).fill('8');
  await sheet.getByRole('textbox', { name: 'Examples to measure' }).fill('0');
  await sheet.getByRole('button', { name: /Run on/ }).click();
  await page.getByRole('option', { name: label }).click();
  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'detached' });
}

async function cut(page: Page): Promise<void> {
  await button(page, 'Start step').click();
  await button(page, 'Accept').click();
  await button(page, 'Accept').click();
  await button(page, 'Reject').click();
  await button(page, 'Apply step').click();
  await region(page, 'Steps').getByText('Step 1 removed 6 units').waitFor();
}

/** Trains until the running figures have shown some batches, then stops. */
async function trainForAWhile(page: Page): Promise<void> {
  await button(page, 'Train').click();
  const loss = region(page, 'Training').getByRole('definition').first();
  await expect.poll(() => loss.textContent(), { timeout: 240_000, interval: 250 }).toMatch(/\d/);
  await region(page, 'Charts').getByRole('img', { name: /^Loss/ }).waitFor();
  await button(page, 'Stop').click();
  await region(page, 'Steps').getByText('Training stopped').waitFor({ timeout: 120_000 });
}

/** What the page says about its eight examples. */
async function answers(page: Page): Promise<number[][]> {
  await button(page, 'Ask the network').click();
  await region(page, 'Data').getByText('Outputs of the network').click({ timeout: 240_000 });
  const rows = page.getByRole('table', { name: 'Outputs of the network' }).locator('tbody tr');
  await rows.first().waitFor();
  return rows.evaluateAll((all) =>
    all.map((row) => [...row.querySelectorAll('td')].map((cell) => Number(cell.textContent))),
  );
}

async function exported(page: Page): Promise<Uint8Array> {
  const [download] = await Promise.all([page.waitForEvent('download'), button(page, 'Export model').click()]);
  expect(download.suggestedFilename()).toMatch(/\.onnx$/);
  return new Uint8Array(await readFile(await download.path()));
}

async function expectAgreement(model: Uint8Array, said: readonly (readonly number[])[]): Promise<void> {
  const digits = await sampleDigits().train.read(said.map((_, i) => i));
  const [image] = digits.inputs;
  const outputs = await runOnnx(model, {
    image: { dims: image.dims, data: image.data as Float32Array },
  });
  const judged = Array.from(Object.values(outputs)[0].data, Number);
  expect(said.flat()).toHaveLength(judged.length);
  for (const [i, value] of said.flat().entries()) expect(Math.abs(value - judged[i])).toBeLessThan(1e-4);
}

test('sample, step, two accepts and a reject, cut, trained on WebGPU, charted, exported, judged', async () => {
  const { page, complaints, close } = await openPage(browser);
  await openSample(page);
  await trainLightlyOn(page, 'WebGPU');
  expect(await tableRows(page, 'Size after each step')).toHaveLength(1);
  await cut(page);
  const sizes = await tableRows(page, 'Size after each step');
  expect(sizes).toHaveLength(2);
  expect(sizes[1][1]).not.toBe(sizes[0][1]);

  await trainForAWhile(page);
  expect(await page.locator('.status-backend').textContent()).toContain('webgpu');
  await expectAgreement(await exported(page), await answers(page));
  await region(page, 'Steps')
    .getByText(/^Exported /)
    .waitFor();
  expect(complaints).toEqual([]);
  await close();
}, 420_000);

test('a reload keeps the model, the decisions, the log and the curve', async () => {
  const { page, complaints, close } = await openPage(browser);
  await openSample(page);
  await trainLightlyOn(page, 'WebAssembly');
  await cut(page);
  await trainForAWhile(page);
  await button(page, 'Start step').click();
  await button(page, 'Reject').click();
  await button(page, 'Accept').click();
  await region(page, 'Candidates').getByText('3 of ').waitFor();
  const log = await region(page, 'Steps').getByRole('listitem').count();
  const loss = await region(page, 'Charts').getByRole('img', { name: /^Loss/ }).getAttribute('aria-label');
  await expect.poll(() => keptDecisions(page)).toBe(2);

  await page.reload();
  await button(page, 'Apply step').waitFor();
  expect(await region(page, 'Steps').getByRole('listitem').count()).toBe(log);
  expect(await region(page, 'Charts').getByRole('img', { name: /^Loss/ }).getAttribute('aria-label')).toBe(
    loss,
  );
  await page.getByRole('img', { name: /^1 to go, 1 kept/ }).waitFor();
  await button(page, 'Apply step').click();
  await region(page, 'Steps')
    .getByText(/^Step 2 removed/)
    .waitFor();
  await expectAgreement(await exported(page), await answers(page));
  expect(complaints).toEqual([]);
  await close();
}, 300_000);

/** Decisions that have reached the browser's database. */
const keptDecisions = (page: Page): Promise<number> =>
  page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const opening = indexedDB.open('secateur');
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const database = opening.result;
          const all = database.transaction('parts').objectStore('parts').getAll();
          all.onsuccess = () => {
            const counts = all.result.map((part) => (part as { review?: unknown[] }).review?.length ?? 0);
            database.close();
            resolve(Math.max(0, ...counts));
          };
        };
      }),
  );
