// Prune and train, again and again, in a real Chromium: `npm run soak -- 30` (minutes; 5 without a number). Each cycle cuts a
// step and trains after it; when the sample has grown small a step is taken back, and the sample is opened anew. Every
// cycle prints what the page and its worker hold at rest. It fails on an error, on a curve with holes, and when something
// grows.

import type { Page, Worker } from 'playwright-core';
import { servePage } from '../page.ts';
import { button, region } from '../walk.ts';
import { type Reading, steadiness } from './steadiness.ts';

const minutes = Number(process.argv[2] ?? 5);
const settings = {
  stepOptions: { ratio: 0.6, steps: 3 },
  trainOptions: { backend: 'wasm', epochs: 1, batchSize: 64, testExamples: 200, validationExamples: 200 },
};
/** Batches after which every second pass is stopped. */
const SHORT_PASS = 40;

// Without the flag a memory measurement may take its time.
const { address, browser, close } = await servePage(['--enable-blink-features=ForceEagerMeasureMemory']);
const complaints: string[] = [];
const readings: Reading[] = [];
try {
  const page = await openPage();
  const until = Date.now() + minutes * 60_000;
  console.log(
    'cycle  minutes  step              batches  page MB  worker MB  wasm MB  tensors  worst task ms  tasks > 50 ms',
  );
  for (let cycle = 1; Date.now() < until; cycle++) {
    const step = await cut(page, cycle);
    await longTasks(page);
    const trained = await train(page, cycle);
    const reading = { cycle, trained, longTasks: await longTasks(page), ...(await measure(page)) };
    readings.push(reading);
    print(reading, step, minutes - (until - Date.now()) / 60_000);
    await checkCurve(page);
  }
} catch (error) {
  complaints.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
} finally {
  await close();
}
complaints.push(...steadiness(readings));
for (const complaint of complaints) console.error(complaint);
console.log(
  complaints.length === 0 ? `${readings.length} cycles: steady.` : `${complaints.length} complaints.`,
);
process.exitCode = complaints.length === 0 ? 0 : 1;

// ---------------------------------------------------------------- a person at the page

async function openPage(): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(180_000);
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  await page.addInitScript((text) => {
    localStorage.setItem('secateur.settings', text);
    const tasks: number[] = [];
    Object.assign(globalThis, { tasks });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.push(duration);
    }).observe({ type: 'longtask' });
  }, JSON.stringify(settings));
  await page.goto(address);
  await button(page, 'Try the sample').click();
  await button(page, 'Start step').waitFor();
  return page;
}

/** A step with accepts and rejects; every third cycle it is taken back and made again, every sixth begins anew. */
async function cut(page: Page, cycle: number): Promise<string> {
  if (cycle % 6 === 0) {
    await button(page, 'Try the sample').click();
    await button(page, 'Leave it').click();
    await region(page, 'Steps').getByRole('listitem').nth(1).waitFor({ state: 'detached' });
  } else if (cycle % 3 === 0) {
    await region(page, 'Steps')
      .getByRole('button', { name: /^Go back to before step/ })
      .first()
      .click();
    await button(page, 'Go back').click();
    await region(page, 'Steps')
      .getByText(/^Went back/)
      .first()
      .waitFor();
  }
  await ready(page, 'Start step').click();
  if (await opened(page)) {
    for (let i = 0; ; i++) {
      const verdict = (i + cycle) % 4 === 0 ? 'Reject' : 'Accept';
      await button(page, verdict).click();
      if (/Every candidate/.test((await page.getByRole('status').textContent()) ?? '')) break;
    }
    await ready(page, 'Apply step').click();
  }
  await ready(page, 'Start step').waitFor();
  return (
    (await region(page, 'Steps')
      .getByText(/^Step \d+ removed/)
      .first()
      .textContent()) ?? ''
  );
}

/** Whether candidates are there to review; a step without any ends at once, and says why. */
async function opened(page: Page): Promise<boolean> {
  const status = page.getByRole('status');
  await status.getByText(/^Step \d+ (of \d+: \d+ candidate|removed nothing)/).waitFor();
  return / to review/.test((await status.textContent()) ?? '');
}

/** @returns batches trained, by the curve; 0 where the gate was shut */
async function train(page: Page, cycle: number): Promise<number> {
  const before = await batches(page);
  await ready(page, 'Train').click();
  if (cycle % 2 === 0) {
    await page.waitForFunction(
      ([name, least]) => {
        const label = document.querySelector(`[role=img][aria-label^="${name}"]`)?.getAttribute('aria-label');
        const running = document.querySelector('.running') !== null;
        return !running || Number(/over ([\d,]+)/.exec(label ?? '')?.[1].replaceAll(',', '') ?? 0) >= least;
      },
      ['Loss', before + SHORT_PASS] as const,
    );
    if (await button(page, 'Stop').isEnabled()) await button(page, 'Stop').click();
  }
  await ready(page, 'Start step').waitFor();
  return (await batches(page)) - before;
}

function ready(page: Page, name: string) {
  return button(page, name).and(page.locator(':enabled'));
}

/** Points of the curve, by the chart's own sentence. */
async function batches(page: Page): Promise<number> {
  await page.waitForTimeout(300);
  const label = await region(page, 'Charts').getByRole('img', { name: /^Loss/ }).getAttribute('aria-label');
  return Number(/over ([\d,]+)/.exec(label ?? '')?.[1].replaceAll(',', '') ?? 0);
}

// ---------------------------------------------------------------- what it holds

/** https://wicg.github.io/performance-measure-memory/ */
interface MeasuredMemory {
  readonly breakdown: readonly {
    readonly bytes: number;
    readonly attribution: readonly { readonly scope: string }[];
  }[];
}

async function measure(page: Page): Promise<Pick<Reading, 'page' | 'worker' | 'wasm' | 'tensors'>> {
  const { breakdown } = await page.evaluate(() =>
    (
      performance as unknown as { measureUserAgentSpecificMemory(): Promise<MeasuredMemory> }
    ).measureUserAgentSpecificMemory(),
  );
  const bytesOf = (scope: string): number =>
    breakdown
      .filter(({ attribution }) => attribution.some((each) => each.scope === scope))
      .reduce((sum, { bytes }) => sum + bytes, 0);
  const engine = await engineOf(page).evaluate(() => {
    // tfjs keeps its engine in a global of its own.
    const { _tfengine: tf } = globalThis as unknown as {
      readonly _tfengine?: {
        memory(): { readonly numTensors: number };
        readonly backendInstance?: { readonly wasm?: { readonly HEAPU8: Uint8Array } };
      };
    };
    return { tensors: tf?.memory().numTensors ?? 0, wasm: tf?.backendInstance?.wasm?.HEAPU8.length ?? 0 };
  });
  return { page: bytesOf('Window'), worker: bytesOf('DedicatedWorkerGlobalScope'), ...engine };
}

/** Milliseconds of the tasks since it was last asked. */
function longTasks(page: Page): Promise<number[]> {
  return page.evaluate(() => (globalThis as unknown as { tasks: number[] }).tasks.splice(0));
}

function engineOf(page: Page): Worker {
  const found = page.workers().find((worker) => worker.url().includes('engine'));
  if (!found) throw new Error('The engine has no worker.');
  return found;
}

/** The curve that a reload would bring back: every batch once, in order, a number each. */
async function checkCurve(page: Page): Promise<void> {
  const curve = await page.evaluate(
    () =>
      new Promise<
        readonly { readonly batch: number; readonly loss: number; readonly validationLoss?: number }[]
      >((resolve, reject) => {
        const opening = indexedDB.open('secateur');
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const database = opening.result;
          const reading = database.transaction('parts').objectStore('parts').openCursor();
          reading.onsuccess = () => {
            const cursor = reading.result;
            if (cursor && (cursor.key as [string, string])[1] !== 'curve') cursor.continue();
            else {
              database.close();
              resolve(cursor?.value ?? []);
            }
          };
        };
      }),
  );
  const seen = curve.filter(({ validationLoss }) => validationLoss === undefined);
  const holes = seen.filter(({ batch }, i) => batch !== i + 1).length;
  const strange = seen.filter(({ loss }) => !Number.isFinite(loss)).length;
  if (holes > 0) complaints.push(`The curve has ${holes} batches out of order.`);
  if (strange > 0) complaints.push(`The curve has ${strange} losses that are no numbers.`);
}

function print(
  { cycle, trained, page, worker, wasm, tensors, longTasks }: Reading,
  step: string,
  at: number,
) {
  const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  const worst = Math.max(0, ...longTasks);
  console.log(
    [
      String(cycle).padStart(5),
      at.toFixed(1).padStart(7),
      step
        .replace(/^Step /, '')
        .padEnd(16)
        .slice(0, 16),
      String(trained).padStart(7),
      megabytes(page).padStart(7),
      megabytes(worker).padStart(9),
      megabytes(wasm).padStart(7),
      String(tensors).padStart(7),
      worst.toFixed(0).padStart(13),
      String(longTasks.length).padStart(13),
    ].join('  '),
  );
}
