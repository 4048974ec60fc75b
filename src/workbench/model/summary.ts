// What the page shows of a model: plain data made from the analysis, never weights.

import type { Analysis, Group } from '../../analysis/types.ts';
import type { Model } from '../../formats/format.ts';
import type { GroupSummary, ModelSummary } from '../engine.ts';
import { toldOnce } from './findings.ts';
import { describeValue, groupCost, membersOf } from './inspect.ts';

export interface SummaryContext {
  readonly fileBytes: number;
  /** Units of each group in the model as opened, by group id. */
  readonly initialUnits: ReadonlyMap<string, number>;
  /** Operators that cannot be executed, by name; empty when the network can be run and trained. */
  readonly unsupported: readonly string[];
}

export function summarise(model: Model, analysis: Analysis, context: SummaryContext): ModelSummary {
  const { graph } = model;
  const value = (info: (typeof graph.inputs)[number]) => {
    const { name, dtype, shape } = describeValue(info);
    return { name, dtype, dims: shape };
  };
  return {
    format: model.format,
    fileName: model.fileName,
    fileBytes: context.fileBytes,
    inputs: graph.inputs.map(value),
    outputs: graph.outputs.map(value),
    nodes: graph.nodes.length,
    params: analysis.params,
    macs: analysis.macs,
    groups: [
      ...analysis.groups.map((group) => summariseGroup(analysis, group, context.initialUnits)),
      ...frozenGroups(analysis),
    ],
    problems: toldOnce([...model.problems, ...analysis.problems]),
    trainable: trainability(context.unsupported),
  };
}

function trainability(unsupported: readonly string[]): ModelSummary['trainable'] {
  if (unsupported.length === 0) return { ok: true };
  const names = unsupported.slice(0, 3).join(', ') + (unsupported.length > 3 ? ' and others' : '');
  return { ok: false, why: `This program cannot execute ${names}; it can still prune and export the model.` };
}

function summariseGroup(
  analysis: Analysis,
  group: Group,
  initialUnits: ReadonlyMap<string, number>,
): GroupSummary {
  const { params, macs } = groupCost(analysis, group);
  return {
    id: group.id,
    kind: group.kind,
    root: group.root.tensor,
    node: nodeName(analysis, group.root.node),
    units: group.units,
    initialUnits: initialUnits.get(group.id) ?? group.units,
    members: membersOf(group).map(({ tensor, axis }) => ({
      tensor,
      axis,
      role: roleOf(group, tensor, axis),
    })),
    paramsPerUnit: Math.round(params / group.units),
    macsPerUnit: Math.round(macs / group.units),
    ...(group.units < 2 ? { locked: 'It has a single unit, and a layer cannot be emptied.' } : {}),
  };
}

const roleOf = (group: Group, tensor: string, axis: number): string =>
  group.members.find((member) => member.tensor === tensor && member.axis === axis)?.role ?? 'other';

const nodeName = (analysis: Analysis, id: number): string =>
  analysis.graph.nodes.find((node) => node.id === id)?.name ?? '';

const frozenGroups = (analysis: Analysis): GroupSummary[] =>
  analysis.frozen.map(({ tensor, axis, length, why, node }) => ({
    id: `${tensor}:${axis}`,
    kind: 'channels',
    root: tensor,
    node,
    units: length,
    initialUnits: length,
    members: [{ tensor, axis, role: 'kernel' }],
    paramsPerUnit: 0,
    macsPerUnit: 0,
    locked: `It stays because ${why}.`,
  }));
