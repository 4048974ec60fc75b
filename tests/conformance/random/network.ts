// Random networks: a stem, a handful of random steps that may change the kind of value, and heads on what is left.

import type { Graph } from '../../../src/graph/types.ts';
import { activate } from './activations.ts';
import { batchNorm, conv, imageSteps, type Step } from './images.ts';
import { linear } from './linear.ts';
import { type Flow, Sketch } from './sketch.ts';
import { tokenSteps } from './tokens.ts';

const vectorSteps: Readonly<Record<string, Step>> = {
  dense: (net, x) => activate(net, linear(net, x, net.between(4, 10))),
  skip: (net, x) => {
    const inner = activate(net, linear(net, x, net.between(4, 8)));
    return net.map('Add', x, {}, [linear(net, inner, x.dims[1])]);
  },
  normalised: (net, x) => batchNorm(net, x),
  joined: (net, x) => net.concat([x, linear(net, x, net.between(2, 5))], 1),
  halves: (net, x) => {
    const half = net.between(2, 5);
    const [a, b] = net.split(linear(net, x, half * 2), 1, [half, half]);
    return net.map(net.pick(['Add', 'Mul', 'Sub']), a, {}, [b]);
  },
  /** An encoder's weight turned round for the decoder. */
  tied: (net, x) => {
    const hidden = net.between(3, 6);
    const { name } = net.kernel([hidden, x.dims[1]], hidden);
    const code = net.op('Gemm', [x, name], [1, hidden], { transB: 1 });
    return net.op('Gemm', [activate(net, code), name], x.dims);
  },
};

// ---------------------------------------------------------------- from one kind of value to another

const flatten: Step = (net, x) => {
  const [n, channels, height, width] = x.dims;
  const length = channels * height * width;
  if (length > 600) return undefined;
  return net.chance(0.5) ? net.op('Flatten', [x], [n, length], { axis: 1 }) : net.reshape(x, n, length);
};

const average: Step = (net, x) =>
  net.op('Flatten', [net.op('GlobalAveragePool', [x], [...x.dims.slice(0, 2), 1, 1])], x.dims.slice(0, 2), {
    axis: 1,
  });

const toTokens: Step = (net, x) => {
  const [n, channels, height, width] = x.dims;
  if (height * width > 36) return undefined;
  return net.transpose(net.reshape(x, n, channels, height * width), 0, 2, 1);
};

const toImage: Step = (net, x) => {
  const [n, tokens, width] = x.dims;
  const height = [3, 2].find((side) => tokens % side === 0);
  if (!height) return undefined;
  return net.reshape(net.transpose(x, 0, 2, 1), n, width, height, tokens / height);
};

const firstToken: Step = (net, x) => net.op('Gather', [x, net.index(0)], [1, x.dims[2]], { axis: 1 });
const meanToken: Step = (net, x) => net.reduce('ReduceMean', x, [1], 0);

const toMap: Step = (net, x) => {
  const channels = net.between(2, 5);
  return net.reshape(linear(net, x, channels * 9), 1, channels, 3, 3);
};

const asOneToken: Step = (net, x) => net.op('Unsqueeze', [x, net.integers(1)], [1, 1, x.dims[1]]);

const steps: Readonly<Record<number, Readonly<Record<string, Step>>>> = {
  4: { ...imageSteps, flatten, average, toTokens },
  3: { ...tokenSteps, toImage, firstToken, meanToken },
  2: { ...vectorSteps, toMap, asOneToken },
};

/** Joins a value that was left behind with the present one, where their shapes allow it. */
function revisit(net: Sketch, x: Flow, past: readonly Flow[]): Flow | undefined {
  const same = past.filter(({ name, dims }) => name !== x.name && dims.join() === x.dims.join());
  if (same.length === 0) return undefined;
  return net.map(net.pick(['Add', 'Mul', 'Max', 'Sub']), x, {}, [net.pick(same)]);
}

function stem(net: Sketch): Flow {
  switch (net.random.below(3)) {
    case 0:
      return linear(net, net.input('x', [1, net.between(3, 6), 5]), net.between(4, 9));
    case 1:
      return linear(net, net.input('x', [1, 7]), net.between(4, 10));
    default:
      return conv(net, net.input('x', [1, 3, net.pick([4, 6, 8]), net.pick([4, 6])]), net.between(4, 10));
  }
}

function head(net: Sketch, x: Flow): Flow {
  if (x.dims.length === 4 && net.chance(0.5)) return conv(net, x, 3, { kernel: 1 });
  if (x.dims.length === 4) return linear(net, average(net, x) as Flow, 3);
  return linear(net, x, 3);
}

export interface RandomNetwork {
  readonly graph: Graph;
  /** The steps taken, for messages. */
  readonly story: string;
}

export function randomNetwork(seed: number): RandomNetwork {
  const net = new Sketch(seed, seed % 3 === 0);
  let x = stem(net);
  const past = [x];
  const count = net.between(2, 9);
  for (let taken = 0, tries = 0; taken < count && tries < 60; tries++) {
    if (net.chance(0.15)) {
      const joined = revisit(net, x, past);
      if (joined) x = joined;
    }
    const table = steps[x.dims.length];
    const name = net.pick(Object.keys(table));
    const next = table[name](net, x);
    if (!next || next.dims[1] > 64) continue;
    net.story.push(name);
    x = next;
    past.push(x);
    taken++;
  }
  net.output(head(net, x));
  // Now and then a second output, on a value on the way.
  if (net.chance(0.2)) net.output(head(net, net.pick(past)));
  return { graph: net.graph(), story: net.story.join(' → ') };
}
