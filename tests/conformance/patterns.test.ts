// Patterns of networks that the reference networks do not have: their groups, stated by hand, and the surgery law.

import { expect, test } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { patterns } from './patterns.ts';
import { expectLaw } from './random/law.ts';
import { Sketch } from './random/sketch.ts';

const OUTPUT = 'it is an output of the network';

test.each(patterns)('$title', async ({ build, groups, stays = {} }) => {
  for (const seed of [1, 2, 3]) {
    const net = new Sketch(seed);
    net.output(build(net));
    const graph = net.graph();
    const analysis = analyse(graph);
    expect(analysis.problems).toEqual([]);
    const found = analysis.groups.map(
      ({ kind, units, members }) =>
        `${kind} ${units}: ${members.map(({ tensor, axis }) => `${tensor} ${axis}`).join(', ')}`,
    );
    expect(found).toEqual(groups);
    const frozen = analysis.frozen.map(({ tensor, why }) => [tensor, why] as const);
    const others = frozen.filter(([tensor, why]) => why !== OUTPUT || tensor in stays);
    expect(Object.fromEntries(others)).toEqual(stays);
    if (groups.length > 0) expect(await expectLaw(graph, seed, { every: true })).toBeGreaterThan(0);
  }
});
