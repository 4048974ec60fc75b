// An engine whose worker dies: another takes over, with the session, and a training pass goes on.

import type { Endpoint } from 'comlink';
import { afterEach, describe, expect, it } from 'vitest';
import type { Problem } from '../../src/lib/errors.ts';
import type { SessionState } from '../../src/workbench/engine.ts';
import { MemoryStore } from '../../src/workbench/keeping/store.ts';
import { createEngine } from '../../src/workbench/session.ts';
import { serve } from '../../src/worker/host.ts';
import { steadyEngine } from '../../src/worker/steady.ts';
import { smallData, smallModel, stepOptions, trainOptions } from '../workbench/small.ts';

/** A worker that is a channel: it can be killed, and its store outlives it as a browser's database does. */
class FakeWorkers {
  readonly store = new MemoryStore();
  started = 0;
  kill: () => void = () => {};

  readonly start = () => {
    this.started++;
    const { port1, port2 } = new MessageChannel();
    serve(createEngine({ store: this.store, checkpointSeconds: 0 }), port1);
    const complaints: ((event: Event) => void)[] = [];
    const close = () => {
      port1.close();
      port2.close();
    };
    this.kill = () => {
      close();
      for (const complain of complaints) complain(new Event('error'));
    };
    const endpoint: Endpoint = {
      postMessage: (message, transfer) => port2.postMessage(message, transfer ?? []),
      addEventListener: (type, listener) => {
        if (type === 'error') complaints.push(listener as (event: Event) => void);
        else port2.addEventListener(type, listener as EventListener);
      },
      removeEventListener: (type, listener) => port2.removeEventListener(type, listener as EventListener),
      start: () => port2.start(),
    };
    return { endpoint, terminate: close };
  };
}

describe('an engine that outlives its worker', () => {
  let workers: FakeWorkers;
  afterEach(() => workers.kill());

  async function started() {
    workers = new FakeWorkers();
    const losses: Problem[] = [];
    const engine = steadyEngine(workers.start, { onLoss: (problem) => losses.push(problem) });
    const seen: { state?: SessionState } = {};
    await engine.listen((state) => {
      seen.state = state;
    });
    return { engine, losses, state: () => seen.state as SessionState };
  }

  it('has its session again, tells of the loss, and fails the calls that were open', async () => {
    const { engine, losses, state } = await started();
    await engine.open(smallModel());
    await engine.startStep(stepOptions());
    const [first] = state().step?.candidates ?? [];
    await engine.decide(first.id, { verdict: 'accepted' });
    const before = state();
    const open = engine.evaluate('wasm');
    workers.kill();
    await expect(open).rejects.toMatchObject({ code: 'worker-lost' });
    expect(losses).toHaveLength(1);
    await engine.draw([]);
    expect(workers.started).toBe(2);
    expect(state().step).toEqual(before.step);
    expect(state().log).toEqual(before.log);
    expect(await engine.applyStep()).toBe(true);
  });

  it('tells its next state to a listener that failed at the one before', async () => {
    workers = new FakeWorkers();
    const engine = steadyEngine(workers.start, { onLoss: () => {} });
    let state: SessionState | undefined;
    let isFailing = false;
    await engine.listen((next) => {
      if (isFailing) throw new Error('not now');
      state = next;
    });
    await engine.open(smallModel());
    isFailing = true;
    await expect(engine.startStep(stepOptions())).rejects.toMatchObject({ message: 'not now' });
    isFailing = false;
    await engine.decideAll([], { verdict: 'accepted' });
    expect(state?.step?.candidates.length).toBeGreaterThan(0);
  });

  it('goes on training: whoever pulls notices a pause', async () => {
    const { engine, state } = await started();
    await engine.open(smallModel());
    await engine.openData(smallData());
    await engine.startStep(stepOptions());
    await engine.decideAll(state().step?.candidates.map(({ id }) => id) ?? [], { verdict: 'accepted' });
    await engine.applyStep();
    let batches = 0;
    let killed = false;
    for await (const { phase } of engine.train(trainOptions({ epochs: 3 }))) {
      if (phase !== 'training' || ++batches !== 12 || killed) continue;
      killed = true;
      workers.kill();
    }
    expect(workers.started).toBe(2);
    expect(state().log.at(-1)).toMatchObject({ kind: 'training', outcome: 'completed', epochs: 3 });
    const drawn = state().curve.filter(({ validationLoss }) => validationLoss === undefined);
    expect(drawn.map(({ batch }) => batch)).toEqual(drawn.map((_, i) => i + 1));
  });

  it('gives up when worker after worker dies', async () => {
    const { engine } = await started();
    for (let i = 0; i < 3; i++) {
      workers.kill();
      await Promise.resolve();
    }
    await expect(engine.lost).resolves.toMatchObject({ code: 'worker-lost' });
    await expect(engine.draw([])).rejects.toMatchObject({ code: 'worker-lost' });
    expect(workers.started).toBe(3);
  });
});
