// What the page's main thread does while a large network is opened and drawn, and while one trains in its worker: the built
// page in Chromium, and every task that Chromium's own tracing tells. Processor time is what counts; on a busy machine a
// task also waits.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CDPSession, Page } from 'playwright-core';
import { createOnnx } from '../../src/formats/onnx/create.ts';
import { onnx } from '../../src/formats/onnx/index.ts';
import type { Graph } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';
import { findChromium } from '../chromium.mjs';
import { type ServedPage, servePage } from '../page.ts';
import { button, cutOnce, dropFiles, region } from '../walk.ts';
import { mobileNet, resnet20 } from './networks.ts';
import { Table } from './table.ts';
import { benchModels, materialise } from './zoo.ts';

const SECONDS = 15;
/** Batches after which a pass runs evenly: before them it plans and compiles. */
const FIRST = 3;
/** Milliseconds of a task that a person can feel. */
const LONG = 50;

const figures = ['longest task', 'longest wait', `over ${LONG} ms`] as const;
const drawn = ['resnet50', 'deeplabv3_mobilenet_v3_large', 'vit_b_16', 'densenet121'];

export async function benchCalm(): Promise<void> {
  if (!findChromium()) {
    console.log('\ncalm: left out, there is no Chromium on this machine');
    return;
  }
  const served = await servePage();
  try {
    await opening(served);
    await training(served);
  } finally {
    await served.close();
  }
}

async function opening(served: ServedPage): Promise<void> {
  const names = benchModels().filter((name) => drawn.includes(name));
  if (names.length === 0) return;
  const table = new Table("The page's main thread from a file that is dropped to its drawing", [
    'network',
    ...figures,
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'secateur-calm-'));
  for (const name of names) {
    const path = join(folder, `${name}.onnx`);
    writeFileSync(path, await materialise(name));
    const page = await emptyPage(served);
    await page.goto(served.address);
    await button(page, 'Open model').waitFor();
    const graph = region(page, 'Dependency graph');
    const tasks = await traced(page, async () => {
      await dropFiles(page, path);
      await graph.locator('.graph-captions').waitFor({ state: 'attached' });
      await graph.getByText('Laying out').waitFor({ state: 'detached' });
      await page.waitForTimeout(1000);
    });
    table.row([name, ...figuresOf(tasks)]);
    await page.context().close();
  }
  rmSync(folder, { recursive: true });
}

async function training(served: ServedPage): Promise<void> {
  const table = new Table(`The page's main thread over ${SECONDS} s of training`, [
    'network',
    'backend',
    'batches',
    ...figures,
    'busy',
  ]);
  for (const [name, graph] of [
    ['ResNet-20', resnet20()],
    ['MobileNetV2-like', mobileNet()],
  ] as const)
    for (const backend of ['wasm', 'webgpu']) {
      const page = await readyToTrain(served, graph, backend);
      await button(page, 'Train').click();
      let before = 0;
      for (; before < FIRST; before = await batches(page)) await page.waitForTimeout(200);
      const tasks = await traced(page, () => page.waitForTimeout(SECONDS * 1000));
      const busy = tasks.reduce((sum, { processor }) => sum + processor, 0) / (SECONDS * 10);
      const count = (await batches(page)) - before;
      table.row([name, backend, String(count), ...figuresOf(tasks), `${busy.toFixed(1)} %`]);
      await page.context().close();
    }
}

function figuresOf(tasks: readonly Task[]): string[] {
  const longest = (key: keyof Task) => Math.max(0, ...tasks.map((task) => task[key]));
  const long = tasks.filter(({ processor }) => processor > LONG).length;
  return [`${longest('processor').toFixed(0)} ms`, `${longest('wall').toFixed(0)} ms`, String(long)];
}

async function emptyPage({ browser }: ServedPage): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  page.setDefaultTimeout(180_000);
  return page;
}

/** A network that lost channels, and 32x32 pictures to train it on. */
async function readyToTrain(served: ServedPage, graph: Graph, backend: string): Promise<Page> {
  const page = await emptyPage(served);
  await page.addInitScript((wanted) => {
    const trainOptions = { epochs: 1000, batchSize: 16, validationExamples: 64, testExamples: 16 };
    localStorage.setItem(
      'secateur.settings',
      JSON.stringify({ trainOptions: { ...trainOptions, backend: wanted } }),
    );
  }, backend);
  await page.goto(served.address);
  await dropFiles(page, file('network.onnx', onnx.write(createOnnx(graph))));
  await button(page, 'Start step').waitFor();
  await dropFiles(page, file('data_batch_1.bin', pictures(2000)));
  await page.getByRole('status').getByText('to train on').waitFor();
  await cutOnce(page);
  return page;
}

/** Random records of CIFAR-10's binary form. */
function pictures(count: number): Uint8Array {
  const random = new Random(1);
  const bytes = Uint8Array.from({ length: count * 3073 }, () => random.below(256));
  for (let i = 0; i < count; i++) bytes[i * 3073] = random.below(10);
  return bytes;
}

const file = (name: string, bytes: Uint8Array) => ({
  name,
  mimeType: 'application/octet-stream',
  buffer: Buffer.from(bytes),
});

/** Points of the curve, by the chart's own sentence. */
async function batches(page: Page): Promise<number> {
  const label = await region(page, 'Charts').getByRole('img', { name: /^Loss/ }).getAttribute('aria-label');
  return Number(/over ([\d,]+)/.exec(label ?? '')?.[1].replaceAll(',', '') ?? 0);
}

// ---------------------------------------------------------------- tracing

/** Milliseconds. */
interface Task {
  readonly processor: number;
  readonly wall: number;
}

/** https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU: times are in microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string; readonly data?: { readonly url?: string } };
}

/** Tasks of the page's main thread while `work` lasts. */
async function traced(page: Page, work: () => Promise<void>): Promise<Task[]> {
  const session: CDPSession = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  await session.send('Tracing.start', {
    traceConfig: { includedCategories: ['toplevel', 'disabled-by-default-devtools.timeline'] },
    transferMode: 'ReportEvents',
  });
  await work();
  await session.send('Tracing.end');
  await complete;
  const main = events.find(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
  return events
    .filter(({ name, pid, tid }) => name === 'RunTask' && pid === main?.pid && tid === main.tid)
    .map(({ dur = 0, tdur = dur }) => ({ processor: tdur / 1000, wall: dur / 1000 }));
}
