// What a picture folds and how it names things: a line per node, as a person would review it.

import { describe, expect, it } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { openModel } from '../../src/formats/formats.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/types.ts';
import { drawGraph } from '../../src/workbench/picture/drawing.ts';
import type { Drawing } from '../../src/workbench/state.ts';
import { readShared, sharedFolder, skipReason, zooModels } from '../shared.ts';

const draw = (graph: Graph, expanded: readonly string[] = [], units?: ReadonlyMap<string, number>): Drawing =>
  drawGraph(analyse(graph), new Set(expanded), units);

/** `kind name: label, detail <- what it reads`. */
function lines({ nodes, edges }: Drawing): string[] {
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  return nodes.map(({ id, kind, name, label, detail }) => {
    const reads = edges
      .filter(({ target }) => target === id)
      .map(({ source }) => names.get(source))
      .sort();
    return `${kind} ${name}: ${label}, ${detail}${reads.length > 0 ? ` <- ${reads.join(' ')}` : ''}`;
  });
}

const zoo = (model: string): Graph => openModel(readShared(`zoo/${model}.onnx`), `${model}.onnx`).graph;

// ---------------------------------------------------------------- small graphs of our own

/** x → a → b, with a residual around b. */
function residual(): Graph {
  const b = new GraphBuilder('residual');
  const x = b.input('x', 'float32', ['N', 3, 8, 8]);
  const conv = (input: string, layer: string, inputs: number) => {
    const kernel = b.tensor(`${layer}.weight`, 'float32', [16, inputs, 3, 3]);
    const y = b.node('Conv', [input, kernel], { pads: [1, 1, 1, 1] });
    const norm = ['weight', 'bias', 'running_mean', 'running_var'];
    const parts = norm.map((part) => b.tensor(`${layer}.bn.${part}`, 'float32', [16]));
    return b.node('BatchNormalization', [y, ...parts]);
  };
  const first = b.node('Relu', [conv(x, 'stem', 3)]);
  const sum = b.node('Add', [conv(first, 'block.conv', 16), first], {}, { name: 'block.add' });
  const pooled = b.node('GlobalAveragePool', [b.node('Relu', [sum])], {}, { name: 'pool' });
  const flat = b.node('Flatten', [pooled]);
  const w = b.tensor('head.weight', 'float32', [10, 16]);
  return b.output(b.node('Gemm', [flat, w], { transB: 1 }, { name: 'y' })).graph();
}

describe('folding', () => {
  it('takes a convolution with its norm and activation as one node', () => {
    expect(lines(draw(residual()))).toEqual([
      'input x: Input, 1×3×8×8',
      'kernel stem: Conv · Norm · ReLU, 16 × 3×3 <- x',
      'kernel block.conv: Conv · Norm, 16 × 3×3 <- stem',
      'join block.add: Add · ReLU, 1×16×8×8 <- block.conv stem',
      'pool pool: Global average · Flatten, 1×16 <- block.add',
      'kernel head: Linear, 16 → 10 <- pool',
      'output y_out: Output, 1×10 <- head',
    ]);
  });

  it('opens a node into its operators, in a frame that folds again by the same id', () => {
    const folded = draw(residual());
    const stem = folded.nodes.find(({ name }) => name === 'stem');
    expect(stem?.expandable).toBe(true);
    const open = draw(residual(), [stem?.id as string]);
    expect(open.frames).toEqual([{ id: stem?.id, name: 'stem', label: 'Conv · Norm · ReLU' }]);
    const inside = open.nodes.filter(({ parent }) => parent === stem?.id);
    expect(inside.map(({ label }) => label)).toEqual(['Conv', 'Norm', 'ReLU']);
    expect(inside.every(({ expandable }) => !expandable)).toBe(true);
    expect(inside.flatMap(({ nodes }) => nodes)).toEqual(stem?.nodes);
  });

  it('keeps a residual connection around a single layer in sight', () => {
    const b = new GraphBuilder('skip');
    const x = b.input('x', 'float32', [1, 8]);
    const y = b.node('MatMul', [x, b.tensor('w.weight', 'float32', [8, 8])]);
    const graph = b.output(b.node('Add', [y, x], {}, { name: 'sum' })).graph();
    expect(lines(draw(graph))).toEqual([
      'input x: Input, 1×8',
      'kernel w: Linear, 8 → 8 <- x',
      'join sum: Add, 1×8 <- w x',
      'output sum_out: Output, 1×8 <- sum',
    ]);
  });

  it('takes what is computed from constants alone as a constant of its reader', () => {
    const b = new GraphBuilder('constants');
    const x = b.input('x', 'float32', [1, 8]);
    const turned = b.node('Transpose', [b.tensor('w.weight', 'float32', [4, 8])], { perm: [1, 0] });
    const graph = b.output(b.node('MatMul', [x, turned])).graph();
    const { nodes } = draw(graph);
    expect(nodes.map(({ label, detail }) => `${label} ${detail}`)).toEqual([
      'Input 1×8',
      'Linear 8 → 4',
      'Output 1×4',
    ]);
    expect(nodes[1].nodes).toHaveLength(2);
  });

  it('draws kernels that are stored as levels like others, with their units', () => {
    const b = new GraphBuilder('levels', { opset: 21, domains: { 'com.microsoft': 1 } });
    const levels = [
      b.tensor('first.weight_quantized', 'int8', [64, 32]),
      b.tensor('first.weight_scale', 'float32', [32]),
      b.tensor('first.weight_zero_point', 'int8', [32]),
    ];
    const dequantised = b.node('DequantizeLinear', levels, { axis: 1 });
    const table = [b.tensor('words.weight', 'uint8', [9, 32]), b.input('x', 'int64', [1, 1])];
    const scales = b.tensor('words.scales', 'float32', [9, 4]);
    const x = b.node(
      'GatherBlockQuantized',
      [...table, scales],
      { block_size: 16 },
      { domain: 'com.microsoft' },
    );
    const hidden = b.node('MatMul', [x, dequantised]);
    const packed = [
      b.tensor('second.weight', 'uint8', [10, 2, 8]),
      b.tensor('second.scales', 'float32', [10, 2]),
    ];
    const attributes = { K: 32, N: 10, bits: 4, block_size: 16 };
    const y = b.node('MatMulNBits', [hidden, ...packed], attributes, {
      name: 'y',
      domain: 'com.microsoft',
    });
    const drawing = draw(b.output(y).graph());
    expect(lines(drawing)).toEqual([
      'input x: Input, 1×1',
      'kernel words: Embedding, 9 → 64 <- x',
      'kernel first: Linear, 64 → 32 <- words',
      'kernel second: Linear, 32 → 10 <- first',
      'output y_out: Output, 1×1×10 <- second',
    ]);
    expect(drawing.nodes[2].channels?.groups.map(({ units, perUnit }) => [units, perUnit])).toEqual([
      [2, 16],
    ]);
  });

  it('draws a concatenation that repeats an earlier one as reading that one', () => {
    const b = new GraphBuilder('dense');
    const x = b.input('x', 'float32', [1, 4, 8, 8]);
    const conv = (input: string, layer: string, inputs: number) =>
      b.node('Conv', [input, b.tensor(`${layer}.weight`, 'float32', [4, inputs, 1, 1])]);
    const [one, two] = [conv(x, 'one', 4), conv(x, 'two', 4)];
    const first = b.node('Concat', [one, two], { axis: 1 }, { name: 'first' });
    const three = conv(first, 'three', 8);
    const second = b.node('Concat', [one, two, three], { axis: 1 }, { name: 'second' });
    expect(lines(draw(b.output(conv(second, 'last', 12)).graph())).slice(3, 6)).toEqual([
      'join first: Concat, 1×8×8×8 <- one two',
      'kernel three: Conv, 4 × 1×1 <- first',
      'join second: Concat, 1×12×8×8 <- first three',
    ]);
  });

  it('shows an operator it does not know as one, and draws around it', () => {
    const b = new GraphBuilder('odd', { domains: { 'my.own': 1 } });
    const x = b.input('x', 'float32', [1, 4]);
    const y = b.node('Strange', [x], {}, { domain: 'my.own', name: 'odd' });
    const [, odd] = draw(b.output(y, [1, 4]).graph()).nodes;
    expect([odd.kind, odd.label]).toEqual(['unknown', 'Strange']);
  });
});

describe('groups and widths', () => {
  it('says along which edges a group travels, and where it starts', () => {
    const { groups, edges, nodes } = draw(residual());
    const group = groups.find(({ name }) => name === 'stem');
    expect(group).toMatchObject({ kind: 'channels', units: 16, initialUnits: 16 });
    expect(nodes.find(({ id }) => id === group?.node)?.name).toBe('stem');
    const names = new Map(nodes.map(({ id, name }) => [id, name]));
    const along = edges.filter((edge) => edge.groups.includes(group?.id as string));
    expect(along.map(({ source, target }) => `${names.get(source)} > ${names.get(target)}`).sort()).toEqual([
      'block.add > pool',
      'block.conv > block.add',
      'pool > head',
      'stem > block.add',
      'stem > block.conv',
    ]);
  });

  it('shows pruned widths beside the initial ones', () => {
    const whole = draw(residual());
    const group = whole.groups.find(({ name }) => name === 'stem')?.id as string;
    const { nodes } = draw(residual(), [], new Map([[group, 24]]));
    const stem = nodes.find(({ name }) => name === 'stem');
    expect(stem?.channels).toEqual({
      now: 16,
      initially: 24,
      groups: [{ id: group, units: 16, perUnit: 1 }],
    });
    expect(stem?.detail).toBe('16/24 × 3×3');
    expect(nodes.find(({ name }) => name === 'head')?.channels).toEqual({
      now: 10,
      initially: 10,
      groups: [],
    });
  });

  it('keeps ids and folding the same when only widths change', () => {
    const [a, b] = [draw(residual()), draw(residual(), [], new Map([['stem.weight:0', 99]]))];
    expect(a.nodes.map(({ id }) => id)).toEqual(b.nodes.map(({ id }) => id));
    expect(a.edges.map(({ id }) => id)).toEqual(b.edges.map(({ id }) => id));
  });
});

// ---------------------------------------------------------------- real networks

describe.skipIf(!sharedFolder())(`real networks (${skipReason})`, () => {
  it('reads an encoder block of a vision transformer in ten nodes', () => {
    const text = lines(draw(zoo('vit_b_16')));
    const layer = 'encoder.layers.encoder_layer_0';
    const attention = `${layer}.self_attention`;
    expect(text.slice(4, 14)).toEqual([
      `norm ${layer}.ln_1: Layer norm, 197×1×768 <- encoder`,
      `kernel ${attention}: Linear, 768 → 2304 <- ${layer}.ln_1`,
      `attention ${attention}: Attention, 12 heads · 197×197 <- ${attention}`,
      `kernel ${attention}.out_proj: Linear, 768 → 768 <- ${attention}`,
      `join ${layer}: Add, 1×197×768 <- encoder ${attention}.out_proj`,
      `norm ${layer}.ln_2: Layer norm, 1×197×768 <- ${layer}`,
      `kernel ${layer}.mlp.0: Linear · GELU, 768 → 3072 <- ${layer}.ln_2`,
      `kernel ${layer}.mlp.3: Linear, 3072 → 768 <- ${layer}.mlp.0`,
      `join ${layer}: Add, 1×197×768 <- ${layer} ${layer}.mlp.3`,
      `norm encoder.layers.encoder_layer_1.ln_1: Layer norm, 197×1×768 <- ${layer}`,
    ]);
  });

  it('reads grouped queries, squeeze and excitation, shuffles and written-out norms', () => {
    const gqa = lines(draw(zoo('toy_vit_gqa')));
    expect(gqa).toContain(
      'attention blocks.0.attn: Attention, 4 heads · 16×16 <- blocks.0.attn.k blocks.0.attn.q blocks.0.attn.v',
    );
    const mobile = lines(draw(zoo('mobilenet_v3_small')));
    expect(mobile.slice(3, 7)).toEqual([
      'pool features.1.block.1.avgpool: Global average, 1×16×1×1 <- features.1.block.0.0',
      'kernel features.1.block.1.fc1: Conv · ReLU, 8 × 1×1 <- features.1.block.1.avgpool',
      'kernel features.1.block.1.fc2: Conv · Hard sigmoid, 16 × 1×1 <- features.1.block.1.fc1',
      'join features.1.block.1: Mul, 1×16×16×16 <- features.1.block.0.0 features.1.block.1.fc2',
    ]);
    expect(lines(draw(zoo('shufflenet_v2_x0_5')))).toContain(
      'shape stage2.0: Channel shuffle, 1×48×8×8 <- stage2.0',
    );
    expect(lines(draw(zoo('convnext_tiny')))).toContain(
      'kernel features.1.0.block.0: Depthwise conv · Layer norm, 96 × 7×7 <- features.0.0',
    );
  });

  it('folds thousands of operators into what a person can survey', () => {
    const drawn = (model: string) => draw(zoo(model)).nodes.length;
    expect({ resnet50: drawn('resnet50'), swin_t: drawn('swin_t') }).toEqual({ resnet50: 74, swin_t: 147 });
    expect(draw(zoo('densenet121')).edges.length).toBeLessThan(320);
  });

  it.each(zooModels())('draws all of %s: each operator once, every edge between drawn nodes', (model) => {
    const analysis = analyse(zoo(model));
    const { nodes, edges, groups } = drawGraph(analysis, new Set());
    const ids = new Set(nodes.map(({ id }) => id));
    expect(ids.size).toBe(nodes.length);
    for (const { source, target } of edges) expect([ids.has(source), ids.has(target)]).toEqual([true, true]);
    const expandable = nodes.filter(({ expandable }) => expandable).map(({ id }) => id);
    const open = drawGraph(analysis, new Set(expandable));
    expect(open.frames.map(({ id }) => id)).toEqual(expandable);
    const operators = (drawing: Drawing) => new Set(drawing.nodes.flatMap((node) => node.nodes));
    expect(operators(open)).toEqual(operators({ nodes, edges, groups, frames: [] }));
    const withKernels = analysis.groups.map(({ root }) => root.node);
    for (const node of withKernels) expect(operators(open).has(node)).toBe(true);
    expect(groups.every(({ node }) => node !== undefined)).toBe(true);
  });
});
