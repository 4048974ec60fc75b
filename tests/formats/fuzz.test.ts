// Damage of every kind: a reader that meets it either reads the file or refuses it with a sentence, and never does
// anything else.

import { describe, expect, it } from 'vitest';
import { openModel, writeModel } from '../../src/formats/formats.ts';
import { withTensors } from '../../src/graph/edit.ts';
import { ModelError } from '../../src/lib/errors.ts';
import { Random } from '../../src/lib/random.ts';
import { damaged } from '../damage.ts';
import { listShared, readShared } from '../shared.ts';
import { tinyFile } from './files.ts';
import { layersFile } from './functions.ts';

const SMALL = 7_000;
const ROUNDS = 60;

const files: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ['tiny', tinyFile()],
  ['functions', layersFile],
  ...listShared('zoo')
    .filter((name) => name.endsWith('.onnx'))
    .map((name) => [name, readShared(`zoo/${name}`)] as const),
  ...['samples/onnx/mnist-cntk.onnx', 'onnx-node-tests/test_constant/model.onnx']
    .filter(() => listShared('samples').length > 0)
    .map((path) => [path, readShared(path)] as const),
].filter(([, bytes]) => bytes.length < SMALL) as (readonly [string, Uint8Array])[];

describe('damaged files', () => {
  it.each(files)('%s', (name, bytes) => {
    const random = new Random(bytes.length);
    for (let round = 0; round < ROUNDS; round++) {
      const wrong = damaged(bytes, random);
      const failure = failureOf(() => {
        const model = openModel(wrong, name);
        const copies = [...model.graph.tensors.values()].map((tensor) => ({ ...tensor }));
        writeModel({ ...model, graph: withTensors(model.graph, copies) });
      });
      if (failure === undefined) continue;
      expect(failure, `round ${round}: ${String(failure)}`).toBeInstanceOf(ModelError);
      expect((failure as ModelError).message).toMatch(/\.$/);
    }
  });
});

function failureOf(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
