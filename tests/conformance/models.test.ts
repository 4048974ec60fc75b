// Whole networks: the unpruned figures of the reference zoo, sample files with outputs computed elsewhere, the classic
// topologies with constant weights, and ONNX Runtime as a second judge of files that bring weights of their own.

import { beforeAll, describe, expect, test } from 'vitest';
import { chooseBackend } from '../../src/execution/backend.ts';
import { createNetwork } from '../../src/execution/network.ts';
import type { Backend, HostArray } from '../../src/execution/types.ts';
import { onnx } from '../../src/formats/onnx/index.ts';
import { readTensor } from '../../src/formats/onnx/tensor.ts';
import { elementCount, isFloat, toFloat32 } from '../../src/graph/tensor.ts';
import type { Graph } from '../../src/graph/types.ts';
import { type OrtArray, runOnnx } from '../onnx-runtime.ts';
import {
  listShared,
  materialise,
  readShared,
  readSharedJson,
  sharedFolder,
  skipReason,
  zooModels,
  zooValues,
} from '../shared.ts';
import { readNpy } from './npy.ts';

interface Figure {
  readonly shape: readonly number[];
  readonly first: readonly number[];
  readonly mean: number;
  readonly l2: number;
}

interface Figures {
  readonly input_shapes: readonly (readonly number[])[];
  readonly input_int_below?: number;
  readonly forward: Figure & { readonly more?: readonly Figure[] };
}

/** The inputs that the zoo's figures were computed from. */
async function zooInputs(graph: Graph, figures: Figures): Promise<Record<string, HostArray>> {
  const entries = graph.inputs.map(async ({ name, dtype }, i) => {
    const dims = figures.input_shapes[i];
    const seed = i === 0 ? 'input' : `input${i}`;
    const whole = !isFloat(dtype);
    const [low, high] = whole ? [0, figures.input_int_below ?? 1] : [-1, 1];
    const values = await zooValues(seed, elementCount(dims), low, high);
    return [name, { dims, data: whole ? Int32Array.from(values, Math.floor) : values }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Differences measured against the root mean square of the output. */
function expectFigure(actual: HostArray, expected: Figure): void {
  expect(actual.dims).toEqual(expected.shape);
  const values = Array.from(actual.data);
  const l2 = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
  const scale = expected.l2 / Math.sqrt(values.length);
  const off = [
    ...expected.first.map((value, i) => Math.abs(value - values[i]) / scale),
    Math.abs(values.reduce((sum, v) => sum + v, 0) / values.length - expected.mean) / scale,
    Math.abs(l2 - expected.l2) / expected.l2,
  ];
  expect(Math.max(...off)).toBeLessThan(2e-5);
}

let backend: Backend;

async function predict(bytes: Uint8Array, inputsOf: (graph: Graph) => Promise<Record<string, HostArray>>) {
  const { graph } = onnx.read(bytes, 'model.onnx');
  const network = await createNetwork(graph, backend);
  try {
    return { graph, outputs: await network.predict(await inputsOf(graph)) };
  } finally {
    network.dispose();
  }
}

describe.skipIf(!sharedFolder())(`networks on wasm (${skipReason})`, () => {
  beforeAll(async () => {
    backend = await chooseBackend('wasm');
  });

  test.each(zooModels())('zoo: %s gives the recorded figures', async (model) => {
    const figures = readSharedJson<Figures>(`zoo/${model}.json`);
    const bytes = await materialise(model);
    const { graph, outputs } = await predict(bytes, (own) => zooInputs(own, figures));
    [figures.forward, ...(figures.forward.more ?? [])].forEach((figure, i) => {
      expectFigure(outputs[graph.outputs[i].name], figure);
    });
    expect(backend.tf.memory().numTensors).toBe(0);
  });

  test.each(sampleModels())('sample: $model gives the outputs computed elsewhere', async (sample) => {
    const { model, inputs, outputs: expected } = sample;
    const { outputs } = await predict(readShared(`samples/onnx/${model}`), async (graph) =>
      Object.fromEntries(
        graph.inputs.map(({ name }, i) => [name, readNpy(readShared(`samples/onnx/${inputs[i].file}`))]),
      ),
    );
    for (const { name, file } of expected) {
      const wanted = readNpy(readShared(`samples/onnx/${file}`));
      expect(outputs[name].dims).toEqual(wanted.dims);
      expect(worstOf(outputs[name], wanted)).toBeLessThan(1);
    }
  });

  test.each(lightModels())('light: %s gives the published output', async (model) => {
    const { graph, outputs } = await predict(readShared(`onnx-light/${model}.onnx`), async (own) => {
      const dims = [1, 3, 224, 224];
      const count = elementCount(dims);
      return {
        [own.inputs[0].name]: { dims, data: Float32Array.from({ length: count }, (_, i) => i / count) },
      };
    });
    const [{ name }] = graph.outputs;
    const expected = readTensor(readShared(`onnx-light/${model}_output_0.pb`), new Map());
    expect(outputs[name].dims).toEqual(expected.dims);
    // Where a softmax follows values of 1e10, one step of float32 decides the published numbers.
    if (model !== 'light_squeezenet')
      expect(worstOf(outputs[name], { dims: expected.dims, data: toFloat32(expected) }, 1e-3)).toBeLessThan(
        1,
      );
  });

  test.each(['cifar_resnet56', 'mobilenet_v3_small', 'toy_swin', 'toy_vit_gqa', 'shufflenet_v2_x0_5'])(
    'any batch size: %s agrees with ONNX Runtime on three examples',
    async (model) => {
      const figures = readSharedJson<Figures>(`zoo/${model}.json`);
      const three = { ...figures, input_shapes: figures.input_shapes.map(([, ...rest]) => [3, ...rest]) };
      const bytes = await materialise(model);
      const { graph, outputs } = await predict(bytes, (own) => zooInputs(own, three));
      const judged = await runOnnx(bytes, (await zooInputs(graph, three)) as Record<string, OrtArray>);
      for (const { name } of graph.outputs)
        expect(worstOf(outputs[name], judged[name] as HostArray)).toBeLessThan(1);
    },
  );
});

/** Largest difference in units of the tolerance: 1e-4 of the value and of the output's root mean square. */
function worstOf(actual: HostArray, expected: HostArray, tolerance = 1e-4): number {
  const values = Array.from(expected.data);
  const scale = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
  return values.reduce((worst, value, i) => {
    const off = Math.abs(actual.data[i] - value) / (tolerance * (Math.abs(value) + scale) + 1e-12);
    return Math.max(worst, Number.isNaN(off) ? Number.POSITIVE_INFINITY : off);
  }, 0);
}

interface Sample {
  readonly format: string;
  readonly model: string;
  readonly inputs: readonly { readonly file: string }[];
  readonly outputs: readonly { readonly name: string; readonly file: string }[];
}

function sampleModels(): Sample[] {
  if (!sharedFolder()) return [];
  return readSharedJson<Sample[]>('samples/samples.json').filter(({ format }) => format === 'onnx');
}

function lightModels(): string[] {
  return listShared('onnx-light')
    .filter((name) => name.endsWith('.onnx'))
    .map((name) => name.replace('.onnx', ''));
}
