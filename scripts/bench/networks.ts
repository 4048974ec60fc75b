// Networks whose training steps are timed: made in memory, with seeded weights, at the sizes the literature states.

import { GraphBuilder } from '../../src/graph/build.ts';
import { elementCount } from '../../src/graph/tensor.ts';
import type { Graph } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';

class NetworkBuilder extends GraphBuilder {
  private readonly random = new Random(1);
  private next = 0;

  weight(dims: readonly number[], fanIn: number): string {
    const bound = Math.sqrt(3 / fanIn);
    const values = Float32Array.from(
      { length: elementCount(dims) },
      () => (this.random.uniform() * 2 - 1) * bound,
    );
    return this.tensor(`w${this.next++}`, 'float32', dims, values);
  }

  full(length: number, value: number): string {
    return this.tensor(`c${this.next++}`, 'float32', [length], new Float32Array(length).fill(value));
  }

  conv(x: string, from: number, to: number, kernel: number, stride = 1, group = 1): string {
    const pad = (kernel - 1) / 2;
    const w = this.weight([to, from / group, kernel, kernel], (from / group) * kernel * kernel);
    return this.node('Conv', [x, w], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      group,
    });
  }

  norm(x: string, channels: number): string {
    return this.node('BatchNormalization', [
      x,
      this.full(channels, 1),
      this.full(channels, 0),
      this.full(channels, 0),
      this.full(channels, 1),
    ]);
  }

  head(x: string, channels: number, classes: number): Graph {
    const pooled = this.node('Flatten', [this.node('GlobalAveragePool', [x])]);
    return this.linearHead(pooled, channels, classes);
  }

  linearHead(x: string, channels: number, classes: number): Graph {
    const y = this.linear(x, channels, classes);
    return this.output(y, ['N', classes]).graph();
  }

  linear(x: string, from: number, to: number): string {
    const product = this.node('MatMul', [x, this.weight([from, to], from)]);
    return this.node('Add', [product, this.full(to, 0)]);
  }
}

/** ResNet-20 for 32 x 32 images (He et al., arXiv 1512.03385, section 4.2). */
export function resnet20(): Graph {
  const b = new NetworkBuilder('resnet20');
  let x = b.input('x', 'float32', ['N', 3, 32, 32]);
  x = b.node('Relu', [b.norm(b.conv(x, 3, 16, 3), 16)]);
  let from = 16;
  for (const [stage, to] of [16, 32, 64].entries())
    for (let block = 0; block < 3; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const first = b.node('Relu', [b.norm(b.conv(x, from, to, 3, stride), to)]);
      const second = b.norm(b.conv(first, to, to, 3), to);
      const shortcut = from === to ? x : b.norm(b.conv(x, from, to, 1, stride), to);
      x = b.node('Relu', [b.node('Add', [second, shortcut])]);
      from = to;
    }
  return b.head(x, 64, 10);
}

/** Inverted residuals with depthwise convolutions (Sandler et al., arXiv 1801.04381), for 32 x 32 images. */
export function mobileNet(): Graph {
  const b = new NetworkBuilder('mobilenet');
  let x = b.input('x', 'float32', ['N', 3, 32, 32]);
  x = b.node('Clip', [b.norm(b.conv(x, 3, 16, 3), 16)], { min: 0, max: 6 });
  let from = 16;
  const rows = [
    [1, 16, 1, 1],
    [6, 24, 2, 1],
    [6, 32, 2, 2],
    [6, 64, 2, 2],
  ];
  for (const [expansion, to, blocks, first] of rows)
    for (let block = 0; block < blocks; block++) {
      const stride = block === 0 ? first : 1;
      const wide = from * expansion;
      const relu6 = (y: string) => b.node('Clip', [y], { min: 0, max: 6 });
      let y = expansion === 1 ? x : relu6(b.norm(b.conv(x, from, wide, 1), wide));
      y = relu6(b.norm(b.conv(y, wide, wide, 3, stride, wide), wide));
      y = b.norm(b.conv(y, wide, to, 1), to);
      x = stride === 1 && from === to ? b.node('Add', [x, y]) : y;
      from = to;
    }
  return b.head(x, from, 10);
}

/** One transformer block over 8 x 8 patches (Dosovitskiy et al., arXiv 2010.11929): width 128, 4 heads. */
export function vitBlock(): Graph {
  const b = new NetworkBuilder('vit-block', { opset: 20 });
  const [width, heads, tokens] = [128, 4, 64];
  const image = b.input('x', 'float32', ['N', 3, 32, 32]);
  const patches = b.node('Conv', [image, b.weight([width, 3, 4, 4], 48)], {
    kernel_shape: [4, 4],
    strides: [4, 4],
  });
  const flat = b.node('Reshape', [patches, b.integers('flat', [0, width, tokens])]);
  const stream = b.node('Transpose', [flat], { perm: [0, 2, 1] });
  const norm = (x: string) => b.node('LayerNormalization', [x, b.full(width, 1), b.full(width, 0)]);
  const own = norm(stream);
  const cut = b.integers('cut', [0, tokens, heads, width / heads]);
  const head = (perm: number[]) =>
    b.node('Transpose', [b.node('Reshape', [b.linear(own, width, width), cut])], { perm });
  const scores = b.node('MatMul', [head([0, 2, 1, 3]), head([0, 2, 3, 1])]);
  const scale = b.tensor('scale', 'float32', [], [1 / Math.sqrt(width / heads)]);
  const weights = b.node('Softmax', [b.node('Mul', [scores, scale])], { axis: -1 });
  const mixed = b.node('Transpose', [b.node('MatMul', [weights, head([0, 2, 1, 3])])], {
    perm: [0, 2, 1, 3],
  });
  const joined = b.node('Reshape', [mixed, b.integers('joined', [0, tokens, width])]);
  const attended = b.node('Add', [stream, b.linear(joined, width, width)]);
  const hidden = b.node('Gelu', [b.linear(norm(attended), width, 4 * width)]);
  const out = b.node('Add', [attended, b.linear(hidden, 4 * width, width)]);
  const mean = b.node('ReduceMean', [out, b.integers('tokens', [1])], { keepdims: 0 });
  return b.linearHead(mean, width, 10);
}
