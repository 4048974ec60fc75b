// Attention in one operator, of the standard and of ONNX Runtime, beside ONNX Runtime: heads as an axis or within the
// last one, shared keys, masks of every kind, caches, what it hands out on its way.

import { test } from 'vitest';
import { expectAlike, flow, fused, noise, type Row, row } from './beside.ts';
import { fed, type SingleNode, whole } from './single.ts';

type Inputs = SingleNode['inputs'];

const attention = (title: string, inputs: Inputs, attributes = {}, outputs = 1, opset = 23): Row =>
  row(title, 'Attention', inputs, { opset, attributes, outputs });

const all = (count: number, but: (i: number) => boolean) =>
  Array.from({ length: count }, (_, i) => (but(i) ? 0 : 1));

function standard(): readonly Row[] {
  const heads = (): Inputs => [flow(2, 3, 4, 8), flow(2, 3, 6, 8), flow(2, 3, 6, 10)];
  const rows = (): Inputs => [flow(2, 4, 24), flow(2, 6, 24), flow(2, 6, 30)];
  const cache = (): Inputs => [flow(2, 3, 3, 8), flow(2, 3, 3, 10)];
  const packed = { q_num_heads: 3, kv_num_heads: 3 };
  const lengths = (...values: number[]) => whole([values.length], values);
  const later = (title: string, mask: Inputs[number], counts: number[], attributes = {}) =>
    attention(title, [...heads(), mask, undefined, undefined, lengths(...counts)], attributes, 1, 24);
  return [
    attention('on heads', heads()),
    attention('on rows', rows(), packed),
    attention('of shared keys', [flow(2, 9, 4, 8), flow(2, 3, 6, 8), flow(2, 3, 6, 8)]),
    attention('of shared keys, on rows', [flow(1, 3, 8), flow(1, 5, 4), flow(1, 5, 4)], {
      q_num_heads: 4,
      kv_num_heads: 2,
    }),
    attention('with a scale', heads(), { scale: 0.3 }),
    attention('squashed', [...heads(), noise(4, 6)], { softcap: 0.5 }),
    attention('causal', heads(), { is_causal: 1 }),
    attention('causal and masked', [...heads(), noise(4, 6)], { is_causal: 1 }),
    attention('masked alike for all heads', [...heads(), noise(2, 1, 4, 6)]),
    attention('masked by heads', [...heads(), noise(3, 4, 6)]),
    attention('masked by examples and heads', [...heads(), noise(2, 3, 4, 6)]),
    attention('masked by truth values', [
      ...heads(),
      whole(
        [4, 6],
        all(24, (i) => i % 5 === 3),
        'bool',
      ),
    ]),
    attention('blind in a row', [
      ...heads(),
      whole(
        [4, 6],
        all(24, (i) => i < 6),
        'bool',
      ),
    ]),
    attention('with a cache', [...heads(), undefined, ...cache()], {}, 3),
    attention('with a cache, causal', [...heads(), undefined, ...cache()], { is_causal: 1 }, 3),
    attention('with a cache, on rows', [...rows(), noise(4, 9), ...cache()], packed, 3),
    ...[0, 1, 2, 3].map((mode) =>
      attention(
        `handing out stage ${mode}`,
        [...heads(), noise(4, 9), ...cache()],
        { qk_matmul_output_mode: mode, softcap: 1 },
        4,
      ),
    ),
    later('told the lengths of its keys', undefined, [3, 5]),
    later('told the lengths of its keys, masked', noise(4, 6), [3, 5]),
    later('told the lengths of its keys, causal', undefined, [5, 6], { is_causal: 1 }),
  ];
}

function ownOfRuntime(): readonly Row[] {
  const heads = { num_heads: 2 };
  const counts = (...values: number[]) => fed(whole([values.length], values, 'int32'));
  const keys = (...values: number[]) => fed(whole([2, values.length / 2], values, 'int32'));
  const three = (): Inputs => [flow(2, 3, 8), flow(2, 5, 8), flow(2, 5, 12)];
  return [
    fused('fuses its projection', 'Attention', [flow(1, 3, 5), noise(5, 24), noise(24)], heads),
    fused('of wider values', 'Attention', [flow(1, 3, 5), noise(5, 20), noise(20)], {
      ...heads,
      qkv_hidden_sizes: [4, 4, 12],
      scale: 0.4,
    }),
    fused('only backwards', 'Attention', [flow(1, 3, 5), noise(5, 12), noise(12)], {
      ...heads,
      unidirectional: 1,
    }),
    fused(
      'masked by keys',
      'Attention',
      [flow(2, 3, 5), noise(5, 24), noise(24), keys(1, 1, 0, 1, 1, 1)],
      heads,
    ),
    fused('masked by lengths', 'Attention', [flow(2, 3, 5), noise(5, 24), noise(24), counts(2, 3)], heads),
    fused('plain', 'MultiHeadAttention', three(), heads),
    fused(
      'with biases',
      'MultiHeadAttention',
      [flow(1, 3, 8), flow(1, 3, 8), flow(1, 3, 8), noise(24), undefined, noise(1, 2, 3, 3)],
      heads,
    ),
    fused(
      'masked by keys',
      'MultiHeadAttention',
      [...three(), undefined, keys(1, 1, 0, 1, 1, 1, 1, 1, 1, 0)],
      heads,
    ),
    fused('masked by lengths', 'MultiHeadAttention', [...three(), undefined, counts(3, 5)], heads),
  ];
}

function grouped(): readonly Row[] {
  const last = (...values: number[]) => whole([values.length], values, 'int32');
  const total = (value: number) => whole([], [value], 'int32');
  /** Queries of 4 heads, keys of 2, heads of 16 dims. */
  const tokens = (batch: number, count: number): Inputs => [
    flow(batch, count, 64),
    flow(batch, count, 32),
    flow(batch, count, 32),
  ];
  const cache = (batch: number, count: number): Inputs => [
    flow(batch, 2, count, 16),
    flow(batch, 2, count, 16),
  ];
  const tables = (): Inputs => [noise(16, 8), noise(16, 8)];
  const each = (title: string, inputs: Inputs, attributes = {}) =>
    fused(
      title,
      'GroupQueryAttention',
      inputs,
      { num_heads: 4, kv_num_heads: 2, ...attributes },
      { outputs: 3 },
    );
  return [
    each('of a first call', [...tokens(1, 3), ...cache(1, 0), last(2), total(3)]),
    each('without a cache', [...tokens(1, 3), undefined, undefined, last(2), total(3)]),
    each('of one more token', [...tokens(1, 1), ...cache(1, 4), last(4), total(5)]),
    each('of one more token, caches filled unlike', [...tokens(2, 1), ...cache(2, 4), last(3, 4), total(5)]),
    each('of several more', [...tokens(1, 3), ...cache(1, 4), last(6), total(7)]),
    each('turning', [...tokens(1, 3), ...cache(1, 4), last(6), total(7), ...tables()], { do_rotary: 1 }),
    each('turning neighbours', [...tokens(1, 3), ...cache(1, 0), last(2), total(3), ...tables()], {
      do_rotary: 1,
      rotary_interleaved: 1,
    }),
    each('packed', [flow(1, 3, 128), undefined, undefined, ...cache(1, 4), last(6), total(7)]),
    each('near only, squashed', [...tokens(1, 3), ...cache(1, 4), last(6), total(7)], {
      local_window_size: 2,
      softcap: 3,
      scale: 0.4,
    }),
  ];
}

function caches(): readonly Row[] {
  const write = (title: string, inputs: Inputs, attributes = {}) =>
    row(title, 'TensorScatter', inputs, { opset: 24, attributes });
  return [
    write('at the start', [flow(2, 3, 6, 4), flow(2, 3, 2, 4)]),
    write('at places', [flow(2, 3, 6, 4), flow(2, 3, 2, 4), whole([2], [1, 4])]),
    write('around the end', [flow(2, 6, 4), flow(2, 2, 4), whole([2], [5, 4])], {
      axis: 1,
      mode: 'circular',
    }),
  ];
}

test.each([...standard(), ...ownOfRuntime(), ...grouped(), ...caches()])('$title', (each) =>
  expectAlike(each),
);
