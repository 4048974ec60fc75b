// Which of a group's members speaks for it where a criterion looks at one only (`first`): the layer that comes last in
// the network, as in Torch-Pruning, which names a group after the first layer met on its walk back from the output.

import type { Analysis } from '../../analysis/types.ts';
import { producersOf } from '../../graph/query.ts';
import type { GraphNode } from '../../graph/types.ts';

/**
 * Ranks of nodes on the walk back from the outputs: depth first, the last input first; a node takes its rank when
 * the first of its readers is visited.
 */
export function walkBack(analysis: Analysis): ReadonlyMap<number, number> {
  const { graph, known } = analysis;
  const producers = producersOf(graph);
  const ranks = new Map<number, number>();
  const meet = (node: GraphNode): void => {
    if (!ranks.has(node.id)) ranks.set(node.id, ranks.size);
  };
  for (const output of graph.outputs) {
    const visited = new Set<number>();
    const stack = [producers.get(output.name)];
    while (stack.length > 0) {
      const node = stack.pop();
      if (!node || visited.has(node.id)) continue;
      visited.add(node.id);
      meet(node);
      for (const name of node.inputs) {
        const producer = known.has(name) ? undefined : producers.get(name);
        if (!producer) continue;
        meet(producer);
        const product = biased(producer, producers);
        if (product) meet(product);
        stack.push(producer);
      }
    }
  }
  return ranks;
}

/** A matrix product and the addition of its bias are one layer. */
function biased(node: GraphNode, producers: ReadonlyMap<string, GraphNode>): GraphNode | undefined {
  if (node.op !== 'Add') return undefined;
  const operands = node.inputs.map((name) => producers.get(name));
  if (operands.filter((operand) => operand !== undefined).length !== 1) return undefined;
  return operands.find((operand) => operand?.op === 'MatMul');
}
