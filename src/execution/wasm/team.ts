// A team of threads that run our kernels in one shared memory. Calls that write to different places go on a list;
// whoever is free takes the next one, the thread that asked included, and the asker goes on when all are done. Results
// never depend on who computed what. tfjs's own kernels stay on the asking thread.

import type { Exports } from './kernels/assembler.ts';

/** What a thread is handed when it starts. */
export interface ThreadSetup {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly list: SharedArrayBuffer;
}

export interface Thread {
  terminate(): unknown;
}

/** Starts a worker that calls `serveTeam` with the setup; resolves once the worker is about to. */
export type StartThread = (setup: ThreadSetup) => Promise<Thread>;

/** A kernel's number and arguments, in the order of its parameters. */
export type Call = readonly [kernel: string, ...args: number[]];

/** More gain little on the small images that networks are repaired with here. */
export const MOST_THREADS = 8;

/** Calls that fit on the list. */
const MOST_CALLS = 64;
/** Numbers of a call on the list: its kernel's and the arguments. */
const WIDTH = 24;
/** Words before the calls. */
const [ROUND, LEFT, UNDONE, FAILED] = [0, 1, 2, 3];
const HEAD_BYTES = 16;
/** After which a silent thread counts as lost, in milliseconds. */
const SILENCE = 30_000;
/** A thread that has not started after this many milliseconds is done without. */
const START_WITHIN = 20_000;

class CallList {
  readonly state: Int32Array<SharedArrayBuffer>;
  readonly calls: Float64Array<SharedArrayBuffer>;
  readonly kernels: readonly ((...args: number[]) => void)[];

  constructor(buffer: SharedArrayBuffer, kernels: Exports) {
    this.state = new Int32Array(buffer, 0, HEAD_BYTES / 4);
    this.calls = new Float64Array(buffer, HEAD_BYTES);
    this.kernels = Object.values(kernels);
  }

  /** Takes and makes calls until none are left. A call is taken by counting down, so a late comer finds none. */
  work(): void {
    for (;;) {
      const call = Atomics.sub(this.state, LEFT, 1) - 1;
      if (call < 0) return;
      const [kernel, ...args] = this.calls.subarray(call * WIDTH, (call + 1) * WIDTH);
      try {
        this.kernels[kernel](...args);
      } catch {
        Atomics.store(this.state, FAILED, 1);
      }
      if (Atomics.sub(this.state, UNDONE, 1) === 1) Atomics.notify(this.state, UNDONE);
    }
  }
}

/** The life of a thread: it sleeps until there is work, and ends when it is terminated. */
export function serveTeam({ module, memory, list: buffer }: ThreadSetup): never {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const list = new CallList(buffer, exports as unknown as Exports);
  let round = 0;
  for (;;) {
    Atomics.wait(list.state, ROUND, round);
    round = Atomics.load(list.state, ROUND);
    list.work();
  }
}

export class Team {
  #threads: readonly Thread[];
  readonly #list: CallList;
  readonly #numbers: ReadonlyMap<string, number>;

  private constructor(threads: readonly Thread[], list: CallList, kernels: Exports) {
    this.#threads = threads;
    this.#list = list;
    this.#numbers = new Map(Object.keys(kernels).map((name, i) => [name, i]));
  }

  /** @param count of threads, the calling one included; those that do not start are done without */
  static async start(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    kernels: Exports,
    count: number,
    startThread: StartThread,
  ): Promise<Team> {
    const list = new SharedArrayBuffer(HEAD_BYTES + MOST_CALLS * WIDTH * Float64Array.BYTES_PER_ELEMENT);
    const starting = Array.from({ length: count - 1 }, () => inTime(startThread({ module, memory, list })));
    const threads = (await Promise.all(starting)).filter((thread) => thread !== undefined);
    return new Team(threads, new CallList(list, kernels), kernels);
  }

  /** Threads that compute, this one included. */
  get size(): number {
    return this.#threads.length + 1;
  }

  /**
   * Makes all calls, which must write to different places.
   * @throws Error where a call or a thread failed; the team is then one thread
   */
  run(calls: readonly Call[]): void {
    for (let first = 0; first < calls.length; first += MOST_CALLS)
      this.#round(calls.slice(first, first + MOST_CALLS));
  }

  stop(): void {
    for (const thread of this.#threads) thread.terminate();
    this.#threads = [];
  }

  #round(calls: readonly Call[]): void {
    const { state, calls: rows } = this.#list;
    calls.forEach(([kernel, ...args], i) => {
      rows[i * WIDTH] = this.#numbers.get(kernel) as number;
      rows.set(args, i * WIDTH + 1);
    });
    Atomics.store(state, UNDONE, calls.length);
    Atomics.store(state, LEFT, calls.length);
    Atomics.add(state, ROUND, 1);
    Atomics.notify(state, ROUND);
    this.#list.work();
    this.#awaitOthers();
    if (Atomics.exchange(state, FAILED, 0) !== 0) throw this.#lost('A kernel failed on a thread');
  }

  #awaitOthers(): void {
    const { state } = this.#list;
    for (let undone = Atomics.load(state, UNDONE); undone > 0; undone = Atomics.load(state, UNDONE))
      if (Atomics.wait(state, UNDONE, undone, SILENCE) === 'timed-out')
        throw this.#lost('A thread fell silent');
  }

  #lost(what: string): Error {
    this.stop();
    return new Error(`${what}; WebAssembly goes on with one.`);
  }
}

/** The thread, or nothing where it fails or takes too long; one that comes too late is ended. */
async function inTime(starting: Promise<Thread>): Promise<Thread | undefined> {
  let late = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      late = true;
      resolve(undefined);
    }, START_WITHIN);
  });
  const started = starting.then(
    (thread) => {
      if (late) thread.terminate();
      return thread;
    },
    () => undefined,
  );
  const first = await Promise.race([started, tooLate]);
  clearTimeout(timer);
  return first;
}
