// Residual networks as graphs made in memory (He et al., arXiv 1512.03385): the sample model and the nets of the
// recovery figures.

import { GraphBuilder } from '../../src/graph/build.ts';
import { elementCount } from '../../src/graph/tensor.ts';
import type { Graph } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';

export interface ResidualOptions {
  readonly name: string;
  readonly input: string;
  /** [channels, height, width]. */
  readonly image: readonly [number, number, number];
  readonly classes: number;
  /** Channels of each stage; every stage but the first halves the image. */
  readonly widths: readonly number[];
  /** Blocks per stage. */
  readonly blocks: number;
  /** Stride of the first convolution. */
  readonly stem: 1 | 2;
  readonly seed: number;
}

/** Freshly initialised weights; the batch is symbolic. */
export function residualNetwork(options: ResidualOptions): Graph {
  const { name, input, image, classes, widths, blocks, stem, seed } = options;
  const b = new GraphBuilder(name);
  const layers = new Layers(b, new Random(seed));
  const x = b.input(input, 'float32', ['N', ...image]);
  let value = layers.relu('stem', layers.convNorm('stem', x, image[0], widths[0], 3, stem));
  let channels = widths[0];
  widths.forEach((width, stage) => {
    for (let block = 0; block < blocks; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      value = layers.block(`stage${stage + 1}.block${block + 1}`, value, channels, width, stride);
      channels = width;
    }
  });
  const pooled = b.node('GlobalAveragePool', [value], {}, { name: 'pool' });
  const flat = b.node('Flatten', [pooled], {}, { name: 'flatten' });
  return b.output(layers.classifier(flat, channels, classes), ['N', classes]).graph();
}

class Layers {
  private readonly b: GraphBuilder;
  private readonly random: Random;

  constructor(b: GraphBuilder, random: Random) {
    this.b = b;
    this.random = random;
  }

  /** Two convolutions beside a shortcut, which is a 1x1 convolution where the shape changes. */
  block(name: string, x: string, from: number, to: number, stride: 1 | 2): string {
    const first = this.relu(`${name}.1`, this.convNorm(`${name}.1`, x, from, to, 3, stride));
    const second = this.convNorm(`${name}.2`, first, to, to, 3, 1);
    const same = from === to && stride === 1;
    const shortcut = same ? x : this.convNorm(`${name}.shortcut`, x, from, to, 1, stride);
    return this.relu(name, this.b.node('Add', [second, shortcut], {}, { name: `${name}.add` }));
  }

  convNorm(name: string, x: string, from: number, to: number, size: number, stride: number): string {
    const pad = (size - 1) / 2;
    const weight = this.normal(`${name}.conv.weight`, [to, from, size, size], 2 / (to * size * size));
    const attributes = { kernel_shape: [size, size], strides: [stride, stride], pads: [pad, pad, pad, pad] };
    const y = this.b.node('Conv', [x, weight], attributes, { name: `${name}.conv` });
    const channel = (what: string, value: number) => this.constant(`${name}.norm.${what}`, to, value);
    const statistics = [channel('scale', 1), channel('shift', 0), channel('mean', 0), channel('variance', 1)];
    return this.b.node(
      'BatchNormalization',
      [y, ...statistics],
      { epsilon: 1e-5, momentum: 0.9 },
      { name: `${name}.norm` },
    );
  }

  relu(name: string, x: string): string {
    return this.b.node('Relu', [x], {}, { name: `${name}.relu` });
  }

  classifier(x: string, from: number, classes: number): string {
    const weight = this.normal('classifier.weight', [classes, from], 1 / from);
    const bias = this.constant('classifier.bias', classes, 0);
    return this.b.node('Gemm', [x, weight, bias], { transB: 1 }, { name: 'classifier' });
  }

  private normal(name: string, dims: readonly number[], variance: number): string {
    const values = Array.from(
      { length: elementCount(dims) },
      () => this.random.normal() * Math.sqrt(variance),
    );
    return this.b.tensor(name, 'float32', dims, values);
  }

  private constant(name: string, count: number, value: number): string {
    return this.b.tensor(name, 'float32', [count], new Array<number>(count).fill(value));
  }
}
