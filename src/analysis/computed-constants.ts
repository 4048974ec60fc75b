// Constants seen through what a graph computes from them before it uses them: a kernel that is turned, sliced or
// normalised in the network itself (nn.MultiheadAttention cuts its projections apart; weight normalisation scales
// directions; a fused kernel is joined from three). Left out: what mixes positions, such as a product of two constants.

import type { Graph, GraphNode } from '../graph/types.ts';
import { sequence } from '../ops/host.ts';
import { alignAxes } from '../ops/reshaping.ts';
import type { BoundNode, Inference } from './fold.ts';

/** A constant behind a value. */
export interface Behind {
  readonly tensor: string;
  /** For each axis of the value the axis of the constant that it is; `undefined` where axes were merged or cut. */
  readonly axes: readonly (number | undefined)[];
}

/** Finds the constants behind a value; none where it depends on the network's inputs or mixes positions. */
export function constantsBehind(graph: Graph, inference: Inference): (name: string) => readonly Behind[] {
  const computed = new Map<string, readonly Behind[]>();
  const isConstant = (name: string) =>
    name === '' || graph.tensors.has(name) || computed.has(name) || inference.folded.has(name);
  const behind = (name: string): readonly Behind[] => {
    const tensor = graph.tensors.get(name);
    return tensor ? [{ tensor: name, axes: sequence(tensor.dims.length) }] : (computed.get(name) ?? []);
  };
  const isSize = (name: string) => inference.folded.get(name)?.dtype === 'int64';
  for (const node of graph.nodes) {
    if (node.outputs.every(isSize)) continue;
    const bound = inference.bound(node.id);
    if (!bound || node.inputs.length === 0 || !node.inputs.every(isConstant)) continue;
    for (const output of node.outputs) computed.set(output, seenThrough(bound, output, inference, behind));
  }
  return behind;
}

function seenThrough(
  { operator, view }: BoundNode,
  output: string,
  inference: Inference,
  behind: (name: string) => readonly Behind[],
): readonly Behind[] {
  const { node } = view;
  const dimsOf = (name: string) => inference.types.get(name)?.dims ?? [];
  const to = dimsOf(output);
  if (node.op === 'Concat') return node.inputs.flatMap(behind);
  const layout = typeof operator.layout === 'function' ? operator.layout(view) : operator.layout;
  const [source] =
    layout === 'elementwise'
      ? node.inputs.filter((name) => `${dimsOf(name)}` === `${to}` && behind(name).length > 0)
      : node.inputs;
  if (source === undefined) return [];
  const sources = layout === 'elementwise' ? to.map((_, axis) => axis) : sourceAxes(node, dimsOf(source), to);
  if (!sources) return [];
  return behind(source).map(({ tensor, axes }) => ({
    tensor,
    axes: sources.map((axis) => (axis === undefined ? undefined : axes[axis])),
  }));
}

/** For each axis of what a rearranging node makes the axis of its input that it is; `undefined` for other nodes. */
function sourceAxes(
  { op, attributes }: GraphNode,
  from: readonly number[],
  to: readonly number[],
): readonly (number | undefined)[] | undefined {
  switch (op) {
    case 'QuantizeLinear':
    case 'DequantizeLinear':
    case 'Slice':
    case 'Split':
      return to.map((_, axis) => axis);
    case 'Transpose':
      return (attributes.perm as readonly number[] | undefined) ?? to.map((_, axis) => to.length - 1 - axis);
    case 'Reshape':
    case 'Flatten':
    case 'Unsqueeze':
    case 'Squeeze':
      return reshapedAxes(from, to);
    default:
      return undefined;
  }
}

/** Axes that a reshape leaves whole. */
function reshapedAxes(from: readonly number[], to: readonly number[]): (number | undefined)[] {
  const out = to.map((): number | undefined => undefined);
  for (const block of alignAxes(from, to)) {
    const wide = (dims: readonly number[], start: number, end: number) =>
      dims.flatMap((length, axis) => (axis >= start && axis < end && length > 1 ? [axis] : []));
    const [sources, targets] = [wide(from, block.from, block.to), wide(to, block.outFrom, block.outTo)];
    if (sources.length === 1 && targets.length === 1) out[targets[0]] = sources[0];
  }
  return out;
}
