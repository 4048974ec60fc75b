// Wrong files: each gets a sentence, nothing is lost, and the page goes on.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { smallModel } from '../workbench/small.ts';
import { button, dropFiles, launch, type OpenedPage, openPage, openSample, region } from './chromium.ts';

const text = (content: string) => Buffer.from(content);

/** ModelProto: ir_version 8, then a graph of the given length. */
const onnxHead = (length: readonly number[]) => Buffer.from([0x08, 0x08, 0x3a, ...length]);

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

const wrong: readonly { readonly name: string; readonly buffer: Buffer; readonly says: RegExp }[] = [
  { name: 'cat.png', buffer: png, says: /PNG/ },
  { name: 'page.onnx', buffer: text('<!DOCTYPE html><html><body>404</body></html>'), says: /HTML|web page/i },
  { name: 'empty.onnx', buffer: Buffer.alloc(0), says: /empty/i },
  { name: 'notes.txt', buffer: text('weights are in the other folder\n'), says: /text/i },
  { name: 'net.pt', buffer: Buffer.from('PK\u0003\u0004archive/data.pkl', 'latin1'), says: /PyTorch|zip/i },
  { name: 'cut-off.onnx', buffer: onnxHead([0x80, 0x08, 0x0a]), says: /cut|truncated|ends|damaged/i },
  {
    name: 'long.onnx',
    buffer: onnxHead([0x80, 0x80, 0x80, 0x80, 0x08]),
    says: /cut|truncated|ends|damaged|length/i,
  },
];

let browser: Browser;
let opened: OpenedPage;

beforeAll(async () => {
  browser = await launch();
  opened = await openPage(browser);
  await openSample(opened.page);
});
afterAll(() => browser?.close());

test.each(wrong)('$name', async ({ name, buffer, says }) => {
  const { page } = opened;
  await dropFiles(page, { name, mimeType: '', buffer });
  const alert = page.getByRole('alert');
  await alert.getByText(says).first().waitFor();
  expect(await alert.textContent()).toContain(name);
  expect(await region(page, 'Model').textContent()).toContain('stem.conv');
  await button(page, 'Dismiss').click();
  await button(page, 'Start step').waitFor();
});

test('of two models the second is told to come by itself', async () => {
  const { page } = opened;
  const { name, bytes } = smallModel();
  const both = [name, 'other.onnx'].map((each) => ({ name: each, mimeType: '', buffer: Buffer.from(bytes) }));
  await dropFiles(page, both);
  await page
    .getByRole('alert')
    .getByText(`"other.onnx" was not opened, only "${name}": one model at a time.`)
    .waitFor();
  await button(page, 'Dismiss').click();
  await openSample(page);
});

test('after all of them the session goes on', async () => {
  const { page, complaints } = opened;
  await button(page, 'Start step').click();
  await button(page, 'Accept').click();
  await button(page, 'Apply step').click();
  await page
    .getByRole('status')
    .getByText(/removed 3 units/)
    .waitFor();
  expect(complaints).toEqual([]);
});
