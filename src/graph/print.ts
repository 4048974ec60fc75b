// A graph as text, a line per node: for goldens that a person can review in a diff.

import type { Attribute, Graph, GraphNode, ValueInfo } from './types.ts';

/**
 * Inputs, nodes in order and outputs, each on a line: `y = Conv(x, w[8, 3, 3, 3], group=1)`. Values of constants are left
 * out.
 */
export function printGraph(graph: Graph): string {
  return [
    ...graph.inputs.map((input) => `input ${printValue(input)}`),
    ...graph.nodes.map((node) => printNode(node, graph)),
    ...graph.outputs.map((output) => `output ${printValue(output)}`),
  ].join('\n');
}

const printValue = ({ name, dtype, dims }: ValueInfo): string =>
  `${name}: ${dtype}[${dims?.join(', ') ?? '?'}]`;

function printNode(node: GraphNode, graph: Graph): string {
  const inputs = node.inputs.map((name) => {
    const tensor = graph.tensors.get(name);
    return tensor ? `${name}[${tensor.dims.join(', ')}]` : name;
  });
  const attributes = Object.entries(node.attributes).map(
    ([name, value]) => `${name}=${printAttribute(value)}`,
  );
  const domain = node.domain ? `${node.domain}.` : '';
  return `${node.outputs.join(', ')} = ${domain}${node.op}(${[...inputs, ...attributes].join(', ')})`;
}

function printAttribute(value: Attribute): string {
  if (Array.isArray(value)) return `[${value.join(', ')}]`;
  if (typeof value !== 'object') return String(value);
  if ('dtype' in value) return `${value.dtype}[${value.dims.join(', ')}]`;
  return '{…}';
}
