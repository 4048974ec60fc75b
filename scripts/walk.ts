// What a person does on the page, for scripts and tests that walk through it.

import type { Page } from 'playwright-core';

export const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
export const region = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

type Files = Parameters<ReturnType<Page['locator']>['setInputFiles']>[0];

/** Lets files fall on the window, as from the desktop: paths, or names with bytes. */
export async function dropFiles(page: Page, files: Files): Promise<void> {
  const input = await page.evaluateHandle(() => {
    const element = document.createElement('input');
    element.type = 'file';
    element.multiple = true;
    return element;
  });
  await input.setInputFiles(files);
  await input.evaluate((element) => {
    const dataTransfer = new DataTransfer();
    for (const file of element.files ?? []) dataTransfer.items.add(file);
    for (const type of ['dragenter', 'dragover', 'drop'])
      document.body.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
  });
}

/** Makes a step of the first candidate. */
export async function cutOnce(page: Page): Promise<void> {
  await button(page, 'Start step').click();
  await button(page, 'Accept').click();
  await button(page, 'Apply step').click();
  await region(page, 'Steps')
    .getByText(/removed \d+/)
    .first()
    .waitFor();
}
