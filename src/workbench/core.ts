// What the calls of one engine share: the model, the step under review, the data, and whoever tells, keeps and computes.

import type { BackendOptions } from '../execution/backend.ts';
import type { Gate } from '../training/gate.ts';
import { Board } from './board.ts';
import type { SessionData } from './data/session-data.ts';
import { gateFor, type Standing } from './gate.ts';
import { Keeper } from './keeping/keeper.ts';
import { type Earlier, type KeptSession, MemoryStore, type SessionStore } from './keeping/store.ts';
import { Device } from './learning/device.ts';
import { lacks } from './missing.ts';
import type { OpenedModel } from './model/opened.ts';
import type { SessionState } from './state.ts';
import type { RecipeStep } from './steps/recipe.ts';
import type { Review } from './steps/review.ts';
import { Turns } from './turns.ts';

export interface EngineOptions extends BackendOptions {
  /** Where the session is kept. Default: in memory. */
  readonly store?: SessionStore | Promise<SessionStore>;
  /** Between two checkpoints of a running pass. Default 5. */
  readonly checkpointSeconds?: number;
  /** Steps that can be gone back to before; each keeps the weights of its time. Default 10. */
  readonly waysBack?: number;
}

/** A session without a model. */
export const emptyState: SessionState = { log: [], costs: [], curve: [], gate: gateFor({}), revision: 0 };

/** What is absent from a state unless something puts it there. */
export const clearedState = {
  model: undefined,
  data: undefined,
  step: undefined,
  rejected: undefined,
  interrupted: undefined,
  earlier: undefined,
} satisfies Partial<SessionState>;

export class Core {
  readonly board = new Board(emptyState);
  readonly turns = new Turns();
  readonly device: Device;
  readonly keeper: Keeper;
  readonly checkpointSeconds: number;
  readonly waysBack: number;
  model: OpenedModel | undefined;
  review: Review | undefined;
  data: SessionData | undefined;
  /** Applied so far. */
  steps: readonly RecipeStep[] = [];
  /** How things stood before each of the last steps that cut something. */
  earlier: readonly Earlier[] = [];

  constructor({
    store = new MemoryStore(),
    checkpointSeconds = 5,
    waysBack = 10,
    ...backend
  }: EngineOptions) {
    this.device = new Device(this.board, backend);
    this.keeper = new Keeper(store, this.board, () => this.#kept());
    this.checkpointSeconds = checkpointSeconds;
    this.waysBack = waysBack;
  }

  /** A call in its turn, with its name on the board while it runs. */
  task<T>(task: string, work: () => Promise<T>): Promise<T> {
    return this.turns.take(async () => {
      this.board.set({ busy: { task } });
      try {
        return await work();
      } finally {
        this.board.set({ busy: undefined });
      }
    });
  }

  /** @throws ModelError `no-model` */
  requireModel(): OpenedModel {
    if (this.model) return this.model;
    throw lacks.model();
  }

  /** @throws ModelError `no-model`, `no-step` */
  requireReview(): Review {
    this.requireModel();
    if (this.review) return this.review;
    throw lacks.step();
  }

  /** @throws ModelError `no-data-set` */
  requireData(): SessionData {
    if (this.data) return this.data;
    throw lacks.data();
  }

  /** What stands between the session and a pass that is asked for. */
  gate(asked: Pick<Standing, 'unpruned' | 'pass'> = {}): Gate {
    const { pruner, untrainable } = this.model ?? {};
    return gateFor({
      model: this.model !== undefined,
      untrainable,
      reviewing: this.review !== undefined,
      lastStep: pruner?.lastStep,
      ...asked,
    });
  }

  /** What the model has to say; `redrawn`: also that its picture is another. */
  modelState(redrawn = true): Partial<SessionState> {
    const model = this.requireModel();
    const { revision } = this.board.state;
    return {
      model: model.summary(),
      rejected: model.rejected(),
      gate: this.gate(),
      revision: redrawn ? revision + 1 : revision,
    };
  }

  #kept(): KeptSession | undefined {
    const { model, review, steps } = this;
    if (!model) return undefined;
    const { log, costs } = this.board.state;
    return {
      log,
      costs,
      pruner: model.pruner.save(),
      steps,
      ...(model.options ? { options: model.options } : {}),
      ...(review ? { review: review.decisions } : {}),
    };
  }
}
