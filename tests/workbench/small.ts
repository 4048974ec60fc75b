// A small network and small data that it can learn: four kinds of 8×8 pictures, told apart by where they are bright.

import { createOnnx } from '../../src/formats/onnx/create.ts';
import { onnx } from '../../src/formats/onnx/index.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import { Random } from '../../src/lib/random.ts';
import type { NamedFile, StepOptions, TrainOptions } from '../../src/workbench/engine.ts';

export const SIDE = 8;

const weights = (random: Random, count: number, fanIn: number): Float32Array =>
  Float32Array.from({ length: count }, () => random.normal() * Math.sqrt(2 / fanIn));

interface SmallModel {
  /** Channels of the two convolutions. */
  readonly widths?: readonly [number, number];
  /** Vectors of equal numbers are one, as exporters keep them. */
  readonly merged?: boolean;
}

/** Two convolutions with a normalisation, a classifier. */
export function smallModel({ widths: [narrow, wide] = [8, 12], merged = false }: SmallModel = {}): NamedFile {
  const random = new Random(7);
  const b = new GraphBuilder('small');
  const x = b.input('image', 'float32', ['N', 1, SIDE, SIDE]);
  const made = new Map<string, string>();
  const vector = (name: string, n: number, value: number): string => {
    const key = merged ? `${n} times ${value}` : name;
    const known = made.get(key) ?? b.tensor(name, 'float32', [n], new Float32Array(n).fill(value));
    made.set(key, known);
    return known;
  };
  const norm = (name: string, value: string, n: number) =>
    b.node(
      'BatchNormalization',
      [
        value,
        vector(`${name}.scale`, n, 1),
        vector(`${name}.bias`, n, 0),
        vector(`${name}.mean`, n, 0),
        vector(`${name}.variance`, n, 1),
      ],
      {},
      { name },
    );
  const conv = (name: string, value: string, out: number, into: number, stride: number) =>
    b.node(
      'Conv',
      [
        value,
        b.tensor(`${name}.weight`, 'float32', [out, into, 3, 3], weights(random, out * into * 9, into * 9)),
      ],
      { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [stride, stride] },
      { name },
    );
  const first = b.node('Relu', [norm('norm1', conv('conv1', x, narrow, 1, 2), narrow)]);
  const second = b.node('Relu', [norm('norm2', conv('conv2', first, wide, narrow, 2), wide)]);
  const flat = b.node('Flatten', [second]);
  const logits = b.node(
    'Gemm',
    [
      flat,
      b.tensor('classifier.weight', 'float32', [4, 4 * wide], weights(random, 16 * wide, 4 * wide)),
      vector('classifier.bias', 4, 0),
    ],
    { transB: 1 },
    { name: 'classifier' },
  );
  const model = createOnnx(b.output(logits, ['N', 4]).graph());
  return { name: 'small.onnx', bytes: onnx.write(model) };
}

/** A data set in the four IDX files of MNIST. */
export const smallData = (train = 160, test = 48): NamedFile[] => [
  ...idxPair('train', train, 1),
  ...idxPair('t10k', test, 2),
];

function idxPair(part: string, count: number, seed: number): NamedFile[] {
  const random = new Random(seed);
  const pixels = new Uint8Array(count * SIDE * SIDE);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 4);
  for (let i = 0; i < count; i++)
    for (let y = 0; y < SIDE; y++)
      for (let x = 0; x < SIDE; x++) {
        const quarter = (y < SIDE / 2 ? 0 : 2) + (x < SIDE / 2 ? 0 : 1);
        const bright = quarter === labels[i] ? 150 : 0;
        pixels[(i * SIDE + y) * SIDE + x] = bright + random.below(100);
      }
  return [
    { name: `${part}-images-idx3-ubyte`, bytes: idx([count, SIDE, SIDE], pixels) },
    { name: `${part}-labels-idx1-ubyte`, bytes: idx([count], labels) },
  ];
}

function idx(dims: readonly number[], bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(4 + 4 * dims.length + bytes.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, 0x0800 | dims.length);
  for (const [i, dim] of dims.entries()) view.setUint32(4 + 4 * i, dim);
  out.set(bytes, 4 + 4 * dims.length);
  return out;
}

export const stepOptions = (changed: Partial<StepOptions> = {}): StepOptions => ({
  ratio: 0.5,
  steps: 1,
  scope: 'local',
  criterion: 'l2',
  reduction: 'mean',
  normalizer: 'mean',
  maxRatio: 1,
  roundTo: 1,
  ignore: [],
  layerRatios: {},
  seed: 0,
  ...changed,
});

export const trainOptions = (changed: Partial<TrainOptions> = {}): TrainOptions => ({
  epochs: 2,
  batchSize: 16,
  optimizer: 'adam',
  learningRate: 0.01,
  backend: 'wasm',
  seed: 1,
  ...changed,
});
