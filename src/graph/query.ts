// Who makes a value and who reads it.

import type { Graph, GraphNode } from './types.ts';

export interface Wiring {
  /** The node whose output the value is; `undefined` for graph inputs and constants. */
  producer(value: string): GraphNode | undefined;
  /** Nodes that read the value, in graph order, each once. */
  consumers(value: string): readonly GraphNode[];
}

export function wiringOf(graph: Graph): Wiring {
  const producers = new Map<string, GraphNode>();
  const consumers = new Map<string, GraphNode[]>();
  for (const node of graph.nodes) {
    for (const name of node.outputs) if (name !== '') producers.set(name, node);
    for (const name of readsOf(node)) {
      const readers = consumers.get(name);
      if (readers) readers.push(node);
      else consumers.set(name, [node]);
    }
  }
  return {
    producer: (value) => producers.get(value),
    consumers: (value) => consumers.get(value) ?? [],
  };
}

/** Values a node reads: its inputs and what its nested graphs take from outside. */
export function readsOf(node: GraphNode): Set<string> {
  const reads = new Set(node.inputs);
  for (const name in node.attributes) {
    const value = node.attributes[name];
    if (typeof value === 'object' && 'kind' in value)
      for (const capture of value.captures) reads.add(capture);
  }
  reads.delete('');
  return reads;
}
