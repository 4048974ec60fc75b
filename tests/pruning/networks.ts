// Small networks with seeded weights for the pruner's tests.

import { GraphBuilder } from '../../src/graph/build.ts';
import type { Graph } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';

/** Weights whose channels differ clearly. */
export function weights(random: Random, dims: readonly number[]): Float32Array {
  const length = dims.reduce((a, b) => a * b, 1);
  return Float32Array.from({ length }, () => random.normal());
}

class Layers extends GraphBuilder {
  private readonly random = new Random(7);

  weight(name: string, dims: readonly number[]): string {
    return this.tensor(name, 'float32', dims, weights(this.random, dims));
  }

  conv(name: string, x: string, input: number, output: number, groups = 1): string {
    const w = this.weight(`${name}.weight`, [output, input / groups, 3, 3]);
    const b = this.weight(`${name}.bias`, [output]);
    const y = this.node('Conv', [x, w, b], { group: groups, pads: [1, 1, 1, 1] }, { name: `/${name}/Conv` });
    return this.node('Relu', [y], {}, { name: `/${name}/Relu` });
  }

  linear(name: string, x: string, input: number, output: number): string {
    const w = this.weight(`${name}.weight`, [input, output]);
    return this.node('MatMul', [x, w], {}, { name: `/${name}/MatMul` });
  }

  pooled(x: string, channels: number, classes: number): this {
    const y = this.node('Flatten', [this.node('GlobalAveragePool', [x])]);
    return this.output(this.linear('head', y, channels, classes));
  }
}

/** 3 → `widths[0]` → … → 10 classes. Layers are `c0`, `c1`, … */
export function chain(widths: readonly number[]): Graph {
  const b = new Layers('chain');
  let x = b.input('x', 'float32', ['N', 3, 8, 8]);
  widths.forEach((width, i) => {
    x = b.conv(`c${i}`, x, i === 0 ? 3 : widths[i - 1], width);
  });
  return b.pooled(x, widths[widths.length - 1], 10).graph();
}

/** A stem of `width`, and blocks `b0`, `b1`, … of two convolutions with `inner` channels in between, added to it. */
export function residual(width: number, inner: readonly number[]): Graph {
  const b = new Layers('residual');
  let x = b.conv('stem', b.input('x', 'float32', ['N', 3, 8, 8]), 3, width);
  inner.forEach((channels, i) => {
    const y = b.conv(`b${i}.a`, x, width, channels);
    x = b.node('Add', [x, b.conv(`b${i}.b`, y, channels, width)]);
  });
  return b.pooled(x, width, 10).graph();
}

/** A grouped convolution between two plain ones. */
export function grouped(channels: number, groups: number): Graph {
  const b = new Layers('grouped');
  const x = b.conv('before', b.input('x', 'float32', ['N', 3, 8, 8]), 3, channels);
  const y = b.conv('grouped', x, channels, channels, groups);
  return b.pooled(b.conv('after', y, channels, 12), 12, 10).graph();
}

/** One attention layer over [tokens, width], with queries, keys and values apart. */
export function attention(width: number, heads: number, tokens = 5): Graph {
  const b = new Layers('attention');
  const dims = width / heads;
  const x = b.linear('embed', b.input('x', 'float32', [1, tokens, 6]), 6, width);
  const shape = b.integers('split', [1, tokens, heads, dims]);
  const part = (name: string, perm: number[]) =>
    b.node('Transpose', [b.node('Reshape', [b.linear(name, x, width, width), shape])], { perm });
  const scores = b.node('MatMul', [part('q', [0, 2, 1, 3]), part('k', [0, 2, 3, 1])]);
  const mixed = b.node('MatMul', [b.node('Softmax', [scores], { axis: -1 }), part('v', [0, 2, 1, 3])]);
  const merged = b.node('Reshape', [
    b.node('Transpose', [mixed], { perm: [0, 2, 1, 3] }),
    b.integers('merge', [1, tokens, width]),
  ]);
  return b.output(b.linear('head', b.linear('proj', merged, width, width), width, 4)).graph();
}

/** The same layer, of kernels that make heads and the dims in each at once, as Keras writes it. */
export function attentionByEinsum(width: number, heads: number, tokens = 5): Graph {
  const b = new Layers('attention by Einsum');
  const dims = width / heads;
  const einsum = (equation: string, ...inputs: string[]) => b.node('Einsum', inputs, { equation });
  const x = b.linear('embed', b.input('x', 'float32', [1, tokens, 6]), 6, width);
  const part = (name: string) => einsum('btc,chd->bthd', x, b.weight(`${name}.weight`, [width, heads, dims]));
  const scores = einsum('bqhd,bkhd->bhqk', part('q'), part('k'));
  const mixed = einsum('bhqk,bkhd->bqhd', b.node('Softmax', [scores], { axis: -1 }), part('v'));
  const merged = einsum('bqhd,hdc->bqc', mixed, b.weight('proj.weight', [heads, dims, width]));
  return b.output(b.linear('head', merged, width, 4)).graph();
}

/** A stem whose first `part` channels alone are read by a branch. */
export function sliced(width: number, part: number): Graph {
  const b = new Layers('sliced');
  const x = b.conv('stem', b.input('x', 'float32', ['N', 3, 8, 8]), 3, width);
  const some = b.node('Slice', [
    x,
    b.integers('from', [0]),
    b.integers('to', [part]),
    b.integers('along', [1]),
  ]);
  const joined = b.node('Concat', [b.conv('all', x, width, 8), b.conv('some', some, part, 8)], { axis: 1 });
  return b.pooled(joined, 16, 10).graph();
}

/** A stem of `width`, added to two narrow branches side by side that both read what `r` makes of it. */
export function branched(width: number, inner: number): Graph {
  const b = new Layers('branched');
  const x = b.conv('stem', b.input('x', 'float32', ['N', 3, 8, 8]), 3, width);
  const y = b.conv('r', x, width, inner);
  const [left, right] = ['a', 'b'].map((name) => b.conv(name, y, inner, width / 2));
  const sum = b.node('Add', [x, b.node('Concat', [left, right], { axis: 1 })]);
  return b.pooled(sum, width, 10).graph();
}

/** Nothing but an element-wise function. */
export function withoutLayers(): Graph {
  const b = new GraphBuilder('relu');
  return b.output(b.node('Relu', [b.input('x', 'float32', ['N', 4])])).graph();
}
