// A real network of a hundred megabytes, dropped on the window.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { materialise, readSharedJson, sharedFolder, skipReason } from '../shared.ts';
import { button, dropFiles, launch, openPage, region } from './chromium.ts';

/** Pixels from the top of the window. */
const bottomOf = async (locator: Locator): Promise<number> => {
  const { y = 0, height = 0 } = (await locator.boundingBox()) ?? {};
  return y + height;
};

describe.skipIf(!sharedFolder())(`ResNet-50 (${skipReason})`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'secateur-resnet50-'));
  const path = join(folder, 'resnet50.onnx');
  let browser: Browser;
  beforeAll(async () => {
    writeFileSync(path, await materialise('resnet50'));
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  test('is opened, drawn, reviewed and cut', async () => {
    const { page, complaints, close } = await openPage(browser);
    await button(page, 'Open model').waitFor();
    await dropFiles(page, path);
    await button(page, 'Start step').waitFor();
    const model = region(page, 'Model');
    const { params } = readSharedJson<{ params: number }>('zoo/resnet50.json');
    const row = model.getByRole('row', { name: /Parameters/ });
    expect(await row.getAttribute('title')).toMatch(new RegExp(`^${params.toLocaleString('en-US')} `));
    await region(page, 'Dependency graph').getByText('Laying out').waitFor({ state: 'detached' });

    const groups = page.getByRole('listbox', { name: 'Groups' });
    await groups.focus();
    await page.keyboard.press('End');
    const last = groups.getByRole('option').last();
    await expect.poll(() => last.getAttribute('aria-selected')).toBe('true');
    await expect.poll(async () => (await bottomOf(last)) - (await bottomOf(groups))).toBeLessThan(1);
    expect(await page.evaluate(() => scrollY)).toBe(0);

    await button(page, 'Start step').click();
    await button(page, 'Accept').waitFor();
    // The stem is like no other; the candidate after it has many of its structure.
    await page.keyboard.press('j');
    await page.keyboard.press('Shift+A');
    await page.getByRole('img', { name: /^[1-9]\d+ to go/ }).waitFor();
    await button(page, 'Apply step').click();
    await region(page, 'Steps')
      .getByText(/^Step 1 removed [\d,]+ units/)
      .waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      button(page, 'Export model').click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^resnet50.*\.onnx$/);
    expect(complaints).toEqual([]);
    await close();
  }, 300_000);
});
