// Training on the graphics backends, in Chromium on its software adapter: steps and single operators beside tfjs's own,
// and what a real graphics processor would be asked.

import { fileURLToPath } from 'node:url';
import { findChromium } from '../chromium.mjs';
import { inChromium } from '../in-chromium.ts';
import type * as InBrowser from './graphics-in-browser.ts';
import type { networks } from './rates.ts';
import { ms, Table, times } from './table.ts';

const BATCH = 8;
const STEPS = 4;
const ROUNDS = 4;

export async function benchGraphics(backends: readonly string[]): Promise<void> {
  if (!findChromium()) {
    console.log('\ngraphics: left out, there is no Chromium on this machine');
    return;
  }
  for (const backend of backends as readonly InBrowser.Graphics[]) {
    await benchSteps(backend);
    await benchOperators(backend);
  }
}

async function benchSteps(backend: InBrowser.Graphics): Promise<void> {
  const table = new Table(`A training step of ${BATCH} images on ${backend}`, [
    'network',
    'images/s',
    'stock',
    'ahead',
    'dispatches',
    'threads each',
    'shaders',
    'compiled in',
  ]);
  const row = (title: string, figures: InBrowser.StepFigures, stock?: InBrowser.StepFigures) =>
    table.row([
      title,
      figures.imagesPerSecond.toFixed(2),
      stock?.imagesPerSecond.toFixed(2) ?? '',
      times(stock && figures.imagesPerSecond / stock.imagesPerSecond),
      counted(figures.dispatches),
      counted(figures.threads),
      figures.shaders === undefined ? '' : String(figures.shaders),
      figures.compileSeconds === undefined ? '' : `${figures.compileSeconds.toFixed(1)} s`,
    ]);
  const stock = await onPage((page) => page.call('stockFigures', backend, BATCH, 2));
  for (const network of ['ResNet-20', 'MobileNetV2-like', 'ViT block'] satisfies (keyof typeof networks)[]) {
    const ours = await onPage((page) => page.call('ourSteps', network, backend, BATCH, STEPS));
    row(network, ours, network === 'ResNet-20' ? stock : undefined);
  }
  row('ResNet-20, stock', stock);
}

const order = ['ours', 'stock'] as const;
type Who = (typeof order)[number];

/** Both pages take turns, and turns at going first: a machine that is busy for a while slows both. */
async function benchOperators(backend: InBrowser.Graphics): Promise<void> {
  const table = new Table(`Operators on ${backend}, forward and backward`, [
    'operator',
    'ours',
    'stock',
    'ahead',
    'dispatches',
    'stock',
    'threads each',
    'stock',
  ]);
  await onPage((ours) =>
    onPage(async (stock) => {
      for (const title of await ours.call('operatorTitles')) {
        const measure = {
          ours: () => ours.call('operatorFigures', backend, true, title),
          stock: () => stock.call('operatorFigures', backend, false, title),
        };
        const figures: Record<Who, InBrowser.OperatorFigures[]> = { ours: [], stock: [] };
        for (let round = 0; round < ROUNDS; round++)
          for (const who of round % 2 === 0 ? order : order.toReversed())
            figures[who].push(await measure[who]());
        const best = (who: Who) => Math.min(...figures[who].map(({ milliseconds }) => milliseconds));
        const [[own], [other]] = [figures.ours, figures.stock];
        table.row([
          title,
          ms(best('ours')),
          ms(best('stock')),
          times(best('stock') / best('ours')),
          ...[own.dispatches, other.dispatches, own.threads, other.threads].map(counted),
        ]);
      }
    }),
  );
}

/** Only WebGPU tells. */
const counted = (count: number): string => (count === 0 ? '' : String(count));

type Page = Awaited<ReturnType<typeof inChromium<typeof InBrowser>>>;

/** Each on a page of its own: loading our backends registers our gradients for all of tfjs. */
async function onPage<T>(measure: (page: Page) => Promise<T>): Promise<T> {
  const page = await inChromium<typeof InBrowser>(
    fileURLToPath(new URL('./graphics-in-browser.ts', import.meta.url)),
  );
  try {
    return await measure(page);
  } finally {
    await page.close();
  }
}
