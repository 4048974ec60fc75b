// Takes the README's screenshots (`npx tsx scripts/screenshots.ts`): it builds the page, walks through a step on the
// built-in sample as a person would, trains on WebAssembly, and takes the picture in light and in dark.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build, preview } from 'vite';
import { ensureChromium } from './chromium.mjs';

const outDir = mkdtempSync(join(tmpdir(), 'secateur-page-'));
await build({ logLevel: 'error', build: { outDir, emptyOutDir: true } });
const server = await preview({
  logLevel: 'error',
  build: { outDir },
  preview: { host: '127.0.0.1', port: 0 },
});
const address = server.resolvedUrls?.local[0] ?? '';
const browser = await chromium.launch({
  executablePath: ensureChromium(),
  args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
});
try {
  for (const colorScheme of ['light', 'dark'] as const) await picture(browser, colorScheme);
} finally {
  await browser.close();
  await server.close();
  rmSync(outDir, { recursive: true, force: true });
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

function button(page: Page, name: string) {
  return page.getByRole('button', { name, exact: true });
}

async function decide(page: Page, decisions: readonly ('Accept' | 'Reject')[]): Promise<void> {
  for (const decision of decisions) await button(page, decision).click();
}
