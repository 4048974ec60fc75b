// One global L2 step on every reference network beside Torch-Pruning's, and how near scoring comes to reading memory
// as fast as the machine can.

import { analyse } from '../../src/analysis/analyse.ts';
import { openModel } from '../../src/formats/formats.ts';
import { elementCount } from '../../src/graph/tensor.ts';
import type { Graph } from '../../src/graph/types.ts';
import { axisSums } from '../../src/pruning/criteria/axis-sums.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { median, ms, Table, times } from './table.ts';
import { benchModels, materialise, reference } from './zoo.ts';

export async function benchPruning(): Promise<void> {
  await benchSteps();
  await benchScoring();
}

async function benchSteps(): Promise<void> {
  const table = new Table('One global L2 step, ratio 0.3: rank, plan, cut', [
    'network',
    'parameters',
    'ours, warm',
    'reference',
    'ahead',
  ]);
  for (const name of benchModels()) {
    const { graph } = openModel(await materialise(name), `${name}.onnx`);
    const analysis = analyse(graph);
    const took = median(() => new MetaPruner(graph, { scope: 'global', ratio: 0.3 }, analysis).step(), 9);
    const other = reference[name]?.step;
    table.row([
      name,
      `${(analysis.params / 1e6).toFixed(1)} M`,
      ms(took),
      ms(other),
      times(other && other / took),
    ]);
  }
}

async function benchScoring(): Promise<void> {
  const table = new Table('L2 sums over every kernel, each byte read once', [
    'network',
    'GB/s',
    'memory GB/s',
    'share',
  ]);
  const readMemory = memoryReader(256 << 20);
  for (const name of benchModels().slice(0, 4)) {
    const { graph } = openModel(await materialise(name), `${name}.onnx`);
    const kernels = kernelsOf(graph);
    const bytes = kernels.reduce((sum, { dims }) => sum + 4 * elementCount(dims), 0);
    const took = median(() => {
      for (const kernel of kernels) axisSums(kernel, [0, 1]);
    }, 15);
    const rate = bytes / took / 1e6;
    const machine = readMemory.bytes / median(readMemory.once) / 1e6;
    table.row([name, rate.toFixed(1), machine.toFixed(1), `${((100 * rate) / machine).toFixed(0)} %`]);
  }
}

const kernelsOf = (graph: Graph) =>
  [...graph.tensors.values()].filter(
    ({ dtype, dims, bytes }) => dtype === 'float32' && dims.length >= 2 && bytes,
  );

/** Reads memory from end to end as fast as one core does: searches an array too large for any cache for what it lacks. */
function memoryReader(bytes: number): { readonly bytes: number; readonly once: () => number } {
  const array = Buffer.alloc(bytes, 1);
  return { bytes, once: () => array.indexOf(2) };
}
