// A target instead of a ratio is met within one percent.

import { describe, expect, test } from 'vitest';
import type { PrunerOptions, TargetKind } from '../../src/pruning/options.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { chain, residual } from './networks.ts';

const wide = () => residual(64, [48, 64, 32, 64]);

describe('targets', () => {
  const kinds: TargetKind[] = ['params', 'macs', 'bytes'];
  const scopes: NonNullable<PrunerOptions['scope']>[] = ['local', 'global', 'isomorphic'];
  const rows = kinds.flatMap((of) =>
    scopes.flatMap((scope) => [0.75, 0.5, 0.2].map((keep) => ({ of, scope, keep }))),
  );

  test.each(rows)('$keep of the $of, $scope', ({ of, scope, keep }) => {
    const pruner = new MetaPruner(wide(), { target: { of, keep }, scope });
    expect(pruner.step()).toBe(true);
    const { before, after, problems, ratio } = pruner.lastStep!;
    expect(Math.abs(after[of] / (before[of] * keep) - 1)).toBeLessThan(0.01);
    expect(problems).toEqual([]);
    expect(ratio).toBeGreaterThan(0);
  });

  test('over several steps, each its share', () => {
    const pruner = new MetaPruner(wide(), { target: { of: 'macs', keep: 0.4 }, steps: 3 });
    const first = pruner.analysis.macs;
    const left = Array.from({ length: 3 }, () => {
      pruner.step();
      return pruner.analysis.macs / first;
    });
    for (const [i, share] of [0.8, 0.6, 0.4].entries())
      expect(Math.abs(left[i] / share - 1)).toBeLessThan(0.01);
    expect(pruner.step()).toBe(false);
  });

  test('is met around what was rejected', () => {
    const pruner = new MetaPruner(wide(), { target: { of: 'params', keep: 0.6 }, steps: 2 });
    const first = pruner.analysis.params;
    for (const candidate of pruner.step({ interactive: true }))
      if (candidate.id.startsWith('stem')) candidate.reject();
      else candidate.accept();
    pruner.step();
    expect(Math.abs(pruner.analysis.params / (first * 0.6) - 1)).toBeLessThan(0.01);
  });

  test('out of reach: comes as close as it can and says so', () => {
    const pruner = new MetaPruner(chain([8, 8]), { target: { of: 'macs', keep: 0.5 }, maxRatio: 0.125 });
    expect(pruner.step()).toBe(true);
    expect(pruner.lastStep?.problems.map(({ code }) => code)).toEqual(['target-missed']);
    expect(pruner.graph.tensors.get('c0.weight')?.dims[0]).toBe(7);
  });

  test('reached already: asks for nothing', () => {
    const pruner = new MetaPruner(wide(), { target: { of: 'macs', keep: 1 } });
    expect(pruner.step()).toBe(false);
    expect(pruner.lastStep?.reasons[0].code).toBe('quota-zero');
  });
});
