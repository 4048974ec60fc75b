// What a legal graph is. Checked after every reader, edit and surgery; an empty list means legal.

import type { Problem } from '../lib/errors.ts';
import { readsOf } from './query.ts';
import { elementCount, elementSize } from './tensor.ts';
import type { Graph, Tensor } from './types.ts';

/** The rules a graph breaks, one problem each. */
export function checkGraph(graph: Graph): Problem[] {
  return [...checkTensors(graph), ...checkOrder(graph), ...checkNodes(graph)];
}

const broken = (where: string, message: string): Problem => ({ code: 'illegal-graph', where, message });

function* checkTensors(graph: Graph): Iterable<Problem> {
  for (const [name, tensor] of graph.tensors) {
    if (name !== tensor.name) yield broken(name, `The constant "${name}" calls itself "${tensor.name}".`);
    else if (!tensor.dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0))
      yield broken(name, `The constant "${name}" has the impossible shape [${tensor.dims}].`);
    else yield* sizeProblem(tensor);
  }
}

function sizeProblem({ name, dtype, dims, bytes }: Tensor): Problem[] {
  const size = elementSize(dtype);
  if (!bytes || size === 0) return [];
  const expected = elementCount(dims) * size;
  if (bytes.length === expected) return [];
  return [
    broken(
      name,
      `The constant "${name}" has ${bytes.length} bytes where [${dims}] of ${dtype} needs ${expected}.`,
    ),
  ];
}

/** Every value is made once, and before anyone reads it. */
function checkOrder(graph: Graph): Problem[] {
  const problems: Problem[] = [];
  const made = new Set<string>();
  const make = (name: string, by: string) => {
    if (made.has(name))
      problems.push(broken(name, `The value "${name}" is made twice, the second time by ${by}.`));
    made.add(name);
  };
  for (const name of graph.tensors.keys()) make(name, 'a constant');
  for (const { name } of graph.inputs) make(name, 'an input');
  for (const node of graph.nodes) {
    for (const name of readsOf(node))
      if (!made.has(name))
        problems.push(broken(node.name, `"${node.name}" reads "${name}", which nothing before it makes.`));
    for (const name of node.outputs) if (name !== '') make(name, `"${node.name}"`);
  }
  for (const { name } of graph.outputs)
    if (!made.has(name)) problems.push(broken(name, `The output "${name}" is made by nothing.`));
  return problems;
}

function* checkNodes(graph: Graph): Iterable<Problem> {
  const ids = new Set<number>();
  for (const node of graph.nodes) {
    if (ids.has(node.id)) yield broken(node.name, `Two nodes have the id ${node.id}.`);
    ids.add(node.id);
    if (node.outputs.every((name) => name === '')) yield broken(node.name, `"${node.name}" makes nothing.`);
  }
}
