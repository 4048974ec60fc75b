// Examples per second, as they are now: an average that forgets.

const MEMORY = 0.9;

export class Rate {
  #examples = 0;
  #milliseconds = 0;

  add(examples: number, milliseconds: number): void {
    this.#examples = this.#examples * MEMORY + examples;
    this.#milliseconds = this.#milliseconds * MEMORY + milliseconds;
  }

  get perSecond(): number | undefined {
    return this.#milliseconds > 0 ? (this.#examples / this.#milliseconds) * 1000 : undefined;
  }
}
