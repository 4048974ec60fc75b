// From the names a person writes to groups: tensors, nodes, everything under a name, patterns, operator types.
// A name takes hold of the groups in which the layer's outputs are; that its inputs shrink with the layer before is
// no business of the layer's name.

import type { Analysis, Group, Member } from '../../analysis/types.ts';

/** Whether a name written by a person means this name of the file. */
export function means(written: string, name: string): boolean {
  if (written.includes('*')) return patternOf(written).test(name);
  return name === written || name.startsWith(`${written}.`) || name.startsWith(`${written}/`);
}

const patterns = new Map<string, RegExp>();

function patternOf(written: string): RegExp {
  const known = patterns.get(written);
  if (known) return known;
  const escaped = written.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  const pattern = new RegExp(`^${escaped.join('.*')}$`);
  patterns.set(written, pattern);
  return pattern;
}

interface Names {
  readonly names: ReadonlySet<string>;
  readonly operators: ReadonlySet<string>;
}

export class Layers {
  private readonly analysis: Analysis;
  private readonly nodes: ReadonlyMap<number, { readonly name: string; readonly op: string }>;
  private readonly byGroup = new Map<Group, Names>();

  constructor(analysis: Analysis) {
    this.analysis = analysis;
    this.nodes = new Map(analysis.graph.nodes.map((node) => [node.id, node]));
  }

  /** Whether a name takes hold of a group. */
  holds(written: string, group: Group): boolean {
    const { names, operators } = this.namesOf(group);
    if (group.id === written || operators.has(written)) return true;
    for (const name of names) if (means(written, name)) return true;
    return false;
  }

  /** Whether anything in the network goes by this name, prunable or not. */
  knows(written: string): boolean {
    const { graph, groups } = this.analysis;
    if (groups.some((group) => group.id === written)) return true;
    for (const tensor of graph.tensors.keys()) if (means(written, tensor)) return true;
    return graph.nodes.some((node) => node.op === written || means(written, node.name));
  }

  private namesOf(group: Group): Names {
    const known = this.byGroup.get(group);
    if (known) return known;
    const names = new Set<string>();
    const operators = new Set<string>();
    for (const member of group.members) {
      if (isInput(member)) continue;
      names.add(member.tensor);
      const node = this.nodes.get(member.node);
      if (!node) continue;
      names.add(node.name);
      if (member.role === 'kernel') operators.add(node.op);
    }
    const found = { names, operators };
    this.byGroup.set(group, found);
    return found;
  }
}

const isInput = ({ role, side }: Member): boolean => role === 'kernel' && side === 'in';
