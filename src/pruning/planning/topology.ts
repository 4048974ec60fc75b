// Which contenders have the same structure: the same operators joined in the same way, whatever their sizes. They
// compete with each other in the isomorphic scope, and a person may decide about them at once.
// Fang et al., "Isomorphic Pruning for Vision Models", ECCV 2024.

import type { Analysis } from '../../analysis/types.ts';
import { elementCount } from '../../graph/tensor.ts';
import type { GraphNode } from '../../graph/types.ts';
import { fingerprint } from '../../lib/fingerprint.ts';
import type { Contender } from './contenders.ts';

/** Operators that tell structures apart by their name; others only by how many there are. */
const telling = new Set([
  'Conv',
  'ConvTranspose',
  'MatMul',
  'Gemm',
  'BatchNormalization',
  'LayerNormalization',
  'GroupNormalization',
  'InstanceNormalization',
  'Concat',
  'Split',
  'Slice',
  'Reshape',
  'Add',
  'Mul',
]);

export class Topology {
  private readonly analysis: Analysis;
  private readonly signatures = new Map<string, string>();
  private known: Wires | undefined;

  constructor(analysis: Analysis) {
    this.analysis = analysis;
  }

  /** Equal for contenders of the same structure. */
  signature(contender: Contender): string {
    const known = this.signatures.get(contender.id);
    if (known) return known;
    const parts = [
      contender.kind,
      ...contender.groups.flatMap(({ members }) =>
        members.map(({ role, side, depthwise }) => `${role} ${side} ${depthwise}`),
      ),
      ...this.operators(contender),
    ];
    const signature = fingerprint(parts.sort().join('\n')).toString(16).padStart(8, '0');
    this.signatures.set(contender.id, signature);
    return signature;
  }

  /** The operators that the contender's channels run through. An activation counts once, however it is written. */
  private operators({ groups }: Contender): string[] {
    const { graph } = this.analysis;
    this.known ??= wire(this.analysis);
    const { readers, sources } = this.known;
    const nodes = new Set<GraphNode>();
    const activations = new Set<string>();
    for (const group of groups)
      for (const value of this.analysis.valuesOf(group))
        for (const n of readers.get(value) ?? []) {
          const node = graph.nodes[n];
          if (!sources.has(node.outputs[0]) && !this.padsAPool(node)) nodes.add(node);
          if (sources.has(value) && !node.outputs.includes(value) && !sources.has(node.outputs[0]))
            activations.add(value);
        }
    return [
      ...[...nodes].map(({ op }) => (telling.has(op) ? op : 'other')),
      ...[...activations].map(() => 'activation'),
    ];
  }

  /** Padding that exporters write before a pool belongs to the pool. */
  private padsAPool({ op, outputs: [padded] }: GraphNode): boolean {
    if (op !== 'Pad') return false;
    const { nodes } = this.analysis.graph;
    const readers = (this.known?.readers.get(padded) ?? []).filter((n) => nodes[n].inputs.includes(padded));
    return readers.every((n) => nodes[n].op.endsWith('Pool'));
  }
}

interface Wires {
  /** Positions of the nodes that read or make a value. */
  readonly readers: ReadonlyMap<string, readonly number[]>;
  /** For a value computed element by element from one other value alone: that value. */
  readonly sources: ReadonlyMap<string, string>;
}

function wire({ graph, view }: Analysis): Wires {
  const readers = new Map<string, number[]>();
  const sources = new Map<string, string>();
  const isNumber = (name: string): boolean => {
    const tensor = graph.tensors.get(name);
    return tensor !== undefined && elementCount(tensor.dims) === 1;
  };
  graph.nodes.forEach((node, n) => {
    for (const name of new Set([...node.inputs, ...node.outputs])) {
      const list = readers.get(name) ?? [];
      readers.set(name, list);
      list.push(n);
    }
    if (!isElementwise(view(node.id))) return;
    const operands = node.inputs.filter((name) => name !== '' && !isNumber(name));
    const [source, ...others] = new Set(operands.map((name) => sources.get(name) ?? name));
    if (source !== undefined && others.length === 0) sources.set(node.outputs[0], source);
  });
  return { readers, sources };
}

function isElementwise(bound: ReturnType<Analysis['view']>): boolean {
  const layout = bound?.operator.layout;
  return (typeof layout === 'function' && bound ? layout(bound.view) : layout) === 'elementwise';
}
