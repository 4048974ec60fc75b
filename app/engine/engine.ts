// Starting the engine's worker for this tab. The name it gets is the tab's own across reloads, and the session's key.

import type { RemoteEngine } from '../../src/worker/client.ts';
import { type EngineWorker, type SteadyOptions, steadyEngine } from '../../src/worker/steady.ts';

const key = 'secateur.tab';

function tabName(): string {
  try {
    const known = sessionStorage.getItem(key);
    if (known) return known;
    const name = crypto.randomUUID();
    sessionStorage.setItem(key, name);
    return name;
  } catch {
    return crypto.randomUUID();
  }
}

function startWorker(): EngineWorker {
  const worker = new Worker(new URL('./engine.worker.ts', import.meta.url), {
    type: 'module',
    name: tabName(),
  });
  return { endpoint: worker, terminate: () => worker.terminate() };
}

/** The page's engine; `onLoss` is told when its worker died and another takes over. */
export const startEngine = (options: SteadyOptions = {}): RemoteEngine => steadyEngine(startWorker, options);
