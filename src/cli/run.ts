// A model's outputs for arrays in files: to compare it with another runtime, or with itself before a cut.

import { basename } from 'node:path';
import { chooseBackend } from '../execution/backend.ts';
import { createNetwork } from '../execution/network.ts';
import type { HostArray } from '../execution/types.ts';
import type { Graph } from '../graph/types.ts';
import { type Arguments, command } from './command.ts';
import { backendOf, computeFlags, threadsOf } from './computing.ts';
import { readBytes, readModel, writeBytes } from './files.ts';
import { readNpy, writeNpy } from './npy.ts';
import { usageError } from './parse.ts';
import { table } from './print.ts';

interface Run {
  readonly outputs: Readonly<Record<string, Output>>;
}

interface Output {
  readonly shape: readonly number[];
  readonly mean: number;
  readonly l2: number;
  /** The first values, row by row. */
  readonly first: readonly number[];
}

const SHOWN = 16;

export const runCommand = command({
  name: 'run',
  operands: 'MODEL',
  summary: 'Run a model once on arrays in NumPy files.',
  options: {
    input: {
      value: 'FILE.npy',
      multiple: true,
      help: 'one per input of the model, in its order, or as NAME=FILE.npy; in the layout of the model',
    },
    output: { short: 'o', value: 'FILE.npy', help: 'write the output; further ones go beside it, by name' },
    ...computeFlags,
  },
  run: async (args) => {
    const { model } = await readModel(args.operands[0]);
    const inputs = await readInputs(model.graph, args);
    const network = await createNetwork(model.graph, await chooseBackend(backendOf(args), threadsOf(args)));
    const found = await network.predict(inputs);
    network.dispose();
    const outputs = model.graph.outputs.map(({ name }) => [name, found[name]] as const);
    const path = args.text('output');
    if (path) await writeOutputs(path, outputs);
    return { outputs: Object.fromEntries(outputs.map(([name, output]) => [name, summarise(output)])) };
  },
  print: ({ outputs }: Run) =>
    table(
      ['output', 'shape', 'mean', 'l2', 'first values'],
      Object.entries(outputs).map(([name, { shape, mean, l2, first }]) => [
        name,
        shape.join('×'),
        mean.toPrecision(6),
        l2.toPrecision(6),
        first
          .slice(0, 4)
          .map((value) => value.toPrecision(4))
          .join('  '),
      ]),
    ),
});

async function readInputs(graph: Graph, args: Arguments): Promise<Record<string, HostArray>> {
  const names = graph.inputs.map(({ name }) => name);
  const given = args.all('input');
  const wanted = `${names.length === 1 ? 'one --input' : `${names.length} times --input`}: ${names.join(', ')}`;
  if (given.length !== names.length) throw usageError(`The model takes ${wanted}.`);
  const files = given.map((text, i) => {
    const name = names.find((candidate) => text.startsWith(`${candidate}=`));
    return name ? { name, path: text.slice(name.length + 1) } : { name: names[i], path: text };
  });
  if (new Set(files.map(({ name }) => name)).size !== names.length)
    throw usageError(`The model takes ${wanted}, each once.`);
  const arrays = files.map(
    async ({ name, path }) => [name, await readNpy(await readBytes(path), basename(path))] as const,
  );
  return Object.fromEntries(await Promise.all(arrays));
}

/** The first output under the path itself, `y.npy`; the others as `y.NAME.npy`. */
async function writeOutputs(path: string, outputs: readonly (readonly [string, HostArray])[]): Promise<void> {
  for (const [i, [name, output]] of outputs.entries()) {
    const own = i === 0 ? path : path.replace(/(\.npy)?$/, `.${name.replace(/[^\w.-]+/g, '_')}.npy`);
    await writeBytes(own, writeNpy(output));
  }
}

function summarise({ dims, data }: HostArray): Output {
  let sum = 0;
  let squares = 0;
  for (const value of data) {
    sum += value;
    squares += value * value;
  }
  return {
    shape: dims,
    mean: data.length === 0 ? 0 : sum / data.length,
    l2: Math.sqrt(squares),
    first: Array.from(data.subarray(0, SHOWN)),
  };
}
