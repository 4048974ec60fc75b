// What may go wrong at any time while answers are awaited: a worker that dies, a graphics device that is lost.

/**
 * A failure that many answers are awaited beside. A promise of it, raced against each of them, would hold every answer ever
 * awaited for as long as it lives itself.
 */
export class Failure {
  readonly #waiting = new Set<(error: unknown) => void>();
  #happened: { readonly error: unknown } | undefined;

  get happened(): boolean {
    return this.#happened !== undefined;
  }

  /** Rejects what is awaited now and from now on; the first failure counts. */
  happen(error: unknown): void {
    this.#happened ??= { error };
    for (const reject of this.#waiting) reject(this.#happened.error);
    this.#waiting.clear();
  }

  /** @throws the failure, once it has happened */
  assertNot(): void {
    if (this.#happened) throw this.#happened.error;
  }

  /** The answer, or the failure where that comes first. */
  beside<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#happened) reject(this.#happened.error);
      else this.#waiting.add(reject);
      void answer.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }
}
