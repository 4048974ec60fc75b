// One node beside ONNX Runtime: types are what it finds, and the numbers too.

import { expect } from 'vitest';
import { createOnnx } from '../../src/formats/onnx/create.ts';
import { writeOnnx } from '../../src/formats/onnx/write.ts';
import { elementCount } from '../../src/graph/tensor.ts';
import type { Graph } from '../../src/graph/types.ts';
import { Random } from '../../src/lib/random.ts';
import type { HostTensor } from '../../src/ops/op.ts';
import { type OrtArray, runOnnx } from '../onnx-runtime.ts';
import { type Fed, fed, floats, type SingleNode, single } from './single.ts';

export interface Row {
  readonly title: string;
  readonly node: SingleNode;
  /** How far a number may be off: 1 for levels, which two roundings may put one apart. */
  readonly within: number;
}

/** A node of the standard operators, of version 17 unless stated. */
export const row = (
  title: string,
  op: string,
  inputs: SingleNode['inputs'],
  { within = 1e-4, ...rest }: Partial<SingleNode> & { readonly within?: number } = {},
): Row => ({ title: `${op} ${title}`, node: { op, inputs, opset: 17, ...rest }, within });

/** A node of ONNX Runtime's own. */
export const fused = (
  title: string,
  op: string,
  inputs: SingleNode['inputs'],
  attributes: SingleNode['attributes'] = {},
  rest: Parameters<typeof row>[3] = {},
): Row => row(title, op, inputs, { domain: 'com.microsoft', opset: 1, attributes, ...rest });

const random = new Random(7);

export const noise = (...dims: number[]): HostTensor =>
  floats(
    dims,
    Array.from({ length: elementCount(dims) }, () => random.normal() * 0.5),
  );
export const flow = (...dims: number[]): Fed => fed(noise(...dims));

function arrayOf({ fed: { dims, dtype, values } }: Fed): OrtArray {
  switch (dtype) {
    case 'int64':
      return { dims, data: BigInt64Array.from(values, BigInt) };
    case 'int32':
      return { dims, data: Int32Array.from(values) };
    case 'int8':
      return { dims, data: Int8Array.from(values) };
    case 'uint8':
    case 'bool':
      return { dims, data: Uint8Array.from(values), dtype };
    default:
      return { dims, data: Float32Array.from(values) };
  }
}

export async function expectAlike({ node, within }: Row): Promise<void> {
  const ours = single(node);
  expect(ours.inference.problems).toEqual([]);
  const typeOf = (name: string) => ours.inference.types.get(name)?.dtype ?? 'float32';
  const graph: Graph = {
    ...ours.graph,
    outputs: ours.graph.nodes[0].outputs.map((name) => ({ name, dtype: typeOf(name) })),
    opsets: new Map([
      ['', node.domain ? 17 : (node.opset ?? 17)],
      ['com.microsoft', 1],
    ]),
  };
  const inputs = Object.fromEntries(
    node.inputs.flatMap((input, i) => (input && 'fed' in input ? [[`in${i}`, arrayOf(input)]] : [])),
  );
  const theirs = await runOnnx(writeOnnx(createOnnx(graph)), inputs);
  const results = await ours.run();
  results.forEach(({ dims, values }, o) => {
    const { dims: expected, data } = theirs[`out${o}`];
    expect(ours.inference.types.get(`out${o}`)?.dims).toEqual(expected);
    expect(dims).toEqual(expected);
    const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - Number(data[i]))), 0);
    expect(worst, `output ${o}`).toBeLessThanOrEqual(within);
  });
}
