// What was dropped, told by its names.

import { expect, test } from 'vitest';
import { sortFiles } from '../../app/files/sort.ts';

const kinds = (names: readonly string[], modelIsOpen: boolean) => {
  const { model, companions, data } = sortFiles(
    names.map((name) => ({ name })),
    modelIsOpen,
  );
  return { model: model?.name, companions: companions.length, data: data.length };
};

test.each([
  [['net.onnx'], false, 'net.onnx', 0, 0],
  [['net.onnx', 'net.onnx.data'], true, 'net.onnx', 1, 0],
  [['digits.csv.gz'], false, undefined, 0, 1],
  [['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'], false, undefined, 0, 2],
  [['pictures.zip'], true, undefined, 0, 1],
  [['pictures.zip'], false, 'pictures.zip', 0, 0],
  [['cat/1.png', 'dog/2.png'], false, undefined, 0, 2],
  [['cat.png'], true, 'cat.png', 0, 0],
] as const)('%j, a model open: %j', (names, modelIsOpen, model, companions, data) => {
  expect(kinds(names, modelIsOpen)).toEqual({ model, companions, data });
});
