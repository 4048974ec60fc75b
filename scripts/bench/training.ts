// Images per second of a training step: ours beside tfjs's own layers on the same backend; WebAssembly, on which stock
// tfjs cannot train a convolution, beside its CPU backend. Graphics backends have a bench of their own.

import { ourRate, stockRate } from './rates.ts';
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
}
