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
    const took = median(() => new MetaPruner(graph, { scope: 'global', ratio: 0.3 }, analysis).step(), 5);
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
  const machine = readBandwidth();
  for (const name of benchModels().slice(0, 4)) {
    const { graph } = openModel(await materialise(name), `${name}.onnx`);
    const kernels = kernelsOf(graph);
    const bytes = kernels.reduce((sum, { dims }) => sum + 4 * elementCount(dims), 0);
    const took = median(() => {
      for (const kernel of kernels) axisSums(kernel, [0, 1]);
    });
    const rate = bytes / took / 1e6;
    table.row([name, rate.toFixed(1), machine.toFixed(1), `${((100 * rate) / machine).toFixed(0)} %`]);
  }
}

const kernelsOf = (graph: Graph) =>
  [...graph.tensors.values()].filter(
    ({ dtype, dims, bytes }) => dtype === 'float32' && dims.length >= 2 && bytes,
  );

/** Gigabytes per second at which two large arrays are compared, which is as fast as one core reads. */
function readBandwidth(): number {
  const size = 256 << 20;
  const [a, b] = [Buffer.alloc(size, 1), Buffer.alloc(size, 1)];
  return (2 * size) / median(() => a.equals(b)) / 1e6;
}
