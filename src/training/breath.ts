// Long work in one thread must let the world in: messages (stop!), timers, an interrupt from the keyboard. Awaiting a
// result that is there already does not; only a turn of the event loop does.

/** Between two turns; a turn costs a browser up to four milliseconds. */
const MILLISECONDS = 100;

/** Awaited between batches: gives the event loop a turn when the last one is a while ago. */
export class Breath {
  private last = performance.now();

  async take(): Promise<void> {
    if (performance.now() - this.last < MILLISECONDS) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.last = performance.now();
  }
}
