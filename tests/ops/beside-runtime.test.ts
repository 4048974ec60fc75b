// Operators that the conformance suites leave out, one node at a time beside ONNX Runtime: recurrent layers, rotary
// positions, Fourier transforms, fused activations and normalisations. Attention and quantised operators have tables of their own.

import { test } from 'vitest';
import { expectAlike, flow, fused, noise, type Row, row } from './beside.ts';
import { fed, floats, type SingleNode, whole } from './single.ts';

/** x [5, 2, 3], hidden 4. */
const recurrent = (
  title: string,
  op: string,
  gates: number,
  rest: Partial<SingleNode> = {},
  more: SingleNode['inputs'] = [],
): Row => {
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
    row('along an axis', 'DFT', [flow(1, 6, 3, 1), undefined, whole([], [1])], { opset: 20 }),
    row('to half of the frequencies', 'DFT', [flow(2, 7, 1), whole([], [8])], {
      attributes: { axis: 1, onesided: 1 },
    }),
    row('backwards', 'DFT', [flow(2, 6, 2)], { attributes: { axis: 1, inverse: 1 } }),
    row('of windowed frames', 'STFT', [flow(1, 20, 1), whole([], [4]), noise(8)]),
    row('of plain frames', 'STFT', [flow(1, 20, 1), whole([], [4]), undefined, whole([], [8])], {
      attributes: { onesided: 0 },
    }),
    ...['HannWindow', 'HammingWindow', 'BlackmanWindow'].flatMap((name) =>
      [0, 1].map((periodic) => row(`${periodic}`, name, [whole([], [9])], { attributes: { periodic } })),
    ),
    row('of mel', 'MelWeightMatrix', [
      whole([], [8]),
      whole([], [16]),
      whole([], [8192]),
      floats([], [0]),
      floats([], [4096]),
    ]),
    row('scales', 'RMSNormalization', [flow(1, 2, 4), noise(4)], { opset: 23 }),
    ...[false, true].map((placed) => {
      const ids = fed(whole([2, 3], [0, 4, 2, 1, 1, 3], 'int32'));
      const seen = fed(whole([2, 3], [1, 1, 0, 1, 1, 1], 'int32'));
      const tables = [noise(5, 8), noise(6, 8)];
      const segments = placed ? [] : [noise(2, 8)];
      const segmentIds = placed ? undefined : fed(whole([2, 3], [0, 0, 1, 1, 0, 1], 'int32'));
      const places = placed ? [fed(whole([2, 3], [5, 0, 1, 2, 3, 3], 'int32'))] : [];
      return fused(
        placed ? 'at given places' : 'with segments',
        'EmbedLayerNormalization',
        [ids, segmentIds, ...tables, segments[0], noise(8), noise(8), seen, ...places],
        { epsilon: 1e-5 },
        { outputs: placed ? 3 : 2 },
      );
    }),
    ...['mean', 'sum', 'none'].flatMap((reduction) => {
      const labels = fed(whole([2, 3], [0, 3, 2, 1, 1, 2]));
      const attributes = { reduction, ignore_index: 2 };
      return [
        row(`, ${reduction}`, 'NegativeLogLikelihoodLoss', [flow(2, 4, 3), labels], {
          attributes: { reduction },
        }),
        row(`weighted, ${reduction}`, 'NegativeLogLikelihoodLoss', [flow(2, 4, 3), labels, noise(4)], {
          attributes,
        }),
        row(`, ${reduction}`, 'SoftmaxCrossEntropyLoss', [flow(2, 4, 3), labels], {
          outputs: 2,
          attributes: { reduction },
        }),
        row(`weighted, ${reduction}`, 'SoftmaxCrossEntropyLoss', [flow(2, 4, 3), labels, noise(4)], {
          attributes,
        }),
      ];
    }),
    ...['LEFT', 'RIGHT'].map((direction) =>
      row(
        `to the ${direction}`,
        'BitShift',
        [fed(whole([4], [255, 16, 4, 1], 'uint8')), fed(whole([4], [1, 2, 0, 9], 'uint8'))],
        { attributes: { direction }, within: 0 },
      ),
    ),
    ...[0, 1].flatMap((sorted) => [
      row(sorted ? 'in order' : 'as they come', 'Unique', [floats([2, 3], [3, 1, 2, 1, -4, 3])], {
        outputs: 4,
        attributes: { sorted },
      }),
      row(
        sorted ? 'of columns in order' : 'of columns as they come',
        'Unique',
        [floats([2, 4], [2, 1, 2, 1, 0, 3, 0, -3])],
        { outputs: 4, attributes: { sorted, axis: -1 } },
      ),
    ]),
    ...[1, 2, 3, 5].map((size) => row(`of ${size} rows`, 'Det', [flow(2, 3, size, size)])),
    fused('transposed and scaled', 'FusedMatMul', [flow(2, 3, 4), noise(2, 5, 3)], {
      transA: 1,
      transB: 1,
      alpha: 0.5,
    }),
    fused('of stacks behind the rows', 'FusedMatMul', [flow(3, 2, 4), noise(5, 2, 4)], {
      transBatchA: 1,
      transBatchB: 1,
      transB: 1,
    }),
    fused('of a stack behind the columns', 'FusedMatMul', [flow(3, 2, 6, 4), noise(2, 6, 3, 5)], {
      transBatchA: 1,
      transA: 1,
    }),
  ];
};

test.each(table())('$title', (each) => expectAlike(each));
