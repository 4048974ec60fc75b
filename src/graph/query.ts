// Who makes a value and who reads it.

import type { Attribute, Graph, GraphNode, Subgraph } from './types.ts';

export interface Wiring {
  /** The node whose output the value is; `undefined` for graph inputs and constants. */
  producer(value: string): GraphNode | undefined;
  /** Nodes that read the value, in graph order, each once. */
  consumers(value: string): readonly GraphNode[];
}

export function wiringOf(graph: Graph): Wiring {
  const producers = producersOf(graph);
  const consumers = new Map<string, GraphNode[]>();
  for (const node of graph.nodes) {
    for (const name of readsOf(node)) {
      const readers = consumers.get(name);
      if (!readers) consumers.set(name, [node]);
      else if (readers[readers.length - 1] !== node) readers.push(node);
    }
  }
  return {
    producer: (value) => producers.get(value),
    consumers: (value) => consumers.get(value) ?? [],
  };
}

/** The node that makes each value. */
export function producersOf({ nodes }: Pick<Graph, 'nodes'>): Map<string, GraphNode> {
  const producers = new Map<string, GraphNode>();
  for (const node of nodes) for (const name of node.outputs) if (name !== '') producers.set(name, node);
  return producers;
}

/** Values a node reads, as often as it does: its inputs and what its nested graphs take from outside. */
export function readsOf({ inputs, attributes }: GraphNode): readonly string[] {
  let reads = inputs;
  for (const name in attributes) {
    const value = attributes[name];
    if (isSubgraph(value)) reads = [...reads, ...value.captures];
  }
  return reads.includes('') ? reads.filter((name) => name !== '') : reads;
}

export const isSubgraph = (value: Attribute | undefined): value is Subgraph =>
  typeof value === 'object' && 'kind' in value;
