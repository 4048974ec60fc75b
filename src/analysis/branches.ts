// If nodes whose condition the sizes of the network decide: the branch that is taken takes the node's place. Exporters
// write them where they did not know a shape (is this axis of length 1, to be squeezed?). A condition that changes with
// the network's inputs or their sizes is not followed; Loop and Scan never are.

import { wiringOf } from '../graph/query.ts';
import type { Attribute, Graph, GraphNode, Subgraph, Tensor, ValueInfo } from '../graph/types.ts';
import { bindSymbols, inferTypes } from './fold.ts';
import type { Bindings } from './types.ts';

/** The graph with every branch in place that is taken whatever the input; the graph itself where there is none. */
export function followBranches(graph: Graph, bindings?: Bindings): Graph {
  let present = graph;
  // What follows one branch may decide the next.
  while (present.nodes.some(isIf)) {
    const taken = takenBranches(present, bindings);
    if (taken.size === 0) break;
    present = new Following(present).follow(taken);
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

const isSubgraph = (value: Attribute | undefined): value is Subgraph =>
  typeof value === 'object' && 'kind' in value;

/** One graph in which branches take the place of their nodes. */
class Following {
  private readonly graph: Graph;
  private readonly nodes: GraphNode[] = [];
  private readonly tensors: Map<string, Tensor>;
  private readonly values: Map<string, ValueInfo>;
  private readonly taken: Set<string>;
  private nextId: number;

  constructor(graph: Graph) {
    this.graph = graph;
    this.tensors = new Map(graph.tensors);
    this.values = new Map(graph.values);
    this.nextId = 1 + Math.max(...graph.nodes.map(({ id }) => id));
    this.taken = new Set([
      ...graph.tensors.keys(),
      ...graph.inputs.map(({ name }) => name),
      ...graph.nodes.flatMap(({ outputs }) => outputs),
    ]);
  }

  follow(branches: ReadonlyMap<number, Graph>): Graph {
    for (const node of this.graph.nodes) {
      const body = branches.get(node.id);
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
        id: this.nextId++,
        outputs: inner.outputs.map(renamed),
      });
    // An output that the branch does not make itself, or hands out twice, is passed on.
    body.outputs.forEach(({ name }, o) => {
      const output = node.outputs[o];
      if (output && renamed(name) !== output)
        this.nodes.push({
          id: this.nextId++,
          name: `${node.name}_${o}`,
          op: 'Identity',
          domain: '',
          inputs: [renamed(name)],
          outputs: [output],
          attributes: {},
        });
    });
  }

  /** Names for what a branch makes: those of the node's outputs, and others where the graph has the name already. */
  private renaming(node: GraphNode, body: Graph): Map<string, string> {
    const names = new Map<string, string>();
    const made = new Set(body.nodes.flatMap(({ outputs }) => outputs));
    body.outputs.forEach(({ name }, o) => {
      if (made.has(name) && !names.has(name) && node.outputs[o]) names.set(name, node.outputs[o]);
    });
    for (const name of [...made, ...body.tensors.keys()]) {
      if (name === '' || names.has(name)) continue;
      let own = name;
      while (this.taken.has(own)) own = `${node.name}/${own}`;
      this.taken.add(own);
      names.set(name, own);
    }
    return names;
  }
}

/** The node reading values by their new names, also from inside its own nested graphs. */
function renamedReads(node: GraphNode, renamed: (name: string) => string): GraphNode {
  const attributes = Object.entries(node.attributes).map(([name, value]) => [
    name,
    isSubgraph(value) ? renamedCaptures(value, renamed) : value,
  ]);
  return { ...node, inputs: node.inputs.map(renamed), attributes: Object.fromEntries(attributes) };
}

function renamedCaptures({ kind, captures, body }: Subgraph, renamed: (name: string) => string): Subgraph {
  const outer = new Set(captures);
  const captured = (name: string) => (outer.has(name) ? renamed(name) : name);
  return {
    kind,
    captures: captures.map(renamed),
    ...(body && {
      body: {
        ...body,
        nodes: body.nodes.map((node) => renamedReads(node, captured)),
        outputs: body.outputs.map((info) => ({ ...info, name: captured(info.name) })),
      },
    }),
  };
}
