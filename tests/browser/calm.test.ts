// While a pass runs the page does what a person can see and no more, however quick the batches are: work is counted, not
// timed.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { button, launch, region } from './chromium.ts';
import { readyToTrain } from './ready-to-train.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

interface Work {
  /** Milliseconds. */
  readonly elapsed: number;
  /** Changes of the document by the region that they are in. */
  readonly changes: Readonly<Record<string, number>>;
  /** Drawings by region: a drawing begins with a canvas wiped. */
  readonly drawings: Readonly<Record<string, number>>;
}

/** Counts from now on; ended by the function that it leaves in the page. */
const count = (page: Page) =>
  page.evaluate(() => {
    const began = performance.now();
    const changes: Record<string, number> = {};
    const drawings: Record<string, number> = {};
    const placeOf = (node: Node | null): string => {
      const element = node instanceof Element ? node : (node?.parentElement ?? null);
      return element?.closest('section[aria-label], footer')?.getAttribute('aria-label') ?? 'elsewhere';
    };
    const observer = new MutationObserver((records) => {
      for (const place of new Set(records.map(({ target }) => placeOf(target))))
        changes[place] = (changes[place] ?? 0) + 1;
    });
    observer.observe(document.body, {
      subtree: true,
      childList: true,
      attributes: true,
      characterData: true,
    });
    const { clearRect } = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.clearRect = function (...args) {
      const place = placeOf(this.canvas);
      drawings[place] = (drawings[place] ?? 0) + 1;
      clearRect.apply(this, args);
    };
    const stop = (): Work => {
      observer.disconnect();
      CanvasRenderingContext2D.prototype.clearRect = clearRect;
      return { elapsed: performance.now() - began, changes, drawings };
    };
    Object.assign(globalThis, { stopCounting: stop });
  });
const counted = (page: Page): Promise<Work> =>
  page.evaluate(() => (globalThis as unknown as { stopCounting(): Work }).stopCounting());

const batches = async (page: Page): Promise<number> => {
  const label = await region(page, 'Charts').getByRole('img', { name: /^Loss/ }).getAttribute('aria-label');
  return Number(/over ([\d,]+) batch/.exec(label ?? '')?.[1].replaceAll(',', '') ?? 0);
};

test('a quick pass moves its figures and charts a few times a second, and nothing else', async () => {
  const { page, complaints, close } = await readyToTrain(browser, 'wasm');
  await region(page, 'Dependency graph').getByText('Laying out').waitFor({ state: 'detached' });
  // Captions are drawn anew when their typeface arrives.
  await page.waitForFunction(() => [...document.fonts].every(({ status }) => status === 'loaded'));
  await button(page, 'Train').click();
  await expect.poll(() => batches(page), { timeout: 60_000 }).toBeGreaterThan(20);

  const before = await batches(page);
  await count(page);
  await expect.poll(() => batches(page), { timeout: 60_000, interval: 500 }).toBeGreaterThan(before + 200);
  const { elapsed, changes, drawings } = await counted(page);
  const moments = elapsed / 80 + 10;
  const charts = 2;
  const { Charts, Training, ...others } = changes;
  expect(others).toEqual({});
  expect(Charts).toBeLessThanOrEqual(charts * moments);
  // Its figures, the phase, and a clock.
  expect(Training).toBeLessThanOrEqual(3 * moments);
  expect(Object.keys(drawings)).toEqual(['Charts']);
  expect(drawings.Charts).toBeLessThanOrEqual(charts * moments);
  expect(complaints).toEqual([]);
  await close();
});
