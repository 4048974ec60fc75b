// Nothing is lost: a graphics device that is destroyed, a worker that is terminated and a page that is reloaded in the middle
// of training cost a few batches.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { button, launch, region } from './chromium.ts';
import { readyToTrain } from './ready-to-train.ts';

let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

/** What the page's own code hides from the outside, for a test to destroy. */
interface Victims {
  workers: { terminate(): void }[];
  devices: { destroy(): void; readonly lost: Promise<unknown> }[];
}

const engineWorker = (page: Page) => {
  const found = page.workers().findLast((worker) => worker.url().includes('engine'));
  if (!found) throw new Error('The engine has no worker.');
  return found;
};

/** Remembers the graphics devices that the engine asks for from now on. */
const watchDevices = (page: Page) =>
  engineWorker(page).evaluate(() => {
    const victims = globalThis as unknown as Victims;
    victims.devices = [];
    const original = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (...args) {
      const device = await original.apply(this, args);
      victims.devices.push(device);
      return device;
    };
  });

/** Resolves when the engine, too, knows of the loss. */
const destroyDevice = (page: Page) =>
  engineWorker(page).evaluate(async () => {
    const device = (globalThis as unknown as Victims).devices.at(-1);
    device?.destroy();
    await device?.lost;
    await new Promise((resolve) => setTimeout(resolve));
  });

const epochShown = async (page: Page): Promise<number> => {
  const text = (await region(page, 'Training').textContent()) ?? '';
  return Number(/epoch (\d+) of/.exec(text)?.[1] ?? 0);
};
const waitForEpoch = (page: Page, epoch: number) =>
  expect.poll(() => epochShown(page), { timeout: 120_000, interval: 200 }).toBeGreaterThanOrEqual(epoch);

/** The epoch of the last checkpoint in the browser's database. */
const checkpointEpoch = (page: Page): Promise<number> =>
  page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const opening = indexedDB.open('secateur');
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const database = opening.result;
          const reading = database.transaction('parts').objectStore('parts').openCursor();
          let epoch = 0;
          reading.onsuccess = () => {
            const cursor = reading.result;
            if (!cursor) {
              database.close();
              resolve(epoch);
              return;
            }
            const [, part] = cursor.key as [string, string];
            if (part === 'training' && cursor.value.checkpoint) epoch = cursor.value.epoch;
            cursor.continue();
          };
        };
      }),
  );
const waitForCheckpoint = (page: Page, after: number) =>
  expect.poll(() => checkpointEpoch(page), { timeout: 120_000, interval: 200 }).toBeGreaterThan(after);

test.each(['running', 'on hold'])(
  'training that is %s goes on after its graphics device was destroyed',
  { timeout: 400_000 },
  async (state) => {
    const { page, complaints, close } = await readyToTrain(browser, 'webgpu');
    await watchDevices(page);
    await button(page, 'Train').click();
    await waitForCheckpoint(page, 0);
    if (state === 'on hold') {
      await button(page, 'Pause').click();
      await button(page, 'Resume').waitFor();
    }
    const before = await checkpointEpoch(page);
    await destroyDevice(page);
    if (state === 'on hold') await button(page, 'Resume').click();
    await region(page, 'Steps').getByText('Training goes on from the last checkpoint').waitFor();
    await waitForCheckpoint(page, before);
    const devices = engineWorker(page).evaluate(() => (globalThis as unknown as Victims).devices.length);
    expect(await devices).toBe(2);
    expect(complaints).toEqual([]);
    await close();
  },
);

test('training goes on after its worker was terminated, and after a reload', {
  timeout: 300_000,
}, async () => {
  const { page, complaints, close } = await readyToTrain(browser, 'wasm');
  await button(page, 'Train').click();
  await waitForCheckpoint(page, 0);

  const beforeDeath = await checkpointEpoch(page);
  await page.evaluate(() => (globalThis as unknown as Victims).workers.at(-1)?.terminate());
  await page.getByText('The engine stopped working.').first().waitFor();
  await waitForCheckpoint(page, beforeDeath);
  expect(await epochShown(page)).toBeGreaterThan(beforeDeath);
  expect(await page.evaluate(() => (globalThis as unknown as Victims).workers.length)).toBe(2);

  const beforeReload = await checkpointEpoch(page);
  await page.reload();
  await button(page, 'Go on').waitFor();
  const left = `A pass was cut off in epoch ${(await checkpointEpoch(page)) + 1} of`;
  expect(await region(page, 'Training').textContent()).toContain(left);
  await button(page, 'Go on').click();
  await waitForEpoch(page, beforeReload + 1);
  await button(page, 'Stop').click();
  const steps = region(page, 'Steps');
  await steps.getByText('Training stopped').waitFor();
  expect(await steps.textContent()).toMatch(/removed \d+/);
  expect(complaints).toEqual([]);
  await close();
});
