// A pass under way: what it is doing, how far it is, how fast, and how well.

import { useEffect, useState } from 'react';
import type { TrainProgress } from '../../../src/workbench/engine.ts';
import { useApp } from '../../store/store.ts';
import type { TrainingRun } from '../../store/training.ts';
import { accuracy, compact, decimal, duration } from '../../text/numbers.ts';
import { Progress } from '../../widgets/Progress.tsx';

const phases: Readonly<Record<TrainProgress['phase'], string>> = {
  backend: 'Starting the backend',
  compiling: 'Compiling shaders',
  training: 'Training',
  evaluating: 'Measuring on held-out examples',
  saving: 'Saving a checkpoint',
};

export function Running({ run: { state, startedAt, progress } }: { readonly run: TrainingRun }) {
  const elapsed = useElapsed(startedAt);
  const onGraphics = useApp((state) => /^webg/.test(state.session?.backend?.name ?? ''));
  const phase = phaseName(progress?.phase, onGraphics);
  const title = state === 'running' ? phase : state === 'paused' ? 'On hold' : 'Ending after this batch';
  return (
    <div className="running">
      <p className="running-head">
        <strong>{title}</strong>
        {progress && progress.epochs > 0 && (
          <span className="figure">
            epoch {Math.max(1, progress.epoch)} of {progress.epochs}
          </span>
        )}
      </p>
      <Progress label={title} value={progress && shareOf(progress)} />
      <dl className="running-figures figure">
        <Figure name="Loss" value={progress?.point && decimal(progress.point.loss)} />
        <Figure
          name="Accuracy"
          value={progress?.point?.accuracy === undefined ? undefined : accuracy(progress.point.accuracy)}
        />
        <Figure
          name="Images/s"
          value={
            progress?.imagesPerSecond === undefined
              ? undefined
              : compact(Math.round(progress.imagesPerSecond))
          }
        />
        <Figure name="Time" value={duration(elapsed)} />
      </dl>
    </div>
  );
}

/** Only graphics processors have shaders to compile; others just do everything for the first time. */
function phaseName(phase: TrainProgress['phase'] | undefined, onGraphics: boolean): string {
  if (phase === undefined) return 'Starting';
  return phase === 'compiling' && !onGraphics ? 'Warming up' : phases[phase];
}

function Figure({ name, value }: { readonly name: string; readonly value: string | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value ?? '–'}</dd>
    </div>
  );
}

function shareOf({ phase, epoch, epochs, batch, batches }: TrainProgress): number | undefined {
  if (phase === 'backend' || batches === 0) return undefined;
  if (phase === 'compiling' || phase === 'evaluating') return batch / batches;
  const done = Math.max(0, epoch - 1) + batch / batches;
  return epochs === 0 ? undefined : Math.min(1, done / epochs);
}

function useElapsed(since: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, now - since);
}
