// One thing at a time: calls that change the session wait for each other. While a training pass holds the session (it may
// be paused for hours) they are refused instead.

import { ModelError } from '../lib/errors.ts';

export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #pass = false;

  /** @throws ModelError `busy` while a training pass runs */
  take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#pass) return Promise.reject(busy());
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Waits for its turn and keeps it until the answer is called. */
  async hold(): Promise<() => void> {
    if (this.#pass) throw busy();
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const before = this.#last;
    this.#pass = true;
    this.#last = held;
    await before;
    return () => {
      this.#pass = false;
      release();
    };
  }
}

const busy = (): ModelError =>
  new ModelError({
    code: 'busy',
    where: 'training',
    message: 'A training pass is running.',
    hint: 'Stop it first.',
  });
