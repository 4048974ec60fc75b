// Labels as files give them, and the classes they stand for.

import { counted } from '../../lib/text.ts';
import type { DataFile } from '../types.ts';
import { readExactly } from './files/data-file.ts';
import { refuse } from './files/refuse.ts';

/** More classes than this are no classes. */
const MOST_CLASSES = 100_000;
const NAMES_LIMIT = 2 ** 20;
const namesFile =
  /(^|\/)(labels?|class(es|[_-]?names)?|(fine_)?label[_-]names|batches\.meta|names)\.(txt|names)$/i;

/** A text file with one class name per line, if there is one: `labels.txt`, `batches.meta.txt`, … */
export async function readClassNames(files: readonly DataFile[]): Promise<string[] | undefined> {
  const file = files.find(({ name }) => namesFile.test(name));
  if (!file) return undefined;
  if (file.size > NAMES_LIMIT)
    throw refuse(
      file.name,
      `has ${counted(file.size)} bytes, too many for a list of class names.`,
      'Leave it out.',
    );
  const text = new TextDecoder().decode(await readExactly(file, 0, file.size));
  const names = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean);
  return names.length > 0 ? names : undefined;
}

export const isNamesFile = ({ name }: DataFile): boolean => namesFile.test(name);

/** Whether numbers can be class numbers: whole and not negative. */
export const areClassNumbers = (values: ArrayLike<number>): boolean => {
  for (let i = 0; i < values.length; i++) if (!Number.isInteger(values[i]) || values[i] < 0) return false;
  return true;
};

/**
 * The class names, after all labels were found to be within them.
 * @param labels class numbers by the name of the file they come from
 * @throws ModelError `wrong-data` naming the first label out of range
 */
export function classesOf(
  labels: readonly (readonly [fileName: string, numbers: ArrayLike<number>])[],
  names: readonly string[] | undefined,
): readonly string[] {
  let highest = -1;
  const most = names?.length ?? MOST_CLASSES;
  for (const [fileName, numbers] of labels)
    for (let i = 0; i < numbers.length; i++) {
      if (!Number.isInteger(numbers[i]) || numbers[i] < 0 || numbers[i] >= most)
        throw outOfRange(fileName, numbers[i], i, names?.length);
      highest = Math.max(highest, numbers[i]);
    }
  return names ?? Array.from({ length: highest + 1 }, (_, i) => String(i));
}

const outOfRange = (fileName: string, label: number, at: number, classes: number | undefined) =>
  refuse(
    fileName,
    `gives example ${counted(at + 1)} the label ${label}, but ${
      classes === undefined
        ? `class numbers go from 0 to ${counted(MOST_CLASSES - 1)}`
        : `the ${counted(classes)} class names stand for 0 to ${classes - 1}`
    }.`,
    'Open the labels that belong to these examples, or the complete list of class names.',
  );
