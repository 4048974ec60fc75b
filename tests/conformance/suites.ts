// The public conformance suites beside the project, read from their folders.

import { listShared, readShared } from '../shared.ts';
import type { Case } from './judge.ts';

export const nodeSuites = ['onnx-node-tests', 'onnx-pytorch-tests'] as const;

/** Names of a suite's cases; none where the material is missing. */
export const casesOf = (suite: string): string[] =>
  listShared(suite).filter((name) => name.startsWith('test_'));

export function readCase(suite: string, name: string): Case {
  const files = listShared(`${suite}/${name}`);
  const messages = (prefix: string) =>
    files
      .filter((file) => file.startsWith(prefix))
      .sort((a, b) => numberIn(a) - numberIn(b))
      .map((file) => readShared(`${suite}/${name}/${file}`));
  return {
    name,
    model: readShared(`${suite}/${name}/model.onnx`),
    inputs: messages('input_'),
    outputs: messages('output_'),
  };
}

const numberIn = (file: string): number => Number(file.match(/\d+/)?.[0]);
