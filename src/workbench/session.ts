// The engine in process: one session, its calls one after the other. What each call does is told in the file of its subject.

import type { Dataset } from '../training/types.ts';
import { Core, type EngineOptions } from './core.ts';
import type { Engine } from './engine.ts';
import { keeping } from './keeping/keeping.ts';
import { learning } from './learning/learning.ts';
import { opening } from './model/opening.ts';
import { goingBack } from './steps/going-back.ts';
import { stepping } from './steps/stepping.ts';

export type { EngineOptions } from './core.ts';

/** The engine of this process, which can also be given data that no file holds. */
export interface LocalEngine extends Engine {
  /** @throws ModelError when it does not fit the model */
  giveDataset(dataset: Dataset): Promise<void>;
}

export function createEngine(options: EngineOptions = {}): LocalEngine {
  const core = new Core(options);
  return {
    listen: async (listener) => core.board.listen(listener),
    ...opening(core),
    ...stepping(core),
    ...goingBack(core),
    ...learning(core),
    ...keeping(core),
  };
}
