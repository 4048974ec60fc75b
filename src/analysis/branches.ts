// If nodes whose condition the sizes of the network decide: the branch that is taken takes the node's place. Exporters
// write them where they did not know a shape (is this axis of length 1, to be squeezed?). A condition that changes with
// the network's inputs or their sizes is not followed; Loop and Scan never are.

import { inlined, isSubgraph } from '../graph/inline.ts';
import { wiringOf } from '../graph/query.ts';
import type { Graph, GraphNode } from '../graph/types.ts';
import { bindSymbols, inferTypes } from './fold.ts';
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
  const settled = settledNumbers(graph, bindSymbols(graph, bindings));
  const taken = new Map<number, Graph>();
  for (const { id, inputs, attributes } of graph.nodes.filter(isIf)) {
    const condition = settled(inputs[0]);
    if (condition === undefined) continue;
    const branch = attributes[condition ? 'then_branch' : 'else_branch'];
    if (isSubgraph(branch) && branch.body) taken.set(id, branch.body);
  }
  return taken;
}

/** Operators that hand sizes out: what they leave out may change. */
const selections = new Set(['Shape', 'Size', 'Gather', 'Slice']);

/**
 * The number a value holds at every size of the network's inputs; `undefined` where anything that it is computed from
 * changes with them, even if the number is the same at the sizes tried.
 */
function settledNumbers(graph: Graph, symbols: Record<string, number>): (name: string) => number | undefined {
  const other = Object.fromEntries(Object.entries(symbols).map(([symbol, size]) => [symbol, 2 * size + 1]));
  const [here, elsewhere] = [inferTypes(graph, symbols), inferTypes(graph, other)];
  const { producer } = wiringOf(graph);
  const isSettled = (name: string): boolean => {
    const known = here.known(name)?.values;
    if (!known || known.join() !== elsewhere.known(name)?.values.join()) return false;
    const node = producer(name);
    return !node || selections.has(node.op) || node.inputs.every((input) => input === '' || isSettled(input));
  };
  return (name) => (isSettled(name) ? here.known(name)?.values[0] : undefined);
}
