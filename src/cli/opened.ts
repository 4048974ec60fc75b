// An engine with a model in it, and what it tells.

import type { BackendOptions } from '../execution/backend.ts';
import type { SessionState } from '../workbench/engine.ts';
import { createEngine, type LocalEngine } from '../workbench/session.ts';
import { readModel, writeBytes } from './files.ts';

export interface Opened {
  readonly engine: LocalEngine;
  /** The present state. */
  state(): SessionState;
}

export async function openEngine(path: string, backend: BackendOptions = {}): Promise<Opened> {
  const { file, companions } = await readModel(path);
  const engine = createEngine({ waysBack: 0, ...backend });
  let present: SessionState | undefined;
  await engine.listen((state) => {
    present = state;
  });
  await engine.open(file, companions);
  return { engine, state: () => present as SessionState };
}

export interface Figures {
  readonly params: number;
  readonly macs: number;
}

/** Of the model as it is now. */
export function figuresOf({ costs }: SessionState): Figures {
  const { params, macs } = costs[costs.length - 1];
  return { params, macs };
}

/** @throws ModelError `file` */
export async function writeModel(path: string, engine: LocalEngine): Promise<void> {
  await writeBytes(path, (await engine.exportModel()).bytes);
}
