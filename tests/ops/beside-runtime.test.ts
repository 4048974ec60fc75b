// Operators that the conformance suites leave out, one node at a time beside ONNX Runtime: recurrent layers, fused
// attention, rotary positions. Types are what it finds, and the numbers too where we compute them.

import { expect, test } from 'vitest';
import { createOnnx } from '../../src/formats/onnx/create.ts';
import { writeOnnx } from '../../src/formats/onnx/write.ts';
import { elementCount } from '../../src/graph/tensor.ts';
import type { Graph } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';
import { type OrtArray, runOnnx } from '../onnx-runtime.ts';
import { type Fed, fed, floats, type SingleNode, single, whole } from './single.ts';

const random = new Random(7);
const noise = (...dims: number[]) =>
  floats(
    dims,
    Array.from({ length: elementCount(dims) }, () => random.normal() * 0.5),
  );
const flow = (...dims: number[]): Fed => fed(noise(...dims));

interface Row {
  readonly title: string;
  readonly node: SingleNode;
}
const row = (
  title: string,
  op: string,
  inputs: SingleNode['inputs'],
  rest: Partial<SingleNode> = {},
): Row => ({
  title: `${op} ${title}`,
  node: { op, inputs, opset: 17, ...rest },
});
const fused = (
  title: string,
  op: string,
  inputs: SingleNode['inputs'],
  attributes: SingleNode['attributes'],
): Row => row(title, op, inputs, { domain: 'com.microsoft', opset: 1, attributes: attributes ?? {} });

/** x [5, 2, 3], hidden 4. */
const recurrent = (
  title: string,
  op: string,
  gates: number,
  rest: Partial<SingleNode> = {},
  more: SingleNode['inputs'] = [],
) => {
  const directions = rest.attributes?.direction === 'bidirectional' ? 2 : 1;
  const weights = [
    noise(directions, gates * 4, 3),
    noise(directions, gates * 4, 4),
    noise(directions, gates * 8),
  ];
  return row(title, op, [flow(5, 2, 3), ...weights, ...more], {
    outputs: op === 'LSTM' ? 3 : 2,
    ...rest,
    attributes: { hidden_size: 4, ...rest.attributes },
  });
};

const table = (): readonly Row[] => {
  const lengths = whole([2], [5, 3], 'int32');
  const state = (directions = 1) => noise(directions, 2, 4);
  const both = { attributes: { direction: 'bidirectional' } };
  return [
    recurrent('forward', 'RNN', 1),
    recurrent('of both directions', 'RNN', 1, both, [undefined, state(2)]),
    recurrent('forward', 'GRU', 3),
    recurrent('resetting after the product', 'GRU', 3, { attributes: { linear_before_reset: 1 } }),
    recurrent('of both directions with a state', 'GRU', 3, both, [undefined, state(2)]),
    recurrent('backwards over lengths', 'GRU', 3, { attributes: { direction: 'reverse' } }, [lengths]),
    recurrent('forward', 'LSTM', 4),
    recurrent('backwards', 'LSTM', 4, { attributes: { direction: 'reverse' } }),
    recurrent('with peepholes', 'LSTM', 4, {}, [undefined, state(), state(), noise(1, 12)]),
    recurrent('of both directions over lengths', 'LSTM', 4, both, [lengths, state(2), state(2)]),
    recurrent('with other activations', 'LSTM', 4, {
      attributes: { activations: ['HardSigmoid', 'Relu', 'Softsign'] },
    }),
    row('on heads', 'Attention', [flow(1, 2, 3, 4), flow(1, 2, 5, 4), flow(1, 2, 5, 6)], { opset: 23 }),
    row('on rows, keys shared', 'Attention', [flow(1, 3, 8), flow(1, 5, 4), flow(1, 5, 4)], {
      opset: 23,
      attributes: { q_num_heads: 4, kv_num_heads: 2 },
    }),
    row('causal', 'Attention', [flow(1, 2, 3, 4), flow(1, 2, 3, 4), flow(1, 2, 3, 4)], {
      opset: 23,
      attributes: { is_causal: 1, scale: 0.3 },
    }),
    row('masked', 'Attention', [flow(1, 2, 3, 4), flow(1, 2, 5, 4), flow(1, 2, 5, 4), noise(3, 5)], {
      opset: 23,
    }),
    row(
      'with a cache',
      'Attention',
      [flow(1, 2, 3, 4), flow(1, 2, 3, 4), flow(1, 2, 3, 4), undefined, flow(1, 2, 2, 4), flow(1, 2, 2, 4)],
      { opset: 23, outputs: 3 },
    ),
    fused('fuses its projection', 'Attention', [flow(1, 3, 5), noise(5, 24), noise(24)], { num_heads: 2 }),
    fused('of wider values', 'Attention', [flow(1, 3, 5), noise(5, 20), noise(20)], {
      num_heads: 2,
      qkv_hidden_sizes: [4, 4, 12],
      scale: 0.4,
    }),
    fused('only backwards', 'Attention', [flow(1, 3, 5), noise(5, 12), noise(12)], {
      num_heads: 2,
      unidirectional: 1,
    }),
    fused('plain', 'MultiHeadAttention', [flow(1, 3, 8), flow(1, 5, 8), flow(1, 5, 12)], { num_heads: 2 }),
    fused(
      'with biases',
      'MultiHeadAttention',
      [flow(1, 3, 8), flow(1, 3, 8), flow(1, 3, 8), noise(24), undefined, noise(1, 2, 3, 3)],
      { num_heads: 2 },
    ),
    fused(
      'by halves',
      'RotaryEmbedding',
      [flow(1, 2, 3, 4), whole([1, 3], [0, 1, 2]), noise(6, 2), noise(6, 2)],
      {},
    ),
    fused('by neighbours', 'RotaryEmbedding', [flow(1, 3, 8), whole([1], [2]), noise(6, 2), noise(6, 2)], {
      interleaved: 1,
    }),
    fused(
      'of some dims',
      'RotaryEmbedding',
      [flow(1, 3, 12), whole([1, 3], [0, 1, 2]), noise(6, 2), noise(6, 2)],
      {
        num_heads: 2,
        rotary_embedding_dim: 4,
      },
    ),
    row(
      'by halves',
      'RotaryEmbedding',
      [flow(1, 2, 3, 4), noise(6, 2), noise(6, 2), whole([1, 3], [3, 1, 2])],
      {
        opset: 23,
      },
    ),
    row('of every token', 'RotaryEmbedding', [flow(1, 3, 8), noise(1, 3, 2), noise(1, 3, 2)], {
      opset: 23,
      attributes: { num_heads: 2, interleaved: 1 },
    }),
    fused('exact', 'Gelu', [flow(2, 3)], {}),
    fused('after a bias', 'BiasGelu', [flow(2, 3), noise(3)], {}),
    fused('by tanh', 'FastGelu', [flow(2, 3), noise(3)], {}),
    fused('by sigmoid', 'QuickGelu', [flow(2, 3)], { alpha: 1.5 }),
    fused(
      'adds and normalises',
      'SkipLayerNormalization',
      [flow(1, 2, 4), flow(1, 2, 4), noise(4), noise(4), noise(4)],
      {
        epsilon: 1e-5,
      },
    ),
    fused('adds and scales', 'SkipSimplifiedLayerNormalization', [flow(1, 2, 4), flow(1, 2, 4), noise(4)], {
      epsilon: 1e-5,
    }),
    row('scales', 'SimplifiedLayerNormalization', [flow(1, 2, 4), noise(4)], {
      attributes: { epsilon: 1e-5 },
    }),
    row('scales', 'RMSNormalization', [flow(1, 2, 4), noise(4)], { opset: 23 }),
    fused('transposed and scaled', 'FusedMatMul', [flow(2, 3, 4), noise(2, 5, 3)], {
      transA: 1,
      transB: 1,
      alpha: 0.5,
    }),
  ];
};

const arrayOf = ({ fed: { dims, values } }: Fed): OrtArray => ({ dims, data: Float32Array.from(values) });

test.each(table())('$title', async ({ node }) => {
  const ours = single(node);
  expect(ours.inference.problems).toEqual([]);
  const outputs = ours.graph.nodes[0].outputs.map((name) => ({ name, dtype: 'float32' as const }));
  const graph: Graph = {
    ...ours.graph,
    outputs,
    opsets: new Map([
      ['', node.domain ? 17 : (node.opset ?? 17)],
      ['com.microsoft', 1],
    ]),
  };
  const inputs = Object.fromEntries(
    node.inputs.flatMap((input, i) => (input && 'fed' in input ? [[`in${i}`, arrayOf(input)]] : [])),
  );
  const theirs = await runOnnx(writeOnnx(createOnnx(graph)), inputs);
  const results = await ours.run();
  results.forEach(({ dims, values }, o) => {
    const { dims: expected, data } = theirs[`out${o}`];
    expect(ours.inference.types.get(`out${o}`)?.dims).toEqual(expected);
    expect(dims).toEqual(expected);
    values.forEach((value, i) => {
      expect(value).toBeCloseTo(Number(data[i]), 4);
    });
  });
});
