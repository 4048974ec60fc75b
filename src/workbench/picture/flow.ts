// The part of a graph that data flows through, as a picture shows it: shape arithmetic is left out, and whatever is
// computed from constants alone counts as a constant of the operator that reads it.

import type { Analysis } from '../../analysis/types.ts';
import { producersOf, readsOf } from '../../graph/query.ts';
import { isFloat } from '../../graph/tensor.ts';
import type { GraphNode } from '../../graph/types.ts';

export interface Flow {
  readonly analysis: Analysis;
  /** Nodes on the way from the graph's inputs, in graph order. */
  readonly nodes: readonly GraphNode[];
  /** Position in `nodes`. */
  readonly order: ReadonlyMap<GraphNode, number>;
  /** Whether data, and not a constant, travels under this name. */
  isData(value: string): boolean;
  producer(value: string): GraphNode | undefined;
  /**
   * Data the node reads, each once. A concatenation that begins with all that an earlier one joined counts as reading
   * that one: dense blocks become chains, and say the same.
   */
  inputs(node: GraphNode): readonly string[];
  /** Nodes of the flow that read the value, in graph order. */
  readers(value: string): readonly GraphNode[];
  isOutput(value: string): boolean;
  /** Nodes that compute constants for this one. A node that feeds several is listed with each. */
  feeders(node: GraphNode): readonly GraphNode[];
  /** Float constants of the file that the node reads, also through its feeders. */
  constants(node: GraphNode): readonly string[];
}

export function flowOf(analysis: Analysis): Flow {
  const { graph } = analysis;
  const producers = producersOf(graph);
  const reads = new Map(graph.nodes.map((node) => [node, [...new Set(readsOf(node))]]));
  const data = dataNames(analysis, reads, producers);
  const flowing = (node: GraphNode) => node.outputs.some((name) => data.has(name));
  const nodes = graph.nodes.filter(flowing);
  const inputs = new Map(
    nodes.map((node) => [node, (reads.get(node) ?? []).filter((name) => data.has(name))]),
  );
  chainConcats(nodes, inputs);
  const readers = new Map<string, GraphNode[]>();
  for (const [node, names] of inputs)
    for (const name of names) {
      const list = readers.get(name);
      if (list) list.push(node);
      else readers.set(name, [node]);
    }
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const upstream = (node: GraphNode): GraphNode[] => {
    const found = new Set<GraphNode>();
    const visit = (at: GraphNode) => {
      for (const name of reads.get(at) ?? []) {
        const from = producers.get(name);
        if (!from || data.has(name) || found.has(from) || isPlumbing(analysis, from)) continue;
        found.add(from);
        visit(from);
      }
    };
    visit(node);
    return [...found];
  };
  const feeders = new Map(nodes.map((node) => [node, upstream(node)]));
  const feedersOf = (node: GraphNode) => feeders.get(node) ?? [];
  return {
    analysis,
    nodes,
    order: new Map(nodes.map((node, position) => [node, position])),
    isData: (value) => data.has(value),
    producer: (value) => producers.get(value),
    inputs: (node) => inputs.get(node) ?? [],
    readers: (value) => readers.get(value) ?? [],
    isOutput: (value) => outputs.has(value),
    feeders: feedersOf,
    constants: (node) => {
      const all = [node, ...feedersOf(node)].flatMap((each) => reads.get(each) ?? []);
      return [...new Set(all)].filter((name) => {
        const tensor = graph.tensors.get(name);
        return tensor !== undefined && isFloat(tensor.dtype);
      });
    },
  };
}

/** Integers known before the network runs: arithmetic on shapes. */
const isPlumbing = ({ known }: Analysis, node: GraphNode): boolean =>
  node.outputs.every((name) => {
    const value = known.get(name);
    return name === '' || (value !== undefined && !isFloat(value.dtype));
  });

/** Inputs and what is computed from them; also what the graph puts out without looking at its inputs. */
function dataNames(
  analysis: Analysis,
  reads: ReadonlyMap<GraphNode, readonly string[]>,
  producers: ReadonlyMap<string, GraphNode>,
): ReadonlySet<string> {
  const { graph } = analysis;
  const data = new Set(graph.inputs.map(({ name }) => name));
  const add = (node: GraphNode) => {
    for (const name of node.outputs) if (name !== '') data.add(name);
  };
  for (const node of graph.nodes)
    if (!isPlumbing(analysis, node) && reads.get(node)?.some((name) => data.has(name))) add(node);
  const pending = graph.outputs.map(({ name }) => name).filter((name) => !data.has(name));
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const node = producers.get(name);
    if (!node || data.has(name)) continue;
    add(node);
    pending.push(...(reads.get(node) ?? []));
  }
  return data;
}

function chainConcats(nodes: readonly GraphNode[], inputs: Map<GraphNode, string[]>): void {
  const longest = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    if (node.op !== 'Concat' || node.inputs.length < 2) continue;
    const key = `${node.attributes.axis} ${node.inputs[0]} ${node.inputs[1]}`;
    const earlier = longest.get(key) ?? [];
    const base = earlier.findLast(
      ({ inputs: names }) =>
        names.length < node.inputs.length && names.every((name, i) => name === node.inputs[i]),
    );
    if (base) inputs.set(node, [base.outputs[0], ...node.inputs.slice(base.inputs.length)]);
    longest.set(key, [...earlier, node]);
  }
}
