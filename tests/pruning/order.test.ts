// Which layer speaks for a group: the walk back from the outputs.

import { expect, test } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/types.ts';
import { walkBack } from '../../src/pruning/planning/order.ts';

/** A pool that nobody reads and that leaves its indices out, beside a Clip that leaves its lower bound out. */
function withOmissions(): Graph {
  const b = new GraphBuilder('omissions');
  const x = b.input('x', 'float32', [1, 2, 4, 4]);
  b.nodeWithOutputs('MaxPool', [x], 2, { kernel_shape: [2, 2] }, { name: 'aside' });
  const clipped = b.node('Clip', [x, '', b.tensor('six', 'float32', [], [6])], {}, { name: 'clip' });
  const graph = b.output(clipped).graph();
  const nodes = graph.nodes.map((node) =>
    node.name === 'aside' ? { ...node, outputs: [node.outputs[0], ''] } : node,
  );
  return { ...graph, nodes };
}

test('an omitted output is not what an omitted input reads', () => {
  const graph = withOmissions();
  const ranks = walkBack(analyse(graph));
  expect(graph.nodes.filter(({ id }) => ranks.has(id)).map(({ name }) => name)).toEqual(['clip']);
});
