// Files may state sizes that no memory holds, in few bytes: the analysis ends, and says what it does not follow.

import { expect, it } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/types.ts';

function endsWith(make: (b: GraphBuilder, x: string) => string): Graph {
  const b = new GraphBuilder('endless', { opset: 17 });
  const h = b.node('MatMul', [b.input('x', 'float32', [1, 3]), b.tensor('w', 'float32', [3, 4])]);
  return b.output(make(b, h)).graph();
}

const cases: Readonly<Record<string, Graph>> = {
  'an axis that is doubled again and again': endsWith((b, h) => {
    let x = h;
    for (let i = 0; i < 45; i++) x = b.node('Concat', [x, x], { axis: 1 });
    return x;
  }),
  'a constant of four billion channels': endsWith((b, h) =>
    b.node('Mul', [h, b.tensor('v', 'float32', [4e9, 1])]),
  ),
  'channels that are repeated a billion times': endsWith((b, h) =>
    b.node('Tile', [h, b.integers('r', [1, 1e9])]),
  ),
  'a list of a million positions': endsWith((b, h) => {
    const wide = b.node('Expand', [
      b.node('Reshape', [h, b.integers('column', [4, 1])]),
      b.integers('wide', [4, 1e6]),
    ]);
    const list = b.node('SplitToSequence', [wide], { axis: 1 });
    return b.node('SequenceAt', [list, b.tensor('first', 'int64', [], [0])]);
  }),
};

it.each(Object.keys(cases))('%s', (name) => {
  const { groups, problems, frozen } = analyse(cases[name]);
  expect(groups.map(({ root }) => root.tensor)).toEqual([]);
  expect(problems[0].message).toMatch(/are followed at most|does not know/);
  expect(frozen.map(({ tensor }) => tensor)).toEqual(['w']);
});
