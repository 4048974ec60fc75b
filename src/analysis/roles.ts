// What each constant is to the network: kernels, biases, normalisation scales. Operators state the roles of their own
// inputs; two patterns that exporters spread over several nodes are recognised here: a bias added after a kernel, and
// a layer normalisation written out as mean, variance, scale and shift.

import type { Graph, GraphNode } from '../graph/types.ts';
import type { WeightUse } from '../ops/op.ts';
import { alignAxes } from '../ops/reshaping.ts';
import { leaves, partsOf, type TermAxis } from './axis.ts';
import type { Solution } from './equations.ts';
import type { Inference } from './fold.ts';

/** One constant as one node uses it. */
export interface ConstantUse {
  readonly tensor: string;
  readonly node: GraphNode;
  readonly use: WeightUse;
  /** Axes of a kernel, resolved. */
  readonly out?: TermAxis;
  readonly in?: TermAxis;
  /** Which axes of the constant they are, where they are one each: a kernel may be read transposed. */
  readonly storedOut: number | undefined;
  readonly storedIn: number | undefined;
}

/** A constant seen through operators that only rearrange it. */
interface Behind {
  readonly tensor: string;
  /** For each axis of the value the axis of the constant that it is; `undefined` where axes were merged or cut. */
  readonly axes: readonly (number | undefined)[];
}

export interface Roles {
  /** All uses in graph order. */
  readonly uses: readonly ConstantUse[];
  /** The first use of each constant. */
  readonly byTensor: ReadonlyMap<string, ConstantUse>;
}

export function findRoles(graph: Graph, inference: Inference, solution: Solution): Roles {
  const producers = new Map<string, GraphNode>();
  for (const node of graph.nodes) for (const name of node.outputs) producers.set(name, node);
  const uses: ConstantUse[] = [];
  const kernelOutputs = new Set<string>();

  for (const node of graph.nodes) {
    const bound = inference.bound(node.id);
    if (!bound) continue;
    for (const use of bound.operator.weights(bound.view as never)) {
      const value = node.inputs[use.input];
      const behind = value ? constantBehind(value, graph, inference, producers) : undefined;
      if (!behind) continue;
      const axes = solution.axesOf(value);
      const role = use.role === 'other' ? spreadRole(node, producers, kernelOutputs) : use.role;
      uses.push({
        tensor: behind.tensor,
        node,
        use: { ...use, role },
        ...(use.outAxis === undefined ? {} : { out: axes[use.outAxis] }),
        ...(use.inAxis === undefined ? {} : { in: axes[use.inAxis] }),
        storedOut: behind.axes[use.outAxis ?? -1],
        storedIn: behind.axes[use.inAxis ?? -1],
      });
      if (role === 'kernel') for (const output of node.outputs) kernelOutputs.add(output);
    }
  }
  const byTensor = new Map<string, ConstantUse>();
  for (const use of uses) if (!byTensor.has(use.tensor)) byTensor.set(use.tensor, use);
  return { uses, byTensor };
}

function constantBehind(
  value: string,
  graph: Graph,
  inference: Inference,
  producers: ReadonlyMap<string, GraphNode>,
): Behind | undefined {
  let tensor = value;
  let axes: readonly (number | undefined)[] = (inference.types.get(value)?.dims ?? []).map((_, axis) => axis);
  while (!graph.tensors.has(tensor)) {
    const producer = producers.get(tensor);
    const rearranged = producer && sourceAxes(producer, inference);
    if (!producer || !rearranged) return undefined;
    axes = axes.map((axis) => (axis === undefined ? undefined : rearranged[axis]));
    tensor = producer.inputs[0];
  }
  return { tensor, axes };
}

/** For each axis of what a rearranging node makes the axis of its input that it is; `undefined` for other nodes. */
function sourceAxes(node: GraphNode, inference: Inference): readonly (number | undefined)[] | undefined {
  const from = inference.types.get(node.inputs[0])?.dims ?? [];
  const to = inference.types.get(node.outputs[0])?.dims ?? [];
  switch (node.op) {
    case 'Identity':
    case 'Cast':
    case 'CastLike':
    case 'DequantizeLinear':
      return to.map((_, axis) => axis);
    case 'Transpose':
      return (
        (node.attributes.perm as readonly number[] | undefined) ?? to.map((_, axis) => to.length - 1 - axis)
      );
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

function spreadRole(node: GraphNode, producers: Map<string, GraphNode>, kernelOutputs: Set<string>) {
  const from = (name: string | undefined) => producers.get(name ?? '');
  const operands = node.inputs.map(from);
  if (node.op === 'Add' && node.inputs.some((name) => kernelOutputs.has(name))) return 'bias';
  if (node.op === 'Mul' && operands.some((operand) => operand && isNormalised(operand, producers)))
    return 'norm-scale';
  const scaled = operands.find((operand) => operand?.op === 'Mul');
  if (node.op === 'Add' && scaled?.inputs.some((name) => isNormalised(from(name), producers)))
    return 'norm-shift';
  return 'other';
}

/** (x - mean) / sqrt(mean((x - mean)²) + ε), as PyTorch writes layer normalisation before opset 17. */
function isNormalised(node: GraphNode | undefined, producers: Map<string, GraphNode>): boolean {
  if (node?.op !== 'Div') return false;
  const centred = producers.get(node.inputs[0]);
  const deviation = producers.get(node.inputs[1]);
  if (centred?.op !== 'Sub' || deviation?.op !== 'Sqrt') return false;
  return producers.get(centred.inputs[1])?.op === 'ReduceMean';
}

/** Whether one axis is the other, a factor of it or a part. */
export function isPartOf(part: TermAxis, whole: TermAxis | undefined): boolean {
  if (!whole) return false;
  if (part === whole) return true;
  const inside = partsOf(whole).flatMap(leaves);
  return leaves(part).every((leaf) => inside.includes(leaf) || leaf.fixed !== undefined) && !part.fixed;
}
