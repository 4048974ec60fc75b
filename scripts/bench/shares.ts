// Where a training step on WebAssembly spends its time, and how near it comes to what the machine can multiply: the share of
// what our own matrix product reaches, measured beside it on the same single thread.

import { analyse } from '../../src/analysis/analyse.ts';
import { chooseBackend } from '../../src/execution/backend.ts';
import { runKernel } from '../../src/execution/own-kernels.ts';
import type { Backend } from '../../src/execution/types.ts';
import { networks, ourRate } from './rates.ts';
import { Table } from './table.ts';

const BATCH = 32;
const BATCHES = 6;
/** Kernels told by name; the others are summed up. */
const TOLD = 6;
/** Rows and columns of the matrices that are multiplied for the peak. */
const SQUARE = 512;

export async function benchShares(): Promise<void> {
  const backend = await chooseBackend('wasm');
  const names = Object.keys(networks) as (keyof typeof networks)[];
  const times = timed(backend);
  // Neighbours on the machine slow down now this, now that: the peak is the best that was seen all along.
  let peak = peakOf(backend);
  const rows: { name: keyof typeof networks; rate: number; split: string }[] = [];
  for (const name of names) {
    times.clear();
    const rate = await ourRate(name, 'wasm', BATCH, BATCHES);
    rows.push({ name, rate, split: split(times) });
    peak = Math.max(peak, peakOf(backend));
  }
  const table = new Table(
    `Convolutions and products of a training step on one thread; a large product reaches ${(peak / 1e9).toFixed(0)} GFLOP/s`,
    ['network', 'MFLOP/image', 'images/s', 'GFLOP/s', 'of peak'],
  );
  for (const { name, rate } of rows) {
    const flops = flopsOf(name);
    const reached = flops * rate;
    table.row([
      name,
      (flops / 1e6).toFixed(0),
      rate.toFixed(0),
      (reached / 1e9).toFixed(1),
      percent(reached / peak),
    ]);
  }
  console.log('\nTime in kernels\n');
  for (const { name, split } of rows) console.log(`${name}: ${split}`);
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

/** Floating-point operations per second of a large square product, at best. */
function peakOf({ tf }: Backend): number {
  const [a, b] = [0, 1].map(() => tf.randomUniform([1, SQUARE, SQUARE]));
  const runs = Array.from({ length: 12 }, () => {
    const start = performance.now();
    runKernel(tf, 'Product', { a, b }, { transposeA: false, transposeB: false })[0].dispose();
    return performance.now() - start;
  });
  tf.dispose([a, b]);
  return (2 * SQUARE ** 3) / (Math.min(...runs) / 1000);
}

/** Of an image's step: forward, and twice as many backward for the gradients of both factors. */
function flopsOf(name: keyof typeof networks): number {
  const graph = networks[name]();
  const products = new Set(
    graph.nodes.filter(({ op }) => ['Conv', 'MatMul', 'Gemm'].includes(op)).map(({ id }) => id),
  );
  const macs = analyse(graph)
    .costs.filter(({ node }) => products.has(node))
    .reduce((sum, cost) => sum + cost.macs, 0);
  return 3 * 2 * macs;
}

/** Milliseconds by kernel from now on; a kernel is done when it returns here. */
function timed({ tf }: Backend): Map<string, number> {
  const times = new Map<string, number>();
  let inside = 0;
  for (const kernel of tf.getKernelsForBackend('wasm')) {
    tf.unregisterKernel(kernel.kernelName, 'wasm');
    tf.registerKernel({
      ...kernel,
      kernelFunc: (...args) => {
        const [start, before] = [performance.now(), inside];
        const result = kernel.kernelFunc(...args);
        const own = performance.now() - start - (inside - before);
        inside += own;
        times.set(kernel.kernelName, (times.get(kernel.kernelName) ?? 0) + own);
        return result;
      },
    });
  }
  return times;
}

function split(times: ReadonlyMap<string, number>): string {
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  const sorted = [...times].sort(([, a], [, b]) => b - a);
  const told = sorted.slice(0, TOLD);
  const others = sorted.slice(TOLD).reduce((sum, [, time]) => sum + time, 0);
  return [...told, ['others', others] as const]
    .map(([name, time]) => `${name} ${percent(time / total)}`)
    .join(', ');
}
