// A pass holds after many steps what it held after a few.

import { expect, it } from 'vitest';
import { heldAfter } from '../../scripts/bench/memory-in-browser.ts';
import { networks } from '../../scripts/bench/rates.ts';

it.each(Object.keys(networks) as (keyof typeof networks)[])('%s on WebAssembly', async (network) => {
  const [few, many] = await heldAfter('wasm', network, [5, 40]);
  expect(few.tensors).toBeGreaterThan(0);
  expect(many).toEqual(few);
});
