// Training steps on the graphics backends of a browser, called in one: ours, and tfjs's own layers on a page of their own.

import * as tf from '@tensorflow/tfjs';
import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import { train } from '../../src/training/loop.ts';
import { countDispatches, type Dispatches } from './dispatches.ts';
import { networks, randomImages } from './rates.ts';
import { stockSteps } from './stock.ts';

export { type OperatorFigures, operatorFigures, operatorTitles } from './operators.ts';

export type Graphics = 'webgpu' | 'webgl';

export interface StepFigures extends Dispatches {
  /** Of the fastest step. */
  readonly imagesPerSecond: number;
  /** Shaders compiled before the first step, and how long that took. */
  readonly shaders?: number;
  readonly compileSeconds?: number;
}

/** The first step is not counted: it plans. */
export async function ourSteps(
  network: keyof typeof networks,
  backend: Graphics,
  batch: number,
  steps: number,
): Promise<StepFigures> {
  const graph = networks[network]();
  const made = await createNetwork(graph, await chooseBackend(backend));
  const meter = countDispatches(tf);
  const data = randomImages(graph, batch * (steps + 1));
  const times: number[] = [];
  let compiled = { of: 0, milliseconds: 0 };
  let count = meter.take();
  let begun = 0;
  for await (const event of train(made, data, { epochs: 1, batchSize: batch, validationExamples: 0 })) {
    if (event.kind === 'compiling') compiled = event;
    if (event.kind !== 'batch') continue;
    if (event.batch > 0) times.push(performance.now() - begun);
    count = meter.take();
    begun = performance.now();
  }
  made.dispose();
  return {
    imagesPerSecond: (batch / Math.min(...times)) * 1000,
    ...count,
    shaders: compiled.of,
    compileSeconds: compiled.milliseconds / 1000,
  };
}

/** ResNet-20 of tfjs's own layers; the first step, which compiles, is not counted. */
export async function stockFigures(backend: Graphics, batch: number, steps: number): Promise<StepFigures> {
  if (backend === 'webgpu') await import('@tensorflow/tfjs-backend-webgpu');
  await tf.setBackend(backend);
  const meter = countDispatches(tf);
  const times: number[] = [];
  let count = meter.take();
  for await (const milliseconds of stockSteps(batch, steps + 1)) {
    times.push(milliseconds);
    count = meter.take();
  }
  return { imagesPerSecond: (batch / Math.min(...times.slice(1))) * 1000, ...count };
}
