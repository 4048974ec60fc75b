// Images per second of a training step: ours beside tfjs's own layers on the same backend; WebAssembly, on which stock
// tfjs cannot train a convolution, beside its CPU backend. WebGPU runs in Chromium on the software adapter.

import { fileURLToPath } from 'node:url';
import { findChromium } from '../chromium.mjs';
import { inChromium } from '../in-chromium.ts';
import type * as Rates from './rates.ts';
import { type networks, ourRate, stockRate } from './rates.ts';
import { Table, times } from './table.ts';

export async function benchTraining(): Promise<void> {
  const table = new Table('A training step: images per second', [
    'network',
    'backend',
    'batch',
    'ours',
    'stock',
    'ahead',
  ]);
  const row = (network: string, backend: string, batch: number, ours: number, stock?: number) =>
    table.row([
      network,
      backend,
      String(batch),
      ours.toFixed(2),
      stock?.toFixed(2) ?? '',
      times(stock && ours / stock),
    ]);
  // Stock first: loading our backends registers our gradients for all of tfjs.
  const stock = await stockRate('cpu', 2, 1);
  row('ResNet-20', 'wasm', 32, await ourRate('ResNet-20', 'wasm', 32, 8), stock);
  row('ResNet-20', 'cpu', 2, await ourRate('ResNet-20', 'cpu', 2, 1), stock);
  for (const name of ['MobileNetV2-like', 'ViT block'] as const)
    row(name, 'wasm', 32, await ourRate(name, 'wasm', 32, 4));
  if (findChromium()) row('ResNet-20', 'webgpu', 8, ...(await onWebgpu(8)));
  else console.log('webgpu: left out, there is no Chromium on this machine');
}

/** Ours and stock, each on a page of its own. */
async function onWebgpu(batch: number): Promise<[number, number]> {
  const entry = fileURLToPath(new URL('./rates.ts', import.meta.url));
  const measure = async (ours: boolean) => {
    const browser = await inChromium<typeof Rates>(entry);
    const rate = ours
      ? await browser.call('ourRate', 'ResNet-20' satisfies keyof typeof networks, 'webgpu', batch, 4)
      : await browser.call('stockRate', 'webgpu', batch, 3);
    await browser.close();
    return rate;
  };
  return [await measure(true), await measure(false)];
}
