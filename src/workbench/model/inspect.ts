// What a model is made of, as plain data: the answer of `secateur inspect` and the source of the page's summaries.

import type { Analysis, Group, Member } from '../../analysis/types.ts';
import type { Model } from '../../formats/format.ts';
import { elementCount } from '../../graph/tensor.ts';
import type { ValueInfo } from '../../graph/types.ts';
import type { Problem } from '../../lib/errors.ts';
import { toldOnce } from './findings.ts';

export interface Inspection {
  readonly format: string;
  readonly inputs: readonly InspectedValue[];
  readonly outputs: readonly InspectedValue[];
  readonly nodes: number;
  readonly params: number;
  /** Multiply-accumulates of one example. */
  readonly macs: number;
  readonly problems: readonly Problem[];
  readonly groups: readonly InspectedGroup[];
}

export interface InspectedValue {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | string)[];
}

export interface InspectedGroup {
  readonly id: string;
  readonly kind: string;
  /** The tensor whose output channels the group is named after. */
  readonly root: string;
  readonly units: number;
  readonly members: readonly { readonly tensor: string; readonly axis: number }[];
  /** What would go with all its units: parameters, and MACs of the nodes that hold them. */
  readonly params: number;
  readonly macs: number;
  /** Why nothing of it can be pruned. */
  readonly locked?: string;
}

export function inspect(model: Model, analysis: Analysis): Inspection {
  const { graph } = model;
  return {
    format: model.format,
    inputs: graph.inputs.map(describeValue),
    outputs: graph.outputs.map(describeValue),
    nodes: graph.nodes.length,
    params: analysis.params,
    macs: analysis.macs,
    problems: toldOnce([...model.problems, ...analysis.problems]),
    groups: [...analysis.groups.map((group) => inspectGroup(analysis, group)), ...lockedGroups(analysis)],
  };
}

export const describeValue = ({ name, dtype, dims }: ValueInfo): InspectedValue => ({
  name,
  dtype,
  shape: dims ?? [],
});

function inspectGroup(analysis: Analysis, group: Group): InspectedGroup {
  return {
    id: group.id,
    kind: group.kind,
    root: group.root.tensor,
    units: group.units,
    members: membersOf(group).map(({ tensor, axis }) => ({
      tensor: analysis.copies.get(tensor) ?? tensor,
      axis,
    })),
    ...groupCost(analysis, group),
    ...(group.units < 2 ? { locked: 'it has a single unit, and a layer cannot be emptied' } : {}),
  };
}

/** Kernel outputs that cannot shrink at all, with the reason. */
function lockedGroups(analysis: Analysis): InspectedGroup[] {
  return analysis.frozen.map(({ tensor, axis, length, why }) => ({
    id: `${tensor}:${axis}`,
    kind: 'channels',
    root: tensor,
    units: length,
    members: [{ tensor, axis }],
    params: 0,
    macs: 0,
    locked: why,
  }));
}

/** Every (tensor, axis) once, though heads or outer products may hold several slots on it. */
export function membersOf(group: Group): { tensor: string; axis: number }[] {
  const seen = new Map(group.members.map(({ tensor, axis }) => [`${tensor}:${axis}`, { tensor, axis }]));
  return [...seen.values()];
}

/** Parameters and MACs that hang on a group: of each tensor the share of positions that its units touch. */
export function groupCost(analysis: Analysis, group: Group): { params: number; macs: number } {
  const macsOf = new Map(analysis.costs.map((cost) => [cost.node, cost.macs]));
  let params = 0;
  let macs = 0;
  for (const members of byTensor(group).values()) {
    const dims = analysis.graph.tensors.get(members[0].tensor)?.dims ?? [];
    const untouched = members.reduce((share, member) => share * (1 - touchedShare(member)), 1);
    const { role, node } = members[0];
    if (role !== 'running-mean' && role !== 'running-variance')
      params += elementCount(dims) * (1 - untouched);
    if (role === 'kernel') macs += (macsOf.get(node) ?? 0) * (1 - untouched);
  }
  return { params: Math.round(params), macs: Math.round(macs) };
}

function byTensor(group: Group): Map<string, Member[]> {
  const out = new Map<string, Member[]>();
  for (const member of group.members) out.set(member.tensor, [...(out.get(member.tensor) ?? []), member]);
  return out;
}

const touchedShare = ({ unitOf }: Member): number =>
  unitOf.reduce((n, unit) => n + (unit >= 0 ? 1 : 0), 0) / unitOf.length;
