// Nodes in an order in which each can be computed.

import { producersOf, readsOf } from '../../graph/query.ts';
import type { GraphNode } from '../../graph/types.ts';
import { ModelError } from '../../lib/errors.ts';

/**
 * Topological order that leaves nodes where they are when it can.
 * @param available values that no node makes: inputs and constants
 * @throws ModelError `cyclic-graph`
 */
export function sortNodes(nodes: readonly GraphNode[], available: ReadonlySet<string>): GraphNode[] {
  if (isSorted(nodes, available)) return [...nodes];
  const producers = producersOf({ nodes });
  const out: GraphNode[] = [];
  const state = new Map<GraphNode, 'open' | 'done'>();
  const waitsFor = (node: GraphNode): GraphNode[] =>
    readsOf(node)
      .filter((name) => !available.has(name))
      .map((name) => producers.get(name))
      .filter((producer) => producer !== undefined)
      .filter((producer) => state.get(producer) !== 'done');
  for (const root of nodes) {
    const stack = [root];
    while (stack.length > 0) {
      const node = stack[stack.length - 1];
      if (state.get(node) === 'done') {
        stack.pop();
        continue;
      }
      state.set(node, 'open');
      const waiting = waitsFor(node);
      const cyclic = waiting.find((producer) => state.get(producer) === 'open');
      if (cyclic) throw cyclicGraph(cyclic);
      if (waiting.length > 0) stack.push(...waiting.reverse());
      else {
        stack.pop();
        state.set(node, 'done');
        out.push(node);
      }
    }
  }
  return out;
}

/** Nearly every file is: whatever a node reads is there already. */
function isSorted(nodes: readonly GraphNode[], available: ReadonlySet<string>): boolean {
  const made = new Set(available);
  for (const node of nodes) {
    for (const name of readsOf(node)) if (!made.has(name)) return false;
    for (const name of node.outputs) made.add(name);
  }
  return true;
}

const cyclicGraph = (node: GraphNode): ModelError =>
  new ModelError({
    code: 'cyclic-graph',
    where: node.name,
    message: `The node "${node.name}" (${node.op}) depends on its own output, so this graph cannot be run.`,
    hint: 'Export the model again; an ONNX graph has no cycles.',
  });
