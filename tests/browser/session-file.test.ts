// A session saved as a file and opened again on a fresh page.

import { readFile } from 'node:fs/promises';
import type { Browser, Download, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { smallModel } from '../workbench/small.ts';
import {
  button,
  cutOnce,
  dropFiles,
  launch,
  openPage,
  openSample,
  readyForStep,
  region,
} from './chromium.ts';
import { file } from './ready-to-train.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

async function saveSession(page: Page): Promise<Download> {
  await page.keyboard.press('Control+k');
  await page.getByLabel('Find a command').pressSequentially('Save session');
  const found = page.getByRole('menuitem', { name: 'Save session' });
  await found.and(page.locator('[data-focused]')).waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
  return download;
}

test('a model that was cut is left for another only when it is kept in a file or that was agreed to', async () => {
  const { page, complaints, close } = await openPage(browser);
  await openSample(page);
  await cutOnce(page);
  const model = () => page.locator('.top-line strong').textContent();
  const ask = page.getByRole('dialog', { name: 'Leave sample.onnx?' });
  await dropFiles(page, [file(smallModel())]);
  await ask.getByRole('button', { name: 'Stay here' }).click();
  await ask.waitFor({ state: 'detached' });
  expect(await model()).toBe('sample.onnx');
  await dropFiles(page, [file(smallModel())]);
  await ask.getByRole('button', { name: 'Leave it' }).click();
  await expect.poll(model).toBe('small.onnx');

  // Nothing was done to it yet.
  await button(page, 'Try the sample').click();
  await expect.poll(model).toBe('sample.onnx');

  await readyForStep(page);
  await cutOnce(page);
  await saveSession(page);
  await page.getByRole('status').getByText('The session was saved').waitFor();
  await dropFiles(page, [file(smallModel())]);
  await expect.poll(model).toBe('small.onnx');
  expect(complaints).toEqual([]);
  await close();
});

test('a saved session goes on where it stood', async () => {
  const first = await openPage(browser);
  await openSample(first.page);
  await button(first.page, 'Start step').click();
  await button(first.page, 'Reject').click();
  await button(first.page, 'Accept').click();
  await first.page.getByRole('img', { name: /^1 to go, 1 kept/ }).waitFor();
  const download = await saveSession(first.page);
  const name = download.suggestedFilename();
  expect(name).toBe('sample.secateur');
  const buffer = await readFile(await download.path());
  await first.close();

  const second = await openPage(browser);
  await button(second.page, 'Open model').waitFor();
  await dropFiles(second.page, { name, mimeType: '', buffer });
  await second.page.getByRole('img', { name: /^1 to go, 1 kept/ }).waitFor();
  await button(second.page, 'Apply step').click();
  await region(second.page, 'Steps')
    .getByText(/^Step 1 removed 3 units/)
    .waitFor();
  expect([...first.complaints, ...second.complaints]).toEqual([]);
  await second.close();
});
