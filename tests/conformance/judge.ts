// One conformance case: a model, its inputs, the outputs that somebody else computed. Knows no file system, so that the
// same judge serves Node and the browser.

import { createNetwork, unsupported } from '../../src/execution/network.ts';
import type { Backend, HostArray } from '../../src/execution/types.ts';
import { onnx } from '../../src/formats/onnx/index.ts';
import { readTensor } from '../../src/formats/onnx/tensor.ts';
import { isFloat, toFloat32, toNumbers } from '../../src/graph/tensor.ts';
import type { Tensor } from '../../src/graph/types.ts';
import { ModelError } from '../../src/lib/errors.ts';

export interface Case {
  readonly name: string;
  readonly model: Uint8Array;
  /** TensorProto messages, for the graph's inputs in order. */
  readonly inputs: readonly Uint8Array[];
  /** TensorProto messages, for the graph's outputs in order. */
  readonly outputs: readonly Uint8Array[];
}

export interface Verdict {
  readonly outcome: 'agrees' | 'differs' | 'refused' | 'fails';
  /** What differs, what is refused by name, how it failed. */
  readonly why: string;
  /** Operators of the model, with their domains and the version of the operator set. */
  readonly operators: readonly string[];
}

/** As upstream compares. */
export const tolerance = { relative: 1e-3, absolute: 1e-7 };

export async function judge(backend: Backend, { name, model, inputs, outputs }: Case): Promise<Verdict> {
  const { graph } = onnx.read(model, `${name}.onnx`);
  const operators = [...new Set(graph.nodes.map(({ domain, op }) => (domain ? `${domain}.${op}` : op)))];
  const refused = unsupported(graph);
  if (refused.length > 0) return { outcome: 'refused', why: refused.join(', '), operators };
  try {
    const network = await createNetwork(graph, backend);
    try {
      const feeds = Object.fromEntries(
        graph.inputs.map(({ name: input }, i) => [input, hostArray(readTensor(inputs[i], new Map()))]),
      );
      const results = await network.predict(feeds);
      const complaints = graph.outputs.flatMap(({ name: output }, i) => {
        if (!outputs[i]) return [];
        const expected = readTensor(outputs[i], new Map());
        const complaint = compare(results[output], expected);
        return complaint ? [`${output}: ${complaint}`] : [];
      });
      return {
        outcome: complaints.length === 0 ? 'agrees' : 'differs',
        why: complaints.join('; '),
        operators,
      };
    } finally {
      network.dispose();
    }
  } catch (error) {
    const refusal = error instanceof ModelError && error.code === 'unsupported';
    const why = error instanceof Error ? error.message : String(error);
    return { outcome: refusal ? 'refused' : 'fails', why, operators };
  }
}

function hostArray(tensor: Tensor): HostArray {
  const { dims, dtype } = tensor;
  if (isFloat(dtype)) return { dims, data: toFloat32(tensor) };
  const numbers = toNumbers(tensor);
  return { dims, data: dtype === 'bool' ? Uint8Array.from(numbers) : Int32Array.from(numbers) };
}

/** What is wrong with a result, or `undefined`. */
export function compare(
  actual: HostArray,
  expected: Tensor,
  { relative, absolute } = tolerance,
): string | undefined {
  if (actual.dims.join() !== expected.dims.join())
    return `has the shape [${actual.dims}], expected [${expected.dims}]`;
  // A float32 runtime meets double precision to float32 accuracy and range.
  const values = isFloat(expected.dtype) ? toNumbers(expected).map(Math.fround) : toNumbers(expected);
  let worst = -1;
  let excess = 0;
  values.forEach((value, i) => {
    const present = actual.data[i];
    if (Object.is(present, value) || present === value) return;
    const off = Math.abs(present - value) - absolute - relative * Math.abs(value);
    // A comparison with NaN is false: what is not a number counts as a difference.
    if (off <= excess) return;
    if (worst >= 0 && !(off > excess)) return;
    worst = i;
    excess = off;
  });
  return worst < 0 ? undefined : `has ${actual.data[worst]} at ${worst}, expected ${values[worst]}`;
}
