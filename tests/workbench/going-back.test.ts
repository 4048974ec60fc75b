// Back to before a step: the very same weights, quotas and rejects, in the engine that cut and in one that took over.

import { expect, it } from 'vitest';
import type { Engine, SessionState } from '../../src/workbench/engine.ts';
import { MemoryStore, type SessionStore } from '../../src/workbench/keeping/store.ts';
import { createEngine } from '../../src/workbench/session.ts';
import { smallData, smallModel, stepOptions, trainOptions } from './small.ts';

interface Running {
  readonly engine: Engine;
  state(): SessionState;
}

async function startEngine(store: SessionStore): Promise<Running> {
  const engine = createEngine({ store });
  let present: SessionState | undefined;
  await engine.listen((state) => {
    present = state;
  });
  return { engine, state: () => present as SessionState };
}

/** Rejects the first candidate and accepts the others. */
async function cut({ engine, state }: Running): Promise<boolean> {
  await engine.startStep(stepOptions({ steps: 3, ratio: 0.75 }));
  const [first, ...others] = state().step?.candidates.map(({ id }) => id) ?? [];
  await engine.decide(first, { verdict: 'rejected' });
  await engine.decideAll(others, { verdict: 'accepted' });
  return engine.applyStep();
}

async function trained({ engine }: Running): Promise<void> {
  for await (const _ of engine.train(trainOptions()));
}

const bytesOf = async ({ engine }: Running): Promise<Uint8Array> => (await engine.exportModel()).bytes;

it('undoes steps and what was learned since, exactly', async () => {
  const store = new MemoryStore();
  const running = await startEngine(store);
  const { engine, state } = running;
  await engine.open(smallModel());
  await engine.openData(smallData());
  const opened = await bytesOf(running);
  await cut(running);
  await trained(running);
  const between = { bytes: await bytesOf(running), rejected: state().rejected, costs: state().costs };
  await cut(running);
  const after = await bytesOf(running);
  await trained(running);
  const batches = state().curve.length;
  const [first, second] = state().earlier ?? [];

  const other = await startEngine(store);
  await other.engine.recover();
  expect(other.state().earlier).toEqual([first, second]);
  for (const each of [running, other]) {
    await each.engine.goBack(second);
    expect(await bytesOf(each)).toEqual(between.bytes);
    expect(each.state()).toMatchObject({
      rejected: between.rejected,
      costs: between.costs,
      earlier: [first],
      gate: { open: true },
    });
    expect(each.state().curve).toHaveLength(batches);
    expect(each.state().log.findLast(({ kind }) => kind === 'went-back')).toMatchObject({ to: second });
    expect(await cut(each)).toBe(true);
    expect(await bytesOf(each)).toEqual(after);
  }

  await engine.goBack(first);
  expect(await bytesOf(running)).toEqual(opened);
  expect(state()).toMatchObject({ earlier: [], rejected: [], gate: { open: false } });
  await expect(engine.goBack(first)).rejects.toMatchObject({ code: 'unknown-step' });
});

it('is in the saved file too', async () => {
  const running = await startEngine(new MemoryStore());
  await running.engine.open(smallModel());
  const opened = await bytesOf(running);
  await cut(running);
  const saved = await running.engine.save();

  const other = await startEngine(new MemoryStore());
  await other.engine.restore(saved);
  await other.engine.goBack(other.state().earlier?.[0] ?? -1);
  expect(await bytesOf(other)).toEqual(opened);
});

it('has to wait for the step under review', async () => {
  const running = await startEngine(new MemoryStore());
  await running.engine.open(smallModel());
  await cut(running);
  await running.engine.startStep(stepOptions({ steps: 3, ratio: 0.75 }));
  await expect(running.engine.goBack(1)).rejects.toMatchObject({ code: 'step-open' });
});
