// Names and ids for what is added to a graph.

import type { Graph } from './types.ts';

/** Hands out what the graph does not have, and nothing twice. */
export class Unused {
  private readonly values: Set<string>;
  private readonly nodes: Set<string>;
  private nextId: number;

  constructor({ nodes, tensors, inputs }: Graph) {
    this.nextId = 1 + nodes.reduce((most, { id }) => Math.max(most, id), 0);
    this.nodes = new Set(nodes.map(({ name }) => name));
    this.values = new Set([
      ...tensors.keys(),
      ...inputs.map(({ name }) => name),
      ...nodes.flatMap(({ outputs }) => outputs),
    ]);
  }

  id(): number {
    return this.nextId++;
  }

  /** This name for a value, put under that of a node where it is taken. */
  value(name: string, under: string): string {
    return free(name, under, this.values);
  }

  /** The same for the name of a node. */
  node(name: string, under: string): string {
    return free(name, under, this.nodes);
  }
}

function free(name: string, under: string, taken: Set<string>): string {
  let own = name;
  while (taken.has(own)) own = `${under}/${own}`;
  taken.add(own);
  return own;
}
