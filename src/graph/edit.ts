// New graphs from old ones; what did not change is shared.

import type { Graph, GraphNode, Tensor, ValueInfo } from './types.ts';

/** The graph with these constants added or replaced. */
export function withTensors(graph: Graph, changed: Iterable<Tensor>): Graph {
  const tensors = new Map(graph.tensors);
  for (const tensor of changed) tensors.set(tensor.name, tensor);
  return { ...graph, tensors };
}

/** The graph with these nodes in place of those with the same id. */
export function withNodes(graph: Graph, changed: ReadonlyMap<number, GraphNode>): Graph {
  if (changed.size === 0) return graph;
  return { ...graph, nodes: graph.nodes.map((node) => changed.get(node.id) ?? node) };
}

/** The graph with these declarations of intermediate values in place of those of the same name. */
export function withValues(graph: Graph, changed: Iterable<ValueInfo>): Graph {
  const values = new Map(graph.values);
  for (const value of changed) values.set(value.name, value);
  return { ...graph, values };
}
