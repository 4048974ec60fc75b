// The review by keyboard alone, and what a rejected step means for training.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { button, launch, type OpenedPage, openPage, openSample, region } from './chromium.ts';

let browser: Browser;
let opened: OpenedPage;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const open = async (): Promise<Page> => {
  opened = await openPage(browser);
  await openSample(opened.page);
  return opened.page;
};

const candidates = (page: Page) => region(page, 'Candidates');
const rows = async (page: Page, verdict: string): Promise<number> =>
  candidates(page)
    .getByRole('listbox', { name: 'Proposed groups' })
    .getByLabel(verdict, { exact: true })
    .count();

test('keys accept, reject, skip, undo and move; the counter follows', async () => {
  const page = await open();
  await page.keyboard.press('Enter');
  const counter = candidates(page).locator('header');
  await counter.getByText('1 of 6').waitFor();
  await page.keyboard.press('y');
  await counter.getByText('2 of 6').waitFor();
  await page.keyboard.press('n');
  await counter.getByText('3 of 6').waitFor();
  await page.keyboard.press('Space');
  await counter.getByText('4 of 6').waitFor();
  await expect.poll(() => rows(page, 'skipped')).toBe(1);
  await page.keyboard.press('k');
  await counter.getByText('3 of 6').waitFor();
  await page.keyboard.press('u');
  await expect.poll(() => rows(page, 'skipped')).toBe(0);
  await page.keyboard.press('a');
  await counter.getByText('4 of 6').waitFor();
  await page.keyboard.press('j');
  await counter.getByText('5 of 6').waitFor();
  await page.keyboard.press('x');
  await counter.getByText('6 of 6').waitFor();
  await expect.poll(() => rows(page, 'accepted')).toBe(2);
  await expect.poll(() => rows(page, 'rejected')).toBe(2);

  // The last decisions stay open to change.
  const recent = page.getByRole('list', { name: 'Last decisions' });
  await recent.getByRole('link').last().click();
  await counter.getByText('1 of 6').waitFor();
  await page.keyboard.press('n');
  await expect.poll(() => rows(page, 'accepted')).toBe(1);

  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Enter');
  await page
    .getByRole('status')
    .getByText(/removed \d+ units/)
    .waitFor();
  expect(opened.complaints).toEqual([]);
});

test('keys walk through the list of groups, and the one under the pointer is lit in the drawing', async () => {
  const page = await open();
  const graph = region(page, 'Dependency graph');
  await graph.getByText('Laying out').waitFor({ state: 'detached' });
  await page.waitForFunction(() => [...document.fonts].every(({ status }) => status === 'loaded'));
  const list = page.getByRole('listbox', { name: 'Groups' });
  const rows = await list.getByRole('option').allTextContents();
  await list.focus();
  for (const [key, at] of [
    ['ArrowDown', 0],
    ['ArrowDown', 1],
    ['End', -1],
    ['ArrowUp', -2],
    ['Home', 0],
  ] as const) {
    await page.keyboard.press(key);
    await expect.poll(() => list.getByRole('option', { selected: true }).textContent()).toBe(rows.at(at));
  }

  const picture = () =>
    graph.locator('.graph-captions').evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  const frames = () =>
    page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  let chosen = '';
  await expect
    .poll(async () => {
      const before = chosen;
      await frames();
      chosen = await picture();
      return chosen === before;
    })
    .toBe(true);
  await list.getByRole('option').last().hover();
  await expect.poll(picture).not.toBe(chosen);
  await page.mouse.move(0, 0);
  await expect.poll(picture).toBe(chosen);
  expect(opened.complaints).toEqual([]);
});

test('single channels are chosen by keyboard', async () => {
  const page = await open();
  await page.keyboard.press('Enter');
  await candidates(page).getByText('3 of 16').waitFor();
  await page.keyboard.press('s');
  const picker = page.getByRole('listbox', { name: 'Which channels go' });
  await picker.waitFor();
  await page.keyboard.press('Space');
  await candidates(page).getByText('2 of 16').waitFor();
  await page.keyboard.press('y');
  await button(page, 'Apply step').click();
  await page
    .getByRole('status')
    .getByText(/removed 2 units/)
    .waitFor();
  expect(opened.complaints).toEqual([]);
});

test('the focus stays in the panel when the button that had it goes', async () => {
  opened = await openPage(browser);
  const { page } = opened;
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
  await button(page, 'Try the sample').focus();
  await page.keyboard.press('Enter');
  await button(page, 'Start step').waitFor();
  await expect.poll(focused).toBe('Dependency graph');
  await button(page, 'Start step').focus();
  await page.keyboard.press('Enter');
  await expect.poll(focused).toBe('Proposed groups');
  await page.keyboard.press('y');
  await button(page, 'Apply step').focus();
  await page.keyboard.press('Enter');
  await region(page, 'Steps').getByText('Step 1 removed 3 units').waitFor();
  await expect.poll(focused).toBe('Candidates');
  expect(opened.complaints).toEqual([]);
});

test('a step that is being applied takes neither a decision nor a second press', async () => {
  const page = await open();
  await page.keyboard.press('Enter');
  await candidates(page).getByText('1 of 6').waitFor();
  await page.evaluate(() => {
    const press = (key: string) =>
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    const apply = [...document.querySelectorAll('button')].find(({ textContent }) =>
      textContent?.startsWith('Apply step'),
    );
    press('y');
    apply?.click();
    press('y');
    apply?.click();
  });
  await region(page, 'Steps').getByText('Step 1 removed 3 units').waitFor();
  await button(page, 'Start step').and(page.locator(':enabled')).click();
  await candidates(page).getByText('1 of 6').waitFor();
  expect(await page.getByRole('alert').textContent()).toBe('');
  expect(opened.complaints).toEqual([]);
});

test('a step whose candidates were all rejected shuts the gate: training is skipped, and the page says why', async () => {
  const page = await open();
  await page.keyboard.press('Enter');
  await candidates(page).getByText('1 of 6').waitFor();
  for (let i = 0; i < 6; i++) await page.keyboard.press('n');
  await expect.poll(() => rows(page, 'rejected')).toBe(6);
  await button(page, 'Apply step').click();
  await region(page, 'Steps').getByText('Step 1 removed nothing').waitFor();
  await button(page, 'Train').click();
  const steps = region(page, 'Steps');
  await steps.getByText('Training skipped').waitFor();
  const status = page.getByRole('status');
  await status.getByText(/^Training skipped: .*reject/i).waitFor();
  expect(await region(page, 'Training').textContent()).toMatch(/Shut\..*reject/is);
  expect(await button(page, 'Stop').isDisabled()).toBe(true);

  // A reject sticks: the next step has other channels to offer, or none, until the group is released.
  await candidates(page).getByText('6 rejects kept in mind').click();
  await button(page, 'Release').first().click();
  await candidates(page).getByText('5 rejects kept in mind').waitFor();
  expect(opened.complaints).toEqual([]);
});
