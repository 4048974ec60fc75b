// What ONNX files may hold, one thing at a time: every way of storing numbers, and what a written file keeps.

import { WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import type { Model } from '../../src/formats/format.ts';
import { openModel, writeModel } from '../../src/formats/formats.ts';
import { ATTRIBUTE, GRAPH, MODEL, NODE, TENSOR } from '../../src/formats/onnx/schema.ts';
import { fieldsOf, type MessageWriter, text } from '../../src/formats/onnx/wire.ts';
import { withNodes, withTensors } from '../../src/graph/edit.ts';
import { encodeNumbers, tensorOf, toFloat32, toNumbers } from '../../src/graph/tensor.ts';
import type { DataType, GraphNode } from '../../src/graph/types.ts';
import { runOnnx } from '../onnx-runtime.ts';
import { adding, attribute, message, node, onnxFile, payloads, tensor, tinyFile } from './files.ts';

const varints = (...bytes: number[]) => Uint8Array.from(bytes);
const open = (bytes: Uint8Array) => openModel(bytes, 'test.onnx');
const constant = (bytes: Uint8Array, name = 'w') => open(bytes).graph.tensors.get(name)!;
const withTensor = (
  model: Model,
  name: string,
  dtype: DataType,
  dims: number[],
  values: number[],
): Model => ({
  ...model,
  graph: withTensors(model.graph, [tensorOf(name, dtype, dims, values)]),
});
/** -1 as a varint. */
const minusOne = [255, 255, 255, 255, 255, 255, 255, 255, 255, 1];

describe('numbers are read from every field that may hold them', () => {
  it.each<[string, MessageWriter, number[]]>([
    [
      'raw float32',
      tensor('w', 1, [2]).bytes(TENSOR.rawData, encodeNumbers('float32', [1.5, -2])),
      [1.5, -2],
    ],
    [
      'packed float_data',
      tensor('w', 1, [2]).bytes(TENSOR.floatData, encodeNumbers('float32', [1.5, -2])),
      [1.5, -2],
    ],
    [
      'float_data one by one',
      tensor('w', 1, [2]).float(TENSOR.floatData, 1.5).float(TENSOR.floatData, -2),
      [1.5, -2],
    ],
    [
      'double_data',
      tensor('w', 11, [2]).bytes(TENSOR.doubleData, encodeNumbers('float64', [0.1, -2])),
      [0.1, -2],
    ],
    ['packed int64_data', tensor('w', 7, [2]).bytes(TENSOR.int64Data, varints(...minusOne, 5)), [-1, 5]],
    [
      'int64_data one by one',
      tensor('w', 7, [2]).integer(TENSOR.int64Data, -1).integer(TENSOR.int64Data, 5),
      [-1, 5],
    ],
    ['int32 in int32_data', tensor('w', 6, [2]).bytes(TENSOR.int32Data, varints(...minusOne, 5)), [-1, 5]],
    ['int8 in int32_data', tensor('w', 3, [2]).bytes(TENSOR.int32Data, varints(...minusOne, 5)), [-1, 5]],
    ['uint16 in int32_data', tensor('w', 4, [1]).bytes(TENSOR.int32Data, varints(255, 255, 3)), [65535]],
    ['bool in int32_data', tensor('w', 9, [2]).bytes(TENSOR.int32Data, varints(1, 0)), [1, 0]],
    [
      'float16 in int32_data',
      tensor('w', 10, [2]).bytes(TENSOR.int32Data, varints(128, 120, 128, 128, 2)),
      [1, -0],
    ],
    ['uint4 in pairs', tensor('w', 21, [3]).bytes(TENSOR.rawData, Uint8Array.of(0x2f, 0x0e)), [15, 2, 14]],
    ['int4 in pairs', tensor('w', 22, [3]).bytes(TENSOR.rawData, Uint8Array.of(0x2f, 0x0e)), [-1, 2, -2]],
    ['int4 in int32_data', tensor('w', 22, [2]).bytes(TENSOR.int32Data, varints(0x78)), [-8, 7]],
    ['bfloat16 in int32_data', tensor('w', 16, [1]).bytes(TENSOR.int32Data, varints(128, 127)), [1]],
    [
      'uint32 in uint64_data',
      tensor('w', 12, [1]).bytes(TENSOR.uint64Data, varints(255, 255, 255, 255, 15)),
      [2 ** 32 - 1],
    ],
    ['uint64 beyond int64', tensor('w', 13, [1]).bytes(TENSOR.uint64Data, varints(...minusOne)), [2 ** 64]],
    ['a scalar', tensor('w', 1, []).bytes(TENSOR.rawData, encodeNumbers('float32', [7])), [7]],
    ['nothing, of no elements', tensor('w', 1, [0, 3]), []],
  ])('%s', (_, stored, values) => {
    expect(toNumbers(constant(adding(stored)))).toEqual(values);
  });

  it('64-bit integers exactly', () => {
    const largest = [255, 255, 255, 255, 255, 255, 255, 255, 127];
    const { bytes } = constant(adding(tensor('w', 7, [1]).bytes(TENSOR.int64Data, varints(...largest))));
    expect(new BigInt64Array(new Uint8Array(bytes!).buffer)[0]).toBe(2n ** 63n - 1n);
  });

  it('weights stay views into the file', () => {
    const file = tinyFile();
    for (const { name, bytes } of open(file).graph.tensors.values())
      expect(bytes!.buffer, name).toBe(file.buffer);
  });

  it('a shape without values is told as such', () => {
    const { graph, problems } = open(adding(tensor('w', 1, [2])));
    expect(graph.tensors.get('w')!.bytes).toBeUndefined();
    expect(problems.map(({ code }) => code)).toEqual(['no-data']);
  });
});

describe('Constant nodes', () => {
  const holding = (...attributes: MessageWriter[]) =>
    onnxFile({
      nodes: [
        node({ op: 'Constant', outputs: ['w'], attributes }),
        node({ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }),
      ],
    });
  const pair = tensor('', 1, [2]).bytes(TENSOR.rawData, encodeNumbers('float32', [1, 2]));
  const sparse = message()
    .bytes(1, tensor('', 1, [1]).bytes(TENSOR.rawData, encodeNumbers('float32', [9])))
    .bytes(2, tensor('', 7, [1]).bytes(TENSOR.rawData, encodeNumbers('int64', [2])))
    .integer(3, 3);

  it.each<[string, MessageWriter, DataType, number[], number[]]>([
    ['value', attribute('value').bytes(ATTRIBUTE.t, pair), 'float32', [2], [1, 2]],
    ['value_float', attribute('value_float').float(ATTRIBUTE.f, 0.5), 'float32', [], [0.5]],
    [
      'value_floats',
      attribute('value_floats').float(ATTRIBUTE.floats, 0.5).float(ATTRIBUTE.floats, 2),
      'float32',
      [2],
      [0.5, 2],
    ],
    ['value_int', attribute('value_int').integer(ATTRIBUTE.i, -3), 'int64', [], [-3]],
    [
      'value_int 0, left out by the writer',
      attribute('value_int').integer(ATTRIBUTE.type, 2),
      'int64',
      [],
      [0],
    ],
    [
      'value_ints',
      attribute('value_ints').integer(ATTRIBUTE.ints, 4).integer(ATTRIBUTE.ints, -1),
      'int64',
      [2],
      [4, -1],
    ],
    [
      'sparse_value',
      attribute('sparse_value').bytes(ATTRIBUTE.sparseTensor, sparse),
      'float32',
      [3],
      [0, 0, 9],
    ],
  ])('%s is a constant, and can be changed', (_, stored, dtype, dims, values) => {
    const model = open(holding(stored));
    expect(model.graph.nodes.map(({ op }) => op)).toEqual(['Add']);
    const read = model.graph.tensors.get('w')!;
    expect([read.dtype, read.dims, toNumbers(read)]).toEqual([dtype, dims, values]);
    const again = constant(writeModel(withTensor(model, 'w', dtype, [2], [8, 9])));
    expect([again.dtype, again.dims, toNumbers(again)]).toEqual([dtype, [2], [8, 9]]);
  });

  it('value_strings is one that nobody computes with', () => {
    const { graph } = open(
      holding(attribute('value_strings').string(ATTRIBUTE.strings, 'a').string(ATTRIBUTE.strings, 'b')),
    );
    expect(graph.tensors.get('w')).toEqual({ name: 'w', dtype: 'string', dims: [2] });
  });
});

describe('half precision', () => {
  it.each([
    ['float16', 10],
    ['bfloat16', 16],
  ] as const)('%s is widened for computing and written back as it came', (dtype, type) => {
    const model = open(
      adding(tensor('w', type, [2]).bytes(TENSOR.rawData, encodeNumbers(dtype, [1.5, -0.25]))),
    );
    expect([...toFloat32(model.graph.tensors.get('w')!)]).toEqual([1.5, -0.25]);
    const again = constant(writeModel(withTensor(model, 'w', dtype, [2], [3, 0.125])));
    expect([again.dtype, again.bytes!.length, ...toFloat32(again)]).toEqual([dtype, 4, 3, 0.125]);
  });
});

describe('sparse constants', () => {
  const stored = (indices: MessageWriter) =>
    onnxFile({
      nodes: [node({ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] })],
      graph: (graph) => {
        const values = tensor('w', 1, [2]).bytes(TENSOR.rawData, encodeNumbers('float32', [5, 7]));
        graph.bytes(
          GRAPH.sparseInitializer,
          message().bytes(1, values).bytes(2, indices).integer(3, 2).integer(3, 3),
        );
      },
    });

  it.each([
    ['row-major positions', tensor('', 7, [2]).bytes(TENSOR.rawData, encodeNumbers('int64', [1, 5]))],
    ['coordinates', tensor('', 7, [2, 2]).bytes(TENSOR.rawData, encodeNumbers('int64', [0, 1, 1, 2]))],
  ])('are read as the dense ones they stand for: %s', (_, indices) => {
    const read = constant(stored(indices));
    expect([read.dims, toNumbers(read)]).toEqual([
      [2, 3],
      [0, 5, 0, 0, 0, 7],
    ]);
  });

  it.each([
    ['a coordinate beyond its axis', [2, 2], [0, 3, 1, 2], 'with an element outside of it'],
    ['a negative coordinate', [2, 2], [0, -1, 1, 2], 'with an element outside of it'],
    ['a position beyond its elements', [2], [1, 6], 'with an element outside of it'],
    ['coordinates for other axes', [1, 3], [0, 1, 2], 'with 3 coordinates for 2 axes'],
  ])('are refused with %s', (_, dims, numbers, message) => {
    const indices = tensor('', 7, dims).bytes(TENSOR.rawData, encodeNumbers('int64', numbers));
    expect(() => open(stored(indices))).toThrow(`has the sparse constant "w" ${message}`);
  });

  it('are refused with coordinates for no axes', () => {
    const value = tensor('w', 1, [1]).bytes(TENSOR.rawData, encodeNumbers('float32', [5]));
    const indices = tensor('', 7, [1, 2]).bytes(TENSOR.rawData, encodeNumbers('int64', [0, 0]));
    const scalar = message().bytes(1, value).bytes(2, indices);
    const file = onnxFile({
      nodes: [node({ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] })],
      graph: (graph) => graph.bytes(GRAPH.sparseInitializer, scalar),
    });
    expect(() => open(file)).toThrow('has the sparse constant "w" with 2 coordinates for 0 axes');
  });

  it('are written densely once they change', () => {
    const indices = tensor('', 7, [2]).bytes(TENSOR.rawData, encodeNumbers('int64', [1, 5]));
    const model = open(stored(indices));
    const again = constant(writeModel(withTensor(model, 'w', 'float32', [1, 2], [5, 7])));
    expect([again.dims, toNumbers(again)]).toEqual([
      [1, 2],
      [5, 7],
    ]);
  });
});

describe('weights in another file', () => {
  const entry = (key: string, value: string) => message().string(1, key).string(2, value);
  const stored = tensor('w', 1, [2])
    .bytes(TENSOR.externalData, entry('location', 'weights/model.data'))
    .bytes(TENSOR.externalData, entry('offset', '4'))
    .bytes(TENSOR.externalData, entry('length', '8'))
    .integer(TENSOR.dataLocation, 1);
  const data = encodeNumbers('float32', [0, 1.5, -2]);

  it.each(['weights/model.data', 'model.data'])(
    'are found under the name %s and written into the file',
    (name) => {
      const model = openModel(adding(stored), 'model.onnx', new Map([[name, data]]));
      expect(toNumbers(model.graph.tensors.get('w')!)).toEqual([1.5, -2]);
      expect(toNumbers(constant(writeModel(model)))).toEqual([1.5, -2]);
    },
  );
});

describe('what is not understood is kept', () => {
  const subgraph = message()
    .bytes(GRAPH.node, node({ op: 'Add', inputs: ['w', 'inner'], outputs: ['z'] }))
    .bytes(GRAPH.initializer, tensor('inner', 1, [2]).bytes(TENSOR.rawData, new Uint8Array(8)))
    .bytes(GRAPH.output, message().string(1, 'z'));
  const named = message().string(1, 'MyOp').string(10, 'my.domain');
  const file = onnxFile({
    nodes: [
      node({
        op: 'MyOp',
        domain: 'my.domain',
        inputs: ['x'],
        outputs: ['a'],
        attributes: [attribute('depth').integer(ATTRIBUTE.i, 3)],
      })
        .string(NODE.docString, 'noted')
        .integer(99, 7),
      node({
        op: 'If',
        inputs: ['c'],
        outputs: ['b'],
        attributes: [attribute('then_branch').bytes(ATTRIBUTE.g, subgraph)],
      }),
      node({ op: 'Add', inputs: ['a', 'b'], outputs: ['y'] }),
    ],
    initializers: [
      tensor('w', 1, [2]).bytes(TENSOR.rawData, new Uint8Array(8)).string(12, 'about w'),
      tensor('c', 9, []).bytes(TENSOR.rawData, Uint8Array.of(1)),
      tensor('packed', 17, [4]).bytes(TENSOR.rawData, Uint8Array.of(18, 52, 3, 4)),
    ],
    model: (model) => {
      model.bytes(MODEL.functions, named);
      for (const [key, value] of [
        ['mean', '0.5'],
        ['__proto__', 'x'],
      ])
        model.bytes(MODEL.metadataProps, message().string(1, key).string(2, value));
    },
  });

  it('an unchanged file byte for byte', () => {
    expect(writeModel(open(file))).toBe(file);
  });

  it('nodes, attributes, notes, functions, metadata and unknown fields through a change', () => {
    const model = open(file);
    expect(model.metadata.mean).toBe('0.5');
    const written = writeModel(withTensor(model, 'w', 'float32', [3], [1, 2, 3]));
    const again = open(written);
    expect(again.graph.nodes).toEqual(model.graph.nodes);
    expect(again.metadata).toEqual(model.metadata);
    expect(again.graph.tensors.get('w')!.dims).toEqual([3]);
    const without = (bytes: Uint8Array, name: string) =>
      payloads(payloads(bytes, MODEL.graph)[0], GRAPH.initializer).filter(
        (each) => !payloads(each, TENSOR.name).some((n) => new TextDecoder().decode(n) === name),
      );
    expect(without(written, 'w')).toEqual(without(file, 'w'));
    expect(payloads(written, MODEL.functions)).toEqual(payloads(file, MODEL.functions));
    expect(payloads(payloads(written, MODEL.graph)[0], GRAPH.node)).toEqual(
      payloads(payloads(file, MODEL.graph)[0], GRAPH.node),
    );
    const [w] = payloads(payloads(written, MODEL.graph)[0], GRAPH.initializer);
    expect([...fieldsOf(w)].filter(({ no }) => no === 12).map(text)).toEqual(['about w']);
  });

  it('knows what a nested graph takes from outside', () => {
    const [, branch] = open(file).graph.nodes;
    expect(branch.attributes.then_branch).toMatchObject({ kind: 'subgraph', captures: ['w'] });
  });

  it('elements of unknown types, which cannot be cut', () => {
    const model = open(file);
    expect(model.graph.tensors.get('packed')).toEqual({ name: 'packed', dtype: 'opaque', dims: [4] });
    const cut = withTensors(model.graph, [{ name: 'packed', dtype: 'opaque', dims: [2] }]);
    expect(() => writeModel({ ...model, graph: cut })).toThrow(
      'The tensor "packed" has elements of a type that cannot be cut to another shape.',
    );
  });
});

describe('changes', () => {
  const reshaping = (irVersion: number) =>
    onnxFile({
      irVersion,
      opset: 8,
      nodes: [
        node({ op: 'Identity', inputs: ['x'], outputs: ['a'] }),
        node({
          op: 'Upsample',
          inputs: ['a'],
          outputs: ['b'],
          attributes: [attribute('scales').float(ATTRIBUTE.floats, 1).integer(ATTRIBUTE.type, 6)],
        }),
        node({ op: 'Identity', inputs: ['b'], outputs: ['y'] }),
      ],
    });
  const edited = (model: Model, id: number, change: (node: GraphNode) => GraphNode): Model => {
    const before = model.graph.nodes.find((each) => each.id === id)!;
    return { ...model, graph: withNodes(model.graph, new Map([[id, change(before)]])) };
  };

  it('floats stay floats although their new values are whole', () => {
    const model = edited(open(reshaping(8)), 1, (n) => ({ ...n, attributes: { scales: [2] } }));
    const graph = payloads(writeModel(model), MODEL.graph)[0];
    const [, upsample] = payloads(graph, GRAPH.node);
    const [scales] = payloads(upsample, NODE.attribute);
    const fields = [...fieldsOf(scales)].filter(({ no }) => no === ATTRIBUTE.floats || no === ATTRIBUTE.ints);
    expect(fields.map(({ no, type }) => [no, type])).toEqual([[ATTRIBUTE.floats, WireType.Bit32]]);
  });

  it.each([0.5, 2])(
    'floats that the file left to their default are written as floats (%f)',
    async (alpha) => {
      const file = onnxFile({
        opset: 8,
        nodes: [node({ op: 'Elu', inputs: ['x'], outputs: ['y'] })],
      });
      const model = edited(open(file), 0, (n) => ({ ...n, attributes: { alpha } }));
      const { y } = await runOnnx(writeModel(model), { x: { dims: [2], data: Float32Array.from([-1, 3]) } });
      expect(y.data[0]).toBeCloseTo(alpha * (Math.exp(-1) - 1), 6);
    },
  );

  it.each([3, 8])(
    'a constant that the file did not have: ONNX Runtime takes the file (IR version %i)',
    async (irVersion) => {
      const model = open(reshaping(irVersion));
      const grown = {
        ...model,
        graph: withTensors(model.graph, [tensorOf('extra', 'float32', [2], [1, 2])]),
      };
      const bytes = writeModel(grown);
      expect(open(bytes).graph.tensors.get('extra')!.dims).toEqual([2]);
      expect(open(bytes).graph.inputs.map(({ name }) => name)).toEqual(['x']);
      const { y } = await runOnnx(bytes, { x: { dims: [2], data: Float32Array.from([3, 4]) } });
      expect([...y.data]).toEqual([3, 4]);
    },
  );

  it.each<[DataType, number, number[]]>([
    ['int4', 22, [-8, 7, -1]],
    ['uint4', 21, [15, 0, 9]],
  ])('%s is packed again', (dtype, code, values) => {
    const model = open(adding(tensor('w', code, [2]).bytes(TENSOR.rawData, Uint8Array.of(0x21))));
    const written = writeModel(withTensor(model, 'w', dtype, [3], values));
    const [stored] = payloads(payloads(written, MODEL.graph)[0], GRAPH.initializer).filter((each) =>
      payloads(each, TENSOR.name).some((name) => new TextDecoder().decode(name) === 'w'),
    );
    expect(payloads(stored, TENSOR.rawData)[0]).toHaveLength(2);
    expect(toNumbers(constant(written))).toEqual(values);
  });

  it('a network made in memory: ONNX Runtime takes it', async () => {
    const x = { dims: [1, 1, 6, 6], data: new Float32Array(36).fill(0.5) };
    const whole = await runOnnx(tinyFile(), { x });
    expect(Object.values(whole)[0].dims).toEqual([1, 3]);
    const model = open(tinyFile());
    expect(model.metadata).toMatchObject({ producer: 'secateur', mean: '0.5' });
    expect(model.graph.nodes[1].attributes.epsilon).toBeCloseTo(1e-5, 9);
  });
});

describe('declarations', () => {
  const file = onnxFile({
    nodes: [node({ op: 'Identity', inputs: ['x'], outputs: ['y'] })],
    opset: 6,
    graph: (graph) => {
      const shape = message()
        .bytes(1, message().integer(1, -1))
        .bytes(1, message().string(2, 'T'))
        .bytes(1, message().integer(1, 0));
      const type = message().bytes(1, message().integer(1, 1).bytes(2, shape));
      graph.bytes(GRAPH.valueInfo, message().string(1, 'v').bytes(2, type));
    },
  });

  it('unknown sizes are symbols, zero is zero', () => {
    expect(open(file).graph.values.get('v')).toEqual({ name: 'v', dtype: 'float32', dims: ['v.0', 'T', 0] });
  });

  it('an operator set older than 7 is told as such', () => {
    expect(open(file).problems.map(({ code }) => code)).toEqual(['old-opset']);
  });
});
