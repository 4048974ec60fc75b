// What training holds on its backend after 5 steps and after 500: the same, if nothing leaks.

import { fileURLToPath } from 'node:url';
import type { BackendName } from '../../src/execution/types.ts';
import { findChromium } from '../chromium.mjs';
import { inChromium } from '../in-chromium.ts';
import type * as InBrowser from './memory-in-browser.ts';
import { heldAfter } from './memory-in-browser.ts';
import { networks } from './rates.ts';
import { Table } from './table.ts';

const STEPS = [5, 500];

export async function benchMemory(backends: readonly string[]): Promise<void> {
  const table = new Table(`Held after ${STEPS.join(' and after ')} training steps`, [
    'network',
    'backend',
    'tensors',
    'bytes',
    'of the backend',
    'flat',
  ]);
  const row = (network: string, backend: string, [few, many]: readonly InBrowser.Held[]) =>
    table.row([
      network,
      backend,
      `${few.tensors} ${many.tensors}`,
      `${few.bytes} ${many.bytes}`,
      `${few.backendBytes} ${many.backendBytes}`,
      JSON.stringify(few) === JSON.stringify(many) ? 'yes' : 'NO',
    ]);
  const entry = fileURLToPath(new URL('./memory-in-browser.ts', import.meta.url));
  for (const backend of backends as readonly BackendName[])
    for (const network of Object.keys(networks) as (keyof typeof networks)[]) {
      if (backend === 'wasm' || backend === 'cpu') {
        row(network, backend, await heldAfter(backend, network, STEPS));
      } else if (findChromium()) {
        const browser = await inChromium<typeof InBrowser>(entry);
        row(network, backend, await browser.call('heldAfter', backend, network, STEPS));
        await browser.close();
      }
    }
}
