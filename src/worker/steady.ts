// An engine that outlives its worker. When the worker dies another takes its place, opens the session that was kept, and a
// training pass goes on from its last checkpoint: whoever pulls notices a pause. Calls that were open fail with
// `worker-lost`, because nobody knows how far they came.

import type { Endpoint } from 'comlink';
import { ModelError, type Problem } from '../lib/errors.ts';
import type { SessionState, TrainProgress } from '../workbench/engine.ts';
import { type RemoteEngine, remoteEngine } from './client.ts';
import {
  type CallArguments,
  type CallName,
  type CallResult,
  everyCall,
  type RunName,
  type Runs,
} from './protocol.ts';

export interface EngineWorker {
  readonly endpoint: Endpoint;
  terminate(): void;
}

export interface SteadyOptions {
  /** Told each time that a worker was lost and another is starting. */
  readonly onLoss?: (problem: Problem) => void;
}

/** A worker that dies as often without doing anything in between will die again. */
const ATTEMPTS = 3;

/** @param start starts a worker that serves an engine which keeps its session by itself */
export function steadyEngine(start: () => EngineWorker, { onLoss }: SteadyOptions = {}): RemoteEngine {
  let listener: ((state: SessionState) => void) | undefined;
  let current: RemoteEngine;
  let failures = 0;
  let giveUp: (problem: Problem) => void = () => {};
  const lost = new Promise<Problem>((resolve) => {
    giveUp = resolve;
  });
  let ready = begin();

  function begin(): Promise<RemoteEngine> {
    const worker = start();
    const engine = remoteEngine(worker.endpoint);
    current = engine;
    void engine.lost.then((problem) => {
      worker.terminate();
      failures++;
      if (failures >= ATTEMPTS) {
        giveUp(problem);
        ready = Promise.reject(new ModelError(problem));
        ready.catch(() => {});
        return;
      }
      onLoss?.(problem);
      ready = begin();
      ready.catch(() => {});
    });
    return prepare(engine);
  }

  async function prepare(engine: RemoteEngine): Promise<RemoteEngine> {
    if (listener) await engine.listen(listener);
    await engine.recover();
    return engine;
  }

  const call =
    <K extends CallName>(name: K) =>
    async (...args: CallArguments<K>): Promise<CallResult<K>> => {
      const method = (await ready)[name] as (...args: CallArguments<K>) => Promise<CallResult<K>>;
      const result = await method(...args);
      failures = 0;
      return result;
    };

  async function* pull<K extends RunName>(
    name: K,
    args: Parameters<Runs[K]>,
  ): AsyncGenerator<TrainProgress, void, void> {
    let engine = await ready;
    const begin = engine[name] as (...args: Parameters<Runs[K]>) => AsyncGenerator<TrainProgress, void, void>;
    let run = begin(...args);
    for (;;) {
      try {
        for await (const progress of run) {
          failures = 0;
          yield progress;
        }
        return;
      } catch (error) {
        if (!(error instanceof ModelError) || error.code !== 'worker-lost') throw error;
        await engine.lost;
        engine = await ready;
        run = engine.resume();
      }
    }
  }

  return {
    lost,
    async listen(next) {
      listener = next;
      await current.listen(next);
    },
    train: (options) => pull('train', [options]),
    resume: () => pull('resume', []),
    ...everyCall(call),
  };
}
