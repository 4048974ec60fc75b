// One node beside ONNX Runtime: types are what it finds, and the numbers too, run as a network of its own.

import { expect } from 'vitest';
import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import type { HostArray } from '../../src/execution/types.ts';
import { createOnnx } from '../../src/formats/onnx/create.ts';
import { writeOnnx } from '../../src/formats/onnx/write.ts';
import { elementCount, isFloat } from '../../src/graph/tensor.ts';
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

function ortArray({ fed: { dims, dtype, values } }: Fed): OrtArray {
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

const hostArray = ({ fed: { dims, dtype, values } }: Fed): HostArray => {
  if (isFloat(dtype)) return { dims, data: Float32Array.from(values) };
  return { dims, data: dtype === 'bool' ? Uint8Array.from(values) : Int32Array.from(values) };
};

const fedInputs = <T>({ inputs }: SingleNode, arrayOf: (input: Fed) => T): Record<string, T> =>
  Object.fromEntries(
    inputs.flatMap((input, i) => (input && 'fed' in input ? [[`in${i}`, arrayOf(input)] as const] : [])),
  );

export async function expectAlike({ node, within }: Row): Promise<void> {
  const { graph: lone, inference } = single(node);
  expect(inference.problems).toEqual([]);
  const typeOf = (name: string) => inference.types.get(name)?.dtype ?? 'float32';
  const graph: Graph = {
    ...lone,
    outputs: lone.nodes[0].outputs.map((name) => ({ name, dtype: typeOf(name) })),
    opsets: new Map([
      ['', node.domain ? 17 : (node.opset ?? 17)],
      ['com.microsoft', 1],
    ]),
  };
  const theirs = await runOnnx(writeOnnx(createOnnx(graph)), fedInputs(node, ortArray));
  const network = await createNetwork(graph, await chooseBackend('cpu'));
  const ours = await network.predict(fedInputs(node, hostArray));
  network.dispose();
  for (const [name, { dims, data }] of Object.entries(theirs)) {
    expect(inference.types.get(name)?.dims).toEqual(dims);
    expect(ours[name].dims).toEqual(dims);
    const off = Array.from(data as Float32Array, (value, i) =>
      Number(value) === ours[name].data[i] ? 0 : Math.abs(Number(value) - ours[name].data[i]),
    );
    expect(Math.max(0, ...off), name).toBeLessThanOrEqual(within);
  }
}
