// The graph at the sizes it is run with: symbols take the sizes that the inputs bring, and a declared batch size gives
// way to the real one.

import type { Graph, ValueInfo } from '../graph/types.ts';
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
