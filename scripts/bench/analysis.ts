// From bytes to groups: reference networks beside Torch-Pruning's graph and groups, growth with depth, and a decoder
// of seven billion parameters without its weights. `tsx analysis.ts NAME` is one first call, for a fresh process.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { analyse } from '../../src/analysis/analyse.ts';
import { openModel } from '../../src/formats/formats.ts';
import { createOnnx } from '../../src/formats/onnx/create.ts';
import { writeOnnx } from '../../src/formats/onnx/write.ts';
import type { Graph } from '../../src/graph/types.ts';
import { readShared } from '../../tests/shared.ts';
import { chain, decoder, denseStack, residualStack } from './synthetic.ts';
import { median, ms, Table, times } from './table.ts';
import { benchModels, materialise, reference } from './zoo.ts';

const groupsOf = (bytes: Uint8Array) => analyse(openModel(bytes, 'model.onnx').graph).groups;

/** With its weights where there is a time to compare with; elsewhere without, which analysis does not read either. */
const bytesOf = async (name: string): Promise<Uint8Array> =>
  name in reference ? materialise(name) : readShared(`zoo/${name}.onnx`);

export async function benchAnalysis(): Promise<void> {
  await benchNetworks();
  benchGrowth();
  benchDecoder();
}

async function benchNetworks(): Promise<void> {
  const table = new Table('Bytes in memory → groups, beside Torch-Pruning: graph and groups', [
    'network',
    'groups',
    'cold',
    'warm',
    'reference',
    'ahead',
  ]);
  for (const name of benchModels()) {
    const bytes = await bytesOf(name);
    const warm = median(() => groupsOf(bytes), 15);
    const cold = inFreshProcess(name).took;
    const other = reference[name]?.groups;
    table.row([
      name,
      String(groupsOf(bytes).length),
      ms(cold),
      ms(warm),
      ms(other),
      times(other && other / warm),
    ]);
  }
}

function benchGrowth(): void {
  const depths = [100, 1_000, 10_000];
  const table = new Table('Graph → groups by number of layers', [
    'stack',
    ...depths.flatMap((depth) => [depth.toLocaleString('en'), 'per layer']),
  ]);
  const stacks: Readonly<Record<string, (layers: number) => Graph>> = {
    chain,
    'residual stack': residualStack,
    'dense stack': denseStack,
  };
  for (const [name, build] of Object.entries(stacks)) {
    const cells = depths.flatMap((depth) => {
      const graph = build(depth);
      const took = median(() => analyse(graph), depth > 1_000 ? 3 : 7);
      return [ms(took), `${((1000 * took) / depth).toFixed(0)} µs`];
    });
    table.row([name, ...cells]);
  }
}

function benchDecoder(): void {
  const table = new Table('A decoder of 7 billion parameters, topology only', [
    '',
    'first call',
    'peak memory',
  ]);
  const { took, peak } = inFreshProcess('decoder');
  table.row(['bytes → groups', ms(took), `${(peak / 1024).toFixed(0)} MB`]);
}

// ---------------------------------------------------------------- the first call of a process

interface FirstCall {
  /** Milliseconds. */
  readonly took: number;
  /** Most memory the process ever held, in KiB. */
  readonly peak: number;
}

function inFreshProcess(name: string): FirstCall {
  const script = fileURLToPath(import.meta.url);
  const output = execFileSync(process.execPath, ['--import', 'tsx', script, name], { encoding: 'utf8' });
  return JSON.parse(output) as FirstCall;
}

async function firstCall(name: string): Promise<FirstCall> {
  const bytes = name === 'decoder' ? writeOnnx(createOnnx(decoder())) : await bytesOf(name);
  const start = performance.now();
  groupsOf(bytes);
  return { took: performance.now() - start, peak: process.resourceUsage().maxRSS };
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.log(JSON.stringify(await firstCall(process.argv[2])));
