// Operators as a picture speaks of them: what family each belongs to, which decides its look and how it folds, and the
// word for it where that is not its name.

export type Family =
  /** Changes nothing a person looks at: never named. */
  | 'pass'
  | 'norm'
  | 'activation'
  | 'arithmetic'
  | 'reduction'
  /** Keeps all elements and gives them other axes. */
  | 'reshape'
  /** Picks, repeats or reorders elements. */
  | 'move'
  | 'product'
  | 'pool'
  | 'join'
  | 'attention'
  | 'other';

/** `Op` or `Op: word`, separated by commas. */
const rows: readonly (readonly [Family, string])[] = [
  ['pass', 'Identity, Cast, CastLike, Dropout, QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear'],
  [
    'norm',
    `BatchNormalization: Norm, LayerNormalization: Layer norm, InstanceNormalization: Instance norm,
    GroupNormalization: Group norm, GroupNorm: Group norm, RMSNormalization: RMS norm,
    SimplifiedLayerNormalization: RMS norm, SkipLayerNormalization: Add · Layer norm,
    SkipSimplifiedLayerNormalization: Add · RMS norm, EmbedLayerNormalization: Embedding · Layer norm,
    MeanVarianceNormalization: Norm, LpNormalization: Lp norm, LRN: Local norm`,
  ],
  [
    'activation',
    `Relu: ReLU, LeakyRelu: Leaky ReLU, PRelu: PReLU, Elu: ELU, Celu: CELU, Selu: SELU, Sigmoid, Tanh, Softplus,
    Softsign, Mish, HardSigmoid: Hard sigmoid, HardSwish: Hard swish, Gelu: GELU, FastGelu: GELU, QuickGelu: GELU,
    BiasGelu: GELU, Swish: SiLU, Clip, Erf, ThresholdedRelu: Thresholded ReLU, Shrink, Softmax, LogSoftmax: Log softmax,
    Hardmax`,
  ],
  [
    'arithmetic',
    'Add, Sub, Mul, Div, Pow, Sqrt, Reciprocal, Neg, Abs, Exp, Log, Min, Max, Where, Equal, Not',
  ],
  [
    'reduction',
    'ReduceMean: Mean, ReduceSum: Sum, ReduceL2: L2 norm, ReduceMax: Max, ReduceSumSquare: Sum of squares',
  ],
  ['reshape', 'Reshape, Flatten, Squeeze, Unsqueeze, Transpose'],
  [
    'move',
    `Split, Slice, Gather, Expand, Tile, Concat, Pad, DepthToSpace: Depth to space, SpaceToDepth: Space to depth,
    SplitToSequence: Split, SequenceAt: Pick, GatherBlockQuantized: Gather`,
  ],
  [
    'product',
    `MatMul, Gemm, Einsum, FusedMatMul: MatMul, FusedGemm: Gemm, MatMulInteger: MatMul, QLinearMatMul: MatMul,
    MatMulIntegerToFloat: MatMul, DynamicQuantizeMatMul: MatMul, MatMulNBits: MatMul, QGemm: Gemm`,
  ],
  [
    'pool',
    `MaxPool: Max pool, NhwcMaxPool: Max pool, AveragePool: Average pool, GlobalAveragePool: Global average, GlobalMaxPool: Global max,
    LpPool: Lp pool, GlobalLpPool: Global Lp, MaxRoiPool: Max RoI pool, RoiAlign: RoI align`,
  ],
  ['join', 'Sum, Mean'],
  [
    'attention',
    'Attention, MultiHeadAttention: Attention, GroupQueryAttention: Attention, QAttention: Attention, PackedAttention: Attention',
  ],
  [
    'other',
    'ConvTranspose: Transposed conv, ConvInteger: Conv, QLinearConv: Conv, FusedConv: Conv, Resize, Upsample',
  ],
];

export interface Word {
  readonly text: string;
  readonly family: Family;
}

const words: ReadonlyMap<string, Word> = new Map(
  rows.flatMap(([family, list]) =>
    list.split(',').map((entry) => {
      const [op, text = op] = entry.trim().split(': ');
      return [op, { family, text }] as const;
    }),
  ),
);

export const wordFor = (op: string): Word => words.get(op) ?? { family: 'other', text: op };

export const familyOf = (op: string): Family => wordFor(op).family;

/** Runs of operators, in graph order, that write out something with a name of its own. */
const phrases: readonly (readonly [RegExp, Word])[] = (
  [
    ['norm', 'Layer norm', 'ReduceMean Sub (Cast )?(Pow|Mul) ReduceMean Add Sqrt Div( Cast)?( Mul)?( Add)?'],
    ['norm', 'RMS norm', '(Cast )?(Pow|Mul) ReduceMean Add Sqrt (Div|Reciprocal Mul)( Cast)?( Mul)?'],
    ['activation', 'GELU', '((Div|Mul) )?Erf Add Mul( Mul)?'],
    ['activation', 'GELU', '(Pow|Mul Mul) Mul Add Mul Tanh Add Mul( Mul)?'],
    ['activation', 'GELU', 'Mul Sigmoid Mul'],
    ['activation', 'Mish', 'Softplus Tanh Mul'],
    ['activation', 'Hard swish', 'HardSigmoid Mul|Add Clip (Div Mul|Mul Div)'],
    ['activation', 'SiLU', 'Sigmoid Mul'],
  ] as const
).map(([family, text, run]) => [new RegExp(`(?<=^| )(${run})(?= |$)`, 'g'), { family, text }]);

/** Words for operators in graph order, where a run with a name of its own becomes that one name. */
export function wordsFor(ops: readonly string[]): Word[] {
  const marked = phrases.reduce(
    (text, [run], index) => text.replace(run, `#${index}`),
    ops.filter((op) => familyOf(op) !== 'pass').join(' '),
  );
  return marked
    .split(' ')
    .filter((part) => part !== '')
    .map((part) => (part.startsWith('#') ? phrases[Number(part.slice(1))][1] : wordFor(part)));
}
