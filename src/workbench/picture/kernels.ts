// The kernel of an operator in the flow, where it has one: which constant of the file it is, however the exporter
// transposed it on the way, and which of its axes are the output and input channels.

import { elementCount } from '../../graph/tensor.ts';
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
    const stored = analysis.types.get(value)?.dims;
    if ((use.role !== 'kernel' && use.role !== 'table') || !value || !stored || flow.isData(value)) continue;
    const dims = use.perElement === undefined ? stored : rowsOf(stored, use.perElement);
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

/** Rows of packed levels in blocks, as the matrix that they stand for. */
const rowsOf = ([rows, ...packed]: readonly number[], perElement: number): readonly number[] => [
  rows,
  elementCount(packed) * perElement,
];

/** What scales a constant, such as the steps of levels, leaves it the one that it is. */
function tensorBehind(flow: Flow, value: string): string | undefined {
  const { tensors } = flow.analysis.graph;
  for (let at = value; ; ) {
    if (tensors.has(at)) return at;
    const producer = flow.producer(at);
    const isScaled = producer?.op === 'DequantizeLinear';
    if (!producer || (!isScaled && producer.inputs.filter((name) => name !== '').length > 2))
      return undefined;
    at = producer.inputs[0];
  }
}
