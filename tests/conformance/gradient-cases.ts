// Small networks whose gradients are checked: each float operator in the forms in which networks use it. The same rows
// run in double precision against central differences, and on every backend against each other.

import { GraphBuilder } from '../../src/graph/build.ts';
import { elementCount } from '../../src/graph/tensor.ts';
import type { Attribute, Graph } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';

export interface GradientCase {
  readonly title: string;
  readonly graph: Graph;
  /** Values of the graph's float inputs. */
  readonly inputs: Readonly<
    Record<string, { readonly dims: readonly number[]; readonly data: Float32Array }>
  >;
  readonly training?: boolean;
  /** tfjs approximates the error function (Abramowitz and Stegun 7.1.26); differences see its error of 1.5e-7. */
  readonly approximate?: boolean;
}

type Attributes = Readonly<Record<string, Attribute>>;

class CaseBuilder {
  readonly builder: GraphBuilder;
  private readonly random: Random;
  private readonly inputs: Record<string, { dims: readonly number[]; data: Float32Array }> = {};
  private next = 0;

  constructor(title: string, opset: number, domains?: Record<string, number>) {
    this.builder = new GraphBuilder(title, { opset, ...(domains ? { domains } : {}) });
    this.random = new Random(title.length + 17);
  }

  /** Numbers between `low` and `high`. */
  values(dims: readonly number[], low: number, high: number): Float32Array {
    return Float32Array.from(
      { length: elementCount(dims) },
      () => low + (high - low) * this.random.uniform(),
    );
  }

  x(dims: readonly number[], low = -1.5, high = 1.5): string {
    const name = `x${this.next++}`;
    this.inputs[name] = { dims, data: this.values(dims, low, high) };
    return this.builder.input(name, 'float32', dims);
  }

  /** Numbers all different by more than a step of the differences, so that no rank changes. */
  ranked(dims: readonly number[]): string {
    const name = `x${this.next++}`;
    const order = this.random.permutation(elementCount(dims));
    this.inputs[name] = { dims, data: Float32Array.from(order, (rank) => rank / 7 - 1) };
    return this.builder.input(name, 'float32', dims);
  }

  w(dims: readonly number[], low = -1, high = 1): string {
    return this.builder.tensor(`w${this.next++}`, 'float32', dims, this.values(dims, low, high));
  }

  ints(...values: number[]): string {
    return this.builder.integers(`i${this.next++}`, values);
  }

  node(op: string, inputs: readonly string[], attributes: Attributes = {}, domain = ''): string {
    return this.builder.node(op, inputs, attributes, { domain });
  }

  done(title: string, outputs: readonly string[], training = false): GradientCase {
    for (const output of outputs) this.builder.output(output);
    return { title, graph: this.builder.graph(), inputs: this.inputs, training };
  }
}

function make(
  title: string,
  build: (c: CaseBuilder) => string | readonly string[],
  {
    opset = 20,
    training = false,
    domains,
  }: { opset?: number; training?: boolean; domains?: Record<string, number> } = {},
): GradientCase {
  const c = new CaseBuilder(title, opset, domains);
  const outputs = build(c);
  return c.done(title, typeof outputs === 'string' ? [outputs] : outputs, training);
}

// ---------------------------------------------------------------- element by element

const unary = (op: string, low = -1.5, high = 1.5, attributes: Attributes = {}, domain = ''): GradientCase =>
  make(
    `${domain}${op}${Object.keys(attributes).length > 0 ? ` ${JSON.stringify(attributes)}` : ''}`,
    (c) => c.node(op, [c.x([2, 3, 4], low, high)], attributes, domain),
    domain ? { domains: { [domain]: 1 } } : {},
  );

const functions: GradientCase[] = [
  ...[
    'Relu',
    'Sigmoid',
    'Tanh',
    'Softplus',
    'Softsign',
    'Mish',
    'HardSwish',
    'Gelu',
    'Erf',
    'Exp',
    'Neg',
    'Abs',
    'Sin',
    'Cos',
    'Atan',
    'Sinh',
    'Cosh',
    'Asinh',
    'Identity',
    'HardSigmoid',
    'Elu',
    'Celu',
    'Selu',
    'LeakyRelu',
    'ThresholdedRelu',
  ].map((op) => ({ ...unary(op), approximate: op === 'Gelu' || op === 'Erf' })),
  unary('Gelu', -1.5, 1.5, { approximate: 'tanh' }),
  unary('QuickGelu', -1.5, 1.5, {}, 'com.microsoft'),
  unary('Swish', -1.5, 1.5, { alpha: 0.7 }),
  unary('Shrink', -1.5, 1.5, { lambd: 0.4, bias: 0.1 }),
  ...['Log', 'Sqrt', 'Reciprocal', 'Acosh'].map((op) => unary(op, op === 'Acosh' ? 1.2 : 0.3, 2)),
  ...['Asin', 'Acos', 'Atanh', 'Tan'].map((op) => unary(op, -0.8, 0.8)),
];

const binary = (
  op: string,
  a: readonly number[],
  b: readonly number[],
  low = -1.5,
  high = 1.5,
): GradientCase =>
  make(`${op} of [${a}] and [${b}]`, (c) => c.node(op, [c.x(a, low, high), c.x(b, low, high)]));

const arithmetic: GradientCase[] = [
  ...['Add', 'Sub', 'Mul', 'Min', 'Max', 'Sum', 'Mean'].flatMap((op) => [
    binary(op, [2, 3, 4], [2, 3, 4]),
    binary(op, [2, 3, 4], [3, 1]),
  ]),
  binary('Div', [2, 3, 4], [1, 4], 0.5, 2),
  binary('Pow', [2, 3], [2, 1], 0.5, 2),
  make('Pow by 2', (c) => c.node('Pow', [c.x([2, 3]), c.builder.tensor('two', 'float32', [], [2])])),
  make('Pow by 3', (c) => c.node('Pow', [c.x([2, 3]), c.builder.tensor('three', 'float32', [], [3])])),
  make('Where', (c) => {
    const condition = c.builder.tensor('condition', 'bool', [2, 3], [1, 0, 1, 0, 0, 1]);
    return c.node('Where', [condition, c.x([2, 3]), c.x([3])]);
  }),
  make('Clip', (c) =>
    c.node('Clip', [
      c.x([2, 5]),
      c.builder.tensor('low', 'float32', [], [-0.5]),
      c.builder.tensor('high', 'float32', [], [0.6]),
    ]),
  ),
  make('Clip by attributes', (c) => c.node('Clip', [c.x([2, 5])], { min: 0, max: 1 }), { opset: 6 }),
  make('Mod', (c) =>
    c.node('Mod', [c.x([2, 3], 0.3, 3), c.builder.tensor('by', 'float32', [], [0.7])], { fmod: 1 }),
  ),
  make('PRelu per channel', (c) => c.node('PRelu', [c.x([2, 3, 2, 2]), c.w([3, 1, 1])])),
  make('PRelu shared', (c) => c.node('PRelu', [c.x([2, 3, 2, 2]), c.w([1])])),
];

// ---------------------------------------------------------------- convolution

interface ConvForm {
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly attributes?: Attributes;
  readonly bias?: boolean;
}

const conv = (title: string, { x, w, attributes = {}, bias = false }: ConvForm): GradientCase =>
  make(`Conv ${title}`, (c) => c.node('Conv', [c.x(x), c.w(w), ...(bias ? [c.w([w[0]])] : [])], attributes));

const transposed = (title: string, { x, w, attributes = {} }: ConvForm): GradientCase =>
  make(`ConvTranspose ${title}`, (c) => c.node('ConvTranspose', [c.x(x), c.w(w)], attributes));

const convolutions: GradientCase[] = [
  conv('3x3', { x: [2, 3, 5, 6], w: [4, 3, 3, 3], attributes: { pads: [1, 1, 1, 1] }, bias: true }),
  conv('1x1', { x: [2, 3, 4, 4], w: [5, 3, 1, 1] }),
  conv('1x1 with stride', { x: [2, 3, 5, 4], w: [5, 3, 1, 1], attributes: { strides: [2, 2] } }),
  conv('with stride', {
    x: [2, 3, 7, 6],
    w: [4, 3, 3, 3],
    attributes: { strides: [2, 2], pads: [1, 1, 1, 1] },
  }),
  conv('with uneven stride and padding', {
    x: [1, 2, 7, 8],
    w: [3, 2, 3, 2],
    attributes: { strides: [3, 2], pads: [0, 1, 2, 0] },
  }),
  conv('dilated', {
    x: [1, 2, 8, 7],
    w: [3, 2, 3, 3],
    attributes: { dilations: [2, 1], pads: [2, 1, 2, 1] },
  }),
  conv('dilated with stride', {
    x: [1, 2, 9, 9],
    w: [3, 2, 3, 3],
    attributes: { dilations: [2, 2], strides: [2, 2] },
  }),
  conv('in groups', { x: [2, 6, 4, 4], w: [4, 3, 3, 3], attributes: { group: 2, pads: [1, 1, 1, 1] } }),
  conv('in groups with stride', {
    x: [2, 6, 5, 5],
    w: [6, 2, 3, 3],
    attributes: { group: 3, strides: [2, 2] },
  }),
  conv('depthwise', {
    x: [2, 3, 5, 5],
    w: [3, 1, 3, 3],
    attributes: { group: 3, pads: [1, 1, 1, 1] },
    bias: true,
  }),
  conv('depthwise with stride', {
    x: [1, 3, 7, 6],
    w: [3, 1, 3, 3],
    attributes: { group: 3, strides: [2, 2], pads: [1, 1, 1, 1] },
  }),
  conv('depthwise dilated', {
    x: [1, 3, 7, 7],
    w: [3, 1, 3, 3],
    attributes: { group: 3, dilations: [2, 2], pads: [2, 2, 2, 2] },
  }),
  conv('depthwise dilated with stride', {
    x: [1, 3, 9, 9],
    w: [3, 1, 3, 3],
    attributes: { group: 3, dilations: [2, 2], strides: [2, 2] },
  }),
  conv('depthwise with a multiplier', {
    x: [2, 3, 5, 5],
    w: [6, 1, 3, 3],
    attributes: { group: 3, pads: [1, 1, 1, 1] },
  }),
  conv('depthwise 5x5', { x: [1, 4, 6, 6], w: [4, 1, 5, 5], attributes: { group: 4, pads: [2, 2, 2, 2] } }),
  conv('with same padding', {
    x: [1, 2, 5, 6],
    w: [3, 2, 2, 2],
    attributes: { auto_pad: 'SAME_UPPER', strides: [2, 2] },
  }),
  conv('in one dimension', { x: [2, 3, 9], w: [4, 3, 3], attributes: { strides: [2], pads: [1, 0] } }),
  conv('in one dimension, dilated, in groups', {
    x: [2, 4, 9],
    w: [4, 2, 3],
    attributes: { dilations: [2], group: 2 },
  }),
  conv('in three dimensions', {
    x: [1, 2, 4, 5, 4],
    w: [3, 2, 2, 3, 2],
    attributes: { pads: [1, 1, 0, 0, 1, 1] },
  }),
  conv('in three dimensions with stride', {
    x: [1, 2, 5, 5, 5],
    w: [3, 2, 3, 3, 3],
    attributes: { strides: [2, 1, 2] },
  }),
  conv('in three dimensions, dilated', {
    x: [1, 2, 5, 5, 5],
    w: [2, 2, 2, 2, 2],
    attributes: { dilations: [2, 1, 2] },
  }),
  conv('of one channel', { x: [2, 1, 5, 5], w: [3, 1, 3, 3] }),
  conv('patches', { x: [2, 3, 8, 8], w: [4, 3, 4, 4], attributes: { strides: [4, 4] } }),
  transposed('2x2', { x: [2, 3, 3, 4], w: [3, 4, 2, 2], attributes: { strides: [2, 2] } }),
  transposed('3x3 with padding', {
    x: [1, 3, 4, 4],
    w: [3, 2, 3, 3],
    attributes: { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] },
  }),
  transposed('in groups', { x: [1, 4, 3, 3], w: [4, 2, 3, 3], attributes: { group: 2 } }),
  transposed('depthwise', { x: [1, 3, 3, 3], w: [3, 1, 3, 3], attributes: { group: 3, strides: [2, 2] } }),
  transposed('dilated', { x: [1, 2, 3, 3], w: [2, 3, 2, 2], attributes: { dilations: [2, 2] } }),
  transposed('in one dimension', { x: [2, 3, 5], w: [3, 2, 4], attributes: { strides: [2], pads: [1, 1] } }),
  transposed('in three dimensions', {
    x: [1, 2, 3, 3, 2],
    w: [2, 2, 2, 2, 2],
    attributes: { strides: [2, 1, 2] },
  }),
];

// ---------------------------------------------------------------- products

const products: GradientCase[] = [
  binary('MatMul', [3, 4], [4, 2]),
  binary('MatMul', [2, 3, 4], [4, 2]),
  binary('MatMul', [2, 2, 3, 4], [2, 2, 4, 3]),
  binary('MatMul', [2, 1, 3, 4], [3, 4, 2]),
  binary('MatMul', [4], [4, 2]),
  binary('MatMul', [3, 4], [4]),
  make('Gemm with a transposed kernel', (c) =>
    c.node('Gemm', [c.x([3, 4]), c.w([2, 4]), c.w([2])], { transB: 1 }),
  ),
  make('Gemm scaled and transposed', (c) =>
    c.node('Gemm', [c.x([4, 3]), c.w([4, 2]), c.w([1, 2])], { transA: 1, alpha: 0.5, beta: 2 }),
  ),
  make('a transposed kernel', (c) =>
    c.node('MatMul', [c.x([2, 3, 4]), c.node('Transpose', [c.w([2, 4])], { perm: [1, 0] })]),
  ),
  make('one kernel used twice', (c) => {
    const w = c.w([4, 4]);
    const once = c.node('MatMul', [c.x([3, 4]), w]);
    return c.node('MatMul', [once, c.node('Transpose', [w], { perm: [1, 0] })]);
  }),
  ...(
    [
      ['bij,bjk->bik', [2, 3, 4], [2, 4, 2]],
      ['bhid,bhjd->bhij', [2, 2, 3, 4], [2, 2, 5, 4]],
      ['ij,kj->ik', [3, 4], [2, 4]],
      ['bic,hcd->bhid', [2, 3, 4], [2, 4, 3]],
      ['i,j->ij', [3], [4]],
      ['...ij,...jk->...ik', [2, 3, 4], [2, 4, 2]],
    ] as const
  ).map(([equation, a, b]) =>
    make(`Einsum ${equation}`, (c) => c.node('Einsum', [c.x(a), c.x(b)], { equation })),
  ),
  make('Einsum of a sum', (c) => c.node('Einsum', [c.x([2, 3, 4])], { equation: 'bij->bj' })),
  make('Einsum of a diagonal', (c) => c.node('Einsum', [c.x([3, 3])], { equation: 'ii->i' })),
  make(
    'FusedMatMul',
    (c) =>
      c.node('FusedMatMul', [c.x([2, 3, 4]), c.x([2, 5, 4])], { transB: 1, alpha: 0.5 }, 'com.microsoft'),
    { domains: { 'com.microsoft': 1 } },
  ),
];

// ---------------------------------------------------------------- normalisation and reduction

const statistics = (c: CaseBuilder, channels: number) => [
  c.w([channels], 0.5, 1.5),
  c.w([channels]),
  c.w([channels]),
  c.w([channels], 0.5, 1.5),
];

const normalisation: GradientCase[] = [
  make('BatchNormalization', (c) => c.node('BatchNormalization', [c.x([3, 2, 3, 3]), ...statistics(c, 2)])),
  make(
    'BatchNormalization while training',
    (c) => c.node('BatchNormalization', [c.x([3, 2, 3, 3]), ...statistics(c, 2)]),
    { training: true },
  ),
  make(
    'BatchNormalization of a table while training',
    (c) => c.node('BatchNormalization', [c.x([5, 3]), ...statistics(c, 3)]),
    { training: true },
  ),
  make(
    'BatchNormalization of a signal while training',
    (c) => c.node('BatchNormalization', [c.x([3, 2, 5]), ...statistics(c, 2)]),
    { training: true },
  ),
  make(
    'BatchNormalization of a volume while training',
    (c) => c.node('BatchNormalization', [c.x([2, 2, 2, 3, 2]), ...statistics(c, 2)]),
    { training: true },
  ),
  make('InstanceNormalization', (c) =>
    c.node('InstanceNormalization', [c.x([2, 3, 3, 4]), c.w([3]), c.w([3])]),
  ),
  make(
    'GroupNormalization',
    (c) => c.node('GroupNormalization', [c.x([2, 4, 3, 3]), c.w([4]), c.w([4])], { num_groups: 2 }),
    { opset: 21 },
  ),
  make('LayerNormalization', (c) => c.node('LayerNormalization', [c.x([2, 3, 5]), c.w([5]), c.w([5])])),
  make('LayerNormalization of two axes', (c) =>
    c.node('LayerNormalization', [c.x([2, 3, 4]), c.w([3, 4]), c.w([3, 4])], { axis: 1 }),
  ),
  make(
    'layer normalisation written out',
    (c) => {
      const x = c.x([2, 3, 5]);
      const mean = c.node('ReduceMean', [x], { axes: [-1] });
      const centred = c.node('Sub', [x, mean]);
      const squared = c.node('Pow', [centred, c.builder.tensor('two', 'float32', [], [2])]);
      const variance = c.node('ReduceMean', [squared], { axes: [-1] });
      const deviation = c.node('Sqrt', [
        c.node('Add', [variance, c.builder.tensor('eps', 'float32', [], [1e-5])]),
      ]);
      const scaled = c.node('Mul', [c.node('Div', [centred, deviation]), c.w([5])]);
      return c.node('Add', [scaled, c.w([5])]);
    },
    { opset: 13 },
  ),
  make('RMSNormalization', (c) => c.node('RMSNormalization', [c.x([2, 3, 5]), c.w([5])]), { opset: 23 }),
  make(
    'SkipLayerNormalization',
    (c) =>
      c.node(
        'SkipLayerNormalization',
        [c.x([2, 3, 5]), c.x([2, 3, 5]), c.w([5]), c.w([5])],
        {},
        'com.microsoft',
      ),
    { domains: { 'com.microsoft': 1 } },
  ),
  make('LRN', (c) => c.node('LRN', [c.x([2, 5, 3, 3])], { size: 3, alpha: 0.5 })),
  make('LpNormalization', (c) => c.node('LpNormalization', [c.x([2, 5])], { axis: 1, p: 2 })),
  make('MeanVarianceNormalization', (c) => c.node('MeanVarianceNormalization', [c.x([2, 3, 3, 2])])),
  ...['ReduceSum', 'ReduceMean', 'ReduceL2', 'ReduceSumSquare', 'ReduceLogSumExp', 'ReduceL1'].map((op) =>
    make(op, (c) => c.node(op, [c.x([2, 3, 4]), c.ints(1)], { keepdims: 0 })),
  ),
  make('ReduceLogSum', (c) => c.node('ReduceLogSum', [c.x([2, 3], 0.5, 2), c.ints(1)])),
  make('ReduceProd', (c) => c.node('ReduceProd', [c.x([2, 3], 0.5, 2), c.ints(1)])),
  make('ReduceMax', (c) => c.node('ReduceMax', [c.ranked([2, 3, 4]), c.ints(1, 2)])),
  make('ReduceMin', (c) => c.node('ReduceMin', [c.ranked([2, 3, 4]), c.ints(0)])),
  make('CumSum', (c) => c.node('CumSum', [c.x([2, 4]), c.ints(1)])),
  make('CumSum backwards without itself', (c) =>
    c.node('CumSum', [c.x([2, 4]), c.ints(1)], { reverse: 1, exclusive: 1 }),
  ),
  make('Softmax', (c) => c.node('Softmax', [c.x([2, 3, 4])], { axis: -1 })),
  make('Softmax over channels', (c) => c.node('Softmax', [c.x([2, 3, 2, 2])], { axis: 1 })),
  make('Softmax of old', (c) => c.node('Softmax', [c.x([2, 3, 4])], { axis: 1 }), { opset: 11 }),
  make('LogSoftmax', (c) => c.node('LogSoftmax', [c.x([3, 4])], { axis: 1 })),
];

// ---------------------------------------------------------------- pooling and resizing

const pool = (op: string, title: string, x: readonly number[], attributes: Attributes): GradientCase =>
  make(`${op} ${title}`, (c) => c.node(op, [c.ranked(x)], attributes));

const resize = (title: string, x: readonly number[], sizes: readonly number[], attributes: Attributes) =>
  make(`Resize ${title}`, (c) => c.node('Resize', [c.x(x), '', '', c.ints(...sizes)], attributes));

/** Labels of 4 classes: [2, 3]. */
const labels = (c: CaseBuilder) => c.builder.tensor('labels', 'int64', [2, 3], [0, 3, 2, 1, 1, 2]);
const corners = (c: CaseBuilder) =>
  c.builder.tensor('boxes', 'float32', [2, 4], [0, 0, 4.7, 4.2, 1.1, 0.3, 3.6, 4.9]);

const detection: GradientCase[] = [
  ...['avg', 'max'].flatMap((mode) =>
    [0, 2].map((sampling_ratio) =>
      make(
        `RoiAlign, ${mode}, ${sampling_ratio === 0 ? 'samples as they fit' : 'samples'}`,
        (c) =>
          c.node('RoiAlign', [c.ranked([2, 2, 5, 5]), corners(c), c.ints(0, 1)], {
            mode,
            sampling_ratio,
            output_height: 2,
            output_width: 2,
          }),
        { opset: 16 },
      ),
    ),
  ),
  make('Det', (c) => c.node('Det', [c.x([2, 4, 4])])),
];

const losses: GradientCase[] = ['mean', 'sum', 'none'].flatMap((reduction) =>
  ['NegativeLogLikelihoodLoss', 'SoftmaxCrossEntropyLoss'].map((op) =>
    make(`${op}, ${reduction}`, (c) =>
      c.node(op, [c.x([2, 4, 3]), labels(c), c.w([4], 0.5, 1.5)], { reduction, ignore_index: 3 }),
    ),
  ),
);

const images: GradientCase[] = [
  pool('MaxPool', '2x2', [2, 3, 4, 4], { kernel_shape: [2, 2], strides: [2, 2] }),
  pool('MaxPool', 'overlapping, padded', [1, 2, 5, 5], {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
  }),
  pool('MaxPool', 'dilated', [1, 2, 6, 6], { kernel_shape: [2, 2], dilations: [2, 2] }),
  pool('MaxPool', 'ceil', [1, 2, 5, 5], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
  pool('MaxPool', 'in one dimension', [2, 2, 7], { kernel_shape: [3], strides: [2] }),
  pool('MaxPool', 'in three dimensions', [1, 2, 4, 4, 4], { kernel_shape: [2, 2, 2], strides: [2, 2, 2] }),
  pool('AveragePool', '2x2', [2, 3, 4, 4], { kernel_shape: [2, 2], strides: [2, 2] }),
  pool('AveragePool', 'padded', [1, 2, 5, 5], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  pool('AveragePool', 'counting its padding', [1, 2, 5, 5], {
    kernel_shape: [3, 3],
    pads: [1, 1, 1, 1],
    count_include_pad: 1,
  }),
  pool('AveragePool', 'ceil', [1, 2, 5, 5], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }),
  pool('AveragePool', 'in three dimensions', [1, 2, 4, 4, 4], {
    kernel_shape: [2, 2, 2],
    strides: [2, 1, 2],
  }),
  pool('GlobalAveragePool', '', [2, 3, 3, 4], {}),
  pool('GlobalMaxPool', '', [2, 3, 3, 4], {}),
  pool('LpPool', '', [1, 2, 4, 4], { kernel_shape: [2, 2], p: 2 }),
  resize('nearest, doubled', [1, 2, 3, 3], [1, 2, 6, 6], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
  }),
  resize('nearest, odd', [1, 2, 3, 4], [1, 2, 5, 7], { mode: 'nearest' }),
  resize('linear', [1, 2, 3, 4], [1, 2, 5, 8], { mode: 'linear' }),
  resize('linear, corners aligned', [1, 2, 3, 4], [1, 2, 6, 7], {
    mode: 'linear',
    coordinate_transformation_mode: 'align_corners',
  }),
  resize('cubic', [1, 2, 4, 4], [1, 2, 6, 6], { mode: 'cubic' }),
  resize('linear, smaller', [1, 2, 6, 6], [1, 2, 3, 4], { mode: 'linear', antialias: 1 }),
  make(
    'Upsample',
    (c) => c.node('Upsample', [c.x([1, 2, 2, 3])], { scales: [1, 1, 2, 2], mode: 'nearest' }),
    { opset: 7 },
  ),
  make('DepthToSpace', (c) => c.node('DepthToSpace', [c.x([2, 8, 2, 3])], { blocksize: 2 })),
  make('DepthToSpace, channels first', (c) =>
    c.node('DepthToSpace', [c.x([2, 8, 2, 3])], { blocksize: 2, mode: 'CRD' }),
  ),
  make('SpaceToDepth', (c) => c.node('SpaceToDepth', [c.x([2, 2, 4, 4])], { blocksize: 2 })),
  make('GridSample', (c) => c.node('GridSample', [c.x([1, 2, 4, 4]), c.w([1, 3, 3, 2], -0.85, 0.85)])),
];

// ---------------------------------------------------------------- moving

const moving: GradientCase[] = [
  make('Reshape', (c) => c.node('Reshape', [c.x([2, 3, 4]), c.ints(0, -1)])),
  make('Flatten', (c) => c.node('Flatten', [c.x([2, 3, 4])])),
  make('Transpose', (c) => c.node('Transpose', [c.x([2, 3, 4])], { perm: [2, 0, 1] })),
  make('Transpose, then a product', (c) =>
    c.node('MatMul', [c.node('Transpose', [c.x([2, 4, 3])], { perm: [0, 2, 1] }), c.w([4, 2])]),
  ),
  make('Squeeze and Unsqueeze', (c) =>
    c.node('Unsqueeze', [c.node('Squeeze', [c.x([2, 1, 3]), c.ints(1)]), c.ints(0)]),
  ),
  make('Concat', (c) => c.node('Concat', [c.x([2, 3, 2, 2]), c.x([2, 1, 2, 2])], { axis: 1 })),
  make('Concat after convolutions', (c) => {
    const branch = (w: number[]) => c.node('Conv', [c.x([1, 2, 4, 4]), c.w(w)]);
    return c.node('Concat', [branch([3, 2, 1, 1]), branch([2, 2, 1, 1])], { axis: 1 });
  }),
  make('Split', (c) => c.builder.nodeWithOutputs('Split', [c.x([2, 5]), c.ints(2, 3)], 2, { axis: 1 })),
  make('Slice with a step', (c) =>
    c.node('Slice', [c.x([2, 7, 3]), c.ints(1), c.ints(7), c.ints(1), c.ints(2)]),
  ),
  make('Slice backwards', (c) =>
    c.node('Slice', [c.x([5, 2]), c.ints(-1), c.ints(-9), c.ints(0), c.ints(-1)]),
  ),
  make('Gather', (c) => c.node('Gather', [c.w([5, 3]), c.ints(1, 4, 1)])),
  make('Gather along channels', (c) => c.node('Gather', [c.x([2, 4, 3]), c.ints(3, 0, 0)], { axis: 1 })),
  make('GatherElements', (c) =>
    c.node('GatherElements', [c.x([2, 3]), c.builder.tensor('at', 'int64', [2, 2], [2, 2, 0, 1])], {
      axis: 1,
    }),
  ),
  make('GatherND', (c) =>
    c.node('GatherND', [c.x([2, 3, 2]), c.builder.tensor('at', 'int64', [2, 2], [1, 2, 0, 0])]),
  ),
  make('ScatterND', (c) =>
    c.node('ScatterND', [c.x([4, 2]), c.builder.tensor('at', 'int64', [2, 1], [1, 3]), c.x([2, 2])]),
  ),
  make('ScatterElements', (c) =>
    c.node(
      'ScatterElements',
      [c.x([2, 4]), c.builder.tensor('at', 'int64', [2, 2], [1, 3, 0, 2]), c.x([2, 2])],
      { axis: 1 },
    ),
  ),
  make('Pad', (c) => c.node('Pad', [c.x([2, 3, 2, 2]), c.ints(0, 1, 0, 2, 0, 0, 1, 0)])),
  make('Pad by reflection', (c) =>
    c.node('Pad', [c.x([1, 2, 4, 4]), c.ints(0, 0, 1, 1, 0, 0, 2, 0)], { mode: 'reflect' }),
  ),
  make('Pad with the edge', (c) =>
    c.node('Pad', [c.x([1, 2, 3, 3]), c.ints(0, 0, 1, 0, 0, 0, 2, 1)], { mode: 'edge' }),
  ),
  make('Expand', (c) => c.node('Expand', [c.x([3, 1]), c.ints(2, 3, 4)])),
  make('Tile', (c) => c.node('Tile', [c.x([2, 3]), c.ints(2, 2)])),
  make('TopK', (c) =>
    c.builder.nodeWithOutputs('TopK', [c.ranked([2, 5]), c.ints(2)], 2, { axis: 1 }).slice(0, 1),
  ),
  make('Trilu', (c) => c.node('Trilu', [c.x([2, 3, 3])], { upper: 0 })),
  make('Cast', (c) => c.node('Cast', [c.x([2, 3])], { to: 10 })),
  make('Dropout', (c) => c.node('Dropout', [c.x([2, 3])])),
];

// ---------------------------------------------------------------- together

const compositions: GradientCase[] = [
  make('attention', (c) => {
    const x = c.x([2, 4, 6]);
    const head = (perm: number[]) =>
      c.node('Transpose', [c.node('Reshape', [c.node('MatMul', [x, c.w([6, 6])]), c.ints(0, 0, 2, 3)])], {
        perm,
      });
    const scores = c.node('MatMul', [head([0, 2, 1, 3]), head([0, 2, 3, 1])]);
    const weights = c.node(
      'Softmax',
      [c.node('Mul', [scores, c.builder.tensor('s', 'float32', [], [0.6])])],
      { axis: -1 },
    );
    const mixed = c.node('Transpose', [c.node('MatMul', [weights, head([0, 2, 1, 3])])], {
      perm: [0, 2, 1, 3],
    });
    return c.node('MatMul', [c.node('Reshape', [mixed, c.ints(0, 0, 6)]), c.w([6, 6])]);
  }),
  make(
    'a residual block while training',
    (c) => {
      const x = c.x([2, 3, 4, 4]);
      const norm = (y: string) => c.node('BatchNormalization', [y, ...statistics(c, 3)]);
      const convolved = (y: string) => c.node('Conv', [y, c.w([3, 3, 3, 3])], { pads: [1, 1, 1, 1] });
      const first = c.node('Relu', [norm(convolved(x))]);
      return c.node('Relu', [c.node('Add', [norm(convolved(first)), x])]);
    },
    { training: true },
  ),
  make('squeeze and excitation', (c) => {
    const x = c.x([2, 4, 3, 3]);
    const pooled = c.node('GlobalAveragePool', [x]);
    const gate = c.node('Conv', [
      c.node('Relu', [c.node('Conv', [pooled, c.w([2, 4, 1, 1])])]),
      c.w([4, 2, 1, 1]),
    ]);
    return c.node('Mul', [c.node('HardSigmoid', [gate]), x]);
  }),
  make('channel shuffle', (c) => {
    const split = c.node('Reshape', [c.x([2, 6, 2, 2]), c.ints(0, 2, 3, 2, 2)]);
    return c.node('Reshape', [c.node('Transpose', [split], { perm: [0, 2, 1, 3, 4] }), c.ints(0, 6, 2, 2)]);
  }),
  make('a gated linear unit', (c) => {
    const [value, gate] = c.builder.nodeWithOutputs(
      'Split',
      [c.node('MatMul', [c.x([3, 4]), c.w([4, 6])])],
      2,
      { axis: -1, num_outputs: 2 },
    );
    return c.node('Mul', [value, c.node('Sigmoid', [gate])]);
  }),
  make('a convolution through channels last and back', (c) => {
    const y = c.node('Conv', [c.x([1, 3, 4, 4]), c.w([4, 3, 1, 1])]);
    const rows = c.node('LayerNormalization', [
      c.node('Transpose', [y], { perm: [0, 2, 3, 1] }),
      c.w([4]),
      c.w([4]),
    ]);
    const mixed = c.node('MatMul', [rows, c.w([4, 4])]);
    return c.node('Mul', [c.node('Transpose', [mixed], { perm: [0, 3, 1, 2] }), c.w([4, 1, 1])]);
  }),
];

export const gradientCases: readonly GradientCase[] = [
  ...functions,
  ...arithmetic,
  ...convolutions,
  ...products,
  ...normalisation,
  ...images,
  ...detection,
  ...losses,
  ...moving,
  ...compositions,
];
