// The groups of every reference network, beside those that Torch-Pruning (TP) found, as sets of members.
// TP lists the positions of a factorised axis once; we list its factors (heads and dims in each, channel groups and
// channels in each) as groups that cross. So each of TP's groups must be one of ours, and each of ours that TP does not
// list must cross another. Where TP is wrong or fails, the table says why and a golden states what is right.

import { describe, expect, test } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import type { Analysis, Group } from '../../src/analysis/types.ts';
import { openModel } from '../../src/formats/formats.ts';
import { listShared, readShared, readSharedJson, sharedFolder, skipReason, zooModels } from '../shared.ts';

interface Reference {
  readonly params: number;
  readonly macs_conv_linear: number | null;
  readonly onnx: { readonly renamed: Readonly<Record<string, readonly [string, readonly number[] | null]>> };
  readonly groups?: readonly {
    readonly root: string;
    readonly channels: number;
    readonly members: readonly (readonly [parameter: string, axis: number, indices?: number])[];
  }[];
}

/** TP ties things that the mathematics does not: its group is several of ours together. */
const joinedByTp: Readonly<Record<string, string>> = {
  toy_mha: 'TP keeps the inner width of nn.MultiheadAttention equal to its outer width',
  vit_b_16: 'TP keeps the inner width of nn.MultiheadAttention equal to its outer width',
};

/** Groups of TP, by root, that are wrong; a golden states ours. */
const wrongInTp: Readonly<Record<string, { readonly roots: readonly string[]; readonly why: string }>> = {
  toy_concat_split: { roots: ['wide.3.weight'], why: 'TP shrinks an output of the network' },
  toy_dwmult: { roots: ['stem.0.weight'], why: 'TP takes a depthwise multiplier for an input channel' },
  toy_split3: { roots: ['one.0.weight', 'two.0.weight'], why: 'TP shrinks outputs of the network' },
  toy_two_in_two_out: { roots: ['a.weight'], why: 'TP shrinks an output of the network' },
  toy_swin: {
    roots: ['blocks.0.attn.v.weight', 'blocks.1.attn.v.weight'],
    why: 'TP leaves out the table of relative positions, which has a column per head',
  },
  toy_swin_auto: {
    roots: ['blocks.0.attn.v.weight', 'blocks.1.attn.v.weight'],
    why: 'TP leaves out the table of relative positions, which has a column per head',
  },
  toy_vit_gqa: {
    roots: [
      'blocks.0.attn.k.weight',
      'blocks.0.attn.v.weight',
      'blocks.1.attn.k.weight',
      'blocks.1.attn.v.weight',
    ],
    why: 'TP loses the tie between the queries and the keys and values that heads share',
  },
  toy_vit_gqa8: {
    roots: [
      'blocks.0.attn.k.weight',
      'blocks.0.attn.v.weight',
      'blocks.1.attn.k.weight',
      'blocks.1.attn.v.weight',
    ],
    why: 'TP loses the tie between the queries and the keys and values that heads share',
  },
};

/** Networks that TP cannot analyse at all; a golden states ours. */
const tpFails = ['shufflenet_v2_x0_5', 'swin_t'];

/** Parameter counts that differ because the file differs from the torch module. */
const otherParams: Readonly<Record<string, { readonly params: number; readonly why: string }>> = {
  swin_t: { params: 28596370, why: 'the exporter expanded the tables of relative positions to every pair' },
  toy_unused: { params: 2938, why: 'layers that the output does not need are not in the file' },
};

const nameIn = ({ onnx }: Reference, tensor: string, axis: number): string => {
  const [name, perm] = onnx.renamed[tensor] ?? [tensor, null];
  return `${name} ${perm ? perm[axis] : axis}`;
};

const isStatistic = ({ role }: Group['members'][number]) =>
  role === 'running-mean' || role === 'running-variance';

/** Members by the names of the torch module, running statistics left out as in the reference. */
const membersOf = (reference: Reference, group: Group): string[] => [
  ...new Set(
    group.members
      .filter((member) => !isStatistic(member))
      .map(({ tensor, axis }) => nameIn(reference, tensor, axis)),
  ),
];

const asKey = (members: readonly string[]): string => [...members].sort().join('\n');

/** One group per paragraph: what it is named after, its kind and units, then a line per member with its positions. */
function describeGroups({ groups }: Analysis): string {
  const paragraphs = groups.map(({ id, kind, units, members, crosses }) =>
    [
      `${id} (${kind}) ${units} units${crosses.length > 0 ? `, crosses ${crosses.join(', ')}` : ''}`,
      ...members.map(({ tensor, axis, unitOf }) => {
        const touched = unitOf.reduce((n, unit) => n + (unit >= 0 ? 1 : 0), 0);
        return `  ${tensor} ${axis}: ${touched}${touched === unitOf.length ? '' : ` of ${unitOf.length}`}`;
      }),
    ].join('\n'),
  );
  return `${paragraphs.join('\n\n')}\n`;
}

const analysed = (path: string): Analysis => analyse(openModel(readShared(path), path).graph);

/** Multiply-accumulates of nodes that read a kernel from the file. */
function macsOfWeights({ graph, groups, frozen, costs }: Analysis): number {
  const kernels = new Set<string>(frozen.map(({ tensor }) => tensor));
  for (const { members } of groups)
    for (const { role, tensor } of members) if (role === 'kernel') kernels.add(tensor);
  const readers = new Set(
    graph.nodes.filter(({ inputs }) => inputs.some((name) => kernels.has(name))).map(({ id }) => id),
  );
  return costs.reduce((sum, { node, macs }) => sum + (readers.has(node) ? macs : 0), 0);
}

describe.skipIf(!sharedFolder())(`groups of the reference networks (${skipReason})`, () => {
  test.each(zooModels())('%s', async (model) => {
    const reference = readSharedJson<Reference>(`zoo/${model}.json`);
    const analysis = analysed(`zoo/${model}.onnx`);
    expect(analysis.problems).toEqual([]);
    const ours = new Map(analysis.groups.map((group) => [asKey(membersOf(reference, group)), group]));
    const theirs = (reference.groups ?? []).map(({ root, members }) => ({
      root,
      members: members.map(([name, axis]) => `${name} ${axis}`),
    }));
    const listed = new Set(theirs.map(({ members }) => asKey(members)));
    const wrong = wrongInTp[model]?.roots ?? [];
    const missing = theirs.filter(({ members }) => !ours.has(asKey(members)));
    if (model in joinedByTp)
      for (const { members } of missing)
        expect(
          new Set(
            analysis.groups
              .map((group) => membersOf(reference, group))
              .filter((own) => own.every((name) => members.includes(name)))
              .flat(),
          ),
        ).toEqual(new Set(members));
    else expect(missing.map(({ root }) => root).sort()).toEqual(wrong);
    if (wrong.length > 0 || tpFails.includes(model))
      await expect(describeGroups(analysis)).toMatchFileSnapshot(`groups/${model}.txt`);
    else if (!(model in joinedByTp))
      for (const [key, group] of ours) if (!listed.has(key)) expect(group.crosses, group.id).not.toEqual([]);
  });

  test.each(zooModels())('%s costs what the reference says', (model) => {
    const reference = readSharedJson<Reference>(`zoo/${model}.json`);
    const analysis = analysed(`zoo/${model}.onnx`);
    expect(analysis.params).toBe(otherParams[model]?.params ?? reference.params);
    if (reference.macs_conv_linear !== null) expect(macsOfWeights(analysis)).toBe(reference.macs_conv_linear);
  });
});

describe.skipIf(!sharedFolder())(`groups of the sample networks (${skipReason})`, () => {
  const files = ['onnx-light', 'samples/onnx'].flatMap((folder) =>
    listShared(folder)
      .filter((name) => name.endsWith('.onnx'))
      .map((name) => `${folder}/${name}`),
  );
  test.each(files)('%s', async (path) => {
    const analysis = analysed(path);
    expect(analysis.problems).toEqual([]);
    const name = path.slice(path.lastIndexOf('/') + 1).replace('.onnx', '.txt');
    await expect(describeGroups(analysis)).toMatchFileSnapshot(`groups/${name}`);
  });
});
