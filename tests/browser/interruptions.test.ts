// What comes in the way of a running pass ends in a sentence, and the pass goes on: files that are dropped, a browser without
// room, a tab that is closed.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { smallModel } from '../workbench/small.ts';
import { button, dropFiles, launch, region } from './chromium.ts';
import { file, readyToTrain } from './ready-to-train.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const batches = async (page: Page): Promise<number> => {
  const label = await region(page, 'Charts').getByRole('img', { name: /^Loss/ }).getAttribute('aria-label');
  return Number(/over ([\d,]+) batch/.exec(label ?? '')?.[1].replaceAll(',', '') ?? 0);
};
/** @param least further ones */
async function waitForBatches(page: Page, least = 10): Promise<void> {
  const before = await batches(page);
  await expect.poll(() => batches(page), { timeout: 60_000 }).toBeGreaterThan(before + least);
}

const stopped = async (page: Page): Promise<void> => {
  await button(page, 'Stop').click();
  await region(page, 'Steps').getByText('Training stopped').waitFor();
  await button(page, 'Train').and(page.locator(':enabled')).waitFor();
};
/** Batches on the charts, once they have caught up with a pass that is over. */
async function batchesAtRest(page: Page): Promise<number> {
  let seen = Number.NaN;
  const isAtRest = async () => {
    const before = seen;
    seen = await batches(page);
    return seen === before;
  };
  await expect.poll(isAtRest, { interval: 500 }).toBe(true);
  return seen;
}

test('files that are dropped on a running pass are refused in a sentence', async () => {
  const { page, complaints, close } = await readyToTrain(browser, 'wasm');
  await button(page, 'Train').click();
  await waitForBatches(page);
  for (const dropped of [file({ ...smallModel(), name: 'other.onnx' }), wrongFile]) {
    await dropFiles(page, [dropped]);
    await page.getByRole('alert').getByText('Not while a training pass runs.').waitFor();
    await button(page, 'Dismiss').click();
    await waitForBatches(page);
  }
  expect(await button(page, 'Export model').isDisabled()).toBe(true);
  await stopped(page);
  expect(await region(page, 'Steps').textContent()).toContain('small.onnx');
  expect(await button(page, 'Export model').isDisabled()).toBe(false);
  expect(complaints).toEqual([]);
  await close();
});

const wrongFile = { name: 'notes.txt', mimeType: '', buffer: Buffer.from('weights are elsewhere\n') };

test('a browser without room says that the session is not kept, and keeps it when there is room again', async () => {
  const { page, complaints, close } = await readyToTrain(browser, 'wasm');
  const devtools = await page.context().newCDPSession(page);
  const { origin } = new URL(inject('page'));
  await button(page, 'Train').click();
  await waitForBatches(page);
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
  await page.getByRole('alert').getByText('The session is not kept').waitFor({ timeout: 60_000 });
  await waitForBatches(page);
  await stopped(page);

  await devtools.send('Storage.overrideQuotaForOrigin', { origin });
  await button(page, 'Start step').click();
  await button(page, 'Accept').click();
  await button(page, 'Apply step').click();
  const log = region(page, 'Steps').getByRole('listitem');
  await log.getByText(/^Step 2 removed/).waitFor();
  const entries = await log.count();
  await page.reload();
  await button(page, 'Start step').waitFor();
  await expect.poll(() => log.count()).toBe(entries);
  expect(complaints).toEqual([]);
  await close();
});

test('a tab that is closed is found again in the next one', async () => {
  const { page, complaints, close } = await readyToTrain(browser, 'wasm');
  await button(page, 'Train').click();
  await waitForBatches(page);
  await stopped(page);
  const entries = await region(page, 'Steps').getByRole('listitem').count();
  const trained = await batchesAtRest(page);
  const context = page.context();
  await page.close();

  const next = await context.newPage();
  await next.goto(inject('page'));
  await button(next, 'Start step').waitFor();
  await expect.poll(() => region(next, 'Steps').getByRole('listitem').count()).toBe(entries);
  expect(await batchesAtRest(next)).toBe(trained);
  expect(complaints).toEqual([]);
  await close();
});
