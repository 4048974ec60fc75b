// The contract of a step: what it proposes, how decisions are taken, when it cuts, what it says.

import { describe, expect, test } from 'vitest';
import type { Decision } from '../../src/pruning/candidate.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { chain, residual } from './networks.ts';

const two = () => new MetaPruner(chain([8, 12]), { ratio: 0.5 });
const outputs = (pruner: MetaPruner, layer: string) => pruner.graph.tensors.get(`${layer}.weight`)?.dims[0];

describe('step()', () => {
  test('prunes every layer and says so', () => {
    const pruner = two();
    expect(pruner.step()).toBe(true);
    expect([outputs(pruner, 'c0'), outputs(pruner, 'c1')]).toEqual([4, 6]);
    expect(pruner.lastStep).toMatchObject({
      step: 1,
      of: 1,
      pruned: true,
      reasons: [],
      accepted: ['c0.weight:0', 'c1.weight:0'],
    });
  });

  test('the report tells costs as analysis finds them afterwards', () => {
    const pruner = new MetaPruner(residual(16, [8, 8]), { ratio: 0.5 });
    const before = { params: pruner.analysis.params, macs: pruner.analysis.macs };
    pruner.step();
    expect(pruner.lastStep?.before).toMatchObject(before);
    expect(pruner.lastStep?.after).toMatchObject({
      params: pruner.analysis.params,
      macs: pruner.analysis.macs,
    });
  });

  test('removes the units that score lowest', () => {
    const pruner = two();
    const step = pruner.open();
    for (const { scores, indices } of step.candidates) {
      const gone = new Set(indices);
      const kept = [...scores].filter((_, unit) => !gone.has(unit));
      expect(Math.max(...indices.map((unit) => scores[unit]))).toBeLessThan(Math.min(...kept));
    }
  });

  test('leaves the graph it was given as it was', () => {
    const graph = chain([8, 12]);
    new MetaPruner(graph).step();
    expect(graph.tensors.get('c0.weight')?.dims).toEqual([8, 3, 3, 3]);
  });
});

describe('step({ interactive: true })', () => {
  test('yields candidates in graph order and cuts once, at the end', () => {
    const pruner = two();
    const seen: string[] = [];
    for (const candidate of pruner.step({ interactive: true })) {
      candidate.accept();
      seen.push(candidate.id);
      expect(outputs(pruner, 'c0')).toBe(8);
    }
    expect(seen).toEqual(['c0.weight:0', 'c1.weight:0']);
    expect([outputs(pruner, 'c0'), outputs(pruner, 'c1')]).toEqual([4, 6]);
    expect(pruner.lastStep?.pruned).toBe(true);
  });

  test('returns the flag when it is exhausted', () => {
    const steps = two().step({ interactive: true });
    let result = steps.next();
    while (!result.done) result = steps.next({ verdict: 'accepted' });
    expect(result.value).toBe(true);
  });

  test('a decision given to next() is for the candidate just yielded', () => {
    const pruner = two();
    const steps = pruner.step({ interactive: true });
    steps.next();
    steps.next({ verdict: 'rejected', reason: 'keep the stem' });
    expect(steps.next({ verdict: 'accepted' })).toEqual({ done: true, value: true });
    expect([outputs(pruner, 'c0'), outputs(pruner, 'c1')]).toEqual([8, 6]);
    expect(pruner.lastStep).toMatchObject({ accepted: ['c1.weight:0'], rejected: ['c0.weight:0'] });
  });

  test('a break cuts what was accepted so far', () => {
    const pruner = two();
    for (const candidate of pruner.step({ interactive: true })) {
      candidate.accept();
      break;
    }
    expect([outputs(pruner, 'c0'), outputs(pruner, 'c1')]).toEqual([4, 12]);
    expect(pruner.lastStep).toMatchObject({ pruned: true, accepted: ['c0.weight:0'] });
  });

  test('so does return()', () => {
    const pruner = two();
    const steps = pruner.step({ interactive: true });
    const first = steps.next();
    if (!first.done) first.value.accept();
    steps.return(false);
    expect(outputs(pruner, 'c0')).toBe(4);
    expect(pruner.lastStep?.pruned).toBe(true);
  });

  test('a break before any decision cuts nothing, and says why', () => {
    const pruner = two();
    for (const _ of pruner.step({ interactive: true })) break;
    expect(outputs(pruner, 'c0')).toBe(8);
    expect(pruner.lastStep).toMatchObject({ pruned: false, accepted: [], rejected: [] });
    expect(pruner.lastStep?.reasons[0]).toEqual({
      code: 'all-rejected',
      message: 'None of 2 proposals was accepted: 2 left undecided.',
    });
  });

  test('an error thrown into it cancels the step', () => {
    const pruner = two();
    const steps = pruner.step({ interactive: true });
    const first = steps.next();
    if (!first.done) first.value.accept();
    expect(() => steps.throw(new Error('closed'))).toThrow('closed');
    expect(outputs(pruner, 'c0')).toBe(8);
    expect(pruner.lastStep).toBeUndefined();
    expect(pruner.stepsMade).toBe(0);
  });

  test('skipped candidates are neither cut nor remembered', () => {
    const pruner = new MetaPruner(chain([8, 12]), { ratio: 0.5, steps: 2 });
    const first = [...pruner.step({ interactive: true })].map(({ indices }) => indices);
    expect(pruner.lastStep?.pruned).toBe(false);
    expect(pruner.rejected.size).toBe(0);
    const again = pruner.open().candidates;
    first.forEach((indices, i) => {
      for (const unit of indices) expect(again[i].indices).toContain(unit);
    });
  });

  test('units chosen by hand are cut instead of the proposed ones', () => {
    const pruner = two();
    const [first, second] = pruner.open().candidates;
    first.accept([7, 0, 0]);
    second.decide({ verdict: 'accepted', units: Uint8Array.of(3) });
    expect(pruner.current?.finish()).toBe(true);
    expect(pruner.lastStep?.removed.map(({ units }) => units)).toEqual([[0, 7], [3]]);
  });

  test.each<[string, readonly number[], string]>([
    ['all', [0, 1, 2, 3, 4, 5, 6, 7], 'a layer cannot be emptied'],
    ['unknown', [8], 'there is no unit 8'],
    ['fractional', [0.5], 'there is no unit 0.5'],
  ])('%s units are refused', (_, units, message) => {
    const [candidate] = two().open().candidates;
    expect(() => candidate.accept(units)).toThrow(message);
    expect(candidate.decision.verdict).toBe('undecided');
  });

  test('decisions can be changed until the step ends, not after', () => {
    const pruner = two();
    const step = pruner.open();
    const [first, second] = step.candidates;
    first.reject();
    first.accept();
    second.accept();
    second.skip();
    step.finish();
    expect([outputs(pruner, 'c0'), outputs(pruner, 'c1')]).toEqual([4, 12]);
    expect(() => first.reject()).toThrow('has ended');
  });
});

describe('an open step', () => {
  test('previews what the decisions so far would leave', () => {
    const pruner = two();
    const step = pruner.open();
    expect(step.preview()).toMatchObject({ params: pruner.analysis.params, macs: pruner.analysis.macs });
    for (const { id } of step.candidates) step.decide(id, { verdict: 'accepted' });
    const preview = step.preview();
    step.finish();
    expect(preview).toEqual(pruner.lastStep?.after);
  });

  test('each candidate tells what it saves alone', () => {
    const pruner = two();
    const [first] = pruner.open().candidates;
    first.accept();
    const { saves } = first;
    pruner.current?.finish();
    const { before, after } = pruner.lastStep!;
    expect(saves).toEqual({
      params: before.params - after.params,
      macs: before.macs - after.macs,
      bytes: before.bytes - after.bytes,
    });
  });

  test('cancelling it leaves no trace', () => {
    const pruner = two();
    const step = pruner.open();
    step.candidates[0].accept();
    step.candidates[1].reject();
    step.cancel();
    expect(step.finish()).toBe(false);
    expect(pruner).toMatchObject({ lastStep: undefined, stepsMade: 0, current: undefined, history: [] });
    expect(pruner.rejected.size).toBe(0);
    expect(pruner.step()).toBe(true);
  });

  test('ends once', () => {
    const pruner = new MetaPruner(chain([8]), { steps: 2 });
    const step = pruner.open();
    step.candidates[0].accept();
    expect([step.finish(), step.finish()]).toEqual([true, true]);
    expect(pruner.stepsMade).toBe(1);
  });

  test('keeps a second one from being opened', () => {
    const pruner = two();
    pruner.open();
    expect(() => pruner.step()).toThrow('still under way');
    expect(() => pruner.replaceWeights(pruner.graph)).toThrow('still under way');
  });

  test('names of candidates it does not have are refused', () => {
    const decision: Decision = { verdict: 'accepted' };
    expect(() => two().open().decide('c9.weight:0', decision)).toThrow('no candidate "c9.weight:0"');
  });

  test('candidates of the same structure know each other', () => {
    const step = new MetaPruner(residual(16, [8, 12, 8]), { ratio: 0.5 }).open();
    const inner = step.candidates.filter(({ id }) => id.startsWith('b'));
    expect(inner.map(({ alike }) => alike)).toEqual(inner.map(() => inner.map(({ id }) => id)));
    expect(new Set(inner.map(({ alike }) => alike)).size).toBe(1);
    expect(step.candidates.find(({ id }) => id.startsWith('stem'))?.alike).toEqual(['stem.weight:0']);
  });
});
