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

/** What we hold ourselves to, in milliseconds once warm. */
const marks: Readonly<Record<string, number>> = { resnet50: 15, densenet121: 20, vit_b_16: 25 };
/** Calls after which the engine has compiled what is called: until then times go on falling. */
const WARM_UP = 30;
/** How much more the cost of a layer may grow from 100 layers to 10,000 than that of copying it. */
const GROWTH_MARK = 1.5;
/** Of the decoder: milliseconds of its first call, and the most memory of its process in MB. */
const DECODER_MARKS = { took: 2_000, peak: 500 };

const verdict = (value: number, mark: number | undefined, unit: string): string =>
  mark === undefined ? '' : `${value <= mark ? 'within' : 'BEYOND'} ${mark.toLocaleString('en')}${unit}`;

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
    'mark',
    'reference',
    'ahead',
  ]);
  for (const name of benchModels()) {
    const bytes = await bytesOf(name);
    const warm = median(() => groupsOf(bytes), 15, WARM_UP);
    const cold = inFreshProcess(name).took;
    const other = reference[name]?.groups;
    table.row([
      name,
      String(groupsOf(bytes).length),
      ms(cold),
      ms(warm),
      verdict(warm, marks[name], ' ms'),
      ms(other),
      times(other && other / warm),
    ]);
  }
}

/**
 * What any program pays per layer grows, too, once its data outgrow the caches and outlive young garbage: the engine's
 * own copy of the same graph, which looks at everything once, shows how much.
 */
function benchGrowth(): void {
  const table = new Table('Graph → groups by number of layers, and the growth of a plain copy of the graph', [
    'stack',
    ...depths.flatMap((depth) => [depth.toLocaleString('en'), 'per layer']),
    'growth',
    'copy grows',
    'beyond a copy',
    'mark',
  ]);
  const stacks: Readonly<Record<string, (layers: number) => Graph>> = {
    chain,
    'residual stack': residualStack,
    'dense stack': denseStack,
  };
  for (const [name, build] of Object.entries(stacks)) {
    const graphs = depths.map(build);
    const took = perLayer(graphs, analyse);
    const copied = perLayer(graphs, structuredClone);
    const beyond = growthOf(took) / growthOf(copied);
    table.row([
      name,
      ...took.flatMap((each, i) => [ms(each * depths[i]), `${(1000 * each).toFixed(0)} µs`]),
      times(growthOf(took)),
      times(growthOf(copied)),
      times(beyond),
      verdict(beyond, GROWTH_MARK, 'x'),
    ]);
  }
}

const depths = [100, 1_000, 10_000];

/** Milliseconds per layer at every depth, once warm. */
const perLayer = (graphs: readonly Graph[], work: (graph: Graph) => unknown): number[] =>
  graphs.map((graph, i) => median(() => work(graph), 7, 20_000 / depths[i]) / depths[i]);

const growthOf = (each: readonly number[]): number => each[each.length - 1] / each[0];

function benchDecoder(): void {
  const table = new Table('A decoder of 7 billion parameters, topology only', [
    '',
    'first call',
    'mark',
    'peak memory',
    'mark',
  ]);
  const { took, peak } = inFreshProcess('decoder');
  const megabytes = peak / 1024;
  table.row([
    'bytes → groups',
    ms(took),
    verdict(took, DECODER_MARKS.took, ' ms'),
    `${megabytes.toFixed(0)} MB`,
    verdict(megabytes, DECODER_MARKS.peak, ' MB'),
  ]);
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
