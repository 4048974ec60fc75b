// What the conformance tests call in a browser.

import { chooseBackend } from '../../src/execution/backend.ts';
import type { BackendName } from '../../src/execution/types.ts';
import { gradientCases } from './gradient-cases.ts';
import { differentiable } from './gradients.ts';
import { judge, type Verdict } from './judge.ts';

/** A case with its bytes in base 64. */
export interface PackedCase {
  readonly name: string;
  readonly model: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

const bytes = (text: string): Uint8Array => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

export async function describeBackend(name: BackendName): Promise<string> {
  return (await chooseBackend(name)).description;
}

export async function judgeAll(name: BackendName, cases: readonly PackedCase[]): Promise<Verdict[]> {
  const backend = await chooseBackend(name);
  const verdicts: Verdict[] = [];
  for (const { name: title, model, inputs, outputs } of cases)
    verdicts.push(
      await judge(backend, {
        name: title,
        model: bytes(model),
        inputs: inputs.map(bytes),
        outputs: outputs.map(bytes),
      }),
    );
  return verdicts;
}

/** Gradients of the named cases, or how they failed; and how many tensors were left behind. */
export async function gradientsOf(name: BackendName, titles: readonly string[]) {
  const backend = await chooseBackend(name);
  const results: Record<string, { gradients: Record<string, number[]>; failure?: string; left: number }> = {};
  for (const row of gradientCases.filter(({ title }) => titles.includes(title))) {
    const before = backend.tf.memory().numTensors;
    const gradients: Record<string, number[]> = {};
    let failure: string | undefined;
    try {
      const network = await differentiable(backend, row);
      for (const [variable, values] of await network.gradients()) gradients[variable] = Array.from(values);
      network.dispose();
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    const left = backend.tf.memory().numTensors - before;
    results[row.title] = failure === undefined ? { gradients, left } : { gradients, failure, left };
  }
  return results;
}

/** The sum of that many ones, added in one go. */
export async function sumOfOnes(name: BackendName, count: number): Promise<number[]> {
  const { tf } = await chooseBackend(name);
  const sum = tf.tidy(() => tf.addN(Array.from({ length: count }, () => tf.ones([3]))));
  const values = Array.from(await sum.data());
  sum.dispose();
  return values;
}

/** The share of the ones among numbers, repeated so often that tfjs counts them on the device. */
export async function shareOfOnes(name: BackendName, numbers: readonly number[]): Promise<number[]> {
  const { tf } = await chooseBackend(name);
  const share = tf.tidy(() => {
    const many = tf.tile(tf.tensor1d([...numbers], 'int32'), [4096]);
    return tf.mean(tf.cast(tf.equal(many, tf.scalar(1, 'int32')), 'float32'));
  });
  const values = Array.from(await share.data());
  share.dispose();
  return values;
}
