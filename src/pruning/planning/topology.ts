// Which contenders have the same structure: the same operators joined in the same way, whatever their sizes. They
// compete with each other in the isomorphic scope, and a person may decide about them at once.
// Fang et al., "Isomorphic Pruning for Vision Models", ECCV 2024.

import type { Analysis } from '../../analysis/types.ts';
import type { Contender } from './contenders.ts';

/** Operators that only hand channels on, one by one, look the same. */
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
  private byValue: ReadonlyMap<string, readonly number[]> | undefined;

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
    const signature = parts.sort().join('\n');
    this.signatures.set(contender.id, signature);
    return signature;
  }

  /** The operators that the contender's channels run through. */
  private operators({ groups }: Contender): string[] {
    const { graph } = this.analysis;
    this.byValue ??= this.index();
    const nodes = new Set<number>();
    for (const group of groups)
      for (const value of this.analysis.valuesOf(group))
        for (const n of this.byValue.get(value) ?? []) nodes.add(n);
    return [...nodes].map((n) => {
      const { op } = graph.nodes[n];
      return telling.has(op) ? op : 'other';
    });
  }

  private index(): Map<string, number[]> {
    const out = new Map<string, number[]>();
    this.analysis.graph.nodes.forEach((node, n) => {
      for (const name of new Set([...node.inputs, ...node.outputs])) {
        const list = out.get(name) ?? [];
        out.set(name, list);
        list.push(n);
      }
    });
    return out;
  }
}
