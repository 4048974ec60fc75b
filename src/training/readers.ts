// The nodes that contract with a kernel: what goes in, what comes out, and where its channels are.

import type { Network } from '../execution/types.ts';
import { type Wiring, wiringOf } from '../graph/query.ts';
import type { GraphNode, Tensor } from '../graph/types.ts';

export interface KernelReader {
  /** Name of the constant. */
  readonly kernel: string;
  readonly node: GraphNode;
  /** The value that the kernel is applied to. */
  readonly input: string;
  readonly output: string;
  /** Where a value of this rank, input or output, has its channels. */
  readonly channelAxis: (rank: number) => number;
}

/** Operators behind which a constant is still the same constant. */
const transparent = new Set(['Identity', 'Cast', 'Transpose', 'DequantizeLinear']);

const convolutions = new Set(['Conv', 'ConvTranspose', 'com.microsoft.FusedConv']);
const products = new Set(['Gemm', 'MatMul', 'com.microsoft.FusedGemm']);

/**
 * The first convolution or matrix product that reads each kernel, be it stored as levels; recurrent layers and lookups
 * have no such channels.
 */
export function kernelReaders({ graph, parameters }: Network): KernelReader[] {
  const wiring = wiringOf(graph);
  const isKernel = ({ name, dims }: Tensor) => {
    const parameter = parameters.get(name);
    return parameter ? parameter.role === 'kernel' : dims.length > 1;
  };
  return [...graph.tensors.values()].flatMap((tensor) => {
    const found = isKernel(tensor) ? readerOf(wiring, tensor.name) : undefined;
    return found ? [found] : [];
  });
}

function readerOf({ consumers }: Wiring, kernel: string): KernelReader | undefined {
  let value = kernel;
  let [node] = consumers(value);
  while (node?.domain === '' && transparent.has(node.op)) {
    [value] = node.outputs;
    [node] = consumers(value);
  }
  if (node?.inputs[1] !== value) return undefined;
  const found = { kernel, node, input: node.inputs[0], output: node.outputs[0] };
  const operator = node.domain === '' ? node.op : `${node.domain}.${node.op}`;
  if (convolutions.has(operator)) return { ...found, channelAxis: () => 1 };
  if (products.has(operator)) return { ...found, channelAxis: (rank) => rank - 1 };
  return undefined;
}
