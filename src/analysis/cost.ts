// What a network costs: parameters (learned numbers) and multiply-accumulates of one forward pass at batch 1.

import { elementCount, isFloat } from '../graph/tensor.ts';
import type { Graph } from '../graph/types.ts';
import type { Inference } from './fold.ts';
import type { Roles } from './roles.ts';
import type { NodeCost } from './types.ts';

const running = new Set(['running-mean', 'running-variance']);

/**
 * Costs per node. A tensor that several nodes share counts once, at its first reader. Running statistics are no
 * parameters, nor are lone constants such as the ε or exponent of a written-out normalisation.
 */
export function costsOf(graph: Graph, inference: Inference, roles: Roles): NodeCost[] {
  const counted = new Set<string>();
  return graph.nodes.map((node) => {
    let params = 0;
    for (const name of node.inputs) {
      const tensor = graph.tensors.get(name);
      if (!tensor || counted.has(name) || !isFloat(tensor.dtype)) continue;
      counted.add(name);
      const role = roles.byTensor.get(name)?.use.role;
      const size = elementCount(tensor.dims);
      if (role && running.has(role)) continue;
      if (size > 1 || (role && role !== 'other')) params += size;
    }
    const bound = inference.bound(node.id);
    return { node: node.id, params, macs: bound ? bound.operator.macs(bound.view as never) : 0 };
  });
}
