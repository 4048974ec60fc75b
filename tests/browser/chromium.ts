// A real Chromium with WebGPU on its software adapter, and pages of it that keep a list of everything they should not do:
// errors, broken policies, requests to anywhere else.

import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { inject } from 'vitest';
import { findChromium } from '../../scripts/chromium.mjs';
import { button } from '../../scripts/walk.ts';

export { button, cutOnce, dropFiles, region } from '../../scripts/walk.ts';

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: findChromium(),
    args: [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--use-webgpu-adapter=swiftshader',
      '--disable-background-networking',
    ],
  });

export interface OpenedPage {
  readonly page: Page;
  /** Empty on a page that behaves. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

export const desk = { width: 1440, height: 900 };
export const phone = { width: 390, height: 844 };

/** The page, ready to take a model. */
export async function openPage(
  browser: Browser,
  { viewport = desk, ...options }: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const address = inject('page');
  const context = await browser.newContext({ viewport, acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== new URL(address).origin && protocol !== 'blob:' && protocol !== 'data:')
      complaints.push(`request: ${request.url()}`);
  });
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) =>
      console.error(`policy: ${violatedDirective} ${blockedURI} ${sample}`),
    );
  });
  await page.goto(address);
  return { page, complaints, close: () => context.close() };
}

/** A model is open and nothing is under way: what is pressed or dropped now is taken. */
export const readyForStep = (page: Page): Promise<void> =>
  button(page, 'Start step').and(page.locator(':enabled')).waitFor();

/** The built-in model, opened. */
export async function openSample(page: Page): Promise<void> {
  await button(page, 'Try the sample').click();
  await page.locator('.top-line').getByText('sample.onnx').waitFor();
  await readyForStep(page);
}
