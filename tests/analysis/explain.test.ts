// Why two members go together, and why an axis stays: sentences on small graphs, completeness on real networks.

import { describe, expect, test } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import type { Analysis } from '../../src/analysis/types.ts';
import { openModel } from '../../src/formats/formats.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/types.ts';
import { readShared, sharedFolder, skipReason } from '../shared.ts';

const member = (analysis: Analysis, tensor: string, axis: number) => {
  for (const group of analysis.groups) {
    const found = group.members.find((candidate) => candidate.tensor === tensor && candidate.axis === axis);
    if (found) return { group, found };
  }
  throw new Error(`${tensor} ${axis} is in no group`);
};

const pathBetween = (analysis: Analysis, from: [string, number], to: [string, number]): string[] => {
  const [a, b] = [member(analysis, ...from), member(analysis, ...to)];
  expect(a.group).toBe(b.group);
  return analysis.path(a.group, a.found, b.found).map(({ sentence }) => sentence);
};

/** conv a → + conv b of it → conv c. */
function residual(): Graph {
  const b = new GraphBuilder('residual');
  const conv = (x: string, name: string, from: number, to: number) =>
    b.node('Conv', [x, b.tensor(`${name}.weight`, 'float32', [to, from, 1, 1])], {}, { name });
  const stream = conv(b.input('x', 'float32', [1, 3, 4, 4]), 'a', 3, 6);
  const inner = conv(b.node('Relu', [stream], {}, { name: 'relu' }), 'b', 6, 6);
  return b.output(conv(b.node('Add', [stream, inner], {}, { name: 'add' }), 'c', 6, 2)).graph();
}

describe('a path between two members', () => {
  test('goes by the operators that tie them, one sentence each', () => {
    expect(pathBetween(analyse(residual()), ['a.weight', 0], ['b.weight', 0])).toEqual([
      '"a" (Conv) multiplies its input channels with its filters and adds them up into new channels: position 0 on axis 0 of "a.weight" goes with channel 0 of "a_out".',
      '"add" (Add) adds its inputs channel by channel: channel 0 of "a_out" goes with channel 0 of "b_out".',
      '"b" (Conv) multiplies its input channels with its filters and adds them up into new channels: channel 0 of "b_out" goes with position 0 on axis 0 of "b.weight".',
    ]);
  });

  test('does not cross a layer from its input to its output', () => {
    const steps = pathBetween(analyse(residual()), ['b.weight', 1], ['b.weight', 0]);
    expect(steps.map((sentence) => sentence.split(' ')[0])).toEqual(['"b"', '"relu"', '"add"', '"b"']);
  });

  test('goes on from another channel of the same layer where two members share none', () => {
    const b = new GraphBuilder('overlap');
    const gemm = (x: string, name: string, from: number, to: number) =>
      b.node('MatMul', [x, b.tensor(name, 'float32', [from, to])], {}, { name: `${name}.matmul` });
    const x = b.input('x', 'float32', [1, 3]);
    const wide = gemm(x, 'wide', 3, 4);
    const half = (start: number) =>
      b.node('Slice', [
        wide,
        b.integers(`from${start}`, [start]),
        b.integers(`to${start}`, [start + 2]),
        b.integers(`axis${start}`, [1]),
      ]);
    const left = b.node('Add', [half(0), gemm(x, 'left', 3, 2)]);
    const right = b.node('Add', [half(2), gemm(x, 'right', 3, 2)]);
    b.output(gemm(left, 'l', 2, 1)).output(gemm(right, 'r', 2, 1));
    const steps = pathBetween(analyse(b.graph()), ['left', 1], ['right', 1]);
    expect(steps).toContain(
      'position 0 on axis 1 of "wide" and position 2 on axis 1 of "wide" are channels of one layer.',
    );
  });

  test('goes on from the channel of the layer that it arrived at, in whichever order its neighbours list them', () => {
    const b = new GraphBuilder('turned overlap');
    const gemm = (x: string, name: string, from: number, to: number) =>
      b.node('MatMul', [x, b.tensor(name, 'float32', [from, to])], {}, { name: `${name}.matmul` });
    const x = b.input('x', 'float32', [1, 3]);
    const wide = gemm(x, 'wide', 3, 4);
    const picked = (positions: number[]) =>
      b.node('Gather', [wide, b.integers(`pick ${positions}`, positions)], { axis: 1 });
    const left = b.node('Add', [picked([1, 0]), gemm(x, 'left', 3, 2)]);
    const right = b.node('Add', [picked([3, 2]), gemm(x, 'right', 3, 2)]);
    b.output(gemm(left, 'l', 2, 1)).output(gemm(right, 'r', 2, 1));
    const steps = pathBetween(analyse(b.graph()), ['left', 1], ['right', 1]);
    const change = steps.findIndex((sentence) => sentence.endsWith('are channels of one layer.'));
    const [, from, to] = steps[change].match(/^(.*) and (.*) are channels of one layer\.$/) ?? [];
    expect(steps[change - 1]).toMatch(new RegExp(`goes with ${from}\\.$`));
    expect(steps[change + 1]).toContain(`: ${to} goes with `);
  });
});

test('control flow and operators that are not known say why their surroundings stay', () => {
  const b = new GraphBuilder('frozen', { opset: 17, domains: { acme: 1 } });
  const gemm = (x: string, name: string) =>
    b.node('MatMul', [x, b.tensor(name, 'float32', [4, 4])], {}, { name: `${name}.matmul` });
  const strange = b.node(
    'Frobnicate',
    [gemm(b.input('x', 'float32', [1, 4]), 'w')],
    {},
    { name: 'odd', domain: 'acme' },
  );
  const body = { kind: 'subgraph' as const, captures: ['v.matmul_out'] };
  const captured = gemm('x', 'v');
  b.node(
    'If',
    [b.tensor('condition', 'bool', [], [1])],
    { then_branch: body, else_branch: body },
    { name: 'branch' },
  );
  b.output(strange).output(captured);
  const analysis = analyse(b.graph());
  expect(analysis.problems.map(({ code }) => code)).toEqual(['unknown-operator', 'control-flow']);
  expect(analysis.whyFrozen('w', 1)).toEqual({
    why: 'the operator Frobnicate at "odd" is not understood',
    node: 'odd',
  });
  expect(analysis.whyFrozen('v', 1)).toEqual({
    why: '"branch" (If) takes a branch that only its input decides; neither is followed',
    node: 'branch',
  });
});

test('a recurrent layer that is an output stays because it is one, not because it has gates', () => {
  const b = new GraphBuilder('states');
  const [first, second] = [6, 4].map((hidden, layer, widths) => {
    const width = layer === 0 ? 3 : widths[layer - 1];
    const weights = (name: string, from: number) =>
      b.tensor(`${name}${layer}`, 'float32', [1, 3 * hidden, from]);
    return { hidden, inputs: [weights('w', width), weights('r', hidden)] };
  });
  const gru = (x: string, { hidden, inputs }: typeof first) =>
    b.node('Squeeze', [b.node('GRU', [x, ...inputs], { hidden_size: hidden }), b.integers(`${x}/axes`, [1])]);
  const y = gru(gru(b.input('x', 'float32', ['time', 'batch', 3]), first), second);
  const analysis = analyse(b.output(y).graph());
  expect(analysis.groups.map(({ root }) => root.tensor)).toEqual(['w0']);
  expect(analysis.frozen.map(({ why }) => why)).toEqual([
    'it is an output of the network',
    'it is an output of the network',
  ]);
});

test('constants of types that are only carried through stay as they are', () => {
  const b = new GraphBuilder('floats of 8 bits', { opset: 19 });
  const scale = b.tensor('scale', 'float32', [], [1]);
  const kernel = b.node('DequantizeLinear', [b.tensor('w', 'opaque', [4, 6]), scale]);
  const hidden = b.node('Relu', [b.node('MatMul', [b.input('x', 'float32', ['N', 4]), kernel])]);
  const head = b.tensor('head', 'float32', [6, 2], new Array(12).fill(1));
  const { groups, frozen } = analyse(b.output(b.node('MatMul', [hidden, head])).graph());
  expect(groups).toEqual([]);
  expect(frozen[0]).toMatchObject({
    tensor: 'w',
    axis: 1,
    why: 'its elements are of a type that this program does not cut',
  });
});

test('a network that ONNX Runtime laid out for one processor is told apart', () => {
  const b = new GraphBuilder('laid out', { opset: 17, domains: { 'com.microsoft.nchwc': 1 } });
  const w = b.tensor('w', 'float32', [8, 8, 1, 1]);
  const convolve = (x: string) => b.node('Conv', [x, w], {}, { domain: 'com.microsoft.nchwc' });
  const y = convolve(convolve(b.input('x', 'float32', [1, 8, 4, 4])));
  const { problems } = analyse(b.output(y).graph());
  expect(problems[0].hint).toContain('Open the file it was optimised from');
  expect(problems[1].hint).toBeUndefined();
});

describe.skipIf(!sharedFolder())(`on real networks (${skipReason})`, () => {
  const models = ['resnet50', 'mobilenet_v3_small', 'vit_tiny_fused', 'toy_swin', 'toy_vit_gqa'];
  test.each(models)('%s: every member is reached from every other', (model) => {
    const analysis = analyse(openModel(readShared(`zoo/${model}.onnx`), model).graph);
    for (const group of analysis.groups)
      group.members.forEach((to, i) => {
        if (i === 0) return;
        const steps = analysis.path(group, group.members[(i * 7) % i], to);
        expect(steps.at(-1)?.value, `${group.id} → ${to.tensor}`).toBe(to.tensor);
      });
  });

  test.each(models)('%s: every output of a kernel is in a group or has a reason to stay', (model) => {
    const analysis = analyse(openModel(readShared(`zoo/${model}.onnx`), model).graph);
    const pruned = new Set(
      analysis.groups.flatMap(({ members }) => members.map(({ tensor, axis }) => `${tensor} ${axis}`)),
    );
    for (const node of analysis.graph.nodes) {
      const bound = analysis.view(node.id);
      for (const { input, role, outAxis } of bound?.operator.weights(bound.view) ?? []) {
        const tensor = node.inputs[input];
        if (role !== 'kernel' || outAxis === undefined || !analysis.graph.tensors.has(tensor)) continue;
        const why = analysis.whyFrozen(tensor, outAxis)?.why;
        expect(pruned.has(`${tensor} ${outAxis}`) || why, `${tensor} ${outAxis}`).toBeTruthy();
      }
    }
  });
});
