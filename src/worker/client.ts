// The page's side: an `Engine` that lives in a worker. It behaves as the engine in process does: the same failures, states
// before answers, generators that stop when nobody pulls.

import { type Endpoint, type ProxyMethods, proxy, releaseProxy, wrap } from 'comlink';
import { ModelError, type Problem } from '../lib/errors.ts';
import { Failure } from '../lib/failure.ts';
import type { Engine, SessionState, TrainProgress } from '../workbench/engine.ts';
import {
  applyPatch,
  type CallArguments,
  type CallName,
  type CallResult,
  everyCall,
  type Host,
  handOver,
  type RemoteRun,
  type RunName,
  type Runs,
  type StatePatch,
  unwrap,
} from './protocol.ts';

export interface RemoteEngine extends Engine {
  /** Resolves when the worker died (killed, out of memory, failed to load); every open call rejects with the same problem. */
  readonly lost: Promise<Problem>;
}

/** The engine that `serve` offers at the other end of a worker or a port. */
export function remoteEngine(endpoint: Endpoint): RemoteEngine {
  // Every method of a host is asynchronous already; Comlink's own type of a remote would lose the generic one.
  const host = wrap<Host>(endpoint) as unknown as Host;
  const lost = watch(endpoint, host);
  const loss = new Failure();
  void lost.then((problem) => loss.happen(new ModelError(problem)));

  const call =
    <K extends CallName>(name: K) =>
    async (...args: CallArguments<K>): Promise<CallResult<K>> =>
      unwrap(await loss.beside(host.call(name, handOver(args))));

  async function* pull<K extends RunName>(
    name: K,
    args: Parameters<Runs[K]>,
  ): AsyncGenerator<TrainProgress, void, void> {
    const run = (await loss.beside(host.run(name, args))) as RemoteRun & ProxyMethods;
    let done = false;
    try {
      for (;;) {
        const result = unwrap(await loss.beside(run.next()));
        if (result.done) break;
        yield result.value;
      }
      done = true;
    } finally {
      if (!done && !loss.happened) await loss.beside(run.stop());
      run[releaseProxy]();
    }
  }

  return {
    lost,
    async listen(listener) {
      let state: SessionState | undefined;
      const receive = (patch: StatePatch) => {
        state = applyPatch(state, patch);
        listener(state);
      };
      await loss.beside(host.listen(proxy(receive)));
    },
    train: (options) => pull('train', [options]),
    resume: () => pull('resume', []),
    ...everyCall(call),
  };
}

/**
 * A dead worker sends no event. It does give back the Web Lock that it held: being granted that lock means it is gone.
 * Where there are no locks (an insecure origin, Node), only a worker that fails to load is noticed.
 */
function watch(endpoint: Endpoint, host: Host): Promise<Problem> {
  return new Promise((resolve) => {
    endpoint.addEventListener('error', (event) => {
      const message = 'message' in event && typeof event.message === 'string' ? event.message : '';
      resolve(lostProblem(message));
    });
    if (!globalThis.navigator?.locks) return;
    const name = `secateur-engine-${crypto.randomUUID()}`;
    void host.holdLock(name).then(() => navigator.locks.request(name, () => resolve(lostProblem(''))));
  });
}

const lostProblem = (detail: string): Problem => ({
  code: 'worker-lost',
  where: 'engine worker',
  message: detail ? `The engine stopped working: ${detail}` : 'The engine stopped working.',
  hint: 'It is started again with the last saved session.',
});
