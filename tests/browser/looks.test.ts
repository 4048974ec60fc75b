// What everybody should be able to use: no serious finding of axe in the main states, light and dark; a phone's width.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { button, desk, launch, openPage, openSample, phone, region } from './chromium.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

/** Serious and critical findings, a line each. The page's policy forbids foreign scripts, so it is put in beforehand. */
async function findings(page: Page): Promise<string[]> {
  // Colours on their way from one to the other are neither.
  await page.evaluate(() => {
    const transitions = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    return Promise.allSettled(transitions.map(({ finished }) => finished)).then(() => undefined);
  });
  const results = await page.evaluate(
    (options) =>
      (globalThis as unknown as { axe: { run(o: RunOptions): Promise<AxeResults> } }).axe.run(options),
    { resultTypes: ['violations'] } satisfies RunOptions,
  );
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`),
    );
}

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  test.each([
    ['desk', desk],
    ['phone', phone],
  ] as const)('on a %s: empty, opened, under review, cut', async (_, viewport) => {
    const { page, complaints, close } = await openPage(browser, { colorScheme, viewport });
    await page.evaluate(axe);
    await button(page, 'Try the sample').waitFor();
    expect(await findings(page)).toEqual([]);

    await openSample(page);
    await region(page, 'Dependency graph').getByText('Laying out').waitFor({ state: 'detached' });
    expect(await findings(page)).toEqual([]);

    await button(page, 'Start step').click();
    await button(page, 'Accept').click();
    await button(page, 'Reject').click();
    expect(await findings(page)).toEqual([]);

    await button(page, 'Apply step').click();
    await button(page, 'Start step').waitFor();
    expect(await findings(page)).toEqual([]);

    await button(page, 'Help').click();
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    expect(await findings(page)).toEqual([]);

    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
      viewport.width,
    );
    expect(complaints).toEqual([]);
    await close();
  });
});

test('the bar of small screens leads to every panel', async () => {
  const { page, close } = await openPage(browser, { viewport: phone, hasTouch: true });
  await openSample(page);
  for (const [link, name] of [
    ['Steps', 'Steps'],
    ['Charts', 'Charts'],
    ['Train', 'Training'],
    ['Review', 'Candidates'],
    ['Graph', 'Dependency graph'],
    ['Model', 'Model'],
  ] as const) {
    await page.getByRole('navigation', { name: 'Panels' }).getByRole('link', { name: link }).tap();
    await expect
      .poll(async () => {
        const box = await region(page, name).boundingBox();
        return box !== null && box.y < phone.height - 150 && box.y + box.height > 0;
      })
      .toBe(true);
  }
  await close();
});

test('the bar of small screens tells where a window that became small stands', async () => {
  const { page, close } = await openPage(browser);
  await openSample(page);
  await page.setViewportSize(phone);
  const here = page.getByRole('navigation', { name: 'Panels' }).locator('[aria-current=true]');
  await expect.poll(() => here.allTextContents()).toEqual(['Graph']);
  await close();
});

/** Buttons and fields that stand beyond an edge of their panel. */
const beyondPanels = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll('section.panel')].flatMap((panel) => {
      const edge = panel.getBoundingClientRect();
      const beyond = [...panel.querySelectorAll('button, input:not([aria-hidden] *), h2')].filter((each) => {
        const { left, right, width } = each.getBoundingClientRect();
        return width > 1 && (left < edge.left || right > edge.right + 0.5);
      });
      return beyond.map((each) => `${panel.getAttribute('aria-label')}: ${each.textContent}`);
    }),
  );

test('at every width, what a review needs stands inside its panel', async () => {
  const { page, close } = await openPage(browser);
  await openSample(page);
  await button(page, 'Start step').click();
  await button(page, 'Accept').click();
  for (const width of [1440, 1121, 1120, 1024, 961, 960, 800, 390, 320]) {
    await page.setViewportSize({ width, height: 768 });
    await expect.poll(() => beyondPanels(page), { message: `${width} pixels` }).toEqual([]);
  }
  await close();
});

test('colours follow the system until they are chosen, and a choice is kept', async () => {
  const { page, close } = await openPage(browser, { colorScheme: 'dark' });
  const ground = () =>
    page.evaluate(
      () =>
        getComputedStyle(document.body).backgroundColor +
        getComputedStyle(document.documentElement).backgroundColor,
    );
  const dark = await ground();
  await button(page, 'Colours: system').click();
  await button(page, 'Colours: light').waitFor();
  expect(await ground()).not.toBe(dark);
  await page.reload();
  await button(page, 'Colours: light').waitFor();
  expect(await ground()).not.toBe(dark);
  await close();
});
