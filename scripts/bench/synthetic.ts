// Synthetic graphs for the analysis bench: topology only, no weights, any depth.

import type { Attribute, Graph, GraphNode, Tensor } from '../../src/graph/types.ts';

class Topology {
  readonly nodes: GraphNode[] = [];
  readonly tensors = new Map<string, Tensor>();

  weight(name: string, ...dims: number[]): string {
    this.tensors.set(name, { name, dtype: 'float32', dims });
    return name;
  }

  integers(name: string, values: readonly number[]): string {
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    this.tensors.set(name, { name, dtype: 'int64', dims: [values.length], bytes });
    return name;
  }

  add(op: string, inputs: readonly string[], attributes: Record<string, Attribute> = {}): string {
    const id = this.nodes.length;
    const output = `v${id}`;
    this.nodes.push({ id, name: `${op}_${id}`, op, domain: '', inputs, outputs: [output], attributes });
    return output;
  }

  conv(x: string, name: string, from: number, to: number, kernel = 3): string {
    const pad = (kernel - 1) / 2;
    return this.add('Conv', [x, this.weight(`${name}.weight`, to, from, kernel, kernel)], {
      kernel_shape: [kernel, kernel],
      pads: [pad, pad, pad, pad],
    });
  }

  graph(name: string, input: readonly number[], output: string): Graph {
    return {
      name,
      inputs: [{ name: 'x', dtype: 'float32', dims: input }],
      outputs: [{ name: output, dtype: 'float32' }],
      nodes: this.nodes,
      tensors: this.tensors,
      values: new Map(),
      opsets: new Map([['', 17]]),
    };
  }
}

const image = [1, 16, 8, 8];

/** `layers` convolutions in a row. */
export function chain(layers: number): Graph {
  const t = new Topology();
  let x = 'x';
  for (let i = 0; i < layers; i++) x = t.add('Relu', [t.conv(x, `c${i}`, 16, 16)]);
  return t.graph(`chain ${layers}`, image, x);
}

/** `layers` residual blocks on one stream. */
export function residualStack(layers: number): Graph {
  const t = new Topology();
  let x = t.conv('x', 'stem', 16, 64);
  for (let i = 0; i < layers; i++) {
    const inner = t.add('Relu', [t.conv(x, `a${i}`, 64, 64)]);
    x = t.add('Add', [x, t.conv(inner, `b${i}`, 64, 64)]);
  }
  return t.graph(`residual stack ${layers}`, image, t.conv(x, 'head', 64, 10, 1));
}

/** `layers` layers in dense blocks of ten, each block ending in a transition, as in DenseNet. */
export function denseStack(layers: number): Graph {
  const t = new Topology();
  let width = 16;
  let x = 'x';
  for (let i = 0; i < layers; i++) {
    const fresh = t.conv(x, `d${i}`, width, 8);
    x = t.add('Concat', [x, fresh], { axis: 1 });
    width += 8;
    if (i % 10 === 9) {
      x = t.conv(x, `t${i}`, width, 16, 1);
      width = 16;
    }
  }
  return t.graph(`dense stack ${layers}`, image, t.conv(x, 'head', width, 10, 1));
}

/** A 7-billion-parameter decoder: 32 layers of width 4096, 32 heads, gated feed-forward of 11008, 32000 tokens. */
export function decoder(): Graph {
  const [layers, width, heads, hidden, vocabulary, tokens] = [32, 4096, 32, 11008, 32000, 64];
  const t = new Topology();
  const split = t.integers('split', [1, tokens, heads, width / heads]);
  const merge = t.integers('merge', [1, tokens, width]);
  const linear = (x: string, name: string, from: number, to: number) =>
    t.add('MatMul', [x, t.weight(`${name}.weight`, from, to)]);
  const norm = (x: string, name: string) =>
    t.add('RMSNormalization', [x, t.weight(`${name}.weight`, width)], { axis: -1 });
  let x = linear('x', 'embed', vocabulary, width);
  for (let i = 0; i < layers; i++) {
    const normed = norm(x, `${i}.norm1`);
    const [q, k, v] = ['q', 'k', 'v'].map((name) => {
      const flat = linear(normed, `${i}.${name}`, width, width);
      return t.add('Transpose', [t.add('Reshape', [flat, split])], {
        perm: [0, 2, name === 'k' ? 3 : 1, name === 'k' ? 1 : 3],
      });
    });
    const weights = t.add('Softmax', [t.add('MatMul', [q, k])], { axis: -1 });
    const mixed = t.add('Transpose', [t.add('MatMul', [weights, v])], { perm: [0, 2, 1, 3] });
    x = t.add('Add', [x, linear(t.add('Reshape', [mixed, merge]), `${i}.o`, width, width)]);
    const again = norm(x, `${i}.norm2`);
    const gate = linear(again, `${i}.gate`, width, hidden);
    const gated = t.add('Mul', [
      t.add('Mul', [gate, t.add('Sigmoid', [gate])]),
      linear(again, `${i}.up`, width, hidden),
    ]);
    x = t.add('Add', [x, linear(gated, `${i}.down`, hidden, width)]);
  }
  return t.graph('7 B decoder', [1, tokens, vocabulary], linear(norm(x, 'norm'), 'head', width, vocabulary));
}
