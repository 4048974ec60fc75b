// What each constant is to the network: kernels, biases, normalisation scales. Operators state the roles of their own
// inputs; two patterns that exporters spread over several nodes are recognised here: a bias added after a kernel, and
// a layer normalisation written out as mean, variance, scale and shift.

import { producersOf } from '../graph/query.ts';
import type { Graph, GraphNode } from '../graph/types.ts';
import type { WeightUse } from '../ops/op.ts';
import { leaves, partsOf, type TermAxis } from './axis.ts';
import { constantsBehind } from './computed-constants.ts';
import type { Solution } from './equations.ts';
import type { Inference } from './fold.ts';

/** One constant as one node uses it. */
export interface ConstantUse {
  readonly tensor: string;
  readonly node: GraphNode;
  readonly use: WeightUse;
  /** Axes of a kernel, resolved. */
  readonly out: TermAxis | undefined;
  readonly in: TermAxis | undefined;
  /** Which axes of the constant they are, where they are one each: a kernel may be read transposed. */
  readonly storedOut: number | undefined;
  readonly storedIn: number | undefined;
}

export interface Roles {
  /** All uses in graph order. */
  readonly uses: readonly ConstantUse[];
  /** What each constant is first used as; work on it before that use, such as scaling a kernel, does not count. */
  readonly byTensor: ReadonlyMap<string, ConstantUse>;
  /** Output and input axes of values that take the place of a kernel, as one mixed from a bank of filters does. */
  readonly computed: readonly (readonly TermAxis[])[];
}

export function findRoles(graph: Graph, inference: Inference, solution: Solution): Roles {
  const behind = constantsBehind(graph, inference);
  const uses: ConstantUse[] = [];
  const computed: (readonly TermAxis[])[] = [];
  const multiplying = new Set<GraphNode>();
  let producers: ReadonlyMap<string, GraphNode> | undefined;
  const producer = (value: string | undefined) => {
    producers ??= producersOf(graph);
    return producers.get(value ?? '');
  };

  for (const node of graph.nodes) {
    const bound = inference.bound(node.id);
    if (!bound) continue;
    const stated = bound.operator.weights(bound.view as never);
    for (const use of stated) {
      const value = node.inputs[use.input];
      const constants = value ? behind(value) : [];
      if (constants.length === 0) {
        if (isMatrix(use, stated)) computed.push(channelsOf(solution.axesOf(value), use));
        continue;
      }
      const role = use.role === 'other' ? spreadRole(node, producer, multiplying) : use.role;
      const axes = solution.axesOf(value);
      for (const { tensor, axes: stored } of constants) {
        const [outAxis, inAxis] = [use.outAxis ?? -1, use.inAxis ?? -1];
        const [storedOut, storedIn] = [stored[outAxis], stored[inAxis]];
        // Of several constants that were joined each has its own part of the value's axes.
        const own = constants.length > 1 ? solution.axesOf(tensor) : [];
        uses.push({
          tensor,
          node,
          use: role === use.role ? use : { ...use, role },
          out: own[storedOut ?? -1] ?? axes[outAxis],
          in: own[storedIn ?? -1] ?? axes[inAxis],
          storedOut,
          storedIn,
        });
      }
      if (role === 'kernel') multiplying.add(node);
    }
  }
  const byTensor = new Map<string, ConstantUse>();
  for (const use of uses) {
    const first = byTensor.get(use.tensor);
    if (!first || (first.use.role === 'other' && use.use.role === 'kernel')) byTensor.set(use.tensor, use);
  }
  return { uses, byTensor, computed };
}

const channelsOf = (axes: readonly TermAxis[], { outAxis, inAxis }: WeightUse): TermAxis[] =>
  axes.filter((_, a) => a === outAxis || a === inAxis);

/** A kernel that makes channels of channels, along one axis each. */
const isMatrix = ({ role, input, outAxis, inAxis }: WeightUse, stated: readonly WeightUse[]): boolean =>
  role === 'kernel' &&
  outAxis !== undefined &&
  inAxis !== undefined &&
  stated.filter((other) => other.input === input).length === 1;

type Producer = (value: string | undefined) => GraphNode | undefined;

/** @param multiplying nodes that use a kernel */
function spreadRole(node: GraphNode, producer: Producer, multiplying: ReadonlySet<GraphNode>) {
  const operands = node.inputs.map(producer);
  if (node.op === 'Add' && operands.some((operand) => operand && multiplying.has(operand))) return 'bias';
  if (node.op === 'Mul' && operands.some((operand) => isNormalised(operand, producer))) return 'norm-scale';
  const scaled = operands.find((operand) => operand?.op === 'Mul');
  if (node.op === 'Add' && scaled?.inputs.some((name) => isNormalised(producer(name), producer)))
    return 'norm-shift';
  return 'other';
}

/** (x - mean) / sqrt(mean((x - mean)²) + ε), as PyTorch writes layer normalisation before opset 17. */
function isNormalised(node: GraphNode | undefined, producer: Producer): boolean {
  if (node?.op !== 'Div') return false;
  const [centred, deviation] = node.inputs.map(producer);
  if (centred?.op !== 'Sub' || deviation?.op !== 'Sqrt') return false;
  return producer(centred.inputs[1])?.op === 'ReduceMean';
}

/** Whether one axis is the other, a factor of it or a part. */
export function isPartOf(part: TermAxis, whole: TermAxis | undefined): boolean {
  if (!whole) return false;
  if (part === whole) return true;
  const inside = partsOf(whole).flatMap(leaves);
  return leaves(part).every((leaf) => inside.includes(leaf) || leaf.fixed !== undefined) && !part.fixed;
}
