// The kernel of an operator in the flow, where it has one: which constant of the file it is, however the exporter
// transposed it on the way, and which of its axes are the output and input channels.

import type { GraphNode } from '../../graph/types.ts';
import type { Flow } from './flow.ts';

export interface Kernel {
  /** As the operator reads it. */
  readonly dims: readonly number[];
  readonly outAxis: number;
  readonly inAxis: number;
  /** Output channels for each position of the out axis: a transposed convolution counts them per group. */
  readonly repeats: number;
  readonly groups: number;
  readonly depthwise: boolean;
  /** Constant of the file; `undefined` where it is computed from several. */
  readonly tensor: string | undefined;
}

export function kernelOf(flow: Flow, node: GraphNode): Kernel | undefined {
  const { analysis } = flow;
  const bound = analysis.view(node.id);
  if (!bound) return undefined;
  for (const use of bound.operator.weights(bound.view as never)) {
    const value = node.inputs[use.input];
    const dims = analysis.types.get(value)?.dims;
    if ((use.role !== 'kernel' && use.role !== 'table') || !value || !dims || flow.isData(value)) continue;
    const isPerGroup = use.outAxis === 1 && use.inAxis === 0;
    return {
      dims,
      repeats: isPerGroup ? (use.groups ?? 1) : 1,
      outAxis: use.outAxis ?? (use.role === 'table' ? dims.length - 1 : 0),
      inAxis: use.inAxis ?? (use.role === 'table' ? 0 : 1),
      groups: use.groups ?? 1,
      depthwise: use.depthwise ?? false,
      tensor: tensorBehind(flow, value),
    };
  }
  return undefined;
}

function tensorBehind(flow: Flow, value: string): string | undefined {
  const { tensors } = flow.analysis.graph;
  for (let at = value; ; ) {
    if (tensors.has(at)) return at;
    const producer = flow.producer(at);
    if (!producer || producer.inputs.filter((name) => name !== '').length > 2) return undefined;
    at = producer.inputs[0];
  }
}
