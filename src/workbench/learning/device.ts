// Where a session computes: the backend a person chose or the best there is, started when it is first needed, started anew
// when its device was lost.

import { type BackendOptions, chooseBackend, forgetBackend } from '../../execution/backend.ts';
import { deviceLoss } from '../../execution/device-loss.ts';
import { createNetwork } from '../../execution/network.ts';
import type { Backend, BackendName, Network } from '../../execution/types.ts';
import type { Graph } from '../../graph/types.ts';
import { ModelError } from '../../lib/errors.ts';
import { Failure } from '../../lib/failure.ts';
import type { Board } from '../board.ts';

export class Device {
  readonly #board: Board;
  readonly #options: BackendOptions;
  #backend: Backend | undefined;
  /** Of the backend that was started last, until another is. */
  #loss: Failure | undefined;
  #forgetting: Promise<void> | undefined;

  constructor(board: Board, options: BackendOptions) {
    this.#board = board;
    this.#options = options;
  }

  /** @throws ModelError `no-backend` */
  async start(wanted: BackendName | 'auto'): Promise<Backend> {
    await this.#forgetting;
    const backend = await chooseBackend(wanted, this.#options);
    if (backend === this.#backend) return backend;
    this.#backend = backend;
    const loss = new Failure();
    this.#loss = loss;
    void deviceLoss(backend).then((why) => {
      loss.happen(lostError(why));
      if (this.#backend === backend) this.#forgetting = this.#forget();
    });
    const { name, description, passedOver } = backend;
    this.#board.set({ backend: { name, description, passedOver } });
    return backend;
  }

  /**
   * Uploads a graph, works with it and frees it.
   * @throws ModelError `device-lost` when the device vanishes while it works
   */
  async withNetwork<T>(
    graph: Graph,
    wanted: BackendName | 'auto',
    work: (network: Network) => Promise<T>,
  ): Promise<T> {
    const network = await createNetwork(graph, await this.start(wanted));
    try {
      return await this.orLost(() => work(network));
    } finally {
      discard(network);
    }
  }

  /**
   * The answer, or the failure that says that there will be none. A lost device is not asked: tfjs would go on with another
   * backend, which has none of the tensors.
   */
  async orLost<T>(ask: () => Promise<T>): Promise<T> {
    const loss = this.#loss;
    if (!loss) return ask();
    loss.assertNot();
    try {
      return await loss.beside(ask());
    } catch (error) {
      // What was under way on a dying device fails in ways of its own before the loss is told.
      if (!isDeviceLost(error)) await loss.beside(pause(TOLD_WITHIN));
      throw error;
    }
  }

  async #forget(): Promise<void> {
    this.#backend = undefined;
    await forgetBackend();
  }
}

/** Milliseconds; a busy machine tells late. */
const TOLD_WITHIN = 2000;

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Frees what the network holds; on a lost device there is nothing left to free. */
export function discard(network: Network): void {
  try {
    network.dispose();
  } catch {
    // The device is gone, and its memory with it.
  }
}

export const isDeviceLost = (error: unknown): boolean =>
  error instanceof ModelError && error.code === 'device-lost';

const lostError = (why: string): ModelError =>
  new ModelError({
    code: 'device-lost',
    where: 'graphics device',
    message: `The graphics device stopped working. ${why}`,
    hint: 'Try again, or choose another backend.',
  });
