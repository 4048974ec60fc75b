// A small model that lost channels, with its data, on a page whose next training pass is long and quick.

import type { Browser } from 'playwright-core';
import type { BackendName } from '../../src/execution/types.ts';
import { smallData, smallModel } from '../workbench/small.ts';
import { cutOnce, dropFiles, type OpenedPage, openPage, readyForStep } from './chromium.ts';

export const file = ({ name, bytes }: { name: string; bytes: Uint8Array }) => ({
  name,
  mimeType: 'application/octet-stream',
  buffer: Buffer.from(bytes),
});

/** The page's workers of the engine are its global `workers`, latest last. */
export async function readyToTrain(browser: Browser, backend: BackendName): Promise<OpenedPage> {
  const opened = await openPage(browser);
  const { page } = opened;
  await page.addInitScript((wanted) => {
    const lengths = { epochs: 5000, batchSize: 16, validationExamples: 16, testExamples: 16 };
    const trainOptions = { ...lengths, backend: wanted };
    localStorage.setItem('secateur.settings', JSON.stringify({ trainOptions }));
    const workers: Worker[] = [];
    Object.assign(globalThis, { workers });
    globalThis.Worker = class extends Worker {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args);
        if (String(args[0]).includes('engine')) workers.push(this);
      }
    };
  }, backend);
  await page.reload();
  await dropFiles(page, [file(smallModel())]);
  await readyForStep(page);
  await dropFiles(page, smallData().map(file));
  await page.getByRole('status').getByText('to train on').waitFor();
  await cutOnce(page);
  return opened;
}
