// Images per second of a training step: ours beside tfjs's own layers on the same backend; WebAssembly, on which stock
// tfjs cannot train a convolution, beside its CPU backend, and on all threads beside one. Graphics backends have a bench
// of their own.

import { availableParallelism } from 'node:os';
import { forgetBackend } from '../../src/execution/backend.ts';
import { onThreads } from '../../src/node/threads.ts';
import { networks, ourRate, stockRate } from './rates.ts';
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
  await benchThreads(availableParallelism());
}

const ROUNDS = 3;

/** One and all take turns, so that a machine that is busy for a while slows both; of each, the best. */
async function benchThreads(all: number): Promise<void> {
  const head = ['network', 'batch', '1 thread', `${all} threads`, 'gain'];
  const table = new Table('A training step on WebAssembly: images per second', head);
  for (const name of Object.keys(networks) as (keyof typeof networks)[]) {
    const best = { one: 0, all: 0 };
    for (let round = 0; round < ROUNDS; round++)
      for (const [who, count] of [
        ['one', 1],
        ['all', all],
      ] as const) {
        await forgetBackend();
        best[who] = Math.max(best[who], await ourRate(name, 'wasm', 32, 4, onThreads(count)));
      }
    table.row([name, '32', best.one.toFixed(0), best.all.toFixed(0), times(best.all / best.one)]);
  }
}
