// Nodes that stand for a graph of their own give way to it: the branch of an If that is taken, the body of a function
// that the file defines.

import { isSubgraph } from './query.ts';
import type { Attribute, Graph, GraphNode, Subgraph, Tensor, ValueInfo } from './types.ts';
import { Unused } from './unused.ts';

/**
 * The graph with a body in place of each of these nodes. Inputs and outputs of a body are those of its node, by
 * position; other names stay what they are where the graph does not have them already.
 * @param bodies by `GraphNode.id`
 */
export function inlined(graph: Graph, bodies: ReadonlyMap<number, Graph>): Graph {
  return bodies.size === 0 ? graph : new Inlining(graph).all(bodies);
}

class Inlining {
  private readonly graph: Graph;
  private readonly nodes: GraphNode[] = [];
  private readonly tensors: Map<string, Tensor>;
  private readonly values: Map<string, ValueInfo>;
  private readonly unused: Unused;

  constructor(graph: Graph) {
    this.graph = graph;
    this.tensors = new Map(graph.tensors);
    this.values = new Map(graph.values);
    this.unused = new Unused(graph);
  }

  all(bodies: ReadonlyMap<number, Graph>): Graph {
    for (const node of this.graph.nodes) {
      const body = bodies.get(node.id);
      if (body) this.inline(node, body);
      else this.nodes.push(node);
    }
    return { ...this.graph, nodes: this.nodes, tensors: this.tensors, values: this.values };
  }

  private inline(node: GraphNode, body: Graph): void {
    const names = this.renaming(node, body);
    const renamed = (name: string) => names.get(name) ?? name;
    for (const tensor of body.tensors.values())
      this.tensors.set(renamed(tensor.name), { ...tensor, name: renamed(tensor.name) });
    for (const info of body.values.values())
      this.values.set(renamed(info.name), { ...info, name: renamed(info.name) });
    for (const inner of body.nodes)
      this.nodes.push({
        ...renamedReads(inner, renamed),
        id: this.unused.id(),
        name: this.unused.node(inner.name, node.name),
        outputs: inner.outputs.map(renamed),
      });
    // An output that the body does not make itself, or hands out twice, is passed on.
    body.outputs.forEach(({ name }, o) => {
      const output = node.outputs[o];
      if (output && renamed(name) !== output)
        this.nodes.push({
          id: this.unused.id(),
          name: this.unused.node(`${node.name}_${o}`, node.name),
          op: 'Identity',
          domain: '',
          inputs: [renamed(name)],
          outputs: [output],
          attributes: {},
        });
    });
  }

  /** What the values of a body are called: as at the node where they come from it or go to it. */
  private renaming(node: GraphNode, body: Graph): Map<string, string> {
    const names = new Map(body.inputs.map(({ name }, i) => [name, node.inputs[i] ?? '']));
    const made = new Set(body.nodes.flatMap(({ outputs }) => outputs));
    body.outputs.forEach(({ name }, o) => {
      if (made.has(name) && !names.has(name) && node.outputs[o]) names.set(name, node.outputs[o]);
    });
    for (const name of [...made, ...body.tensors.keys()])
      if (name !== '' && !names.has(name)) names.set(name, this.unused.value(name, node.name));
    return names;
  }
}

/** The node reading values by their new names, also from inside its own nested graphs. */
function renamedReads(node: GraphNode, renamed: (name: string) => string): GraphNode {
  const attributes = mapped(node.attributes, (value) =>
    isSubgraph(value) ? renamedCaptures(value, renamed) : value,
  );
  return { ...node, inputs: node.inputs.map(renamed), attributes };
}

function renamedCaptures({ kind, captures, body }: Subgraph, renamed: (name: string) => string): Subgraph {
  const outer = new Set(captures);
  const captured = (name: string) => (outer.has(name) ? renamed(name) : name);
  return {
    kind,
    captures: captures.map(renamed).filter((name) => name !== ''),
    ...(body && {
      body: {
        ...body,
        nodes: body.nodes.map((node) => renamedReads(node, captured)),
        outputs: body.outputs.map((info) => ({ ...info, name: captured(info.name) })),
      },
    }),
  };
}

/** The graph with `prefix` before the name of every value and node, those of its nested graphs included. */
export function prefixed(graph: Graph, prefix: string): Graph {
  const named = (name: string): string => (name === '' ? '' : prefix + name);
  const rename = <T extends { readonly name: string }>(part: T): T => ({ ...part, name: named(part.name) });
  const renameAll = <T extends { readonly name: string }>(parts: ReadonlyMap<string, T>): Map<string, T> =>
    new Map([...parts.values()].map((part) => [named(part.name), rename(part)]));
  return {
    ...graph,
    inputs: graph.inputs.map(rename),
    outputs: graph.outputs.map(rename),
    tensors: renameAll(graph.tensors),
    values: renameAll(graph.values),
    nodes: graph.nodes.map((node) => ({
      ...rename(node),
      inputs: node.inputs.map(named),
      outputs: node.outputs.map(named),
      attributes: mapped(node.attributes, (value) =>
        isSubgraph(value)
          ? {
              ...value,
              captures: value.captures.map(named),
              ...(value.body && { body: prefixed(value.body, prefix) }),
            }
          : value,
      ),
    })),
  };
}

const mapped = (
  attributes: GraphNode['attributes'],
  change: (value: Attribute) => Attribute,
): GraphNode['attributes'] =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, change(value)]));
