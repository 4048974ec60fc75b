// Factors of an axis as groups of their own: heads and the dims in each, channel groups and the channels in each.

import { describe, expect, test } from 'vitest';
import type { PrunerOptions } from '../../src/pruning/options.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { attention, attentionByEinsum, grouped } from './networks.ts';

const dims = ({ graph }: MetaPruner, name: string) => graph.tensors.get(name)?.dims;
const kinds = (pruner: MetaPruner) => {
  const found = pruner.open().candidates.map(({ kind }) => kind);
  pruner.current?.cancel();
  return found;
};

describe('attention', () => {
  test('by default the same dims go in every head, and queries, keys and values stay equally wide', () => {
    const pruner = new MetaPruner(attention(24, 3), { ratio: 0.5 });
    pruner.step();
    expect(['q', 'k', 'v'].map((name) => dims(pruner, `${name}.weight`))).toEqual([
      [12, 12],
      [12, 12],
      [12, 12],
    ]);
    expect([...pruner.graph.tensors.values()].find(({ name }) => name === 'split')?.dims).toEqual([4]);
    const [left] = [...pruner.originalPositions('q.weight', 1)].map((position) => position % 8).slice(0, 4);
    expect(
      [...pruner.originalPositions('q.weight', 1)].filter((position) => position % 8 === left),
    ).toHaveLength(3);
    expect(pruner.originalPositions('v.weight', 1)).toEqual(pruner.originalPositions('q.weight', 1));
  });

  test('untied, values may keep other dims than queries and keys', () => {
    const pruner = new MetaPruner(attention(24, 3), { ratio: 0.5, tieHeadDims: false });
    expect(kinds(pruner).filter((kind) => kind === 'head-dims')).toHaveLength(2);
    pruner.step();
    expect(dims(pruner, 'q.weight')).toEqual([12, 12]);
  });

  test('whole heads on demand, at a ratio of their own', () => {
    const pruner = new MetaPruner(attention(32, 4), { ratio: 0, heads: true, headRatio: 0.5 });
    expect(kinds(pruner)).toEqual(['heads']);
    pruner.step();
    expect(dims(pruner, 'q.weight')).toEqual([32, 16]);
    const heads = new Set(
      [...pruner.originalPositions('q.weight', 1)].map((position) => Math.floor(position / 8)),
    );
    expect(heads.size).toBe(2);
  });

  test('heads and dims together', () => {
    const pruner = new MetaPruner(attention(32, 4), { ratio: 0.5, heads: true });
    pruner.step();
    expect(dims(pruner, 'v.weight')).toEqual([16, 8]);
  });

  test('neither', () => {
    const pruner = new MetaPruner(attention(32, 4), { ratio: 0.5, headDims: false });
    pruner.step();
    expect(dims(pruner, 'v.weight')).toEqual([16, 32]);
  });

  test.each<[string, PrunerOptions]>([
    ['dims', {}],
    ['heads', { heads: true, headDims: false }],
    ['both, each by itself', { heads: true, tieHeadDims: false, criterion: 'l1' }],
    ['both, among all layers', { heads: true, scope: 'global' }],
  ])('kernels that make heads and dims at once lose what flat ones lose: %s', (_, options) => {
    const removed = [attention(24, 3), attentionByEinsum(24, 3)].map((graph) => {
      const pruner = new MetaPruner(graph, { ratio: 0.5, ...options });
      pruner.step();
      return pruner.lastStep?.removed.map(({ group, units }) => [group.split(':')[0], [...units]]).sort();
    });
    expect(removed[1]).toEqual(removed[0]);
  });

  test('heads go on being counted after the first step', () => {
    const pruner = new MetaPruner(attention(32, 8), { ratio: 0, heads: true, headRatio: 0.5, steps: 2 });
    expect([pruner.step(), pruner.step(), pruner.step()]).toEqual([true, true, false]);
    expect(dims(pruner, 'q.weight')).toEqual([32, 16]);
    expect(pruner.originalPositions('q.weight', 1)).toHaveLength(16);
  });

  test('down to one head, whose dims then go on as they were', () => {
    const pruner = new MetaPruner(attention(16, 2), {
      ratio: 0.5,
      heads: true,
      steps: 2,
      schedule: (r) => r,
    });
    pruner.step();
    expect(dims(pruner, 'q.weight')).toEqual([8, 4]);
    expect(pruner.step()).toBe(false);
  });
});

describe('grouped convolution', () => {
  test('by default the same positions go in every channel group', () => {
    const pruner = new MetaPruner(grouped(24, 4), { ratio: 0.5 });
    expect(kinds(pruner)).toEqual(['channels-per-conv-group', 'channels-per-conv-group', 'channels']);
    pruner.step();
    expect(dims(pruner, 'grouped.weight')).toEqual([12, 3, 3, 3]);
    const positions = [...pruner.originalPositions('grouped.weight', 0)].map((position) => position % 6);
    expect(positions.slice(0, 3)).toEqual(positions.slice(9));
  });

  test('whole channel groups on demand', () => {
    const options = { ratio: 0, channelGroups: true, channelGroupRatio: 0.5, innerChannels: false };
    const pruner = new MetaPruner(grouped(24, 4), options);
    pruner.step();
    expect(dims(pruner, 'grouped.weight')).toEqual([12, 6, 3, 3]);
    expect(pruner.graph.nodes.find(({ name }) => name === '/grouped/Conv')?.attributes.group).toBe(2);
  });

  test('rounding counts channels, not positions', () => {
    const pruner = new MetaPruner(grouped(32, 4), { ratio: 0.3, roundTo: 8 });
    pruner.step();
    expect(dims(pruner, 'grouped.weight')).toEqual([16, 4, 3, 3]);
  });
});
