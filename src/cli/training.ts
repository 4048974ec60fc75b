// One training pass, its progress line by line.

import type { LogEntry, TrainOptions, TrainProgress } from '../workbench/engine.ts';
import type { Console } from './command.ts';
import type { Opened } from './opened.ts';

export type TrainingEntry = LogEntry & { readonly kind: 'training' | 'training-skipped' };

/** Between two lines of progress. */
const SECONDS = 5;

/** The log's word on the pass: run, to its end or to an interrupt, or skipped by the gate. */
export async function trainOnce(
  { engine, state }: Opened,
  options: TrainOptions,
  { progress, interruption }: Console,
): Promise<TrainingEntry> {
  let toldAt = performance.now();
  const interrupt = interruption();
  for await (const event of engine.train(options)) {
    if (interrupt.aborted) break;
    if (event.phase === 'compiling') progress(`training on ${state().backend?.description}`);
    const ended = event.point?.validationLoss !== undefined;
    if (!ended && (event.phase !== 'training' || performance.now() - toldAt < SECONDS * 1000)) continue;
    toldAt = performance.now();
    progress(lineOf(event));
  }
  const entry = state().log.findLast(({ kind }) => kind === 'training' || kind === 'training-skipped');
  if (entry?.kind !== 'training' && entry?.kind !== 'training-skipped')
    throw new Error('A training pass leaves an entry in the log.');
  progress(entry.kind === 'training' ? entry.message : `training skipped: ${entry.message}`);
  return entry;
}

function lineOf({ epoch, epochs, batch, batches, point, imagesPerSecond }: TrainProgress): string {
  const figure = (name: string, value: number | undefined, digits = 3) =>
    value === undefined ? '' : `, ${name} ${value.toFixed(digits)}`;
  if (point?.validationLoss !== undefined)
    return `epoch ${epoch}/${epochs}${figure('validation loss', point.validationLoss)}${figure('accuracy', point.validationAccuracy)}`;
  return `epoch ${epoch}/${epochs}, batch ${batch}/${batches}${figure('loss', point?.loss)}${figure('images per second', imagesPerSecond, 0)}`;
}
