// Steps that are one operator: recurrent layers, fused attention and residual normalisation, rotary positions.

import { linear } from './linear.ts';
import type { Flow, Sketch } from './sketch.ts';

type Step = (net: Sketch, x: Flow) => Flow | undefined;

const last = (x: Flow): number => x.dims[x.dims.length - 1];
const projected = (net: Sketch, x: Flow, y: Flow): Flow => net.map('Add', x, {}, [linear(net, y, last(x))]);

const recurrent: Step = (net, x) => {
  const [op, gates] = net.pick([
    ['RNN', 1],
    ['GRU', 3],
    ['LSTM', 4],
  ] as const);
  const [, tokens, features] = x.dims;
  const hidden = net.between(2, 6);
  const direction = net.pick(['forward', 'reverse', 'bidirectional']);
  const directions = direction === 'bidirectional' ? 2 : 1;
  const weights = [
    net.weight([directions, gates * hidden, features], 0.4),
    net.weight([directions, gates * hidden, hidden], 0.4),
    net.chance(0.7) ? net.weight([directions, gates * 2 * hidden], 0.2) : '',
    '',
    net.chance(0.5) && !net.open ? net.weight([directions, 1, hidden], 0.5) : '',
  ];
  const attributes = {
    hidden_size: hidden,
    direction,
    ...(op === 'GRU' && net.chance(0.5) ? { linear_before_reset: 1 } : {}),
  };
  const [y, state] = net.ops(
    op,
    [net.transpose(x, 1, 0, 2), ...weights],
    [
      [tokens, directions, 1, hidden],
      [directions, 1, hidden],
    ],
    attributes,
  );
  if (net.chance(0.3)) return net.reshape(net.transpose(state, 1, 0, 2), 1, directions * hidden);
  return net.reshape(net.transpose(y, 2, 0, 1, 3), 1, tokens, directions * hidden);
};

/** ONNX Runtime's Attention, which projects by itself. */
const projectingAttention: Step = (net, x) => {
  const [heads, size] = [net.between(2, 3), net.between(2, 3)];
  const [values, own] = net.chance(0.3) ? [size + 1, true] : [size, false];
  const widths = [heads * size, heads * size, heads * values];
  const all = widths.reduce((a, b) => a + b);
  const inputs = [x, net.weight([last(x), all], 0.4), net.weight([all], 0.1)];
  const attributes = { num_heads: heads, ...(own ? { qkv_hidden_sizes: widths } : {}) };
  const y = net.op('Attention', inputs, x.dims.with(2, widths[2]), attributes, 'com.microsoft');
  return projected(net, x, y);
};

const multiHead: Step = (net, x) => {
  const [heads, size] = [net.between(2, 3), net.between(2, 3)];
  const widths = [heads * size, heads * size, heads * net.pick([size, size + 1])];
  const parts = widths.map((width) => linear(net, x, width));
  const bias = net.chance(0.5) ? [net.weight([widths[0] + widths[1] + widths[2]], 0.2)] : [];
  const y = net.op(
    'MultiHeadAttention',
    [...parts, ...bias],
    x.dims.with(2, widths[2]),
    { num_heads: heads },
    'com.microsoft',
  );
  return projected(net, x, y);
};

/** ONNX's Attention on rows, with keys that several heads share. */
const standardAttention: Step = (net, x) => {
  if (net.opset < 23) return undefined;
  const [keyHeads, times, size] = [net.between(1, 2), net.between(1, 2), net.between(2, 3)];
  const heads = keyHeads * times;
  const [q, k, v] = [heads, keyHeads, keyHeads].map((count) => linear(net, x, count * size));
  const y = net.op('Attention', [q, k, v], x.dims.with(2, heads * size), {
    q_num_heads: heads,
    kv_num_heads: keyHeads,
    is_causal: net.between(0, 1),
  });
  return projected(net, x, y);
};

const rotary: Step = (net, x) => {
  if (net.open) return undefined;
  const [heads, size] = [net.between(2, 3), 4];
  const [, tokens] = x.dims;
  const y = linear(net, x, heads * size);
  const tables = [0, 1].map(() => net.weight([tokens, size / 2], 0.7));
  const places = net.integers(...Array.from({ length: tokens }, (_, i) => i));
  const rows = net.op('Reshape', [places, net.integers(1, tokens)], [1, tokens]);
  const turned = net.op(
    'RotaryEmbedding',
    [y, rows, ...tables],
    y.dims,
    { interleaved: net.between(0, 1), num_heads: heads, rotary_embedding_dim: net.pick([0, size]) },
    'com.microsoft',
  );
  return projected(net, x, turned);
};

const addAndNormalise: Step = (net, x) => {
  const width = last(x);
  const y = linear(net, x, width);
  const simple = net.chance(0.5);
  const bias = net.chance(0.5) ? [net.weight([width], 0.1)] : [];
  const inputs = [x, y, net.scale([width]), ...(simple ? [] : [net.weight([width], 0.1)]), ...bias];
  const statistics = x.dims.with(-1, 1);
  const [normal, , , sum] = net.ops(
    simple ? 'SkipSimplifiedLayerNormalization' : 'SkipLayerNormalization',
    inputs,
    [x.dims, statistics, statistics, x.dims],
    { epsilon: 1e-5 },
    'com.microsoft',
  );
  return net.chance(0.5) ? normal : net.map('Add', sum, {}, [linear(net, normal, width)]);
};

const gelu: Step = (net, x) =>
  net.op('FastGelu', [x, net.weight([last(x)], 0.2)], x.dims, {}, 'com.microsoft');

export const fusedSteps: Readonly<Record<string, Step>> = {
  recurrent,
  projectingAttention,
  multiHead,
  standardAttention,
  rotary,
  addAndNormalise,
  gelu,
};
