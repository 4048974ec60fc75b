// Mean and deviation by hand: what the network gets, what is told, and what is kept.

import { expect, it } from 'vitest';
import type { SessionState } from '../../src/workbench/engine.ts';
import { MemoryStore, type SessionStore } from '../../src/workbench/keeping/store.ts';
import { createEngine } from '../../src/workbench/session.ts';
import { smallData, smallModel } from './small.ts';

async function startEngine(store: SessionStore) {
  const engine = createEngine({ store });
  let present: SessionState | undefined;
  await engine.listen((state) => {
    present = state;
  });
  return { engine, data: () => present?.data };
}

it('is taken, told, kept, and given up again', async () => {
  const store = new MemoryStore();
  const { engine, data } = await startEngine(store);
  await engine.open(smallModel());
  await engine.openData(smallData());
  expect(data()?.normalisation).toBeUndefined();
  const asStored = await engine.sampleData(2);
  const before = await engine.answers({ examples: 2, backend: 'wasm' });

  const normalisation = { mean: [0.5], deviation: [0.25] };
  await engine.normaliseData(normalisation);
  expect(data()?.normalisation).toEqual(normalisation);
  expect(await engine.answers({ examples: 2, backend: 'wasm' })).not.toEqual(before);
  expect(await engine.sampleData(2)).toEqual(asStored);

  const other = await startEngine(store);
  await other.engine.recover();
  expect(other.data()?.normalisation).toEqual(normalisation);

  await expect(engine.normaliseData({ mean: [0, 0, 0], deviation: [1, 1, 1] })).rejects.toMatchObject({
    code: 'wrong-normalisation',
  });
  expect(data()?.normalisation).toEqual(normalisation);
  await engine.normaliseData(undefined);
  expect(data()?.normalisation).toBeUndefined();
});
