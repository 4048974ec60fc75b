// If nodes whose condition the sizes of the network decide: the branch that is taken takes the node's place. Exporters
// write them where they did not know a shape (is this axis of length 1, to be squeezed?). A condition that changes with
// the network's inputs or their sizes is not followed; Loop and Scan never are.

import { inlined } from '../graph/inline.ts';
import { isSubgraph } from '../graph/query.ts';
import type { Graph, GraphNode } from '../graph/types.ts';
import { Settled } from './settled.ts';
import type { Bindings } from './types.ts';

/** The graph with every branch in place that is taken whatever the input; the graph itself where there is none. */
export function followBranches(graph: Graph, bindings?: Bindings): Graph {
  let present = graph;
  // What follows one branch may decide the next.
  while (present.nodes.some(isIf)) {
    const taken = takenBranches(present, bindings);
    if (taken.size === 0) break;
    present = inlined(present, taken);
  }
  return present;
}

const isIf = ({ op, domain }: GraphNode): boolean => op === 'If' && domain === '';

/** By `GraphNode.id`. */
function takenBranches(graph: Graph, bindings: Bindings | undefined): Map<number, Graph> {
  const settled = new Settled(graph, bindings);
  const taken = new Map<number, Graph>();
  for (const { id, inputs, attributes } of graph.nodes.filter(isIf)) {
    const condition = settled.numbers(inputs[0])?.[0];
    if (condition === undefined) continue;
    const branch = attributes[condition ? 'then_branch' : 'else_branch'];
    if (isSubgraph(branch) && branch.body) taken.set(id, branch.body);
  }
  return taken;
}
