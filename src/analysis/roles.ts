// What each constant is to the network: kernels, biases, normalisation scales. Operators state the roles of their own
// inputs; two patterns that exporters spread over several nodes are recognised here: a bias added after a kernel, and
// a layer normalisation written out as mean, variance, scale and shift.

import type { Graph, GraphNode } from '../graph/types.ts';
import type { WeightUse } from '../ops/op.ts';
import type { Solution } from './equations.ts';
import type { Inference } from './fold.ts';
import { leaves, type TermAxis } from './terms.ts';

/** One constant as one node uses it. */
export interface ConstantUse {
  readonly tensor: string;
  readonly node: GraphNode;
  readonly use: WeightUse;
  /** Axes of a kernel, resolved; a reshaped or transposed constant is still found by them. */
  readonly out?: TermAxis;
  readonly in?: TermAxis;
}

/** Operators behind which a constant is still the same constant. */
const transparent = new Set([
  'Identity',
  'Cast',
  'CastLike',
  'Transpose',
  'Reshape',
  'Unsqueeze',
  'Squeeze',
  'DequantizeLinear',
]);

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

  /** The constant behind a value, through operators that only rearrange it. */
  const constantBehind = (name: string): string | undefined => {
    let at = name;
    while (!graph.tensors.has(at)) {
      const producer = producers.get(at);
      if (!producer || !transparent.has(producer.op)) return undefined;
      at = producer.inputs[0];
    }
    return at;
  };

  for (const node of graph.nodes) {
    const bound = inference.bound(node.id);
    if (!bound) continue;
    for (const use of bound.operator.weights(bound.view as never)) {
      const value = node.inputs[use.input];
      const tensor = value ? constantBehind(value) : undefined;
      if (tensor === undefined) continue;
      const axes = solution.axesOf(value);
      const role = use.role === 'other' ? spreadRole(node, producers, kernelOutputs) : use.role;
      uses.push({
        tensor,
        node,
        use: { ...use, role },
        ...(use.outAxis === undefined ? {} : { out: axes[use.outAxis] }),
        ...(use.inAxis === undefined ? {} : { in: axes[use.inAxis] }),
      });
      if (role === 'kernel') for (const output of node.outputs) kernelOutputs.add(output);
    }
  }
  const byTensor = new Map<string, ConstantUse>();
  for (const use of uses) if (!byTensor.has(use.tensor)) byTensor.set(use.tensor, use);
  return { uses, byTensor };
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

/** Whether one axis is the other or a factor of it. */
export function isPartOf(part: TermAxis, whole: TermAxis | undefined): boolean {
  if (!whole) return false;
  if (part === whole) return true;
  const factors = leaves(whole);
  return leaves(part).every((leaf) => factors.includes(leaf) || leaf.fixed !== undefined) && !part.fixed;
}
