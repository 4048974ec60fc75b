// The backends that only a browser has: gradients against those of the JavaScript backend, which are checked in double
// precision, and a conformance case of every operator.

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InChromium, inChromium } from '../../scripts/in-chromium.ts';
import { chooseBackend } from '../../src/execution/backend.ts';
import type { BackendName } from '../../src/execution/types.ts';
import { gradientCases } from '../conformance/gradient-cases.ts';
import { differentiable, worstDifference } from '../conformance/gradients.ts';
import type * as InBrowser from '../conformance/in-browser.ts';
import { casesOf, nodeSuites, readCase } from '../conformance/suites.ts';
import { sharedFolder, skipReason } from '../shared.ts';

let browser: InChromium<typeof InBrowser>;

beforeAll(async () => {
  browser = await inChromium(fileURLToPath(new URL('../conformance/in-browser.ts', import.meta.url)));
});
afterAll(() => browser?.close());

/** Rows that use every kernel of ours and every gradient that tfjs lacks; WebGL compiles each shader for seconds. */
const manyKernels = [
  'Conv with stride',
  'Conv dilated with stride',
  'Conv in groups',
  'Conv depthwise with a multiplier',
  'Conv in three dimensions',
  'ConvTranspose 3x3 with padding',
  'Gemm scaled and transposed',
  'Einsum bhid,bhjd->bhij',
  'BatchNormalization while training',
  'LayerNormalization',
  'GroupNormalization',
  'InstanceNormalization',
  'Softmax over channels',
  'MaxPool overlapping, padded',
  'AveragePool padded',
  'Resize linear',
  'DepthToSpace',
  'Slice with a step',
  'Gather along channels',
  'Pad by reflection',
  'Max of [2,3,4] and [3,1]',
  'attention',
];

async function compareGradients(name: BackendName, titles: readonly string[]): Promise<void> {
  const cpu = await chooseBackend('cpu');
  const results = await browser.call('gradientsOf', name, titles);
  const complaints: string[] = [];
  for (const row of gradientCases.filter(({ title }) => titles.includes(title))) {
    const { gradients, failure, left } = results[row.title];
    if (failure) complaints.push(`${row.title}: ${failure}`);
    if (left !== 0) complaints.push(`${row.title} leaves ${left} tensors behind`);
    const network = await differentiable(cpu, row);
    for (const [variable, expected] of failure ? [] : await network.gradients()) {
      const worst = worstDifference(gradients[variable], expected);
      if (!(worst < 1e-3)) complaints.push(`${row.title}: ${variable} is off by ${worst}`);
    }
    network.dispose();
  }
  expect(complaints).toEqual([]);
}

describe('WebGPU', () => {
  it('adds more tensors than a shader binds', async () => {
    expect(await browser.call('sumOfOnes', 'webgpu', 66)).toEqual([66, 66, 66]);
  });

  it('reads integers that were cast to floats', async () => {
    expect(await browser.call('shareOfOnes', 'webgpu', [1, 0, 1, 1])).toEqual([0.75]);
  });

  it('differentiates every case', { timeout: 400_000 }, () =>
    compareGradients(
      'webgpu',
      gradientCases.map(({ title }) => title),
    ),
  );

  it.skipIf(!sharedFolder())(
    `agrees with a case of every operator (${skipReason})`,
    { timeout: 200_000 },
    async () => {
      const complaints: string[] = [];
      for (const suite of nodeSuites) {
        const cases = onePerOperator(casesOf(suite)).map((name) => packed(suite, name));
        const verdicts = await browser.call('judgeAll', 'webgpu', cases);
        verdicts.forEach(({ outcome, why }, i) => {
          if (outcome !== 'agrees') complaints.push(`${cases[i].name} ${outcome}: ${why}`);
        });
      }
      expect(complaints).toEqual([]);
    },
  );
});

describe('WebGL', () => {
  it('differentiates a case of every kernel', { timeout: 400_000 }, () =>
    compareGradients('webgl', manyKernels),
  );
});

/** The last of the cases whose names begin with the same word: the most special one. */
function onePerOperator(names: readonly string[]): string[] {
  const words = new Map(names.map((name) => [name.split('_')[1].replace(/\d.*/, ''), name]));
  return [...words.values()];
}

function packed(suite: string, name: string): InBrowser.PackedCase {
  const { model, inputs, outputs } = readCase(suite, name);
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return { name, model: text(model), inputs: inputs.map(text), outputs: outputs.map(text) };
}
