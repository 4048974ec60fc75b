// Vectors that the file keeps once for several nodes. Exporters merge constants that hold the same numbers (the zeros and
// ones of normalisations that were never trained, biases that folding left at nothing, zero points), which says nothing about
// channels. Such a vector becomes one for each set of readers that hang together otherwise, too; a cut then writes them
// apart. Kernels stay tied: who shares them means it.

import { elementCount, isFloat, isInteger, toFloat32 } from '../graph/tensor.ts';
import type { Graph, GraphNode, Tensor } from '../graph/types.ts';
import { Unused } from '../graph/unused.ts';
import type { TermAxis } from './axis.ts';
import type { Inference } from './fold.ts';

/** One place where a constant is read. */
interface Reader {
  readonly node: number;
  readonly slot: number;
}

/** The readers of a merged vector, in sets: each set gets a constant. */
interface Merged {
  readonly tensor: Tensor;
  /** The one axis that is longer than 1. */
  readonly axis: number;
  readonly sets: readonly (readonly Reader[])[];
}

export interface Separated {
  readonly graph: Graph;
  /** Name of every constant that was added, and of the one it is a copy of. */
  readonly copies: ReadonlyMap<string, string>;
}

/** The vectors that several nodes read, each reader by itself. */
export function mergedVectors(graph: Graph, inference: Inference): Merged[] {
  const readers = new Map<Tensor, Reader[]>([...sharedVectors(graph)].map((tensor) => [tensor, []]));
  if (readers.size === 0) return [];
  for (const node of graph.nodes)
    node.inputs.forEach((name, slot) => {
      const tensor = graph.tensors.get(name);
      if (tensor && !readsTypeOnly(node, slot)) readers.get(tensor)?.push({ node: node.id, slot });
    });
  return [...readers].flatMap(([tensor, places]) => {
    if (places.length < 2 || places.some((place) => isKernel(place, inference))) return [];
    const axis = tensor.dims.findIndex((length) => length > 1);
    return [{ tensor, axis, sets: places.map((place) => [place]) }];
  });
}

/** Whether the elements there do not matter to the node. */
const readsTypeOnly = ({ op }: GraphNode, slot: number): boolean =>
  op === 'Shape' || op === 'Size' || (op === 'CastLike' && slot === 1);

/** Vectors that are read at two places or more, and that the network does not also give out. */
function sharedVectors({ nodes, tensors, outputs }: Graph): Set<Tensor> {
  const seen = new Set<string>();
  const shared = new Set<Tensor>();
  for (const { inputs } of nodes)
    for (const name of inputs) {
      const tensor = tensors.get(name);
      if (!tensor || !isVector(tensor)) continue;
      if (seen.has(name)) shared.add(tensor);
      else seen.add(name);
    }
  for (const { name } of outputs) shared.delete(tensors.get(name) as Tensor);
  return shared;
}

/** So are all constants of an operator that we do not know. */
function isKernel({ node, slot }: Reader, inference: Inference): boolean {
  const bound = inference.bound(node);
  if (!bound) return true;
  return bound.operator
    .weights(bound.view as never)
    .some(({ input, role }) => input === slot && role === 'kernel');
}

/** Numbers or levels (zero points); 64-bit integers are sizes and positions. */
const isVector = ({ dtype, dims }: Tensor): boolean =>
  (isFloat(dtype) || (isInteger(dtype) && dtype !== 'int64' && dtype !== 'bool')) &&
  elementCount(dims) > 1 &&
  dims.filter((length) => length > 1).length === 1;

/**
 * A constant for each set of readers. The first keeps the name; the others are named after their first reader, so that
 * they are called the same however the readers behind it are divided.
 */
export function separate(graph: Graph, vectors: readonly Merged[]): Separated {
  const tensors = new Map(graph.tensors);
  const unused = new Unused(graph);
  const copies = new Map<string, string>();
  const inputs = new Map<number, string[]>();
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  for (const { tensor, sets } of vectors)
    for (const set of sets.slice(1)) {
      const [first] = set;
      const name = unused.value(`${tensor.name}_${first.node}_${first.slot}`, tensor.name);
      tensors.set(name, { ...tensor, name });
      copies.set(name, tensor.name);
      for (const { node, slot } of set) {
        const list = inputs.get(node) ?? [...(byId.get(node)?.inputs ?? [])];
        list[slot] = name;
        inputs.set(node, list);
      }
    }
  const nodes = graph.nodes.map((node) => {
    const list = inputs.get(node.id);
    return list ? { ...node, inputs: list } : node;
  });
  return { graph: { ...graph, nodes, tensors }, copies };
}

/**
 * The graph as it is to learn. Where a merged vector is one number throughout, as it was before anything was learnt, each
 * reader gets its own: a normalisation's scale is not to follow its variance, nor one layer another. A vector of many
 * numbers belongs to a layer that is used several times.
 */
export function unmerged(graph: Graph, inference: Inference): Graph {
  const vectors = mergedVectors(graph, inference).filter(({ tensor }) => isUniform(tensor));
  return vectors.length > 0 ? separate(graph, vectors).graph : graph;
}

function isUniform(tensor: Tensor): boolean {
  const values = toFloat32(tensor);
  return values.every((value) => value === values[0]);
}

/**
 * The vectors with those readers in one set that need no constants of their own: their channels are the same even so, or
 * must all stay.
 * @param axesOf the axes of a constant as solved for `separated`
 */
export function regrouped(
  vectors: readonly Merged[],
  { graph }: Separated,
  axesOf: (name: string) => readonly TermAxis[],
): Merged[] {
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  return vectors.flatMap(({ tensor, axis, sets }) => {
    const alike = new Map<TermAxis | 'fixed', Reader[]>();
    for (const reader of sets.flat()) {
      const solved = axesOf(byId.get(reader.node)?.inputs[reader.slot] ?? '')[axis];
      const key = solved.fixed ? 'fixed' : solved;
      alike.set(key, [...(alike.get(key) ?? []), reader]);
    }
    return alike.size > 1 ? [{ tensor, axis, sets: [...alike.values()] }] : [];
  });
}
