// A reject sticks: not proposed again, and not owed by the others, until it is released.

import { describe, expect, test } from 'vitest';
import type { PrunerOptions } from '../../src/pruning/options.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { chain } from './networks.ts';

/** Makes a step in which the candidate of `layer` is rejected and the others accepted; what it had proposed. */
function rejecting(pruner: MetaPruner, layer: string, reason?: string): readonly number[] {
  let proposed: readonly number[] = [];
  for (const candidate of pruner.step({ interactive: true })) {
    if (candidate.id !== `${layer}.weight:0`) candidate.accept();
    else {
      proposed = candidate.original;
      candidate.reject(reason);
    }
  }
  return proposed;
}

const proposals = (pruner: MetaPruner) => {
  const step = pruner.open();
  const found = new Map(step.candidates.map(({ id, original }) => [id, original]));
  step.cancel();
  return found;
};

const options: PrunerOptions = { ratio: 0.5, steps: 3, scope: 'global' };

describe('rejected units', () => {
  test('are told beside what is proposed next', () => {
    const pruner = new MetaPruner(chain([16, 16, 16]), { ...options, scope: 'local' });
    const rejected = rejecting(pruner, 'c1');
    const step = pruner.open();
    const found = step.candidates.find(({ id }) => id === 'c1.weight:0');
    expect(found?.rejectedBefore).toEqual(rejected);
    expect(found?.indices.length).toBeGreaterThan(0);
    step.cancel();
  });

  test('are not proposed in later steps', () => {
    const pruner = new MetaPruner(chain([16, 16, 16]), options);
    const rejected = rejecting(pruner, 'c1', 'edges');
    expect(rejected.length).toBeGreaterThan(0);
    expect(pruner.rejected).toEqual(
      new Map([['c1.weight:0', [{ group: 'c1.weight:0', units: rejected, reason: 'edges' }]]]),
    );
    for (;;) {
      const proposed = proposals(pruner).get('c1.weight:0') ?? [];
      expect(proposed.filter((unit) => rejected.includes(unit))).toEqual([]);
      if (!pruner.step()) break;
    }
    const left = pruner.originalUnits('c1.weight:0');
    for (const unit of rejected) expect([...left]).toContain(unit);
  });

  test('do not come back on top of the next step', () => {
    const pruner = new MetaPruner(chain([16]), { ratio: 0.5, steps: 2 });
    const rejected = rejecting(pruner, 'c0');
    expect(rejected).toHaveLength(4);
    pruner.step();
    expect(pruner.lastStep?.removed[0].units).toHaveLength(4);
    expect(pruner.originalUnits('c0.weight:0')).toHaveLength(12);
  });

  test('do not push their quota to other layers', () => {
    const plain = new MetaPruner(chain([16, 16, 16]), options);
    const picky = new MetaPruner(chain([16, 16, 16]), options);
    plain.step();
    rejecting(picky, 'c1');
    plain.step();
    picky.step();
    const count = ({ lastStep }: MetaPruner) =>
      lastStep?.removed.reduce((n, { units }) => n + units.length, 0);
    expect(count(picky)).toBe(count(plain));
  });

  test('come back when they are released', () => {
    const pruner = new MetaPruner(chain([16]), { ratio: 0.5, steps: 2 });
    const rejected = rejecting(pruner, 'c0');
    pruner.release('c0.weight:0', rejected.slice(0, 1));
    expect(proposals(pruner).get('c0.weight:0')).toContain(rejected[0]);
    pruner.release('c0.weight:0');
    expect(pruner.rejected.size).toBe(0);
    expect(proposals(pruner).get('c0.weight:0')).toEqual(expect.arrayContaining([...rejected]));
  });

  test('are remembered by their first numbers, whatever goes around them', () => {
    const pruner = new MetaPruner(chain([16]), { ratio: 0.75, steps: 3 });
    pruner.step();
    const rejected = rejecting(pruner, 'c0');
    pruner.step();
    expect([...pruner.originalUnits('c0.weight:0')]).toEqual(expect.arrayContaining([...rejected]));
  });

  test('stay rejected under other options', () => {
    const pruner = new MetaPruner(chain([16]), { ratio: 0.25 });
    const rejected = rejecting(pruner, 'c0');
    pruner.configure({ ratio: 0.5, criterion: 'l1' });
    pruner.step();
    expect([...pruner.originalUnits('c0.weight:0')]).toEqual(expect.arrayContaining([...rejected]));
  });
});
