// What a pruner remembers: where every channel comes from, what was cut, and how to go on after a save.

import { describe, expect, test } from 'vitest';
import { createOnnx } from '../../src/formats/onnx/create.ts';
import { readOnnx } from '../../src/formats/onnx/read.ts';
import { writeOnnx } from '../../src/formats/onnx/write.ts';
import { withTensors } from '../../src/graph/edit.ts';
import { tensorOf, toFloat32 } from '../../src/graph/tensor.ts';
import type { Graph } from '../../src/graph/types.ts';
import { replay } from '../../src/pruning/history.ts';
import type { PrunerOptions } from '../../src/pruning/options.ts';
import { MetaPruner } from '../../src/pruning/pruner.ts';
import { attention, chain, grouped, residual } from './networks.ts';

const bytes = (graph: Graph): Uint8Array => writeOnnx(createOnnx(graph));
const json = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

const rows: readonly [string, () => Graph, PrunerOptions][] = [
  ['a chain', () => chain([16, 24, 12]), { ratio: 0.5, steps: 3, scope: 'global' }],
  ['residual blocks', () => residual(16, [8, 24]), { ratio: 0.6, steps: 3 }],
  ['a grouped convolution', () => grouped(24, 4), { ratio: 0.5, steps: 2, channelGroups: true }],
  ['attention', () => attention(32, 4), { ratio: 0.5, steps: 2, heads: true }],
];

describe.each(rows)('%s', (_, network, options) => {
  test('every surviving position tells where it comes from', () => {
    const original = network();
    const pruner = new MetaPruner(original, options);
    while (pruner.step());
    for (const [name, tensor] of pruner.graph.tensors) {
      if (tensor.dtype !== 'float32') continue;
      const first = original.tensors.get(name)!;
      const axes = tensor.dims.map((_, axis) => pruner.originalPositions(name, axis));
      const [from, to] = [toFloat32(first), toFloat32(tensor)];
      let at = 0;
      const walk = (axis: number, base: number): void => {
        if (axis === axes.length) expect(to[at++]).toBe(from[base]);
        else for (const position of axes[axis]) walk(axis + 1, base * first.dims[axis] + position);
      };
      walk(0, 0);
    }
  });

  test('replaying the history gives equal bytes', () => {
    const pruner = new MetaPruner(network(), options);
    while (pruner.step());
    expect(pruner.history.length).toBe(options.steps);
    expect(bytes(replay(network(), json(pruner.history)))).toEqual(bytes(pruner.graph));
  });

  test('saved, written, read and restored in between, it goes on the same', () => {
    const whole = new MetaPruner(network(), options);
    while (whole.step());
    let pruner = new MetaPruner(network(), options);
    while (pruner.step()) {
      const { graph } = readOnnx(bytes(pruner.graph), 'saved.onnx');
      pruner = MetaPruner.restore(graph, options, json(pruner.save()));
    }
    expect(json(pruner.history)).toEqual(json(whole.history));
    expect(pruner.lastStep).toEqual(whole.lastStep);
    for (const { id } of whole.analysis.groups)
      expect(pruner.originalUnits(id)).toEqual(whole.originalUnits(id));
  });
});

test('a removed unit is told by its first number', () => {
  const pruner = new MetaPruner(chain([16]), { ratio: 0.5, steps: 2 });
  const gone: number[] = [];
  while (pruner.step()) gone.push(...(pruner.lastStep?.removed[0].original ?? []));
  expect(new Set(gone).size).toBe(8);
  const all = [...gone, ...pruner.originalUnits('c0.weight:0')].sort((a, b) => a - b);
  expect(all).toEqual([...Array(16).keys()]);
});

test('rejects are saved', () => {
  const options = { ratio: 0.5, steps: 2 };
  const pruner = new MetaPruner(chain([16]), options);
  for (const candidate of pruner.step({ interactive: true })) candidate.reject('no');
  const again = MetaPruner.restore(pruner.graph, options, json(pruner.save()));
  expect(again.rejected).toEqual(pruner.rejected);
  expect(again.open().candidates[0].indices).toEqual(pruner.open().candidates[0].indices);
});

test('a history of another network is refused', () => {
  const pruner = new MetaPruner(chain([16]));
  pruner.step();
  expect(() => replay(residual(8, [8]), pruner.history)).toThrow(
    '"c0.weight:0", which this network does not have',
  );
  expect(() => replay(chain([8]), pruner.history)).toThrow(
    /cuts unit \d+ of "c0.weight:0", which has 8 units/,
  );
});

test.each([
  [[0, 1, 2, 3], 'Step 1 cuts all 4 units of "c0.weight:0", and a layer cannot be emptied.'],
  [[1, 0.5], 'Step 1 cuts unit 0.5 of "c0.weight:0", which has 4 units.'],
  [[-1], 'Step 1 cuts unit -1 of "c0.weight:0", which has 4 units.'],
])('a history that cuts units %j of four is refused', (units, message) => {
  const history = [{ step: 1, cuts: [{ group: 'c0.weight:0', units, original: units }] }];
  expect(() => replay(chain([4]), history)).toThrow(message);
});

describe('weights from training', () => {
  const retrained = (graph: Graph): Graph => {
    const tensors = new Map(graph.tensors);
    const { name, dims } = tensors.get('c0.weight')!;
    const reversed = Float32Array.from(toFloat32(tensors.get(name)!)).reverse();
    tensors.set(name, tensorOf(name, 'float32', dims, reversed));
    return { ...graph, tensors };
  };

  test('are what the next step ranks', () => {
    const plain = new MetaPruner(chain([16]), { ratio: 0.5, steps: 2 });
    const trained = new MetaPruner(chain([16]), { ratio: 0.5, steps: 2 });
    for (const pruner of [plain, trained]) pruner.step();
    trained.replaceWeights(retrained(trained.graph));
    for (const pruner of [plain, trained]) pruner.step();
    expect(trained.lastStep?.removed[0].units).not.toEqual(plain.lastStep?.removed[0].units);
    expect(trained.originalUnits('c0.weight:0')).toHaveLength(8);
  });

  test('must fit', () => {
    const pruner = new MetaPruner(chain([16]));
    expect(() => pruner.replaceWeights(chain([8]))).toThrow(
      '"c0.weight" do not fit: float32[8,3,3,3] instead of float32[16,3,3,3].',
    );
    const { graph } = pruner;
    const { name, dims } = graph.tensors.get('c0.bias')!;
    const halves = withTensors(graph, [tensorOf(name, 'float16', dims, new Float32Array(16))]);
    expect(() => pruner.replaceWeights(halves)).toThrow('do not fit: float16[16] instead of float32[16].');
    const without = new Map([...graph.tensors].filter(([name]) => name !== 'c0.bias'));
    expect(() => pruner.replaceWeights({ ...graph, tensors: without })).toThrow(
      'do not fit: nothing instead of float32[16].',
    );
  });
});

test('what a network does not have is refused by name', () => {
  const pruner = new MetaPruner(chain([8]));
  expect(() => pruner.originalUnits('c7.weight:0')).toThrow('no group "c7.weight:0"');
  expect(() => pruner.originalPositions('c7.weight', 0)).toThrow('no tensor "c7.weight"');
});
