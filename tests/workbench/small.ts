// A small network and small data that it can learn: four kinds of 8×8 pictures, told apart by where they are bright.

import { createOnnx } from '../../src/formats/onnx/create.ts';
import { onnx } from '../../src/formats/onnx/index.ts';
import { GraphBuilder } from '../../src/graph/build.ts';
import { Random } from '../../src/lib/random.ts';
import type { NamedFile, StepOptions, TrainOptions } from '../../src/workbench/engine.ts';

export const SIDE = 8;

const weights = (random: Random, count: number, fanIn: number): Float32Array =>
  Float32Array.from({ length: count }, () => random.normal() * Math.sqrt(2 / fanIn));

/** Two convolutions with a normalisation, a classifier; its convolutions as many times as wide. */
export function smallModel(times = 1): NamedFile {
  const [narrow, wide] = [8 * times, 12 * times];
  const random = new Random(7);
  const b = new GraphBuilder('small');
  const x = b.input('image', 'float32', ['N', 1, SIDE, SIDE]);
  const ones = (n: number) => new Float32Array(n).fill(1);
  const zeros = (n: number) => new Float32Array(n);
  const norm = (name: string, value: string, n: number) =>
    b.node(
      'BatchNormalization',
      [
        value,
        b.tensor(`${name}.scale`, 'float32', [n], ones(n)),
        b.tensor(`${name}.bias`, 'float32', [n], zeros(n)),
        b.tensor(`${name}.mean`, 'float32', [n], zeros(n)),
        b.tensor(`${name}.variance`, 'float32', [n], ones(n)),
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
      b.tensor('classifier.bias', 'float32', [4], zeros(4)),
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
