// Steps on tokens [1, T, D]: linear layers, normalisations and attention in the ways exporters write them.

import { activate } from './activations.ts';
import { fusedSteps } from './fused.ts';
import type { Step } from './images.ts';
import { linear } from './linear.ts';
import { normalise, norms } from './norms.ts';
import type { Flow, Sketch } from './sketch.ts';

const last = (x: Flow): number => x.dims[x.dims.length - 1];

const feedForward: Step = (net, x) => {
  const inner = activate(net, linear(net, net.chance(0.5) ? normalise(net, x) : x, net.between(4, 10)));
  return net.map('Add', x, {}, [linear(net, inner, last(x))]);
};

const gated: Step = (net, x) => {
  const hidden = net.between(3, 8);
  if (net.chance(0.5)) {
    const gate = linear(net, x, hidden);
    const swish = net.map('Mul', gate, {}, [net.map('Sigmoid', gate)]);
    return linear(net, net.map('Mul', swish, {}, [linear(net, x, hidden)]), last(x));
  }
  const both = linear(net, x, hidden * 2);
  const [value, gate] = net.split(both, x.dims.length - 1, [hidden, hidden]);
  return linear(net, net.map('Mul', value, {}, [net.map('Sigmoid', gate)]), last(x));
};

// ---------------------------------------------------------------- attention

interface Heads {
  readonly heads: number;
  readonly size: number;
}

/** [1, T, H·D] → [1, H, T, D], or with the last axes swapped for keys. */
const toHeads = (net: Sketch, x: Flow, { heads, size }: Heads, swapped = false): Flow => {
  const cut = net.reshape(x, 1, x.dims[1], heads, size);
  return swapped ? net.transpose(cut, 0, 2, 3, 1) : net.transpose(cut, 0, 2, 1, 3);
};

/** Queries and values [1, H, T, D], keys [1, H, D, T] → [1, T, H·D]. */
function attend(net: Sketch, q: Flow, k: Flow, v: Flow, { heads, size }: Heads): Flow {
  const [, , tokens] = q.dims;
  const logits = net.op('MatMul', [q, k], [1, heads, tokens, tokens]);
  const scaled = net.map('Mul', logits, {}, [net.number(0.5)]);
  const biased = net.chance(0.3)
    ? net.map('Add', scaled, {}, [net.weight([1, heads, tokens, tokens], 0.3)])
    : scaled;
  const shares = net.map('Softmax', biased, { axis: -1 });
  const mixed = net.op('MatMul', [shares, v], [1, heads, tokens, size]);
  return net.reshape(net.transpose(mixed, 0, 2, 1, 3), 1, tokens, heads * size);
}

const drawHeads = (net: Sketch): Heads => ({ heads: net.between(2, 3), size: net.between(2, 4) });

const projected = (net: Sketch, x: Flow, y: Flow): Flow => net.map('Add', x, {}, [linear(net, y, last(x))]);

const attention: Step = (net, x) => {
  const shape = drawHeads(net);
  const width = shape.heads * shape.size;
  const y = net.chance(0.6) ? normalise(net, x) : x;
  const [q, k, v] = [0, 1, 2].map(() => linear(net, y, width));
  return projected(
    net,
    x,
    attend(net, toHeads(net, q, shape), toHeads(net, k, shape, true), toHeads(net, v, shape), shape),
  );
};

/** One projection for queries, keys and values: [1, T, 3, H, D], picked by Gather or Split. */
const fusedAttention: Step = (net, x) => {
  const shape = drawHeads(net);
  const { heads, size } = shape;
  const [, tokens] = x.dims;
  const all = linear(net, x, 3 * heads * size);
  const cut = net.transpose(net.reshape(all, 1, tokens, 3, heads, size), 2, 0, 3, 1, 4);
  const picked = [0, 1, 2].map((i) =>
    net.op('Gather', [cut, net.index(i)], [1, heads, tokens, size], { axis: 0 }),
  );
  const [q, k, v] = picked;
  return projected(net, x, attend(net, q, net.transpose(k, 0, 1, 3, 2), v, shape));
};

/** One projection cut in three. */
const chunkedAttention: Step = (net, x) => {
  const shape = drawHeads(net);
  const width = shape.heads * shape.size;
  const [q, k, v] = net.split(linear(net, x, 3 * width), 2, [width, width, width]);
  return projected(
    net,
    x,
    attend(net, toHeads(net, q, shape), toHeads(net, k, shape, true), toHeads(net, v, shape), shape),
  );
};

/** Keys and values shared by several heads, repeated by Expand as in Llama's exports. */
const groupedQueries: Step = (net, x) => {
  const size = net.between(2, 4);
  const kv = net.between(1, 2);
  const times = net.between(2, 3);
  const heads = kv * times;
  const [, tokens] = x.dims;
  const spread = (y: Flow): Flow => {
    const own = toHeads(net, y, { heads: kv, size });
    const lone = net.reshape(own, 1, kv, 1, tokens, size);
    const repeated = net.expand(lone, [1, kv, times, tokens, size]);
    return net.reshape(repeated, 1, heads, tokens, size);
  };
  const q = toHeads(net, linear(net, x, heads * size), { heads, size });
  const k = net.transpose(spread(linear(net, x, kv * size)), 0, 1, 3, 2);
  const v = spread(linear(net, x, kv * size));
  return projected(net, x, attend(net, q, k, v, { heads, size }));
};

/** One key and value for all heads, broadcast by the product. */
const oneKey: Step = (net, x) => {
  const shape = drawHeads(net);
  const [, tokens] = x.dims;
  const q = toHeads(net, linear(net, x, shape.heads * shape.size), shape);
  const lone = () => net.reshape(linear(net, x, shape.size), 1, 1, tokens, shape.size);
  return projected(net, x, attend(net, q, net.transpose(lone(), 0, 1, 3, 2), lone(), shape));
};

/** Keys and values repeated by joining them with themselves: heads 0, 1, 0, 1. */
const repeatedKeys: Step = (net, x) => {
  const [size, kv] = [net.between(2, 3), 2];
  const shape = { heads: 2 * kv, size };
  const twice = (y: Flow): Flow => {
    const own = toHeads(net, y, { heads: kv, size });
    if (net.chance(0.5)) return net.concat([own, own], 1);
    return net.op('Tile', [own, net.integers(1, 2, 1, 1)], own.dims.with(1, 2 * kv));
  };
  const q = toHeads(net, linear(net, x, shape.heads * size), shape);
  const [k, v] = [0, 1].map(() => twice(linear(net, x, kv * size)));
  return projected(net, x, attend(net, q, net.transpose(k, 0, 1, 3, 2), v, shape));
};

/** Heads come out of the projection: a kernel [D, H, E]. */
const projectedHeads: Step = (net, x) => {
  const { heads, size } = drawHeads(net);
  const [, tokens, width] = x.dims;
  const heads4 = () =>
    net.op('Einsum', [x, net.weight([width, heads, size], 0.4)], [1, heads, tokens, size], {
      equation: 'btd,dhe->bhte',
    });
  const [q, k, v] = [heads4(), heads4(), heads4()];
  const y = attend(net, q, net.transpose(k, 0, 1, 3, 2), v, { heads, size });
  const cut = net.reshape(y, 1, tokens, heads, size);
  const merged = net.op('Einsum', [cut, net.weight([heads, size, width], 0.4)], x.dims, {
    equation: 'bthe,hed->btd',
  });
  return net.map('Add', x, {}, [merged]);
};

const einsumAttention: Step = (net, x) => {
  const shape = drawHeads(net);
  const { heads, size } = shape;
  const [, tokens] = x.dims;
  const cut = () => net.reshape(linear(net, x, heads * size), 1, tokens, heads, size);
  const logits = net.op('Einsum', [cut(), cut()], [1, heads, tokens, tokens], {
    equation: 'bqhd,bkhd->bhqk',
  });
  const shares = net.map('Softmax', logits, { axis: -1 });
  const mixed = net.op('Einsum', [shares, cut()], [1, tokens, heads, size], {
    equation: 'bhqk,bkhd->bqhd',
  });
  return projected(net, x, net.reshape(mixed, 1, tokens, heads * size));
};

/** Rotary positions: halves swapped, one negated, both weighted by tables. */
const rotaryAttention: Step = (net, x) => {
  const shape = { heads: net.between(2, 3), size: 4 };
  const { heads, size } = shape;
  const [, tokens] = x.dims;
  const rotate = (y: Flow): Flow => {
    const [front, back] = [net.slice(y, 3, 0, size / 2), net.slice(y, 3, size / 2, size)];
    const turned = net.concat([net.map('Neg', back), front], 3);
    const [cosine, sine] = [0, 1].map(() => net.weight([1, 1, tokens, size], 0.7));
    return net.map('Add', net.map('Mul', y, {}, [cosine]), {}, [net.map('Mul', turned, {}, [sine])]);
  };
  const width = heads * size;
  const q = rotate(toHeads(net, linear(net, x, width), shape));
  const k = net.transpose(rotate(toHeads(net, linear(net, x, width), shape)), 0, 1, 3, 2);
  return projected(net, x, attend(net, q, k, toHeads(net, linear(net, x, width), shape), shape));
};

// ---------------------------------------------------------------- tokens

const positions: Step = (net, x) => net.map('Add', x, {}, [net.weight([1, x.dims[1], last(x)], 0.3)]);

const classToken: Step = (net, x) =>
  net.concat([net.forEach(x, { name: net.weight([1, 1, last(x)], 0.5), dims: [1, 1, last(x)] }), x], 1);

/** MLP-Mixer: a layer along the tokens. */
const mixTokens: Step = (net, x) => {
  const [, tokens, width] = x.dims;
  const turned = net.transpose(x, 0, 2, 1);
  const mixed = linear(net, activate(net, linear(net, turned, net.between(3, 6))), tokens);
  return net.map('Add', x, {}, [net.transpose({ ...mixed, dims: [1, width, tokens] }, 0, 2, 1)]);
};

const convTokens: Step = (net, x) => {
  const [, tokens, width] = x.dims;
  const out = net.between(3, 8);
  const { name, bias } = net.kernel([out, width, 3], out);
  const y = net.op('Conv', [net.transpose(x, 0, 2, 1), name, bias], [1, out, tokens], {
    kernel_shape: [3],
    pads: [1, 1],
  });
  return net.transpose(activate(net, y), 0, 2, 1);
};

const joinFeatures: Step = (net, x) => net.concat([x, linear(net, x, net.between(2, 5))], 2);

const sliceFeatures: Step = (net, x) => {
  const start = net.random.below(last(x) - 1);
  return net.slice(x, 2, start, net.between(start + 1, last(x)));
};

export const tokenSteps: Readonly<Record<string, Step>> = {
  linear: (net, x) => activate(net, linear(net, x, net.between(4, 9))),
  ...norms,
  ...fusedSteps,
  feedForward,
  gated,
  attention,
  fusedAttention,
  chunkedAttention,
  groupedQueries,
  oneKey,
  repeatedKeys,
  projectedHeads,
  einsumAttention,
  rotaryAttention,
  positions,
  classToken,
  mixTokens,
  convTokens,
  joinFeatures,
  sliceFeatures,
};
