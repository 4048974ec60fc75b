// Keeps the session where it survives: what a person did as soon as it is done, weights at every step and pass, a running
// pass every few seconds. Writes follow one another. A store that fails is told once and does not stop the work; what it
// did not take is offered again at the next step or checkpoint, so that it never holds parts of two sessions.

import { problemOf } from '../../lib/errors.ts';
import type { Board } from '../board.ts';
import { lacks } from '../missing.ts';
import type { SessionState } from '../state.ts';
import { packSession } from './session-file.ts';
import { type Kept, type KeptChanges, type KeptSession, type SessionStore, wholeOf } from './store.ts';

export class Keeper {
  readonly #store: Promise<SessionStore>;
  readonly #board: Board;
  readonly #describe: () => KeptSession | undefined;
  #parts: KeptChanges = {};
  /** Parts that changed since the last write began. */
  #changed = new Set<keyof Kept>();
  #written: SessionState | undefined;
  #writing: Promise<void> | undefined;
  #paused = false;

  /** @param describe the session as it is now; `undefined` without a model */
  constructor(
    store: SessionStore | Promise<SessionStore>,
    board: Board,
    describe: () => KeptSession | undefined,
  ) {
    this.#store = Promise.resolve(store);
    this.#board = board;
    this.#describe = describe;
    board.listen(() => this.#touch());
  }

  /** The pass that was cut off, or is under way. */
  get training(): Kept['training'] {
    return this.#parts.training;
  }

  /** The model of now in its own format; `undefined`: as opened. */
  get present(): Kept['present'] {
    return this.#parts.present;
  }

  /** What was kept before this engine started. */
  async load(): Promise<Kept | undefined> {
    return (await this.#store).load();
  }

  /** New parts; resolves when they are safe (or the store has failed). */
  async keep(changes: KeptChanges): Promise<void> {
    this.#parts = { ...this.#parts, ...changes };
    for (const part of Object.keys(changes)) this.#changed.add(part as keyof Kept);
    this.#touch(true);
    await this.flush();
  }

  /** Parts that the store has already. */
  adopt(kept: Kept): void {
    this.#parts = kept;
    this.#touch();
  }

  /** A training pass says itself when to write: its states come too fast. */
  pause(paused: boolean): void {
    this.#paused = paused;
  }

  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async clear(): Promise<void> {
    this.#parts = {};
    this.#changed.clear();
    await this.flush();
    await this.#attempt((store) => store.clear());
  }

  /** The whole session as one file. @throws ModelError `no-model` */
  async pack(): Promise<Uint8Array> {
    const kept = wholeOf(this.#current());
    if (!kept) throw lacks.model();
    return packSession(kept);
  }

  #current(): KeptChanges {
    return { ...this.#parts, session: this.#describe(), curve: this.#board.state.curve };
  }

  #touch(now = false): void {
    if ((this.#paused || this.#board.state.unkept) && !now) return;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Lets the states of one moment gather, then writes until nothing is left to write. */
  async #write(): Promise<void> {
    await Promise.resolve();
    for (let changes = this.#take(); changes; changes = this.#take()) {
      const taken = changes;
      if (await this.#attempt((store) => store.save(taken))) continue;
      for (const part of Object.keys(taken)) this.#changed.add(part as keyof Kept);
      return;
    }
  }

  /** The parts to write now. */
  #take(): KeptChanges | undefined {
    const current = this.#current();
    if (!current.session || !current.original) return undefined;
    if (current.curve !== this.#parts.curve) this.#changed.add('curve');
    const { state } = this.#board;
    if (telling.some((key) => state[key] !== this.#written?.[key])) this.#changed.add('session');
    this.#written = state;
    if (this.#changed.size === 0) return undefined;
    const names = [...this.#changed];
    this.#changed.clear();
    this.#parts = current;
    return Object.fromEntries(names.map((name) => [name, current[name]]));
  }

  /** Whether the store did it. */
  async #attempt(work: (store: SessionStore) => Promise<void>): Promise<boolean> {
    const told = this.#board.state.unkept;
    try {
      await work(await this.#store);
      if (told) this.#board.set({ unkept: undefined });
      return true;
    } catch (error) {
      if (told) return false;
      const problem = problemOf(error);
      const message = `The session is not kept: a reload would lose it. ${problem.message}`;
      this.#board.log({ kind: 'note', message }, { unkept: { ...problem, message } });
      return false;
    }
  }
}

/** Parts of the state that stand for the session's own part: when none is new, nothing is. */
const telling = ['log', 'costs', 'step', 'rejected'] as const satisfies readonly (keyof SessionState)[];
