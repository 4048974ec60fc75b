// A network and data small enough to train in a blink: 6x6 images of four kinds of edges.

import { GraphBuilder } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';
import type { Dataset, Examples, Split, TrainingEvent, TrainingResult } from '../../src/training/types.ts';

const side = 6;

const values = (random: Random, count: number, size: number): number[] =>
  Array.from({ length: count }, () => random.normal() * size);

export interface TinyOptions {
  readonly seed?: number;
  readonly width?: number;
  /** Operator after the classifier. */
  readonly end?: 'Softmax' | 'Sigmoid';
  readonly classes?: number;
}

/** Convolution, normalisation, convolution, global mean, classifier. */
export function tinyGraph({ seed = 1, width = 8, end, classes = 4 }: TinyOptions = {}): Graph {
  const random = new Random(seed);
  const b = new GraphBuilder('tiny');
  const kernel = (name: string, dims: number[]) => {
    const fan = dims.slice(1).reduce((n, d) => n * d, 1);
    return b.tensor(
      name,
      'float32',
      dims,
      values(
        random,
        dims.reduce((n, d) => n * d, 1),
        Math.sqrt(2 / fan),
      ),
    );
  };
  const constant = (name: string, count: number, value: number) =>
    b.tensor(name, 'float32', [count], new Array<number>(count).fill(value));
  const x = b.input('x', 'float32', ['N', 1, side, side]);
  const first = b.node(
    'Conv',
    [x, kernel('first.weight', [width, 1, 3, 3])],
    { pads: [1, 1, 1, 1] },
    { name: 'first' },
  );
  const norm = b.node(
    'BatchNormalization',
    [
      first,
      constant('norm.scale', width, 1),
      constant('norm.shift', width, 0),
      constant('norm.mean', width, 0),
      constant('norm.variance', width, 1),
    ],
    {},
    { name: 'norm' },
  );
  const second = b.node(
    'Conv',
    [
      b.node('Relu', [norm]),
      kernel('second.weight', [width, width, 3, 3]),
      constant('second.bias', width, 0),
    ],
    {},
    { name: 'second' },
  );
  const pooled = b.node('Flatten', [b.node('GlobalAveragePool', [b.node('Relu', [second])])]);
  const logits = b.node(
    'Gemm',
    [pooled, kernel('classifier.weight', [classes, width]), constant('classifier.bias', classes, 0)],
    { transB: 1 },
    { name: 'classifier' },
  );
  return b.output(end ? b.node(end, [logits]) : logits, ['N', classes]).graph();
}

/** Brightness rises to the right, left, top or bottom; class = direction. */
export function tinyExamples(count: number, seed: number): Examples {
  const random = new Random(seed);
  const images = new Float32Array(count * side * side);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const label = random.below(4);
    labels[i] = label;
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const along = [x, side - 1 - x, side - 1 - y, y][label] / side;
        images[i * side * side + y * side + x] = along - 0.4 + random.normal() * 0.3;
      }
  }
  return {
    inputs: [{ dims: [count, 1, side, side], data: images }],
    targets: [{ dims: [count], data: labels }],
  };
}

/** A split over examples in memory. */
export function splitOf({ inputs, targets }: Examples): Split {
  const pick = ({ dims, data }: Examples['inputs'][number], positions: ArrayLike<number>) => {
    const size = data.length / dims[0];
    const out = new (data.constructor as Float32ArrayConstructor)(positions.length * size);
    for (let i = 0; i < positions.length; i++)
      out.set(data.subarray(positions[i] * size, (positions[i] + 1) * size), i * size);
    return { dims: [positions.length, ...dims.slice(1)], data: out };
  };
  return {
    length: inputs[0].dims[0],
    read: async (positions) => ({
      inputs: inputs.map((input) => pick(input, positions)),
      ...(targets ? { targets: targets.map((target) => pick(target, positions)) } : {}),
    }),
  };
}

export const tinyData = (train = 128, held = 64): Dataset => ({
  name: 'edges',
  dims: [[1, side, side]],
  classes: ['right', 'left', 'top', 'bottom'],
  train: splitOf(tinyExamples(train, 10)),
  validation: splitOf(tinyExamples(held, 11)),
  test: splitOf(tinyExamples(held, 12)),
});

export const withoutLabels = (data: Dataset): Dataset => {
  const bare = ({ length, read }: Split): Split => ({
    length,
    read: async (positions) => ({ inputs: (await read(positions)).inputs }),
  });
  return { ...data, train: bare(data.train), validation: bare(data.validation), test: bare(data.test) };
};

/** A whole pass: everything it reported, and how it ended. */
export async function runPass(
  pass: AsyncGenerator<TrainingEvent, TrainingResult, void>,
  see: (event: TrainingEvent) => void = () => {},
): Promise<{ events: TrainingEvent[]; result: TrainingResult }> {
  const events: TrainingEvent[] = [];
  for (;;) {
    const { done, value } = await pass.next();
    if (done) return { events, result: value };
    events.push(value);
    see(value);
  }
}
