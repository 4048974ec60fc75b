// What a network says about the first examples: its outputs, and the class it would choose.

import type { Network } from '../../execution/types.ts';
import type { Dataset } from '../../training/types.ts';
import type { Answer } from '../engine.ts';

/** One answer for each of the first `count` training examples. */
export async function answersOf(network: Network, data: Dataset, count: number): Promise<Answer[]> {
  const positions = Array.from({ length: Math.min(count, data.train.length) }, (_, i) => i);
  const { inputs, targets } = await data.train.read(positions);
  const { graph } = network;
  const fed = Object.fromEntries(inputs.map((input, i) => [graph.inputs[i].name, input]));
  const output = (await network.predict(fed))[graph.outputs[0].name];
  const size = output.data.length / positions.length;
  return positions.map((i) => {
    const outputs = Array.from(output.data.subarray(i * size, (i + 1) * size));
    if (size !== data.classes.length) return { outputs };
    const chosen = outputs.indexOf(Math.max(...outputs));
    const target = targets?.[0]?.data[i];
    return {
      outputs,
      label: data.classes[chosen],
      ...(target === undefined ? {} : { right: chosen === target }),
    };
  });
}
