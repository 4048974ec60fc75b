import { describe, expect, it } from 'vitest';
import type { Dim, ValueInfo } from '../../../src/graph/types.ts';
import { fitTo } from '../../../src/training/datasets/fit.ts';
import { measure, normalisationOf } from '../../../src/training/datasets/normalisation.ts';
import { memoryRows, splitOf } from '../../../src/training/datasets/rows.ts';
import { resizePlanes } from '../../../src/training/resample.ts';
import type { Dataset } from '../../../src/training/types.ts';
import { range } from './files.ts';

function datasetOf(dims: readonly number[], classes = 3): Dataset {
  const size = dims.reduce((a, b) => a * b, 1);
  const split = splitOf(
    [memoryRows(Float32Array.from(range(2 * size)), dims)],
    [memoryRows(Int32Array.from([0, classes - 1]), [])],
  );
  return {
    name: 'tiny',
    dims: [dims],
    classes: range(classes).map(String),
    train: split,
    validation: split,
    test: split,
  };
}

const input = (...dims: Dim[]): ValueInfo => ({ name: 'x', dtype: 'float32', dims: ['N', ...dims] });

async function fitted(dims: readonly number[], wanted: ValueInfo, options = {}) {
  const dataset = fitTo(datasetOf(dims), [wanted], options);
  const { inputs, targets } = await dataset.train.read([1, 0]);
  return {
    dataset,
    dims: inputs[0].dims,
    data: [...inputs[0].data],
    targets,
    notes: dataset.problems!.map((p) => p.message),
  };
}

describe('a data set for a network', () => {
  it.each([
    ['as it is', [1, 2, 2], [1, 2, 2], [1, 2, 2]],
    ['sizes that are symbols', [3, 2, 4], [3, 'h', 'w'], [3, 2, 4]],
    ['flattened', [3, 2, 2], [12], [12]],
    ['a list given to a network of pictures', [12], [3, 2, 2], [3, 2, 2]],
    ['a grey picture as a plane', [1, 2, 3], [2, 3], [2, 3]],
    ['feature vectors', [5], [5], [5]],
    ['sequences', [7, 5], ['time', 5], [7, 5]],
  ] as [string, number[], Dim[], number[]][])('%s', async (_, dims, wanted, result) => {
    const { dims: got, data, notes, dataset } = await fitted(dims, input(...wanted));
    expect(got).toEqual([2, ...result]);
    expect(dataset.dims).toEqual([result]);
    expect(data[0]).toBe(dims.reduce((a, b) => a * b, 1));
    expect(notes).toEqual([]);
  });

  it('interleaves planes for a network with channels last', async () => {
    const { dims, data } = await fitted([3, 2, 2], input(2, 2, 3));
    expect(dims).toEqual([2, 2, 2, 3]);
    expect(data.slice(0, 6)).toEqual([12, 16, 20, 13, 17, 21]);
  });

  it('repeats grey, and says so', async () => {
    const { data, notes } = await fitted([1, 1, 2], input(3, 1, 2));
    expect(data.slice(0, 6)).toEqual([2, 3, 2, 3, 2, 3]);
    expect(notes).toEqual(['Grey pictures are given to all 3 channels.']);
  });

  it('weighs colours to grey', async () => {
    const { data, notes } = await fitted([3, 1, 1], input(1, 1, 1));
    expect(data[1]).toBeCloseTo(0.587 + 2 * 0.114, 5);
    expect(notes).toEqual(['Pictures are turned to grey.']);
  });

  it('resizes, and says so', async () => {
    const { dims, notes } = await fitted([1, 4, 4], input(1, 2, 2));
    expect(dims).toEqual([2, 1, 2, 2]);
    expect(notes).toEqual(["Pictures are resized from 4×4 to the network's 2×2."]);
  });

  it('resizes for a network that reads a list', async () => {
    const { dims } = await fitted([1, 4, 4], input(784));
    expect(dims).toEqual([2, 784]);
  });

  it('normalises per channel of the network, before planes are interleaved', async () => {
    const normalisation = { mean: [1, 2, 3], deviation: [1, 2, 4] };
    const { data, dataset } = await fitted([1, 2, 5], input(2, 5, 3), { normalisation });
    expect(data.slice(0, 3)).toEqual([9, 4, 1.75]);
    expect(dataset.normalisation).toEqual(normalisation);
  });

  it('gives whole numbers to a network that takes them', async () => {
    const dataset = fitTo(datasetOf([4]), [{ name: 'ids', dtype: 'int64', dims: ['N', 4] }]);
    expect((await dataset.train.read([1])).inputs[0].data).toEqual(Int32Array.from([4, 5, 6, 7]));
  });

  it.each([
    [
      'pictures for lists',
      [1, 5, 5],
      input(7),
      'The network\'s input "x" takes 7 values per example, "tiny" has 1×5×5.',
    ],
    [
      'lists for pictures',
      [5],
      input(3, 8, 8),
      'The network\'s input "x" takes 3×8×8 values per example, "tiny" has 5.',
    ],
    [
      'five channels',
      [5, 8, 8],
      input(3, 8, 8),
      'The network\'s input "x" takes 3×8×8 values per example, "tiny" has 5×8×8.',
    ],
  ])('refuses %s', (_, dims, wanted, message) => {
    expect(() => fitTo(datasetOf(dims), [wanted])).toThrow(message);
  });

  it('refuses another number of inputs, more classes than the network knows, means that fit no channel', () => {
    expect(() => fitTo(datasetOf([4]), [input(4), input(4)])).toThrow(
      'The network has 2 inputs (x, x), and an example of "tiny" 1.',
    );
    expect(() => fitTo(datasetOf([4], 100), [input(4)], { outputs: [{ ...input(10), name: 'y' }] })).toThrow(
      '"tiny" has 100 classes, and the network tells 10 apart.',
    );
    const normalisation = { mean: [0, 0], deviation: [1, 1] };
    expect(() => fitTo(datasetOf([1, 2, 2]), [input(1, 2, 2)], { normalisation })).toThrow(
      'There are 2 means, 2 deviations and a channel count of 1.',
    );
  });
});

describe('normalisation', () => {
  it.each([
    [
      'a JSON list',
      { mean: '[0.485, 0.456, 0.406]', std: '[0.229, 0.224, 0.225]' },
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ],
    ['one number', { Mean: '0.5', Std: '.25' }, [0.5], [0.25]],
    ['0 to 255', { 'image-mean': '127.5,127.5', 'image-std': '51 51' }, [0.5, 0.5], [0.2, 0.2]],
  ])('from the card: %s', (_, metadata, mean, deviation) => {
    const found = normalisationOf(metadata as unknown as Record<string, string>);
    expect(found!.mean.map((v) => Number(v.toFixed(6)))).toEqual(mean);
    expect(found!.deviation.map((v) => Number(v.toFixed(6)))).toEqual(deviation);
  });

  it.each([
    ['nothing', {}],
    ['no numbers', { mean: 'imagenet', std: 'imagenet' }],
    ['a deviation of 0', { mean: '0', std: '0' }],
    ['lists of different length', { mean: '0, 0', std: '1' }],
  ])('none where the card has %s', (_, metadata) => {
    expect(normalisationOf(metadata as unknown as Record<string, string>)).toBeUndefined();
  });

  it('is measured per channel', async () => {
    expect(await measure(datasetOf([2, 1, 2]).train)).toEqual({
      mean: [2.5, 4.5],
      deviation: [Math.sqrt(4.25), Math.sqrt(4.25)],
    });
  });
});

describe('resizing', () => {
  it('keeps constants and means', () => {
    const flat = resizePlanes(new Float32Array(15).fill(0.5), 1, [3, 5], [7, 2]);
    expect(flat.every((value) => Math.abs(value - 0.5) < 1e-6)).toBe(true);
    const halved = resizePlanes(Float32Array.from(range(16)), 1, [4, 4], [2, 2]);
    expect(halved.reduce((a, b) => a + b) / 4).toBeCloseTo(7.5, 5);
  });

  it('interpolates linearly where it grows', () => {
    expect([...resizePlanes(Float32Array.from([0, 4]), 1, [1, 2], [1, 4])]).toEqual([0, 1, 3, 4]);
  });
});
