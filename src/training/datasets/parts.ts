// Training, validation and test parts: told from names, or held out at random.

import { Random } from '../../lib/random.ts';
import type { Split } from '../types.ts';
import type { DataOptions } from './reader.ts';

export type Part = 'train' | 'validation' | 'test';

const words: Readonly<Record<string, Part>> = {
  train: 'train',
  training: 'train',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
  dev: 'validation',
  test: 'test',
  testing: 'test',
  t10k: 'test',
  eval: 'test',
};

/** The part that a path names, its last word first: `mnist/train/7/01.png`, `x_test.npy`. */
export function partOf(path: string): Part | undefined {
  const parts = path
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .map((word) => words[word] ?? words[word.replace(/^[xy]|[xy]$/, '')])
    .filter((part) => part !== undefined);
  return parts.at(-1);
}

/** The part that a folder on the way is named after: `cats-and-dogs/test/cat`. */
export const partOfFolders = (folders: readonly string[]): Part | undefined =>
  folders.map((folder) => words[folder.toLowerCase()]).findLast((part) => part !== undefined);

export interface Splits {
  readonly train: Split;
  readonly validation: Split;
  readonly test: Split;
}

/** What the files bring, and what they lack held out of the training part at random, by the seed. */
export function splitsOf(
  given: Readonly<Partial<Record<Part, Split>>>,
  { seed = 1, validation = 0.1, test = 0.15 }: DataOptions,
): Splits {
  const all = given.train ?? none;
  const order = new Random(seed).permutation(all.length);
  const tested = given.test ? 0 : Math.round(all.length * test);
  const rest = all.length - tested;
  const validated = given.validation ? 0 : Math.round(rest * validation);
  return {
    train: tested + validated === 0 ? all : subset(all, order.subarray(tested + validated).sort()),
    validation: given.validation ?? subset(all, order.subarray(tested, tested + validated)),
    test: given.test ?? subset(all, order.subarray(0, tested)),
  };
}

const none: Split = { length: 0, read: async () => ({ inputs: [] }) };

/** The examples at these positions as a split of their own. */
export function subset(split: Split, positions: Uint32Array): Split {
  return {
    length: positions.length,
    read: (wanted) => split.read(Uint32Array.from(wanted, (i) => positions[i])),
  };
}
