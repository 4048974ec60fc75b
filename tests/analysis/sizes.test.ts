// Sizes given to symbols, and what counts as learned.

import { describe, expect, test } from 'vitest';
import { analyse } from '../../src/analysis/analyse.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import type { Dim } from '../../src/graph/types.ts';

/** A sound, cut into frames by one long convolution. */
const framed = (dims: readonly Dim[], taps: number) => {
  const b = new GraphBuilder('framed');
  const frames = b.node('Conv', [b.input('x', 'float32', dims), b.tensor('w', 'float32', [4, 1, taps])]);
  return b.output(b.node('Conv', [frames, b.tensor('v', 'float32', [2, 4, 1])])).graph();
};

describe('symbols', () => {
  test('grow until every operator finds room', () => {
    const { bindings, problems, groups } = analyse(framed(['N', 1, 'samples'], 400));
    expect(bindings).toEqual({ N: 1, samples: 1024 });
    expect(problems).toEqual([]);
    expect(groups.map(({ units }) => units)).toEqual([4]);
  });

  test('grow until something is left to compute with', () => {
    const b = new GraphBuilder('padded');
    const frames = b.node(
      'Conv',
      [b.input('x', 'float32', ['N', 1, 'samples']), b.tensor('w', 'float32', [4, 1, 20])],
      {
        pads: [1, 1],
        strides: [5],
      },
    );
    // 16 samples leave no frame, and the padding makes one of nothing.
    const smooth = b.node('Conv', [frames, b.tensor('v', 'float32', [2, 4, 4])], { pads: [2, 2] });
    const { bindings, problems } = analyse(b.output(smooth).graph());
    expect(bindings).toEqual({ N: 1, samples: 128 });
    expect(problems).toEqual([]);
  });

  test('stay small where that is enough, and as a person bound them', () => {
    expect(analyse(framed(['N', 1, 'samples'], 3)).bindings).toEqual({ N: 1, samples: 16 });
    const { bindings, problems } = analyse(framed(['N', 1, 'samples'], 400), { bindings: { samples: 10 } });
    expect(bindings).toEqual({ N: 1, samples: 10 });
    expect(problems.map(({ code }) => code)).toEqual(['shape-error']);
  });

  test('called a batch are 1 wherever they stand', () => {
    const b = new GraphBuilder('recurrent');
    const x = b.input('x', 'float32', ['time', 'batch_size', 3]);
    expect(analyse(b.output(b.node('Relu', [x])).graph()).bindings).toEqual({ time: 1, batch_size: 1 });
  });
});

describe('parameters', () => {
  test('are neither running statistics, nor scales of a resize, nor ones and zeros that fill an argument', () => {
    const b = new GraphBuilder('counted');
    const ones = (name: string, value: number) => b.tensor(name, 'float32', [2], [value, value]);
    const x = b.input('x', 'float32', [1, 2, 4, 4]);
    const normal = b.node('InstanceNormalization', [x, ones('filler', 1), ones('zero', 0)]);
    const scaled = b.node('BatchNormalization', [
      normal,
      ...['scale', 'shift', 'mean', 'variance'].map((n) => ones(n, 2)),
    ]);
    const scales = b.tensor('scales', 'float32', [4], [1, 1, 2, 2]);
    b.output(b.node('Resize', [scaled, '', scales]));
    expect(analyse(b.graph()).params).toBe(4);
  });

  test('kept in eight bits count as well', () => {
    const b = new GraphBuilder('quantised');
    const weight = b.node('DequantizeLinear', [
      b.tensor('w', 'int8', [3, 2, 1, 1]),
      b.tensor('s', 'float32', [], [0.1]),
    ]);
    b.output(b.node('Conv', [b.input('x', 'float32', [1, 2, 4, 4]), weight]));
    const { params, costs } = analyse(b.graph());
    expect(params).toBe(6);
    expect(costs.map(({ params: own }) => own)).toEqual([6, 0]);
  });
});
