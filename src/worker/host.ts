// The worker's side: serves an engine to whoever holds the other end of the channel.

import { type Endpoint, expose, proxy } from 'comlink';
import { problemOf } from '../lib/errors.ts';
import type { Engine, SessionState } from '../workbench/engine.ts';
import type { StatePatch } from './protocol.ts';
import {
  type CallArguments,
  type CallName,
  diffStates,
  type Host,
  handOver,
  type Outcome,
  type RunName,
  type Runs,
} from './protocol.ts';

/** Serves `engine` over `endpoint`: the worker's own channel unless another is given. */
export function serve(engine: Engine, endpoint?: Endpoint): void {
  const states = new StateSender();

  /** An answer leaves only after the states that came before it, so that both sides see the same order. */
  async function answer<T>(work: () => Promise<T>): Promise<Outcome<T>> {
    try {
      const value = await work();
      await states.delivered();
      return handOver({ ok: true, value });
    } catch (error) {
      await states.delivered();
      return { ok: false, problem: problemOf(error) };
    }
  }

  const host: Host = {
    holdLock: (name) =>
      new Promise((held) => {
        void navigator.locks.request(name, () => {
          held();
          return new Promise(() => {});
        });
      }),
    async listen(listener) {
      states.listener = listener;
      await engine.listen((state) => states.send(state));
      await states.delivered();
    },
    call: <K extends CallName>(name: K, args: CallArguments<K>) => {
      const method = engine[name] as (...args: CallArguments<K>) => Promise<never>;
      return answer(() => method.apply(engine, args));
    },
    async run<K extends RunName>(name: K, args: Parameters<Runs[K]>) {
      const start = engine[name] as (...args: Parameters<Runs[K]>) => ReturnType<Runs[K]>;
      const run = start.apply(engine, args);
      return proxy({
        next: () => answer(() => run.next()),
        stop: () => answer(async () => void (await run.return())),
      });
    },
  };
  expose(host, endpoint);
}

/** Sends the newest state as soon as the last one has arrived; states in between are passed over. */
class StateSender {
  listener: ((patch: StatePatch) => void | Promise<void>) | undefined;
  #sent: SessionState | undefined;
  #waiting: SessionState | undefined;
  #sending: Promise<void> | undefined;

  send(state: SessionState): void {
    this.#waiting = state;
    this.#sending ??= this.#drain();
  }

  async delivered(): Promise<void> {
    await this.#sending;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting) {
        const state = this.#waiting;
        this.#waiting = undefined;
        const patch = diffStates(this.#sent, state);
        this.#sent = state;
        await this.listener?.(patch);
      }
    } finally {
      this.#sending = undefined;
    }
  }
}
