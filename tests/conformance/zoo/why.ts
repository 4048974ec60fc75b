// Why a row may differ from the reference: each reason is found in the network and the case, never by a name, so that
// it holds for networks that nobody has seen yet.

import type { Analysis, Group } from '../../../src/analysis/types.ts';
import { completed } from '../../../src/pruning/options.ts';
import { contendersOf } from '../../../src/pruning/planning/contenders.ts';
import { Topology } from '../../../src/pruning/planning/topology.ts';
import { type Case, optionsOf, type Reference, torchName } from './reference.ts';

export interface Why {
  /** A letter for the table. */
  readonly key: string;
  readonly why: string;
  readonly holds: (analysis: Analysis, reference: Reference, row: Case) => boolean;
}

const crossing = new Set([
  'head-dims',
  'channels-per-conv-group',
  'channels-per-norm-group',
  'channels-per-block',
]);

export const reasons: readonly Why[] = [
  {
    key: 'F',
    why: 'Torch-Pruning fails: it raises, or leaves a network that cannot run or computes something else.',
    holds: (_a, _r, { tp_fails, steps }) =>
      tp_fails !== undefined || steps.some((step) => step.tp_inconsistent || step.layernorm_scrambled),
  },
  {
    key: 'M',
    why: 'A maximum ratio caps every layer within one step; Torch-Pruning only bars layers that are past it.',
    holds: (_a, _r, { config }) => config.max_pruning_ratio !== undefined,
  },
  {
    key: 'R',
    why: 'Channel groups are rounded as whole layers; Torch-Pruning takes a count per group for one of the layer, and skips it.',
    holds: ({ groups }, _r, { config }) =>
      config.round_to !== undefined && groups.some(({ kind }) => crossing.has(kind)),
  },
  {
    key: 'O',
    why: 'Outputs of the network keep their shape; Torch-Pruning shrinks them unless they are named.',
    holds: ({ frozen }, { groups = [], onnx }) => {
      const kept = new Set(frozen.map(({ tensor }) => onnx.renamed[tensor]?.[0] ?? tensor));
      return groups.some(({ root }) => kept.has(root));
    },
  },
  {
    key: 'A',
    why: 'The inner width of attention is free of the outer one; Torch-Pruning ties them, as nn.MultiheadAttention does.',
    holds: (_a, { cases }) => cases.some(({ config }) => config.out_channel_groups !== undefined),
  },
  {
    key: 'P',
    why: 'Channels that go together count once; Torch-Pruning counts each of their positions on the layer, and so cuts more than asked, or skips the layer.',
    holds: ({ groups }) => groups.some(severalPositions),
  },
  {
    key: 'C',
    why: 'Torch-Pruning couples other channels than the computation does (see the groups of this network).',
    holds: (analysis, reference) => {
      const ours = new Set(analysis.groups.map((group) => keyOf(reference, group)));
      return (reference.groups ?? []).some(
        ({ members, channels }) =>
          !ours.has(
            [...members]
              .map(([name, axis]) => `${name} ${axis}`)
              .sort()
              .join(),
          ) || members.some(([, , indices]) => indices !== undefined && indices < channels),
      );
    },
  },
  {
    key: 'J',
    why: 'The exporter merged nested joins, so that layers which differ in the torch module are alike in the file.',
    holds: (analysis, reference, row) => row.scopes !== undefined && mergesScopes(analysis, reference, row),
  },
  {
    key: 'T',
    why: 'The last score removed and the first kept are equal within float32 rounding; either choice is right.',
    holds: (_a, _r, { steps }) =>
      steps.some(({ min_margin: margin }) => margin !== undefined && margin < 1e-6),
  },
];

/** Whether a unit holds several positions of the layer that its group is named after, other than by crossing groups. */
function severalPositions({ root, members, crosses }: Group): boolean {
  const own = members.find(({ tensor, axis }) => tensor === root.tensor && axis === root.axis);
  if (!own || crosses.length > 0) return false;
  const positions = own.unitOf.filter((unit) => unit >= 0);
  return new Set(positions).size < positions.length;
}

function keyOf(reference: Reference, { members }: Group): string {
  const names = members
    .filter(({ role }) => role !== 'running-mean' && role !== 'running-variance')
    .map(({ tensor, axis }) => {
      const [name, perm] = torchName(reference, tensor);
      return `${name} ${perm ? perm[axis] : axis}`;
    });
  return [...new Set(names)].sort().join();
}

/** Whether layers that the reference ranks apart have the same structure in the file. */
function mergesScopes(analysis: Analysis, reference: Reference, row: Case): boolean {
  const topology = new Topology(analysis);
  const signatures = new Map<string, string>();
  for (const contender of contendersOf(analysis, completed(optionsOf(row))))
    for (const { members } of contender.groups)
      for (const { tensor, role, side } of members)
        if (role === 'kernel' && side === 'out')
          signatures.set(torchName(reference, tensor)[0], topology.signature(contender));
  const seen = new Map<string, number>();
  return (row.scopes ?? []).some((roots, scope) =>
    roots.some((root) => {
      const signature = signatures.get(`${root}.weight`);
      if (signature === undefined) return false;
      const other = seen.get(signature);
      seen.set(signature, scope);
      return other !== undefined && other !== scope;
    }),
  );
}
