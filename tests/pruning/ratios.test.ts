// How many go, and from where: ratios, schedules, scopes, single layers, sets, limits, rounding.

import { describe, expect, test } from 'vitest';
import { ownCriterion } from '../../src/pruning/criteria/criteria.ts';
import { completed, type PrunerOptions } from '../../src/pruning/options.ts';
import { quotaOf, Ranking, roundedRemoval } from '../../src/pruning/planning/ranking.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { scheduleNames, schedules } from '../../src/pruning/schedule.ts';
import { chain, residual } from './networks.ts';

const widths = (pruner: MetaPruner) =>
  [...pruner.graph.tensors].flatMap(([name, { dims }]) => (/^c\d\.weight/.test(name) ? [dims[0]] : []));

/** Widths after every step of the schedule. */
function pruned(sizes: readonly number[], options: PrunerOptions): number[][] {
  const pruner = new MetaPruner(chain(sizes), options);
  return Array.from({ length: options.steps ?? 1 }, () => {
    pruner.step();
    return widths(pruner);
  });
}

/** Scores are the numbers of the units, plus what the layer's name says. */
const numbered = (offset: Record<string, number> = {}) =>
  ownCriterion('numbered', ({ name, units }) =>
    Float64Array.from({ length: units }, (_, unit) => unit + (offset[name] ?? 0)),
  );

describe('ratio and schedule', () => {
  test('the number to go is what is there less int(first · (1 - ratio))', () => {
    expect(quotaOf(10, 10, 0.5)).toBe(5);
    expect(quotaOf(7, 7, 0.5)).toBe(4);
    expect(quotaOf(8, 10, 0.5)).toBe(3);
    expect(quotaOf(4, 10, 0.5)).toBe(0);
    expect(quotaOf(10, 10, 0)).toBe(0);
  });

  test('one layer over several steps, from its first size', () => {
    expect(pruned([32], { ratio: 0.5, steps: 4 })).toEqual([[28], [24], [20], [16]]);
    expect(pruned([10], { ratio: 0.5, steps: 3 })).toEqual([[8], [6], [5]]);
  });

  test.each(scheduleNames)('%s goes from nothing to the ratio without falling', (name) => {
    const steps = Array.from({ length: 6 }, (_, step) => schedules[name](0.6, step, 5));
    expect(steps[0]).toBeCloseTo(0, 12);
    expect(steps[5]).toBeCloseTo(0.6, 12);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
  });

  test('a schedule of one’s own', () => {
    const schedule = (ratio: number, step: number) => (step === 1 ? 0 : ratio);
    expect(pruned([32], { ratio: 0.5, steps: 2, schedule })).toEqual([[32], [16]]);
  });

  test('new options count on from the network as it is, towards a ratio of the first one', () => {
    const pruner = new MetaPruner(chain([32]), { ratio: 0.25 });
    pruner.step();
    pruner.configure({ ratio: 0.5, steps: 2 });
    pruner.step();
    expect(widths(pruner)).toEqual([20]);
    pruner.step();
    expect(widths(pruner)).toEqual([16]);
    expect(pruner.step()).toBe(false);
  });

  test('a smaller ratio than was reached asks for nothing', () => {
    const pruner = new MetaPruner(chain([32]), { ratio: 0.5 });
    pruner.step();
    pruner.configure({ ratio: 0.25, steps: 2 });
    expect([pruner.step(), pruner.step()]).toEqual([false, false]);
    expect(widths(pruner)).toEqual([16]);
  });
});

describe('scopes', () => {
  test('local: every layer loses the ratio', () => {
    expect(pruned([8, 16], { ratio: 0.5 })).toEqual([[4, 8]]);
  });

  test('global: the lowest of all go', () => {
    const criterion = numbered({ 'c1.weight': 6 });
    expect(pruned([8, 8], { ratio: 0.5, scope: 'global', criterion })).toEqual([[1, 7]]);
  });

  test('global: a layer that would be emptied is left whole', () => {
    const criterion = numbered({ 'c1.weight': 100 });
    expect(pruned([8, 8], { ratio: 0.5, scope: 'global', criterion })).toEqual([[8, 8]]);
  });

  test('global: of equal scores the first go, and no more than were asked for', () => {
    const criterion = ownCriterion('flat', ({ units }) => new Float64Array(units));
    expect(pruned([8, 8], { ratio: 0.25, scope: 'global', criterion })).toEqual([[4, 8]]);
  });

  test('isomorphic: layers of the same structure compete', () => {
    const step = new MetaPruner(residual(16, [8, 12, 8]), { ratio: 0.5, scope: 'isomorphic' }).open();
    const scopes = new Map(step.candidates.map(({ id, scope }) => [id, scope]));
    expect(new Set(scopes.values()).size).toBe(2);
    expect(scopes.get('b0.a.weight:0')).toBe(scopes.get('b1.a.weight:0'));
  });

  test('a set shares one ratio', () => {
    const criterion = numbered({ 'c1.weight': 6 });
    const options = { ratio: 0, sets: [{ layers: ['c0', 'c1'], ratio: 0.5 }], criterion };
    expect(pruned([8, 8, 8], options)).toEqual([[1, 7, 8]]);
  });
});

describe('single layers', () => {
  test.each<[string, string]>([
    ['tensor', 'c1.weight'],
    ['beginning of a name', 'c1'],
    ['node', '/c1/Conv'],
    ['beginning of a node’s name', '/c1'],
    ['group', 'c1.weight:0'],
    ['pattern', '*1.wei*'],
  ])('ratio by %s', (_, name) => {
    expect(pruned([8, 8, 8], { ratio: 0.5, layerRatios: { [name]: 0.25 } })).toEqual([[4, 6, 4]]);
  });

  test('a beginning ends at a dot or slash', () => {
    const graph = chain([8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8]);
    const pruner = new MetaPruner(graph, { ratio: 0.5, ignore: ['c1'] });
    pruner.step();
    expect(pruner.graph.tensors.get('c1.weight')?.dims[0]).toBe(8);
    expect(pruner.graph.tensors.get('c10.weight')?.dims[0]).toBe(4);
  });

  test('a layer with a ratio of its own leaves the global ranking', () => {
    const options: PrunerOptions = {
      ratio: 0.5,
      scope: 'global',
      layerRatios: { c0: 0.25 },
      criterion: numbered({ 'c2.weight': 5 }),
    };
    expect(pruned([8, 8, 8], options)).toEqual([[6, 1, 7]]);
  });

  test('ignored by operator type', () => {
    expect(pruned([8, 8], { ratio: 0.5, ignore: ['Conv'] })).toEqual([[8, 8]]);
  });

  test('an ignored layer still loses inputs', () => {
    const pruner = new MetaPruner(chain([8, 8]), { ratio: 0.5, ignore: ['c1'] });
    pruner.step();
    expect(pruner.graph.tensors.get('c1.weight')?.dims).toEqual([8, 4, 3, 3]);
  });
});

describe('limits', () => {
  test('maxRatio caps every layer within one step, and the others make up for it', () => {
    const criterion = numbered({ 'c1.weight': 100 });
    const options: PrunerOptions = { ratio: 0.5, scope: 'global', criterion, maxRatio: 0.75 };
    expect(pruned([8, 8], options)).toEqual([[2, 6]]);
  });

  test('maxRatio counts from the first size over all steps', () => {
    expect(pruned([32], { ratio: 0.8, steps: 4, maxRatio: 0.5 })).toEqual([[25], [19], [16], [16]]);
  });

  test('minWidth keeps that many', () => {
    expect(pruned([8, 32], { ratio: 0.75, minWidth: 6 })).toEqual([[6, 8]]);
    expect(pruned([8], { ratio: 1, minWidth: 1 })).toEqual([[1]]);
  });
});

describe('rounding', () => {
  test('what remains is rounded down to a multiple', () => {
    expect(pruned([32, 24, 20], { ratio: 0.45, roundTo: 8 })).toEqual([[16, 8, 8]]);
  });

  test('the report tells what went for the rounding', () => {
    const pruner = new MetaPruner(chain([32]), { ratio: 0.45, roundTo: 8 });
    pruner.step();
    expect(pruner.lastStep?.removed[0].units).toHaveLength(16);
    expect(pruner.lastStep?.removed[0].rounding).toBe(1);
  });

  test('never more than asked plus the rounding, never everything', () => {
    for (let units = 2; units < 40; units++)
      for (let asked = 1; asked < units; asked++)
        for (const multiple of [1, 2, 4, 8, 16]) {
          const removed = roundedRemoval(units, asked, multiple, units);
          expect(removed).toBeLessThan(asked + multiple);
          expect(removed).toBeLessThan(units);
          if (removed > 0) expect((units - removed) % multiple).toBe(0);
        }
  });

  test('where a limit forbids rounding down it is rounded up', () => {
    expect(roundedRemoval(32, 14, 8, 14)).toBe(8);
    expect(roundedRemoval(32, 14, 8, 32)).toBe(16);
    expect(roundedRemoval(20, 2, 8, 2)).toBe(0);
    expect(pruned([32], { ratio: 0.45, roundTo: 8, maxRatio: 0.47 })).toEqual([[24]]);
  });

  test('nothing is rounded where nothing is asked for', () => {
    expect(pruned([20], { ratio: 0, roundTo: 8 })).toEqual([[20]]);
  });
});

describe('ranking', () => {
  const entrant = (scores: number[], rest: { allowance?: number; barred?: number[] } = {}) => ({
    scores: Float64Array.from(scores),
    allowance: rest.allowance ?? scores.length,
    multiple: 1,
    ...(rest.barred
      ? { barred: Uint8Array.from(scores.keys(), (u) => Number(rest.barred?.includes(u))) }
      : {}),
  });

  test('not a number counts as largest', () => {
    const ranking = new Ranking([entrant([Number.NaN, 2, 1]), entrant([0, 3])]);
    expect(ranking.lowest(4)).toEqual([2, 2]);
    expect([...ranking.choice(0, 2).units]).toEqual([1, 2]);
  });

  test('barred units and those over the allowance do not compete', () => {
    const ranking = new Ranking([entrant([1, 2, 3], { allowance: 1 }), entrant([4, 0, 6], { barred: [1] })]);
    expect(ranking.lowest(2)).toEqual([1, 1]);
    expect(ranking.lowest(9)).toEqual([1, 2]);
  });

  test('never takes more than the quota, whatever the ties', () => {
    const ranking = new Ranking([entrant([1, 1, 1]), entrant([0, 1, 1]), entrant([1, 2])]);
    for (let quota = 0; quota <= 8; quota++)
      expect(ranking.lowest(quota).reduce((a, b) => a + b)).toBe(quota);
  });
});

describe('options', () => {
  test.each<[PrunerOptions, string]>([
    [{ ratio: 1.5 }, 'The option ratio is 1.5; it must be a number from 0 to 1.'],
    [{ ratio: Number.NaN }, 'The option ratio is NaN; it must be a number from 0 to 1.'],
    [{ steps: 0 }, 'The option steps is 0; it must be a whole number of at least 1.'],
    [{ roundTo: 2.5 }, 'The option roundTo is 2.5; it must be a whole number of at least 1.'],
    [{ layerRatios: { c0: -1 } }, 'The option layerRatios.c0 is -1; it must be a number from 0 to 1.'],
    [
      { scope: 'everywhere' as 'local' },
      'The option scope is "everywhere"; it must be one of local, global, isomorphic.',
    ],
    [{ criterion: 'best' }, 'There is no criterion called "best".'],
    [{ schedule: 'slow' as 'linear' }, 'There is no schedule called "slow".'],
    [
      { target: { of: 'macs', keep: 0 } },
      'The option target.keep is 0; it must be a fraction to keep, above 0 and at most 1.',
    ],
  ])('%o is refused', (options, message) => {
    expect(() => completed(options)).toThrow(message);
  });

  test('a criterion’s published reduction and normaliser hold unless others are given', () => {
    expect(completed({ criterion: 'lamp' }).normalizer).toBe('lamp');
    expect(completed({ criterion: 'lamp', normalizer: 'max' }).normalizer).toBe('max');
    expect(completed().reduction).toBe('mean');
  });
});
