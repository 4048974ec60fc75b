// The format law, over every sample beside the project: what was read and written reads back equal, an unchanged file
// keeps its bytes, and a changed one keeps everything else.

import { describe, expect, it } from 'vitest';
import type { Model } from '../../src/formats/format.ts';
import { openModel, writeModel } from '../../src/formats/formats.ts';
import { withTensors } from '../../src/graph/edit.ts';
import { checkGraph } from '../../src/graph/spec.ts';
import type { Graph, ValueInfo } from '../../src/graph/types.ts';
import { type OrtArray, runOnnx } from '../onnx-runtime.ts';
import { listShared, materialise, readShared, sharedFolder, zooModels } from '../shared.ts';

/** The toys and one real network of each kind: others of a kind differ in size alone. */
const zoo = zooModels().filter((name) =>
  /^(toy_.*|resnet18|densenet121|googlenet|mobilenet_v3_small|vit_tiny_fused|swin_t|cifar_resnet56)$/.test(
    name,
  ),
);

const samples: readonly (readonly [name: string, load: () => Promise<Uint8Array> | Uint8Array])[] = [
  ...['samples/onnx', 'onnx-light']
    .flatMap((folder) => listShared(folder).map((name) => `${folder}/${name}`))
    .filter((path) => path.endsWith('.onnx'))
    .map((path) => [path, () => readShared(path)] as const),
  ...['onnx-node-tests', 'onnx-pytorch-tests']
    .flatMap((folder) => listShared(folder).map((name) => `${folder}/${name}`))
    .filter((path) => !path.endsWith('.md'))
    .map((path) => [path, () => readShared(`${path}/model.onnx`)] as const),
  ...zoo.map((name) => [`zoo/${name}`, () => materialise(name)] as const),
];

describe.skipIf(!sharedFolder())('the format law', () => {
  it.each(samples)('%s', async (name, load) => {
    const bytes = await load();
    const model = openModel(bytes, name);
    expect(checkGraph(model.graph)).toEqual([]);
    expect(writeModel(model)).toBe(bytes);

    const touched = withEveryTensorNew(model);
    const written = writeModel(touched);
    const again = openModel(written, name);
    expect(again.metadata).toEqual(model.metadata);
    expectEqualGraphs(again.graph, model.graph);
  });
});

describe.skipIf(!sharedFolder())('ONNX Runtime takes what was written, and computes the same', () => {
  const runnable = samples.filter(([name]) =>
    /^(samples|zoo\/(toy_(dense|glu|grouped)|cifar_resnet56))/.test(name),
  );

  it.each(runnable)('%s', async (name, load) => {
    const bytes = await load();
    const model = openModel(bytes, name);
    const inputs = Object.fromEntries(model.graph.inputs.map((input) => [input.name, arrayFor(input)]));
    const expected = await runOnnx(bytes, inputs);
    expect(await runOnnx(writeModel(withEveryTensorNew(model)), inputs)).toEqual(expected);
  });
});

function arrayFor({ dims = [] }: ValueInfo): OrtArray {
  const sizes = dims.map((dim) => (typeof dim === 'number' ? dim : 1));
  const data = Float32Array.from({ length: sizes.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i));
  return { dims: sizes, data };
}

/** The same model, every constant an object of its own, so that the writer writes each of them. */
function withEveryTensorNew(model: Model): Model {
  const copies = [...model.graph.tensors.values()].map((tensor) => ({ ...tensor }));
  return { ...model, graph: withTensors(model.graph, copies) };
}

/** Constants are compared by bytes: matchers walk large arrays too slowly. */
function expectEqualGraphs(a: Graph, b: Graph): void {
  const described = (graph: Graph) => ({
    ...graph,
    tensors: [...graph.tensors.values()]
      .map(({ bytes, ...rest }) => ({ ...rest, length: bytes?.length }))
      .sort(byName),
  });
  expect(described(a)).toEqual(described(b));
  for (const [name, tensor] of b.tensors)
    if (tensor.bytes) expect(Buffer.compare(tensor.bytes, a.tensors.get(name)!.bytes!), name).toBe(0);
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
