// Steps on images [1, C, H, W]: convolutions of every kind, and all that exporters do with channels between them.
// A step returns `undefined` where it does not fit.

import { activate } from './activations.ts';
import { normalise } from './norms.ts';
import type { Flow, Sketch } from './sketch.ts';

export type Step = (net: Sketch, x: Flow) => Flow | undefined;

const divisors = (n: number): number[] =>
  Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);

interface ConvOptions {
  readonly kernel?: number;
  readonly stride?: number;
  readonly groups?: number;
  readonly bias?: boolean;
}

export function conv(net: Sketch, x: Flow, out: number, options: ConvOptions = {}): Flow {
  const { kernel = net.pick([1, 3]), stride = 1, groups = 1, bias = net.chance(0.5) } = options;
  const [n, channels, height, width] = x.dims;
  const pad = (kernel - 1) / 2;
  const weight = net.kernel([out, channels / groups, kernel, kernel], out);
  const filter = net.chance(0.08) ? net.quantised([out, channels / groups, kernel, kernel], 0) : weight.name;
  const size = (length: number) => Math.floor((length - 1) / stride) + 1;
  return net.op('Conv', [x, filter, ...(bias ? [weight.bias] : [])], [n, out, size(height), size(width)], {
    group: groups,
    kernel_shape: [kernel, kernel],
    pads: [pad, pad, pad, pad],
    strides: [stride, stride],
  });
}

export function batchNorm(net: Sketch, x: Flow): Flow {
  const [, channels] = x.dims;
  return net.map('BatchNormalization', x, {}, [
    net.scale([channels]),
    net.weight([channels], 0.1),
    net.weight([channels], 0.1),
    net.scale([channels]),
  ]);
}

const width = (net: Sketch) => net.pick([4, 6, 8, 12]);

const block = (net: Sketch, x: Flow, out: number, options: ConvOptions = {}): Flow => {
  const y = conv(net, x, out, options);
  return activate(net, net.chance(0.6) ? batchNorm(net, y) : y);
};

const grouped: Step = (net, x) => {
  const groups = net.pick(divisors(x.dims[1]).filter((d) => d > 1 && d < x.dims[1]));
  return groups === undefined ? undefined : conv(net, x, groups * net.between(1, 3), { groups });
};

const depthwise: Step = (net, x) =>
  activate(net, conv(net, x, x.dims[1] * net.pick([1, 1, 2]), { kernel: 3, groups: x.dims[1] }));

const transposed: Step = (net, x) => {
  const [n, channels, height, wide] = x.dims;
  if (height > 8) return undefined;
  const groups = net.pick(divisors(channels).filter((d) => d <= 2));
  const each = net.between(2, 4);
  const weight = net.kernel([channels, each, 2, 2], each * groups);
  return net.op('ConvTranspose', [x, weight.name, weight.bias], [n, each * groups, height * 2, wide * 2], {
    group: groups,
    kernel_shape: [2, 2],
    strides: [2, 2],
  });
};

const residual: Step = (net, x) => {
  const inner = block(net, x, width(net));
  const y = conv(net, inner, x.dims[1], { bias: true });
  return net.chance(0.3) ? net.map('Sum', x, {}, [y]) : net.map('Add', y, {}, [x]);
};

/** The shortcut of a wider block, filled up with zeros. */
const paddedShortcut: Step = (net, x) => {
  const [, channels] = x.dims;
  const extra = net.between(1, 4);
  const before = net.random.below(extra);
  const pads = net.integers(0, before, 0, 0, 0, extra - before, 0, 0);
  const padded = net.op('Pad', [x, pads], x.dims.with(1, channels + extra), { mode: 'constant' });
  return net.map('Add', conv(net, block(net, x, width(net)), channels + extra), {}, [padded]);
};

const dense: Step = (net, x) => net.concat([x, block(net, x, net.between(2, 6))], 1);

const nestedConcat: Step = (net, x) => {
  const [a, b, c] = [1, 2, 3].map(() => block(net, x, net.between(2, 4)));
  return net.concat([net.concat([a, b], 1), c, x], 1);
};

const spatialConcat: Step = (net, x) =>
  net.concat([block(net, x, x.dims[1]), conv(net, x, x.dims[1])], net.pick([2, 3]));

/** Cuts a feature map in two and treats the parts differently. */
const cutAndJoin: Step = (net, x) => {
  const [, channels] = x.dims;
  const first = net.between(1, channels - 1);
  const [a, b] = net.split(x, 1, [first, channels - first]);
  const changed = block(net, a, net.between(2, 5));
  return net.concat(net.chance(0.5) ? [changed, b] : [b, changed], 1);
};

const gatedHalves: Step = (net, x) => {
  const half = net.between(2, 6);
  const y = conv(net, x, half * 2);
  const [a, b] = net.chance(0.5)
    ? net.split(y, 1, [half, half])
    : [net.slice(y, 1, 0, half), net.slice(y, 1, half, half * 2)];
  return net.map('Mul', a, {}, [net.map('Sigmoid', b)]);
};

const reverseChannels: Step = (net, x) => {
  const bounds = [-1, -1000, 1, -1].map((value) => net.integers(value));
  return net.op('Slice', [x, ...bounds], x.dims);
};

const sliceChannels: Step = (net, x) => {
  const start = net.random.below(x.dims[1] - 1);
  return net.slice(x, 1, start, net.between(start + 1, x.dims[1]), net.pick([1, 1, 2]));
};

const gatherChannels: Step = (net, x) => {
  const picked = Array.from({ length: net.between(2, x.dims[1]) }, () => net.random.below(x.dims[1]));
  const order = net.chance(0.5) ? Array.from(net.random.permutation(x.dims[1])) : picked;
  return net.op('Gather', [x, net.integers(...order)], x.dims.with(1, order.length), { axis: 1 });
};

const squeezeExcite: Step = (net, x) => {
  const [n, channels] = x.dims;
  const pooled = net.chance(0.5)
    ? net.op('GlobalAveragePool', [x], [n, channels, 1, 1])
    : net.reduce('ReduceMean', x, [2, 3], 1);
  const hidden = net.map('Relu', conv(net, pooled, net.between(2, 4), { kernel: 1, bias: true }));
  const gate = net.map('HardSigmoid', conv(net, hidden, channels, { kernel: 1, bias: true }));
  return net.op('Mul', net.chance(0.5) ? [x, gate] : [gate, x], x.dims);
};

/** CBAM: a map of where to look, from the mean and the greatest over all channels. */
const spatialGate: Step = (net, x) => {
  const [n, , height, wide] = x.dims;
  const seen = net.concat([net.reduce('ReduceMean', x, [1], 1), net.reduce('ReduceMax', x, [1], 1)], 1);
  const gate = net.map('Sigmoid', conv(net, seen, 1, { kernel: 3 }));
  return net.op('Mul', [x, { ...gate, dims: [n, 1, height, wide] }], x.dims);
};

const channelSoftmax: Step = (net, x) =>
  net.map('Mul', x, {}, [net.map('Softmax', conv(net, x, x.dims[1]), { axis: 1 })]);

/** SKNet: two branches weighed against each other, channel by channel. */
const selectKernels: Step = (net, x) => {
  const [n, channels, height, wide] = x.dims;
  const branches = [1, 3].map((kernel) => conv(net, x, channels, { kernel }));
  const stacked = net.concat(
    branches.map((branch) => net.reshape(branch, n, 1, channels, height, wide)),
    1,
  );
  const pooled = net.reduce('ReduceMean', stacked, [3, 4], 1);
  const shares = net.map('Softmax', pooled, { axis: 1 });
  return net.reduce('ReduceSum', net.op('Mul', [stacked, shares], stacked.dims), [1], 0);
};

const shuffle: Step = (net, x) => {
  const [n, channels, height, wide] = x.dims;
  const groups = net.pick(divisors(channels));
  const grid = net.reshape(x, n, groups, channels / groups, height, wide);
  return net.reshape(net.transpose(grid, 0, 2, 1, 3, 4), n, channels, height, wide);
};

/** ShuffleNet: half of the channels pass, the halves are interleaved. */
const shuffledHalves: Step = (net, x) => {
  const [, channels] = x.dims;
  if (channels % 2 !== 0) return undefined;
  const [a, b] = net.split(x, 1, [channels / 2, channels / 2]);
  const joined = net.concat([a, block(net, b, channels / 2)], 1);
  const [n, c, height, wide] = joined.dims;
  const grid = net.transpose(net.reshape(joined, n, 2, c / 2, height, wide), 0, 2, 1, 3, 4);
  return net.reshape(grid, n, c, height, wide);
};

const pixelShuffle: Step = (net, x) => {
  const [n, , height, wide] = x.dims;
  if (height > 8) return undefined;
  const out = net.between(2, 4);
  const y = conv(net, x, out * 4);
  if (net.chance(0.5))
    return net.op('DepthToSpace', [y], [n, out, height * 2, wide * 2], {
      blocksize: 2,
      mode: net.pick(['DCR', 'CRD']),
    });
  const grid = net.transpose(net.reshape(y, n, out, 2, 2, height, wide), 0, 1, 4, 2, 5, 3);
  return net.reshape(grid, n, out, height * 2, wide * 2);
};

const spaceToDepth: Step = (net, x) => {
  const [n, channels, height, wide] = x.dims;
  if (height % 2 !== 0 || wide % 2 !== 0 || height < 4) return undefined;
  return net.op('SpaceToDepth', [x], [n, channels * 4, height / 2, wide / 2], { blocksize: 2 });
};

const pool: Step = (net, x) => {
  const [n, channels, height, wide] = x.dims;
  if (height < 4) return undefined;
  return net.op(
    net.pick(['MaxPool', 'AveragePool']),
    [x],
    [n, channels, Math.floor(height / 2), Math.floor(wide / 2)],
    {
      kernel_shape: [2, 2],
      strides: [2, 2],
    },
  );
};

const enlarge: Step = (net, x) => {
  const [n, channels, height, wide] = x.dims;
  if (height > 6) return undefined;
  const stated = net.open ? [net.vector(1, 1, 2, 2)] : ['', net.integers(n, channels, height * 2, wide * 2)];
  return net.op('Resize', [x, '', ...stated], [n, channels, height * 2, wide * 2], { mode: 'nearest' });
};

const instanceNorm: Step = (net, x) =>
  net.map('InstanceNormalization', x, {}, [net.scale([x.dims[1]]), net.weight([x.dims[1]], 0.1)]);

/** As PyTorch exports group normalisation. */
const groupNorm: Step = (net, x) => {
  const [n, channels, height, wide] = x.dims;
  if (channels === 1) return undefined;
  const groups = net.pick(divisors(channels).filter((d) => d < channels));
  const rows = net.reshape(x, n, groups, (channels / groups) * height * wide);
  const normal = net.map('InstanceNormalization', rows, {}, [
    net.weight([groups], 0, 1),
    net.weight([groups], 0),
  ]);
  const back = net.reshape(normal, n, channels, height, wide);
  const scaled = net.map('Mul', back, {}, [net.scale([channels, 1, 1])]);
  return net.map('Add', scaled, {}, [net.weight([channels, 1, 1], 0.1)]);
};

/** ConvNeXt: channels last, normalised, widened, scaled, added. */
const channelsLast: Step = (net, x) => {
  const [, channels] = x.dims;
  const hidden = channels * 2;
  const y = net.transpose(x, 0, 2, 3, 1);
  const normal = normalise(net, y);
  const linear = (z: Flow, from: number, to: number) => {
    const { name, bias } = net.kernel([from, to], to);
    const product = net.op('MatMul', [z, name], z.dims.with(3, to));
    return net.map('Add', product, {}, [bias]);
  };
  const wide = activate(net, linear(normal, channels, hidden));
  const scaled = net.map('Mul', linear(wide, hidden, channels), {}, [net.weight([channels], 0.5)]);
  return net.map('Add', x, {}, [net.transpose(scaled, 0, 3, 1, 2)]);
};

const prelu: Step = (net, x) => net.op('PRelu', [x, net.weight([x.dims[1], 1, 1], 0.2)], x.dims);

const scaleChannels: Step = (net, x) => {
  const factor = net.scale([1, x.dims[1], 1, 1]);
  return net.map(net.pick(['Mul', 'Div', 'Add', 'Sub']), x, {}, [factor]);
};

/** Swin: rolled by one, cut into windows and put together again. */
const windows: Step = (net, x) => {
  const [n, channels, height, wide] = x.dims;
  if (height % 2 !== 0 || wide % 2 !== 0) return undefined;
  const rolled = net.concat([net.slice(x, 2, 1, height), net.slice(x, 2, 0, 1)], 2);
  const grid = net.reshape(net.transpose(rolled, 0, 2, 3, 1), n, height / 2, 2, wide / 2, 2, channels);
  const parts = net.reshape(net.transpose(grid, 0, 1, 3, 2, 4, 5), (n * height * wide) / 4, 4, channels);
  const { name, bias } = net.kernel([channels, channels], channels);
  const mixed = net.map('Add', net.map('MatMul', parts, {}, [name]), {}, [bias]);
  const back = net.transpose(net.reshape(mixed, n, height / 2, wide / 2, 2, 2, channels), 0, 1, 3, 2, 4, 5);
  return net.transpose(net.reshape(back, n, height, wide, channels), 0, 3, 1, 2);
};

/** Swin's patch merging: every second pixel four times, joined along the channels. */
const mergePatches: Step = (net, x) => {
  const [, , height, wide] = x.dims;
  if (height % 2 !== 0 || wide % 2 !== 0 || height < 4) return undefined;
  const corners = [0, 1].flatMap((row) =>
    [0, 1].map((column) => net.slice(net.slice(x, 2, row, height, 2), 3, column, wide, 2)),
  );
  return net.concat(corners, 1);
};

export const imageSteps: Readonly<Record<string, Step>> = {
  conv: (net, x) => block(net, x, width(net)),
  strided: (net, x) => (x.dims[2] < 4 ? undefined : block(net, x, width(net), { kernel: 3, stride: 2 })),
  grouped,
  depthwise,
  transposed,
  residual,
  paddedShortcut,
  dense,
  nestedConcat,
  spatialConcat,
  cutAndJoin,
  gatedHalves,
  sliceChannels,
  reverseChannels,
  gatherChannels,
  squeezeExcite,
  spatialGate,
  channelSoftmax,
  selectKernels,
  shuffle,
  shuffledHalves,
  pixelShuffle,
  spaceToDepth,
  pool,
  enlarge,
  instanceNorm,
  groupNorm,
  channelsLast,
  prelu,
  scaleChannels,
  windows,
  mergePatches,
};
