// What a network costs: parameters (learned numbers) and multiply-accumulates of one forward pass at batch 1.

import { elementCount, isFloat } from '../graph/tensor.ts';
import type { Graph } from '../graph/types.ts';
import type { Role } from '../ops/op.ts';
import type { Inference } from './fold.ts';
import type { Roles } from './roles.ts';
import type { NodeCost } from './types.ts';

export interface Costs {
  readonly costs: readonly NodeCost[];
  /** Constants that count as parameters, and how many each of their elements is. */
  readonly learned: ReadonlyMap<string, number>;
}

/**
 * Costs per node. A tensor that several nodes share counts once, at its first reader. Running statistics are no
 * parameters, nor are settings (scales of a resize, quantisation steps) and lone constants such as the ε or exponent
 * of a written-out normalisation.
 */
export function costsOf(graph: Graph, inference: Inference, roles: Roles): Costs {
  const counted = new Set<string>();
  const learned = new Map<string, number>();
  const costs = graph.nodes.map((node) => {
    const bound = inference.bound(node.id);
    let params = 0;
    node.inputs.forEach((name, slot) => {
      const tensor = graph.tensors.get(name);
      if (!tensor || counted.has(name)) return;
      const { role, perElement = 1 } = roles.byTensor.get(name)?.use ?? {};
      // What no operator claims may still be learned where a node works on it: √ of a temperature, say.
      const worksOn = isFloat(tensor.dtype) && (!bound || slot === 0);
      if (role ? !isLearned(role) : !worksOn) return;
      counted.add(name);
      const size = elementCount(tensor.dims);
      if (size === 1 && (!role || role === 'other')) return;
      learned.set(name, perElement);
      params += size * perElement;
    });
    const isSized = bound && node.outputs.every((name) => name === '' || inference.types.has(name));
    return { node: node.id, params, macs: isSized ? bound.operator.macs(bound.view as never) : 0 };
  });
  return { costs, learned };
}

const isLearned = (role: Role): boolean => role !== 'running-mean' && role !== 'running-variance';
