// A training pass as the page drives it: pulling the engine's generator is running, not pulling is pausing. What else
// runs the network from here stands beside it: measuring, repairing, trying a step out.

import { problemOf } from '../../src/lib/errors.ts';
import type { Engine, LogEntry, RepairOptions, TrainProgress } from '../../src/workbench/engine.ts';
import { measured } from '../text/numbers.ts';
import type { Slice } from './state.ts';

export interface TrainingRun {
  readonly state: 'running' | 'paused' | 'stopping';
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly progress: TrainProgress | undefined;
}

export interface TrainingSlice {
  readonly training: TrainingRun | undefined;
  /** Trains if the gate is open; resolves when the pass has ended, whichever way. */
  train(): Promise<void>;
  /** Goes on with a pass that was cut off. */
  resumeInterrupted(): Promise<void>;
  pauseTraining(): void;
  resumeTraining(): void;
  stopTraining(): void;
  measure(): Promise<void>;
  repair(method: RepairOptions['method']): Promise<void>;
}

/** Milliseconds between two figures of a phase: quick batches come faster than a person can read. */
const FIGURES_PAUSE = 80;

export const trainingSlice: Slice<TrainingSlice> = (set, get, _store, engine) => {
  let wake: (() => void) | undefined;

  const change = (part: Partial<TrainingRun>) =>
    set(({ training }) => (training ? { training: { ...training, ...part } } : {}));
  const unlessPaused = (): Promise<void> =>
    get().training?.state === 'paused' ? new Promise((resolve) => (wake = resolve)) : Promise.resolve();

  const run = async (start: (engine: Engine) => AsyncGenerator<TrainProgress, void, void>) => {
    if (get().training) return;
    set({ training: { state: 'running', startedAt: Date.now(), progress: undefined } });
    let shownAt = Number.NEGATIVE_INFINITY;
    try {
      for await (const progress of start(engine)) {
        const shown = get().training?.progress;
        if (progress.phase !== shown?.phase || performance.now() - shownAt >= FIGURES_PAUSE) {
          change({ progress: { ...latestFigures(shown), ...progress } });
          shownAt = performance.now();
        }
        await unlessPaused();
        if (get().training?.state === 'stopping') break;
      }
      get().say(outcomeOf(get().session?.log ?? []));
    } catch (error) {
      get().complain(problemOf(error));
    } finally {
      wake = undefined;
      set({ training: undefined });
    }
  };

  return {
    training: undefined,
    train: () => run((engine) => engine.train(get().trainOptions)),
    resumeInterrupted: () => run((engine) => engine.resume()),
    pauseTraining: () => change({ state: 'paused' }),
    resumeTraining() {
      change({ state: 'running' });
      wake?.();
    },
    stopTraining() {
      change({ state: 'stopping' });
      wake?.();
    },
    async measure() {
      const found = await get().during('Measuring on held-out examples', () =>
        engine.evaluate(get().trainOptions.backend),
      );
      if (found) get().say(`As it is: ${measured(found)}.`);
    },
    async repair(method) {
      const done = await get().during('Repairing without labels', () =>
        engine.repair({ method, backend: get().trainOptions.backend }),
      );
      if (done) get().say(done.message);
    },
  };
};

/** Phases between batches tell no figures: the last ones stay in sight. */
const latestFigures = (
  progress: TrainProgress | undefined,
): Pick<TrainProgress, 'imagesPerSecond' | 'point'> =>
  progress?.point ? { imagesPerSecond: progress.imagesPerSecond, point: progress.point } : {};

/** The engine logs every pass, run or skipped, with its sentence. */
function outcomeOf(log: readonly LogEntry[]): string {
  const last = log.findLast((entry) => entry.kind === 'training' || entry.kind === 'training-skipped');
  if (!last) return '';
  return last.kind === 'training-skipped' ? `Training skipped: ${last.message}` : last.message;
}
