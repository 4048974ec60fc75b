// Every reason is reached for real, on the group and, where nothing went at all, on the whole step.

import { describe, expect, test } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import { ownCriterion } from '../../src/pruning/criteria/criteria.ts';
import type { PrunerOptions } from '../../src/pruning/options.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { whyNothing } from '../../src/pruning/report.ts';
import { branched, chain, sliced, withoutLayers } from './networks.ts';

const codes = (pruner: MetaPruner) =>
  pruner.lastStep?.reasons.map(({ code, group }) => (group ? `${group} ${code}` : code));

function nothing(graph = chain([8]), options: PrunerOptions = {}): MetaPruner {
  const pruner = new MetaPruner(graph, options);
  const before = pruner.graph;
  expect(pruner.step()).toBe(false);
  expect(pruner.graph).toBe(before);
  expect(pruner.lastStep?.pruned).toBe(false);
  return pruner;
}

describe('a step that removes nothing says why', () => {
  test('no-groups', () => {
    const pruner = nothing(withoutLayers());
    expect(codes(pruner)).toEqual(['no-groups']);
    expect(whyNothing(pruner.lastStep!)).toBe(
      'Nothing was pruned: This network has no channels that may go.',
    );
  });

  test('no-groups, with what holds the layers there are', () => {
    const b = new GraphBuilder('outputs');
    const x = b.input('x', 'float32', [1, 4]);
    b.output(b.node('MatMul', [x, b.tensor('w', 'float32', [4, 6])]));
    const why = () => nothing(b.graph()).lastStep?.reasons[0].message;
    expect(why()).toBe(
      'This network has no channels that may go: its only layer must stay because it is an output of the network.',
    );
    b.node('Softmax', [b.node('MatMul', [x, b.tensor('v', 'float32', [4, 3])])]);
    b.output(b.node('MatMul', [x, b.tensor('u', 'float32', [4, 2])]));
    expect(why()).toMatch(/: 2 of 3 layers must stay because it is an output of the network\.$/);
  });

  test('no-groups, with what kept them from being looked into', () => {
    const b = new GraphBuilder('inside');
    const branch = { kind: 'subgraph' as const, captures: ['x'] };
    const flag = b.input('flag', 'bool', []);
    b.output(b.node('If', [flag], { then_branch: branch, else_branch: branch }, { name: 'mode' }));
    expect(nothing(b.graph()).lastStep?.reasons[0].message).toBe(
      'This network has no channels that may go: "mode" (If) takes a branch that only its input decides; neither is followed.',
    );
  });

  test('quota-zero', () => {
    expect(codes(nothing(chain([8, 8]), { ratio: 0 }))).toEqual([
      'quota-zero',
      'c0.weight:0 quota-zero',
      'c1.weight:0 quota-zero',
    ]);
    const pruner = new MetaPruner(chain([8]), { ratio: 0.5, steps: 8 });
    expect([pruner.step(), pruner.step()]).toEqual([true, false]);
    expect(codes(pruner)).toEqual(['quota-zero', 'c0.weight:0 quota-zero']);
  });

  test('rounded-to-zero', () => {
    expect(codes(nothing(chain([12]), { ratio: 0.5, roundTo: 8 }))).toEqual([
      'rounded-to-zero',
      'c0.weight:0 rounded-to-zero',
    ]);
  });

  test('min-width, where the ranking asks for everything', () => {
    expect(codes(nothing(chain([8]), { ratio: 1 }))).toEqual(['min-width', 'c0.weight:0 min-width']);
  });

  test('min-width, where a layer is as narrow as it may be', () => {
    expect(codes(nothing(chain([8]), { ratio: 0.5, minWidth: 8 }))).toEqual([
      'min-width',
      'c0.weight:0 min-width',
    ]);
  });

  test('min-width, where a layer has one channel', () => {
    expect(codes(nothing(chain([1, 8]), { ratio: 0.5, ignore: ['c1'] }))).toEqual([
      'min-width',
      'c0.weight:0 min-width',
      'c1.weight:0 ignored',
    ]);
  });

  test('max-ratio', () => {
    const pruner = new MetaPruner(chain([8]), { ratio: 0.9, maxRatio: 0.25, steps: 2 });
    expect(pruner.step()).toBe(true);
    expect(pruner.step()).toBe(false);
    expect(codes(pruner)).toEqual(['max-ratio', 'c0.weight:0 max-ratio']);
  });

  test('ignored', () => {
    expect(codes(nothing(chain([8]), { ignore: ['c0'] }))).toEqual(['ignored', 'c0.weight:0 ignored']);
  });

  test('no-score', () => {
    expect(codes(nothing(chain([8]), { criterion: 'bn-scale' }))).toEqual([
      'no-score',
      'c0.weight:0 no-score',
    ]);
    expect(codes(nothing(chain([8]), { criterion: ownCriterion('mute', () => undefined) }))).toEqual([
      'no-score',
      'c0.weight:0 no-score',
    ]);
  });

  test('no-weights, where the file describes them only', () => {
    const graph = chain([8]);
    const bare = [...graph.tensors].map(([name, { dtype, dims }]) => [name, { name, dtype, dims }] as const);
    const pruner = nothing({ ...graph, tensors: new Map(bare) });
    expect(codes(pruner)).toEqual(['no-weights', 'c0.weight:0 no-weights']);
    expect(pruner.lastStep?.reasons.map(({ message }) => message)).toEqual([
      'The file brings no weights to score the only group by.',
      'c0.weight cannot be scored: the file brings no weights.',
    ]);
  });

  test('all-rejected, in this step', () => {
    const pruner = new MetaPruner(chain([8]));
    for (const candidate of pruner.step({ interactive: true })) candidate.reject('it is the stem');
    expect(pruner.lastStep?.reasons).toEqual([
      { code: 'all-rejected', message: 'The only proposal was not accepted: 1 was rejected.' },
      {
        code: 'all-rejected',
        group: 'c0.weight:0',
        message: '4 units of c0.weight were rejected: it is the stem.',
      },
    ]);
  });

  test('all-rejected, in steps before', () => {
    const everything = { ratio: 1, minWidth: 1 };
    const pruner = new MetaPruner(chain([4]), everything);
    for (let i = 0; i < 2; i++) {
      for (const candidate of pruner.step({ interactive: true })) candidate.reject();
      pruner.configure(everything);
    }
    expect(pruner.step()).toBe(false);
    expect(codes(pruner)).toEqual(['all-rejected', 'c0.weight:0 all-rejected']);
  });

  test('schedule-exhausted', () => {
    const pruner = new MetaPruner(chain([8]), { ratio: 0.5, steps: 2 });
    expect([pruner.step(), pruner.step(), pruner.step(), pruner.step()]).toEqual([true, true, false, false]);
    expect(pruner.lastStep).toMatchObject({ step: 3, of: 2, pruned: false });
    expect(pruner.lastStep?.reasons).toEqual([
      { code: 'schedule-exhausted', message: 'All 2 scheduled steps were made.' },
    ]);
    expect(pruner.graph.tensors.get('c0.weight')?.dims[0]).toBe(4);
  });
});

test('a step that removes something still says which groups were held back', () => {
  const pruner = new MetaPruner(chain([8, 12, 16]), { ratio: 0.5, ignore: ['c1'] });
  expect(pruner.step()).toBe(true);
  expect(codes(pruner)).toEqual(['c1.weight:0 ignored']);
});

const favourFirst = ownCriterion('first', ({ units }) =>
  Float64Array.from({ length: units }, (_, u) => u + 1),
);

test('a layer stays whole when nothing would be left of the part that another one reads', () => {
  const pruner = new MetaPruner(sliced(8, 4), { criterion: favourFirst, ratio: 0.5 });
  expect(pruner.step()).toBe(true);
  expect(codes(pruner)).toEqual(['stem.weight:0 min-width']);
  expect(analyse(pruner.graph).problems).toEqual([]);
});

test('a layer is not held for what another one would empty', () => {
  const pruner = new MetaPruner(branched(8, 6), { criterion: favourFirst, ratio: 0.5 });
  expect(pruner.step()).toBe(true);
  expect(codes(pruner)).toEqual(['stem.weight:0 min-width']);
  expect(pruner.graph.tensors.get('a.weight')?.dims).toEqual([4, 3, 3, 3]);
});

test('names that mean nothing in the network are told', () => {
  const pruner = new MetaPruner(chain([8]), { ignore: ['classifier'], layerRatios: { 'c0.weight': 0.25 } });
  expect(pruner.step()).toBe(true);
  expect(pruner.lastStep?.problems).toEqual([
    expect.objectContaining({ code: 'unmatched-name', where: 'classifier' }),
  ]);
});
