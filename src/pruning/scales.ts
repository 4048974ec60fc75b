// Scales that a network computes from its own sizes: 1/√d of attention. A scale made from the dims of its heads
// follows them when some go, as it does in the source of such a model. One made from a size that shrinks for another
// reason (Swin divides the width of its stream by its number of heads) would rescale logits that lost nothing; it is
// written down as it was.

import type { Analysis, Removal } from '../analysis/types.ts';
import { withTensors } from '../graph/edit.ts';
import { type Wiring, wiringOf } from '../graph/query.ts';
import { isFloat, tensorOf, toNumbers } from '../graph/tensor.ts';
import type { Graph, GraphNode, Tensor } from '../graph/types.ts';
import { Unused } from '../graph/unused.ts';
import type { HostTensor } from '../ops/op.ts';
import type { Kept } from './gather.ts';

/** Roots and powers of sizes are scales; counts, which means are divided by, are used as they are. */
const roots = new Set(['Sqrt', 'Pow']);

/**
 * The graph with the scales written down that a removal would change for no reason of their own.
 * @param graph after the cut
 */
export function keepScales(
  graph: Graph,
  analysis: Analysis,
  removal: Removal,
  kept: ReadonlyMap<string, Kept>,
): Graph {
  const candidates = analysis.graph.nodes.filter(
    ({ op, outputs: [name] }) => roots.has(op) && isLoneFloat(analysis.known.get(name)),
  );
  if (candidates.length === 0) return graph;
  const wiring = wiringOf(analysis.graph);
  const byHeads = keptByHeadDims(analysis, removal);
  const unused = new Unused(graph);
  const lasting = new Map<string, Tensor>();
  for (const node of candidates) {
    const [name] = node.outputs;
    const strays = sizesBehind(name, analysis, wiring).some(
      ([value, axis]) => kept.get(value)?.[axis]?.length !== byHeads.get(value)?.[axis]?.length,
    );
    const scale = analysis.known.get(name);
    if (!strays || !scale) continue;
    const own = unused.value(`${name}_kept`, node.name);
    lasting.set(name, tensorOf(own, scale.dtype, scale.dims, scale.values));
  }
  return lasting.size === 0 ? graph : withConstants(graph, lasting);
}

/** The root of a list is a deviation of weights. */
const isLoneFloat = (value: HostTensor | undefined): boolean =>
  value !== undefined && isFloat(value.dtype) && value.values.length === 1;

function keptByHeadDims(analysis: Analysis, removal: Removal): ReadonlyMap<string, Kept> {
  const dims = new Set(analysis.groups.filter(({ kind }) => kind === 'head-dims').map(({ id }) => id));
  return analysis.kept(new Map([...removal].filter(([id]) => dims.has(id))));
}

/** The sizes that a known number was computed from: value and axis. */
function sizesBehind(name: string, analysis: Analysis, wiring: Wiring): (readonly [string, number])[] {
  const node = wiring.producer(name);
  if (!node) return [];
  if (node.op === 'Shape') return axesOf(node, analysis).map((axis) => [node.inputs[0], axis]);
  const source = wiring.producer(node.inputs[0]);
  const picked = analysis.known.get(node.inputs[1]) ?? numbersIn(analysis, node.inputs[1]);
  if (node.op === 'Gather' && source?.op === 'Shape' && picked) {
    const axes = axesOf(source, analysis);
    return picked.values.map((at) => [source.inputs[0], axes[at < 0 ? at + axes.length : at]]);
  }
  return node.inputs.flatMap((input) => sizesBehind(input, analysis, wiring));
}

const numbersIn = (analysis: Analysis, name: string): { values: readonly number[] } | undefined => {
  const tensor = analysis.graph.tensors.get(name);
  return tensor?.bytes ? { values: toNumbers(tensor) } : undefined;
};

/** The axes whose sizes a Shape lists. */
function axesOf({ inputs: [value], attributes: { start, end } }: GraphNode, { types }: Analysis): number[] {
  const axes = (types.get(value)?.dims ?? []).map((_, axis) => axis);
  return axes.slice(start as number | undefined, end as number | undefined);
}

/** @param constants by the name of the value whose place they take */
function withConstants(graph: Graph, constants: ReadonlyMap<string, Tensor>): Graph {
  const nodes = graph.nodes.map((node) =>
    node.inputs.some((name) => constants.has(name))
      ? { ...node, inputs: node.inputs.map((name) => constants.get(name)?.name ?? name) }
      : node,
  );
  return { ...withTensors(graph, constants.values()), nodes };
}
