// Takes the README's screenshots (`npx tsx scripts/screenshots.ts`): it builds the page, walks through a step on the
// built-in sample as a person would, trains on WebAssembly, and takes the picture in light and in dark.

import type { Browser, Page } from 'playwright-core';
import { servePage } from './page.ts';
import { button } from './walk.ts';

const { address, browser, close } = await servePage();
try {
  for (const colorScheme of ['light', 'dark'] as const) await picture(browser, colorScheme);
} finally {
  await close();
}

async function picture(browser: Browser, colorScheme: 'light' | 'dark'): Promise<void> {
  const context = await browser.newContext({
    colorScheme,
    viewport: { width: 1440, height: 900 },
    deviceScaleFactor: 2,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(300_000);
  await page.addInitScript(() =>
    localStorage.setItem('secateur.settings', '{"trainOptions":{"backend":"wasm","epochs":2}}'),
  );
  await page.goto(address);
  await button(page, 'Try the sample').click();
  await button(page, 'Start step').click();
  await decide(page, ['Accept', 'Accept', 'Reject', 'Accept', 'Accept', 'Accept']);
  await button(page, 'Apply step').click();
  await button(page, 'Train').click();
  for (const state of [':enabled', ':disabled'])
    await button(page, 'Stop').and(page.locator(state)).waitFor();
  await button(page, 'Start step').click();
  await decide(page, ['Accept', 'Reject']);
  await page.mouse.move(0, 0);
  await page.waitForTimeout(1500);
  await page.screenshot({ path: `docs/screenshot-${colorScheme}.png` });
  await context.close();
}

async function decide(page: Page, decisions: readonly ('Accept' | 'Reject')[]): Promise<void> {
  for (const decision of decisions) await button(page, decision).click();
}
