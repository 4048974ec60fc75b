// The graph at the sizes it is run with: symbols take the sizes that the inputs bring, and a declared batch size gives
// way to the real one.

import type { Inference } from '../analysis/fold.ts';
import { withNodes } from '../graph/edit.ts';
import type { Graph, GraphNode, ValueInfo } from '../graph/types.ts';
import { ModelError } from '../lib/errors.ts';

export type InputDims = ReadonlyMap<string, readonly number[]>;

/** A graph whose inputs have these dims, and the sizes of its symbols. @throws ModelError `bad-input` */
export function sizedFor(graph: Graph, dims: InputDims): { graph: Graph; symbols: Record<string, number> } {
  const symbols: Record<string, number> = {};
  const inputs = graph.inputs.map((input): ValueInfo => {
    const given = dims.get(input.name);
    if (!given) return input;
    bindInput(input, given, symbols);
    return { ...input, dims: given };
  });
  return { graph: { ...graph, inputs }, symbols };
}

/**
 * A graph that was exported for a fixed number of examples often states that number in its Reshapes, too. Where a stated
 * target begins as the data does, it copies that axis instead: the same at the declared size, and right at any other.
 */
export function freeBatch(graph: Graph, inference: Inference): Graph {
  if (!graph.inputs.every(({ dims }) => typeof dims?.[0] === 'number')) return graph;
  const freed = new Map<number, GraphNode>();
  for (const node of graph.nodes) {
    const target =
      node.op === 'Reshape' && node.domain === '' ? statedTarget(graph, inference, node) : undefined;
    const [data] = node.inputs;
    const length = inference.types.get(data)?.dims?.[0];
    if (!target || graph.tensors.has(data) || target.length < 2 || target[0] !== length) continue;
    const shape = [0, ...target.slice(1)];
    freed.set(node.id, { ...node, inputs: [data], attributes: { ...node.attributes, shape } });
  }
  return withNodes(graph, freed);
}

/** A target computed from other sizes follows them by itself. */
function statedTarget(graph: Graph, inference: Inference, { inputs, attributes }: GraphNode) {
  if (attributes.allowzero === 1) return undefined;
  if (Array.isArray(attributes.shape)) return attributes.shape as readonly number[];
  const [, target] = inputs;
  return graph.tensors.has(target) ? inference.known(target)?.values.map(Number) : undefined;
}

function bindInput(input: ValueInfo, given: readonly number[], symbols: Record<string, number>): void {
  const declared = input.dims;
  if (!declared) return;
  const fits = declared.every((dim, axis) => {
    if (typeof dim === 'number') return dim === given[axis] || axis === 0;
    symbols[dim] ??= given[axis];
    return symbols[dim] === given[axis];
  });
  if (fits && declared.length === given.length) return;
  throw new ModelError({
    code: 'bad-input',
    where: input.name,
    message: `The input "${input.name}" takes [${declared.join(', ')}], not [${given.join(', ')}].`,
  });
}
