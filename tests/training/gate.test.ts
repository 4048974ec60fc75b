// The one rule, with a real pruner: no training, distilling, re-estimating or reconstructing after a step that removed
// nothing, and the reason is told.

import { describe, expect, test } from 'vitest';
import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import { toFloat32 } from '../../src/graph/tensor.ts';
import type { PrunerOptions } from '../../src/pruning/options.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { gateOf } from '../../src/training/gate.ts';
import { train } from '../../src/training/loop.ts';
import { reestimateBatchNorm } from '../../src/training/recovery/batch-norm.ts';
import { distil } from '../../src/training/recovery/distil.ts';
import { reconstruct } from '../../src/training/recovery/reconstruct.ts';
import { runPass, tinyData, tinyGraph } from './tiny.ts';

const backend = await chooseBackend('wasm');
const data = tinyData(32, 16);

/** Steps that remove nothing, each for a reason of its own. */
const idle: [string, PrunerOptions, (pruner: MetaPruner) => void][] = [
  ['all-rejected', { ratio: 0.5, steps: 2 }, (pruner) => rejectAll(pruner)],
  ['quota-zero', { ratio: 0 }, (pruner) => pruner.step()],
  ['max-ratio', { ratio: 0.5, maxRatio: 0 }, (pruner) => pruner.step()],
  ['ignored', { ratio: 0.5, ignore: ['*'] }, (pruner) => pruner.step()],
  ['rounded-to-zero', { ratio: 0.5, roundTo: 16 }, (pruner) => pruner.step()],
  ['no-score', { ratio: 0.5, criterion: 'bn-scale', ignore: ['first'] }, (pruner) => pruner.step()],
];

function rejectAll(pruner: MetaPruner): void {
  for (const candidate of pruner.step({ interactive: true })) candidate.reject('not this one');
}

describe.each(idle)('after a step that removed nothing (%s)', (code, options, act) => {
  const pruner = new MetaPruner(tinyGraph(), options);
  act(pruner);
  const gate = gateOf(pruner.lastStep);

  test('the gate is shut and says why', () => {
    expect(pruner.lastStep).toMatchObject({ pruned: false });
    expect(pruner.lastStep?.reasons.map((reason) => reason.code)).toContain(code);
    expect(gate.open).toBe(false);
    expect(gate.message).toMatch(/removed nothing, so no training follows/);
    expect(gate.message).toContain(pruner.lastStep?.reasons[0].message);
  });

  test('nothing that would change weights runs', async () => {
    const network = await createNetwork(pruner.graph, backend);
    const teacher = await createNetwork(tinyGraph({ seed: 2 }), backend);
    const before = await network.readBack();
    const passes = [train(network, data, { gate }), distil(network, teacher, data, { gate })];
    for (const pass of passes) {
      const { events, result } = await runPass(pass);
      expect(events).toEqual([]);
      expect(result).toMatchObject({ outcome: 'skipped', changed: false, message: gate.message });
    }
    const skipped = { changed: false, message: gate.message };
    expect(await reestimateBatchNorm(network, data.train, { gate })).toEqual(skipped);
    expect(await reconstruct(network, teacher, pruner, data.train, { gate })).toEqual(skipped);
    expect((await network.readBack()).tensors).toEqual(before.tensors);
    network.dispose();
    teacher.dispose();
  });
});

describe('the gate', () => {
  test('is open after a step that removed something, and training changes weights', async () => {
    const pruner = new MetaPruner(tinyGraph(), { ratio: 0.5 });
    expect(pruner.step()).toBe(true);
    const gate = gateOf(pruner.lastStep);
    expect(gate.open).toBe(true);
    const network = await createNetwork(pruner.graph, backend);
    const { result } = await runPass(train(network, data, { gate, batchSize: 16, keepBest: false }));
    expect(result).toMatchObject({ outcome: 'completed', changed: true });
    const trained = await network.readBack();
    expect(toFloat32(trained.tensors.get('first.weight')!)).not.toEqual(
      toFloat32(pruner.graph.tensors.get('first.weight')!),
    );
    network.dispose();
  });

  test('shuts again when the schedule is exhausted', () => {
    const pruner = new MetaPruner(tinyGraph(), { ratio: 0.5 });
    pruner.step();
    expect(pruner.step()).toBe(false);
    const [reason] = pruner.lastStep?.reasons ?? [];
    expect(reason.code).toBe('schedule-exhausted');
    expect(gateOf(pruner.lastStep)).toMatchObject({
      open: false,
      message: expect.stringContaining(reason.message),
    });
  });

  test('is open before any step: training a model as it was opened is a choice', () => {
    expect(gateOf(undefined).open).toBe(true);
  });
});
