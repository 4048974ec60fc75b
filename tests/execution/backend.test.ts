// Which backend one gets.

import { expect, it } from 'vitest';
import { chooseBackend } from '../../src/execution/backend.ts';

it('is the best one for "auto", whatever was picked by hand before', async () => {
  const byHand = await chooseBackend('cpu');
  expect(byHand.name).toBe('cpu');
  const best = await chooseBackend('auto');
  expect(best.name).toBe('wasm');
  expect(best.tf.getBackend()).toBe('wasm');
  expect(best.passedOver.map(({ name }) => name)).toEqual(['webgpu', 'webgl']);
  expect(await chooseBackend('auto')).toBe(best);
});

it('stays the one that was asked for last, whatever becomes of one asked for before', async () => {
  const refused = chooseBackend('webgpu');
  const chosen = chooseBackend('cpu');
  await expect(refused).rejects.toThrow('This machine cannot compute on webgpu: there is no WebGPU adapter.');
  expect(await chooseBackend('cpu')).toBe(await chosen);
});
