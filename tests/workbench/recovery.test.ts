// Nothing is lost: an engine that is gone in the middle of its work leaves a session that another goes on with.

import { describe, expect, it } from 'vitest';
import type { SessionState, TrainProgress } from '../../src/workbench/engine.ts';
import { type KeptChanges, MemoryStore, type SessionStore } from '../../src/workbench/keeping/store.ts';
import { createEngine, type LocalEngine } from '../../src/workbench/session.ts';
import { smallData, smallModel, stepOptions, trainOptions } from './small.ts';

interface Running {
  readonly engine: LocalEngine;
  state(): SessionState;
}

async function startEngine(store: SessionStore, checkpointSeconds = 0): Promise<Running> {
  const engine = createEngine({ store, checkpointSeconds });
  let present: SessionState | undefined;
  await engine.listen((state) => {
    present = state;
  });
  return { engine, state: () => present as SessionState };
}

async function pruned(store: SessionStore): Promise<Running> {
  const running = await startEngine(store);
  const { engine, state } = running;
  await engine.open(smallModel());
  await engine.openData(smallData());
  await engine.startStep(stepOptions());
  await engine.decideAll(state().step?.candidates.map(({ id }) => id) ?? [], { verdict: 'accepted' });
  await engine.applyStep();
  return running;
}

const drain = async (run: AsyncGenerator<TrainProgress>) => {
  for await (const _ of run);
};

/** Pulls until that many batches are done, and never again. */
async function pullBatches(run: AsyncGenerator<TrainProgress>, batches: number): Promise<void> {
  for (let seen = 0; seen < batches; ) {
    const { value, done } = await run.next();
    if (done) return;
    if (value.phase === 'training') seen++;
  }
}

const options = trainOptions({ epochs: 3 });

describe('a session that is kept', () => {
  it('goes on with the training pass that was cut off, to the very same weights and curve', async () => {
    const whole = await pruned(new MemoryStore());
    await drain(whole.engine.train(options));

    const store = new MemoryStore();
    const first = await pruned(store);
    await pullBatches(first.engine.train(options), 13);

    const second = await startEngine(store);
    expect(await second.engine.recover()).toBe(true);
    expect(second.state().interrupted).toMatchObject({ epochs: 3 });
    expect(second.state().data).toEqual(whole.state().data);
    await drain(second.engine.resume());
    expect(second.state().interrupted).toBeUndefined();
    expect(second.state().curve).toEqual(whole.state().curve);
    expect(second.state().log.map(({ kind }) => kind)).toEqual(whole.state().log.map(({ kind }) => kind));
    expect((await second.engine.exportModel()).bytes).toEqual((await whole.engine.exportModel()).bytes);
    await expect(second.engine.resume().next()).rejects.toMatchObject({ code: 'nothing-to-resume' });
  });

  it('begins a pass anew that was cut off before its first checkpoint', async () => {
    const store = new MemoryStore();
    const first = await startEngine(store, 3600);
    await first.engine.restore(await (await pruned(new MemoryStore())).engine.save());
    await pullBatches(first.engine.train(options), 5);

    const second = await startEngine(store);
    await second.engine.recover();
    await drain(second.engine.resume());
    expect(
      second
        .state()
        .curve.map(({ batch }) => batch)
        .slice(0, 3),
    ).toEqual([1, 2, 3]);
    expect(second.state().log.at(-1)).toMatchObject({ kind: 'training', outcome: 'completed' });
  });

  it('comes back with decisions, rejects and the schedule', async () => {
    const store = new MemoryStore();
    const first = await startEngine(store);
    await first.engine.open(smallModel());
    const twoSteps = stepOptions({ steps: 2 });
    await first.engine.startStep(twoSteps);
    const [a, b] = first.state().step?.candidates ?? [];
    await first.engine.decide(a.id, { verdict: 'accepted' });
    await first.engine.decide(b.id, { verdict: 'rejected', reason: 'not this one' });
    await first.engine.applyStep();
    await first.engine.startStep(twoSteps);
    const [next] = first.state().step?.candidates ?? [];
    await first.engine.decide(next.id, { verdict: 'accepted' });

    const second = await startEngine(store);
    await second.engine.recover();
    for (const key of ['step', 'rejected', 'costs', 'log', 'model', 'gate'] as const)
      expect(second.state()[key]).toEqual(first.state()[key]);
    expect(second.state().step).toMatchObject({ number: 2, of: 2 });
    expect(await second.engine.applyStep()).toBe(await first.engine.applyStep());
    expect((await second.engine.exportModel()).bytes).toEqual((await first.engine.exportModel()).bytes);
  });

  it('is nothing before a model was opened, and nothing after it was closed', async () => {
    const store = new MemoryStore();
    const first = await startEngine(store);
    expect(await first.engine.recover()).toBe(false);
    await first.engine.open(smallModel());
    await first.engine.close();
    expect(await (await startEngine(store)).engine.recover()).toBe(false);
  });

  it('says so when the store fails, once, and goes on', async () => {
    const broken: SessionStore = {
      load: async () => undefined,
      save: () => Promise.reject(new Error('The disk is full.')),
      clear: async () => {},
    };
    const { engine, state } = await startEngine(broken);
    await engine.open(smallModel());
    await engine.startStep(stepOptions());
    await engine.cancelStep();
    const notes = state().log.filter(({ kind }) => kind === 'note');
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatchObject({ message: expect.stringMatching(/not kept.*disk is full/) });
    expect(state().unkept?.message).toMatch(/not kept.*disk is full/);
  });

  it('never holds parts of two models, and holds everything as soon as there is room', async () => {
    const store = new RoomyStore();
    const { engine, state } = await startEngine(store);
    await engine.open(smallModel());
    const first = await store.load();
    store.full = true;
    await engine.open({ ...smallModel(), name: 'second.onnx' });
    await engine.startStep(stepOptions());
    await engine.decide(state().step?.candidates[0].id ?? '', { verdict: 'accepted' });
    expect(state().unkept).toBeDefined();
    expect(await store.load()).toEqual(first);

    store.full = false;
    await engine.applyStep();
    expect(state().unkept).toBeUndefined();
    const kept = await store.load();
    expect(kept?.original.file.name).toBe('second.onnx');
    expect(kept?.present).toBeDefined();
    expect(kept?.session.log).toEqual(state().log);
  });
});

/** Takes nothing while it is full. */
class RoomyStore extends MemoryStore {
  full = false;

  override async save(changes: KeptChanges): Promise<void> {
    if (this.full) throw new Error('The disk is full.');
    await super.save(changes);
  }
}
