// The weights of a network as criteria see them: numbers, also where the file stores levels. Exporters of dynamically
// quantised networks scale the integer sums in nodes of their own, Cast → Mul, which are followed here.

import type { Analysis } from '../analysis/types.ts';
import { type Wiring, wiringOf } from '../graph/query.ts';
import { elementCount } from '../graph/tensor.ts';
import type { Graph, GraphNode, Tensor } from '../graph/types.ts';
import { ModelError } from '../lib/errors.ts';
import { numbersOf } from '../ops/levels.ts';
import type { WeightUse } from '../ops/op.ts';

type Find = (name: string) => Tensor | undefined;

/** Finds constants by name, and throws `unknown-tensor` where there is none; levels become numbers when first asked for. */
export function weightsOf({ graph, view }: Analysis): (name: string) => Tensor {
  const find: Find = (name) => graph.tensors.get(name);
  const decoders = new Map<string, () => Tensor | undefined>();
  const wiring = once(() => wiringOf(graph));
  for (const node of graph.nodes) {
    const bound = view(node.id);
    if (!bound) continue;
    for (const use of bound.operator.weights(bound.view as never)) {
      const name = node.inputs[use.input];
      if (use.numbers && find(name)?.bytes) decoders.set(name, () => decoded(graph, node, use, wiring()));
    }
  }
  const known = new Map<string, Tensor>();
  return (name) => {
    const tensor = known.get(name) ?? decoders.get(name)?.() ?? find(name);
    if (!tensor) throw unknownTensor(name);
    known.set(name, tensor);
    return tensor;
  };
}

const unknownTensor = (name: string): ModelError =>
  new ModelError({
    code: 'unknown-tensor',
    where: name,
    message: `The network has no tensor "${name}".`,
    hint: 'A criterion finds the names of tensors in the members of the group that it scores.',
  });

function decoded(
  { tensors }: Graph,
  node: GraphNode,
  { numbers, outAxis = 0 }: WeightUse,
  wiring: Wiring,
): Tensor | undefined {
  const find: Find = (name) => tensors.get(name);
  const weight = numbers?.((input) => find(node.inputs[input] ?? ''));
  const scale = weight && scaleBehind(node, find, wiring);
  const perColumn = scale && [1, weight.dims[outAxis]].includes(elementCount(scale.dims));
  return perColumn ? numbersOf(weight, { scale, axis: outAxis }) : weight;
}

/** The constant that the integer sum of a node is multiplied with: alone, or together with the scale of its data. */
function scaleBehind({ op, outputs: [sum] }: GraphNode, find: Find, wiring: Wiring): Tensor | undefined {
  if (op !== 'MatMulInteger' && op !== 'ConvInteger') return undefined;
  const next = (value: string | undefined, wanted: string) =>
    wiring.consumers(value ?? '').find((reader) => reader.op === wanted);
  const cast = next(sum, 'Cast')?.outputs[0];
  const factor = next(cast, 'Mul')?.inputs.find((name) => name !== cast);
  if (factor === undefined) return undefined;
  const factors = wiring.producer(factor)?.op === 'Mul' ? wiring.producer(factor)?.inputs : [factor];
  return factors?.map(find).find((tensor) => tensor !== undefined);
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
