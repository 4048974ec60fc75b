// Wrong model files are first-class: each row a file, and the sentences a person reads.

import { gzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { openModel } from '../../src/formats/formats.ts';
import { GRAPH, MODEL, TENSOR } from '../../src/formats/onnx/schema.ts';
import { ModelError } from '../../src/lib/errors.ts';
import { adding, message, node, onnxFile, tensor, tinyFile } from './files.ts';

const ascii = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const png = ascii('\x89PNG\r\n\x1a\n\0\0\0\rIHDR');
const html = '<!DOCTYPE html>\n<html lang="en"><head><title>GitHub</title></head></html>';
const zip = (name: string) => zipSync({ [name]: new Uint8Array([1, 2, 3]) }, { level: 0 });
const padded = (start: string) => ascii(start.padEnd(600, '\0'));

/** A valid file whose graph announces 2 GB more than there is. */
const gigantic = Uint8Array.from([8, 8, 0x3a, 0xff, 0xff, 0xff, 0xff, 0x07, 1, 2, 3]);

const cyclic = onnxFile({
  nodes: [
    node({ op: 'Add', name: 'first', inputs: ['x', 'b'], outputs: ['a'] }),
    node({ op: 'Relu', name: 'second', inputs: ['a'], outputs: ['b'] }),
  ],
  outputs: ['b'],
});

const AGAIN = 'Download or export it again.';
const TORCH = 'Export the model with torch.onnx.export and open the ONNX file.';
const TENSORFLOW = 'Convert it with tf2onnx and open the ONNX file.';
const UNPACK = 'Unpack it and open the ONNX file inside.';

type Row = readonly [fileName: string, bytes: Uint8Array, message: string, hint: string];

const otherKinds: readonly Row[] = [
  ['empty.onnx', ascii(''), '"empty.onnx" is empty.', 'Download or copy it again.'],
  ['cat.png', png, '"cat.png" is a PNG picture, no model.', 'Open an ONNX file.'],
  ['cat.onnx', png, '"cat.onnx" is a PNG picture, no model.', 'Open an ONNX file.'],
  [
    'photo.onnx',
    ascii('\xff\xd8\xff\xe0\0\x10JFIF'),
    '"photo.onnx" is a JPEG picture, no model.',
    'Open an ONNX file.',
  ],
  [
    'model.onnx',
    ascii(html),
    '"model.onnx" is a web page (HTML), no model.',
    'The download went wrong: get the file itself, not the page that shows it.',
  ],
  [
    'lfs.onnx',
    ascii('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'),
    '"lfs.onnx" is a Git LFS pointer (the file itself was not downloaded), no model.',
    'Run "git lfs pull", or download the file itself.',
  ],
  [
    'notes.txt',
    ascii('Dear reader,\nthis is a text.\n'),
    '"notes.txt" is a text file, no model.',
    'Open an ONNX file.',
  ],
  [
    'umlaut.onnx',
    new TextEncoder().encode('Grüße aus Köln'),
    '"umlaut.onnx" is a text file, no model.',
    'Open an ONNX file.',
  ],
  ['net.pt', zip('archive/data.pkl'), '"net.pt" is a PyTorch model (.pt).', TORCH],
  ['net.onnx', zip('net/data.pkl'), '"net.onnx" is a PyTorch model (.pt).', TORCH],
  [
    'old.pth',
    Uint8Array.from([0x80, 2, 0x8a, 10]),
    '"old.pth" is a PyTorch model or another Python pickle.',
    TORCH,
  ],
  ['net.keras', zip('metadata.json'), '"net.keras" is a Keras model (.keras).', TENSORFLOW],
  [
    'net.h5',
    ascii('\x89HDF\r\n\x1a\n\0'),
    '"net.h5" is a Keras model or another HDF5 file (.h5).',
    TENSORFLOW,
  ],
  [
    'net.tflite',
    ascii('\x1c\0\0\0TFL3\x14\0'),
    '"net.tflite" is a TensorFlow Lite model.',
    'Convert it with tf2onnx --tflite.',
  ],
  [
    'model.safetensors',
    ascii('\x40\0\0\0\0\0\0\0{"weight":{"dtype":"F32"}}'),
    '"model.safetensors" is a file of weights (safetensors) without a network.',
    TORCH,
  ],
  ['llm.gguf', ascii('GGUF\x03\0\0\0'), '"llm.gguf" is a GGUF model.', TORCH],
  [
    'net.ort',
    ascii('\x28\0\0\0ORTM'),
    '"net.ort" is an ONNX Runtime model (.ort).',
    'Open the ONNX file that it was made from.',
  ],
  [
    'model.json',
    ascii('{"format": "layers-model", "modelTopology": {}}'),
    '"model.json" is a TensorFlow.js model (JSON).',
    TENSORFLOW,
  ],
  [
    'saved_model.pb',
    Uint8Array.from([8, 1, 0x12, 1, 0]),
    '"saved_model.pb" is a TensorFlow SavedModel, not ONNX.',
    TENSORFLOW,
  ],
  ['frozen.pb', Uint8Array.from([0x0a, 2, 0x0a, 0]), '"frozen.pb" is a TensorFlow graph.', TENSORFLOW],
  [
    'net.xml',
    ascii('<?xml version="1.0"?>\n<net name="x" version="11">'),
    '"net.xml" is an OpenVINO network.',
    'Open the ONNX file that it was made from.',
  ],
  [
    'data.npy',
    ascii('\x93NUMPY\x01\0'),
    '"data.npy" is a NumPy array (.npy), no model.',
    'Open an ONNX file.',
  ],
  ['model.zip', zip('model.onnx'), '"model.zip" is a zip archive, no model.', UNPACK],
  ['model.onnx.gz', gzipSync(tinyFile()), '"model.onnx.gz" is a gzip archive, no model.', UNPACK],
  [
    'zeros.onnx',
    new Uint8Array(99),
    '"zeros.onnx" is a file of zeros, no model.',
    'Download or copy it again.',
  ],
  [
    'bytes.onnx',
    padded('\x01\x02\x03\x04\xfe'),
    '"bytes.onnx" is no model file that this program knows.',
    'Open an ONNX file.',
  ],
];

const damaged: readonly Row[] = [
  [
    'truncated.onnx',
    tinyFile().subarray(0, 300),
    '"truncated.onnx" looks like ONNX but announces 977 bytes where 285 are left; it is truncated or damaged.',
    AGAIN,
  ],
  [
    'gigantic.onnx',
    gigantic,
    '"gigantic.onnx" looks like ONNX but announces 2,147,483,647 bytes where 3 are left; it is truncated or damaged.',
    AGAIN,
  ],
  [
    'nothing.onnx',
    Uint8Array.from([8, 8]),
    '"nothing.onnx" is protobuf but holds no ONNX graph.',
    'Export the model as ONNX again.',
  ],
  [
    'twins.onnx',
    onnxFile({ outputs: ['x'], model: (model) => model.bytes(MODEL.graph, message()) }),
    '"twins.onnx" looks like ONNX but holds two graphs; it is truncated or damaged.',
    AGAIN,
  ],
  [
    'number.onnx',
    onnxFile({
      outputs: ['x'],
      model: (model) => model.raw(Uint8Array.of(0x08, ...new Array(9).fill(255), 0x82, 0)),
    }),
    '"number.onnx" looks like ONNX but a number in it breaks off; it is truncated or damaged.',
    AGAIN,
  ],
  [
    'short.onnx',
    adding(tensor('w', 1, [2]).bytes(TENSOR.rawData, new Uint8Array(7))),
    '"short.onnx" looks like ONNX but the tensor "w" needs 8 bytes for [2] and has 7; it is truncated or damaged.',
    AGAIN,
  ],
  [
    'negative.onnx',
    adding(tensor('w', 1, [-2])),
    '"negative.onnx" looks like ONNX but the tensor "w" has the dimensions [-2]; it is truncated or damaged.',
    AGAIN,
  ],
  [
    'endless.onnx',
    adding(tensor('w', 1, [2 ** 31 - 1, 2 ** 31 - 1])),
    '"endless.onnx" looks like ONNX but the tensor "w" has the dimensions [2147483647,2147483647]; it is truncated or damaged.',
    AGAIN,
  ],
  [
    'sparse.onnx',
    onnxFile({
      nodes: [node({ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] })],
      graph: (g) => g.bytes(GRAPH.sparseInitializer, message().bytes(1, tensor('w', 1, [1]))),
    }),
    '"sparse.onnx" looks like ONNX but has a sparse constant without values or indices; it is truncated or damaged.',
    AGAIN,
  ],
  [
    'cyclic.onnx',
    cyclic,
    'The node "first" (Add) depends on its own output, so this graph cannot be run.',
    'Export the model again; an ONNX graph has no cycles.',
  ],
  [
    'dangling.onnx',
    onnxFile({ nodes: [node({ op: 'Relu', name: 'r', inputs: ['nowhere'], outputs: ['y'] })] }),
    '"r" reads "nowhere", which nothing before it makes.',
    'The file breaks a rule of ONNX. Export the model again.',
  ],
  [
    'twice.onnx',
    onnxFile({
      nodes: ['a', 'b'].map((name) => node({ op: 'Relu', name, inputs: ['x'], outputs: ['y'] })),
    }),
    'The value "y" is made twice, the second time by "b".',
    'The file breaks a rule of ONNX. Export the model again.',
  ],
  [
    'missing.onnx',
    onnxFile({ nodes: [], outputs: ['y'] }),
    'The output "y" is made by nothing.',
    'The file breaks a rule of ONNX. Export the model again.',
  ],
];

describe.each([
  ['files of another kind', otherKinds],
  ['damaged and illegal ONNX', damaged],
])('%s', (_, rows) => {
  it.each(rows)('%s', (fileName, bytes, text, hint) => {
    const failure = failureOf(() => openModel(bytes, fileName));
    expect({ message: failure.message, hint: failure.hint }).toEqual({ message: text, hint });
  });
});

describe('weights in another file', () => {
  const inFile = (location: string, offset = '0') => {
    const entry = (key: string, value: string) => message().string(1, key).string(2, value);
    return adding(
      tensor('w', 1, [2])
        .bytes(TENSOR.externalData, entry('location', location))
        .bytes(TENSOR.externalData, entry('offset', offset))
        .integer(TENSOR.dataLocation, 1),
    );
  };

  it('names the file that is missing', () => {
    expect(failureOf(() => openModel(inFile('weights/model.data'), 'model.onnx'))).toMatchObject({
      code: 'external-data',
      where: 'weights/model.data',
      message: 'The weights of this model are in another file, "weights/model.data".',
      hint: 'Open the model together with that file.',
    });
  });

  it.each(['0', '4', '-8', 'x'])('says when they lie outside of that file (offset %s)', (offset) => {
    const companions = new Map([['model.data', new Uint8Array(7)]]);
    expect(failureOf(() => openModel(inFile('model.data', offset), 'model.onnx', companions)).message).toBe(
      '"model.onnx" looks like ONNX but the tensor "w" lies outside of "model.data", which has 7 bytes; it is truncated or damaged.',
    );
  });
});

function failureOf(open: () => unknown): ModelError {
  try {
    open();
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error('the file was read');
}
