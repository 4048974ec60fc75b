// The session as its listener sees it: one value, replaced with every change.

import type { LogEntry, SessionState } from './state.ts';

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** A log entry without what the board fills in: when, and where on the training charts. */
export type NewEntry = DistributiveOmit<LogEntry, 'at' | 'batch'>;

export class Board {
  #state: SessionState;
  readonly #listeners = new Set<(state: SessionState) => void>();

  constructor(state: SessionState) {
    this.#state = state;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Sends the present state at once and every new one after. */
  listen(listener: (state: SessionState) => void): void {
    this.#listeners.add(listener);
    listener(this.#state);
  }

  set(change: Partial<SessionState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener(this.#state);
  }

  log(entry: NewEntry, change: Partial<SessionState> = {}): void {
    const batch = this.#state.curve.at(-1)?.batch ?? 0;
    const marked = ['step', 'training', 'training-skipped', 'went-back'].includes(entry.kind)
      ? { batch }
      : {};
    const full = { ...entry, ...marked, at: Date.now() } as LogEntry;
    this.set({ ...change, log: [...this.#state.log, full] });
  }
}
