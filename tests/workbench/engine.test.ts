// What every engine does, in process and behind a channel: one suite for both.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openModel } from '../../src/formats/formats.ts';
import { ModelError } from '../../src/lib/errors.ts';
import type { Engine, LogEntry, SessionState, TrainProgress } from '../../src/workbench/engine.ts';
import { packArchive, unpackArchive } from '../../src/workbench/keeping/archive.ts';
import { createEngine } from '../../src/workbench/session.ts';
import { remoteEngine } from '../../src/worker/client.ts';
import { serve } from '../../src/worker/host.ts';
import { smallData, smallModel, stepOptions, trainOptions } from './small.ts';

interface Started {
  readonly engine: Engine;
  readonly stop: () => void;
}

const kinds: Record<string, () => Started> = {
  'in process': () => ({ engine: createEngine(), stop: () => {} }),
  'behind a channel': () => {
    const { port1, port2 } = new MessageChannel();
    serve(createEngine(), port1);
    return {
      engine: remoteEngine(port2),
      stop: () => {
        port1.close();
        port2.close();
      },
    };
  },
};

describe.each(Object.entries(kinds))('an engine %s', (_, start) => {
  let engine: Engine;
  let stop: () => void;
  let state: SessionState;

  beforeEach(async () => {
    ({ engine, stop } = start());
    await engine.listen((next) => {
      state = next;
    });
  });
  afterEach(() => stop());

  const openSmall = () => engine.open(smallModel());
  const decideAll = (verdict: 'accepted' | 'rejected') =>
    engine.decideAll(state.step?.candidates.map(({ id }) => id) ?? [], { verdict });
  const prune = async (options = stepOptions()) => {
    await engine.startStep(options);
    await decideAll('accepted');
    return engine.applyStep();
  };
  const last = <K extends LogEntry['kind']>(kind: K) =>
    state.log.findLast((entry) => entry.kind === kind) as (LogEntry & { kind: K }) | undefined;
  const problemOf = async (answer: Promise<unknown>) => {
    const error = await answer.then(
      () => undefined,
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(ModelError);
    return error as ModelError;
  };

  it('begins empty, with the gate shut', () => {
    expect(state.model).toBeUndefined();
    expect(state.gate).toEqual({ open: false, message: 'Open a model first.' });
  });

  it('opens a model and tells what it is', async () => {
    await openSmall();
    expect(state.model).toMatchObject({ fileName: 'small.onnx', format: 'onnx', trainable: { ok: true } });
    expect(state.model?.groups.map(({ root, units }) => [root, units])).toEqual([
      ['conv1.weight', 8],
      ['conv2.weight', 12],
      ['classifier.weight', 4],
    ]);
    expect(state.costs).toHaveLength(1);
    expect(state.busy).toBeUndefined();
    const drawing = await engine.draw([]);
    expect(drawing.nodes.length).toBeGreaterThan(3);
  });

  it('refuses a wrong file with a problem, and keeps the model it has', async () => {
    await openSmall();
    const problem = await problemOf(
      engine.open({ name: 'cat.png', bytes: new TextEncoder().encode('\x89PNG\r\n\x1a\n') }),
    );
    expect(problem.where).toBe('cat.png');
    expect(problem.hint).toBeTruthy();
    expect(state.model?.fileName).toBe('small.onnx');
  });

  it('explains why two members go together', async () => {
    await openSmall();
    const members = state.model?.groups[0].members ?? [];
    const reader = members.findIndex(({ tensor }) => tensor === 'conv2.weight');
    const steps = await engine.explain(state.model?.groups[0].id ?? '', 0, reader);
    expect(steps.map(({ op }) => op)).toContain('BatchNormalization');
    expect((await problemOf(engine.explain('nothing', 0, 1))).code).toBe('unknown-group');
  });

  it('reviews a step: decisions are staged, can be undone, and price the outcome', async () => {
    await openSmall();
    await engine.startStep(stepOptions());
    const [first, second] = state.step?.candidates ?? [];
    expect(first).toMatchObject({ root: 'conv1.weight', units: 8, verdict: 'undecided' });
    expect(first.remove).toHaveLength(4);
    expect(first.scores).toHaveLength(8);
    const whole = state.model?.params ?? 0;
    expect(state.step?.preview.params).toBe(whole);
    await engine.decide(first.id, { verdict: 'accepted' });
    expect(state.step?.preview.params).toBe(whole - first.saves.params);
    await engine.decide(second.id, { verdict: 'rejected', reason: 'it is dear to me' });
    expect(state.step?.candidates[1]).toMatchObject({ verdict: 'rejected', reason: 'it is dear to me' });
    await engine.undo();
    expect(state.step?.candidates[1].verdict).toBe('undecided');
    expect(state.step?.decisions).toEqual([{ candidate: first.id, verdict: 'accepted' }]);
    await engine.decide(first.id, { verdict: 'accepted', units: [0] });
    expect(state.step?.candidates[0].chosen).toEqual([0]);
    expect(state.model?.params).toBe(whole);
    expect((await problemOf(engine.decide('nothing', { verdict: 'skipped' }))).code).toBe(
      'unknown-candidate',
    );
  });

  it('cuts what was accepted, says so, and exports the smaller model', async () => {
    await openSmall();
    const before = state.model?.params ?? 0;
    const { revision } = state;
    expect(await prune()).toBe(true);
    expect(state.step).toBeUndefined();
    expect(state.revision).toBeGreaterThan(revision);
    expect(last('step')).toMatchObject({ number: 1, pruned: true, removedUnits: 10, accepted: 2 });
    expect(state.model?.params).toBeLessThan(before);
    expect(state.costs.at(-1)).toMatchObject({ step: 1, params: state.model?.params });
    expect(state.gate.open).toBe(true);
    const file = await engine.exportModel();
    expect(file.name).toBe('small-pruned.onnx');
    const { tensors } = openModel(file.bytes, file.name).graph;
    expect(tensors.get('conv2.weight')?.dims).toEqual([6, 4, 3, 3]);
    const axes = await engine.provenance();
    const kept = axes.find(({ tensor, axis }) => tensor === 'conv1.weight' && axis === 0);
    expect(kept?.original).toHaveLength(4);
  });

  it('decides for several candidates at once, or for none', async () => {
    await openSmall();
    await engine.startStep(stepOptions());
    const [first, second] = state.step?.candidates ?? [];
    // The eight channels of the first layer, of which the second has twelve.
    const decision = { verdict: 'accepted', units: [10] } as const;
    const before = state.step;
    expect((await problemOf(engine.decideAll([second.id, first.id], decision))).code).toBe('bad-units');
    await engine.decide(second.id, { verdict: 'skipped' });
    await engine.undo();
    expect(state.step).toEqual(before);
  });

  it('cancels a step without a trace', async () => {
    await openSmall();
    await engine.startStep(stepOptions());
    await decideAll('accepted');
    await engine.cancelStep();
    expect(state.step).toBeUndefined();
    expect(last('step')).toBeUndefined();
    expect(state.gate.message).toMatch(/Nothing was pruned yet/);
    expect((await problemOf(engine.applyStep())).code).toBe('no-step');
  });

  it('trains nothing before a step, and nothing after one that removed nothing', async () => {
    await openSmall();
    await engine.openData(smallData());
    const pull = async () => {
      const seen: TrainProgress[] = [];
      for await (const progress of engine.train(trainOptions())) seen.push(progress);
      return seen;
    };
    expect(await pull()).toEqual([]);
    expect(last('training-skipped')?.message).toMatch(/Nothing was pruned yet/);
    await engine.startStep(stepOptions());
    await decideAll('rejected');
    expect(await engine.applyStep()).toBe(false);
    expect(state.gate.open).toBe(false);
    expect(await pull()).toEqual([]);
    expect(last('training-skipped')?.message).toMatch(/removed nothing.*2 proposals/);
    const forced: TrainProgress[] = [];
    for await (const progress of engine.train(trainOptions({ unpruned: true }))) forced.push(progress);
    expect(forced).toEqual([]);
    expect(last('training')).toBeUndefined();
  });

  it('does not propose again what was rejected, until it is released', async () => {
    await openSmall();
    await engine.startStep(stepOptions());
    const [first, second] = state.step?.candidates ?? [];
    await engine.decide(first.id, { verdict: 'rejected', reason: 'no' });
    await engine.decide(second.id, { verdict: 'accepted' });
    await engine.applyStep();
    expect(state.rejected).toEqual([{ group: first.id, root: 'conv1.weight', units: 4, reason: 'no' }]);
    await engine.startStep(stepOptions({ ratio: 0.4 }));
    const proposed = state.step?.candidates.find(({ id }) => id === first.id)?.original ?? [];
    expect(proposed.filter((unit) => first.original.includes(unit))).toEqual([]);
    if (state.step) await engine.cancelStep();
    await engine.release(first.id);
    expect(state.rejected).toEqual([]);
    await engine.startStep(stepOptions({ ratio: 0.5, seed: 1 }));
    expect(state.step?.candidates.map(({ id }) => id)).toContain(first.id);
  });

  it('ends a step without candidates at once, and says why', async () => {
    await openSmall();
    await engine.startStep(stepOptions({ ratio: 0 }));
    expect(state.step).toBeUndefined();
    expect(last('step')).toMatchObject({ pruned: false });
    expect(last('step')?.reasons[0].code).toBe('quota-zero');
  });

  it('trains after a cut: progress, curve, log, accuracy', async () => {
    await openSmall();
    await engine.openData(smallData());
    expect(state.data).toMatchObject({ examples: { test: 48 }, dims: [1, 8, 8] });
    await prune();
    const phases = new Set<string>();
    for await (const { phase } of engine.train(trainOptions({ epochs: 4 }))) phases.add(phase);
    expect([...phases]).toEqual(expect.arrayContaining(['backend', 'compiling', 'training', 'evaluating']));
    expect(state.backend?.name).toBe('wasm');
    expect(state.curve.length).toBeGreaterThan(20);
    expect(state.curve.map(({ batch }) => batch)).toEqual(
      [...state.curve.map(({ batch }) => batch)].sort((a, b) => a - b),
    );
    expect(state.curve.some(({ validationAccuracy }) => validationAccuracy !== undefined)).toBe(true);
    const entry = last('training');
    expect(entry).toMatchObject({ outcome: 'completed', epochs: 4 });
    expect(entry?.accuracyAfter).toBeGreaterThan(Math.max(0.9, entry?.accuracyBefore ?? 1));
    expect(state.costs.at(-1)?.accuracy).toBe(entry?.accuracyAfter);
    const evaluated = await engine.evaluate('wasm');
    expect(evaluated).toMatchObject({ accuracy: entry?.accuracyAfter, examples: 48 });
    expect(state.gate.open).toBe(true);
  });

  it('stops within one batch, keeps what was learned, and refuses other work meanwhile', async () => {
    await openSmall();
    await engine.openData(smallData());
    await prune();
    const before = await engine.exportModel();
    const run = engine.train(trainOptions({ epochs: 50 }));
    let batches = 0;
    for await (const { phase } of run) {
      if (phase === 'training' && ++batches === 3) {
        expect((await problemOf(engine.startStep(stepOptions()))).code).toBe('busy');
        break;
      }
    }
    expect(last('training')).toMatchObject({ outcome: 'stopped', epochs: 0 });
    expect(state.curve).toHaveLength(3);
    const after = await engine.exportModel();
    expect(after.bytes).not.toEqual(before.bytes);
    await engine.startStep(stepOptions({ ratio: 0.6 }));
    expect(state.step).toBeDefined();
  });

  it('collects evidence for criteria that need it, and says what is missing', async () => {
    await openSmall();
    const taylor = stepOptions({ criterion: 'taylor', backend: 'wasm', calibration: 16 });
    expect((await problemOf(engine.startStep(taylor))).code).toBe('no-data-set');
    await engine.openData(smallData());
    await engine.startStep(taylor);
    expect(state.step?.candidates.length).toBe(2);
    await decideAll('accepted');
    expect((await engine.tryOut({ examples: 20, backend: 'wasm' })).examples).toBe(20);
    expect((await problemOf(engine.startStep(taylor))).code).toBe('step-open');
  });

  it('tries out what the decisions would leave, which is what is measured once they are applied', async () => {
    await openSmall();
    await engine.openData(smallData());
    const whole = await engine.evaluate('wasm');
    await engine.startStep(stepOptions());
    await decideAll('accepted');
    const tried = await engine.tryOut({ examples: whole.examples, backend: 'wasm' });
    expect(tried.loss).not.toBe(whole.loss);
    await engine.applyStep();
    expect(await engine.evaluate('wasm')).toEqual(tried);
  });

  it('scores and trains a file whose equal vectors are one as a file where each layer has its own', async () => {
    const told = async (merged: boolean) => {
      await engine.open(smallModel({ widths: [8, 8], merged }));
      await engine.openData(smallData());
      await engine.startStep(stepOptions({ criterion: 'taylor', backend: 'wasm', calibration: 8 }));
      const scores = state.step?.candidates.map((candidate) => candidate.scores);
      await decideAll('accepted');
      await engine.applyStep();
      for await (const _ of engine.train(trainOptions({ seed: 3 })));
      await engine.open(await engine.exportModel());
      return { scores, ...(await engine.evaluate('wasm')) };
    };
    const own = await told(false);
    expect(own.accuracy).toBeGreaterThan(0.5);
    expect(await told(true)).toEqual(own);
  });

  it('repairs without labels, behind the same gate', async () => {
    await openSmall();
    await engine.openData(smallData());
    const options = { method: 'batch-norm', examples: 64, backend: 'wasm' } as const;
    expect(await engine.repair(options)).toMatchObject({ changed: false });
    await prune();
    expect(await engine.repair(options)).toMatchObject({ changed: true });
    expect(last('repair')).toMatchObject({ method: 'batch-norm', changed: true });
    expect(await engine.repair({ ...options, method: 'reconstruction' })).toMatchObject({ changed: true });
  });

  it('shows examples as pictures', async () => {
    await openSmall();
    await engine.openData(smallData());
    const pictures = await engine.sampleData(3);
    expect(pictures).toHaveLength(3);
    expect(pictures[0]).toMatchObject({ width: 8, height: 8 });
    expect(pictures[0].bytes).toHaveLength(8 * 8 * 4);
    expect(Math.max(...pictures[0].bytes)).toBe(255);
  });

  it('asks the network about the examples', async () => {
    await openSmall();
    await engine.openData(smallData());
    const answers = await engine.answers({ examples: 3, backend: 'wasm' });
    expect(answers).toHaveLength(3);
    const classes = state.data?.classes ?? [];
    for (const { outputs, label, right } of answers) {
      expect(outputs).toHaveLength(classes.length);
      expect(label).toBe(classes[outputs.indexOf(Math.max(...outputs))]);
      expect(right).toBeTypeOf('boolean');
    }
  });

  it('saves and restores: log, costs, curve, weights, data, the step under review', async () => {
    await openSmall();
    await engine.openData(smallData());
    await prune();
    for await (const _ of engine.train(trainOptions({ epochs: 1 })));
    await engine.startStep(stepOptions({ ratio: 0.6 }));
    const [first] = state.step?.candidates ?? [];
    await engine.decide(first.id, { verdict: 'accepted' });
    const saved = await engine.save();
    const before = state;
    const file = await engine.exportModel();

    await engine.close();
    expect(state.model).toBeUndefined();
    expect(state.log).toEqual([]);
    await engine.restore(saved);
    expect(state.log).toEqual(before.log);
    expect(state.costs).toEqual(before.costs);
    expect(state.curve).toEqual(before.curve);
    expect(state.gate).toEqual(before.gate);
    expect(state.model).toEqual(before.model);
    expect(state.data).toEqual(before.data);
    expect(state.step).toEqual(before.step);
    expect((await engine.exportModel()).bytes).toEqual(file.bytes);
    await engine.undo();
    expect(state.step?.candidates[0].verdict).toBe('undecided');
    expect((await problemOf(engine.restore(new Uint8Array([1, 2, 3])))).code).toBe('bad-session');
  });

  it('refuses a session whose parts are missing, and keeps the present one', async () => {
    await openSmall();
    const { description, files } = unpackArchive(await engine.save());
    const before = state;
    const without = (name: string) => {
      const { [name]: _, ...rest } = description as Record<string, unknown>;
      return packArchive({ description: rest, files });
    };
    const incomplete = [
      packArchive({ description, files: {} }),
      packArchive({ description: null, files }),
      packArchive({ description: { ...(description as object), companions: ['w.bin'] }, files }),
      ...['session', 'curve', 'original', 'companions'].map(without),
    ];
    for (const saved of incomplete) {
      expect((await problemOf(engine.restore(saved))).code).toBe('bad-session');
      expect(state.model).toEqual(before.model);
    }
  });
});
