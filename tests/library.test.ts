// The README's library example, run: review by a program, the gate, fine-tuning, and a smaller file of the same format.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { onThreads } from '../src/node/threads.ts';
import {
  chooseBackend,
  createNetwork,
  evaluate,
  fitTo,
  gateOf,
  MetaPruner,
  openModel,
  sampleDigits,
  train,
  writeModel,
} from '../src/secateur.ts';

const bytes = readFileSync(new URL('../public/sample.onnx', import.meta.url));

describe('the library', () => {
  test('prunes what a program accepts, trains because something went, and writes a smaller file', async () => {
    const model = openModel(bytes, 'sample.onnx');
    const pruner = new MetaPruner(model.graph, { ratio: 0.5, criterion: 'l2', scope: 'global' });
    const [stem] = pruner.analysis.groups;
    for (const candidate of pruner.step({ interactive: true }))
      if (candidate.id === stem.id) candidate.reject('keep the stem');
      else candidate.accept();
    expect(pruner.lastStep?.pruned).toBe(true);

    const backend = await chooseBackend('wasm', onThreads(2));
    expect(backend.description).toContain('2 threads');
    const network = await createNetwork(pruner.graph, backend);
    const digits = sampleDigits({ train: 320, validation: 100, test: 100 });
    const data = fitTo(digits, pruner.graph.inputs);
    let batches = 0;
    const before = await evaluate(network, data.test);
    const events = train(network, data, { epochs: 1, learningRate: 0.01, gate: gateOf(pruner.lastStep) });
    for await (const { kind } of events) if (kind === 'batch') batches++;
    expect(batches).toBe(5);
    expect((await evaluate(network, data.test)).loss).toBeLessThan(before.loss);

    const smaller = writeModel({ ...model, graph: await network.readBack() });
    network.dispose();
    expect(smaller.length).toBeLessThan(bytes.length * 0.8);
    const again = new MetaPruner(openModel(smaller, 'smaller.onnx').graph);
    expect(again.analysis.params).toBe(pruner.analysis.params);
    expect(again.analysis.groups.find(({ id }) => id === stem.id)?.units).toBe(stem.units);
  });

  test('says whether a step did anything, and shuts the gate when it did not', async () => {
    const pruner = new MetaPruner(openModel(bytes, 'sample.onnx').graph, { ratio: 0 });
    expect(pruner.step()).toBe(false);
    const gate = gateOf(pruner.lastStep);
    expect(gate.open).toBe(false);
    expect(gate.message).toContain(pruner.lastStep?.reasons[0].message);
  });
});
