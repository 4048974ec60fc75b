// A pass holds after many steps what it held after a few, and what lasts stays where it is.

import { expect, it } from 'vitest';
import { heldAfter } from '../../scripts/bench/memory-in-browser.ts';
import { networks } from '../../scripts/bench/rates.ts';
import { assign } from '../../src/execution/assign.ts';
import { chooseBackend } from '../../src/execution/backend.ts';

it.each(Object.keys(networks) as (keyof typeof networks)[])('%s on WebAssembly', async (network) => {
  const [few, many] = await heldAfter('wasm', network, [5, 40]);
  expect(few.tensors).toBeGreaterThan(0);
  expect(many).toEqual(few);
});

it('a variable on WebAssembly stays in its place, unless someone keeps its old value', async () => {
  const { tf } = await chooseBackend('wasm');
  const backend = tf.backend() as unknown as { getMemoryOffset(dataId: object): number };
  const initial = tf.tensor1d([1, 2, 3]);
  const variable = tf.variable(initial);
  initial.dispose();
  const place = backend.getMemoryOffset(variable.dataId);

  assign(tf, variable, tf.tensor1d([4, 5, 6]));
  expect(backend.getMemoryOffset(variable.dataId)).toBe(place);
  expect([...variable.dataSync()]).toEqual([4, 5, 6]);

  const kept = tf.clone(variable);
  assign(tf, variable, tf.tensor1d([7, 8, 9]));
  expect([...variable.dataSync()]).toEqual([7, 8, 9]);
  expect([...kept.dataSync()]).toEqual([4, 5, 6]);
});
