// The label of each row of a table: which column it is, and what it says.

import type { Problem } from '../../lib/errors.ts';
import { classesOf } from './classes.ts';
import { refuse } from './files/refuse.ts';
import type { Part } from './parts.ts';
import { memoryRows, type Rows } from './rows.ts';
import type { Cells, Column, Table } from './table.ts';

const labelName = /^(labels?|class|classes|target|y|species|category|digit)$/i;
/** Which column is the label: what was asked for, what the header calls so, or the one that looks like class numbers. */
export function labelColumn(table: Table, wanted: string | undefined, problems: Problem[]): number {
  const { columns, first, last } = table;
  const end = columns.length - 1;
  if (columns.length < 2)
    throw refuse(
      table.file.name,
      'has one column, and an example needs values and a label.',
      'Check the delimiter: comma, semicolon or tab.',
    );
  if (wanted === 'first') return 0;
  if (wanted === 'last') return end;
  const byName = columns.findIndex(({ name }) => (wanted ? name === wanted : labelName.test(name)));
  if (byName === 0 || byName === end) return byName;
  if (byName > 0 || wanted)
    throw refuse(
      table.file.name,
      byName > 0
        ? `has its label "${columns[byName].name}" in column ${byName + 1}; labels are read from the first or last column.`
        : `has no column "${wanted}".`,
      'Move the label to the last column, or name the first or last one.',
    );
  const [atFirst, atLast] = [isLabel(columns[0], first), isLabel(columns[end], last)];
  if (atFirst !== atLast) return atFirst ? 0 : end;
  problems.push({
    code: 'label-guessed',
    where: table.file.name,
    message: `Nothing tells whether the first or the last column of "${table.file.name}" is the label; the last was taken.`,
    hint: 'Set the label column to "first" if that is wrong.',
  });
  return end;
}

/** Texts, or whole numbers of which none is left out from 0 or 1 on. */
function isLabel(column: Column, { texts }: Cells): boolean {
  if (!texts || texts.different.length < 2) return false;
  if (column.textAt > 0) return true;
  return (
    column.whole &&
    (column.min === 0 || column.min === 1) &&
    texts.different.length === column.max - column.min + 1
  );
}

export interface Labels {
  /** Empty where labels are values to be met. */
  readonly classes: readonly string[];
  readonly rows: ReadonlyMap<Part, Rows>;
}

/** Whole numbers beyond this many classes are values, unless their classes have names. */
const MOST_CLASSES = 1_000;

interface Labelled {
  readonly part: Part;
  readonly table: Table;
  readonly cells: Cells;
  readonly column: Column;
}

/** Class numbers as they are, 1…k as 0…k-1, texts in alphabetical order; anything else is a value to be met. */
export function labelsOf(
  tables: ReadonlyMap<Part, Table>,
  label: number,
  names: readonly string[] | undefined,
  problems: Problem[],
): Labels {
  const parts = [...tables].map(([part, table]) => ({
    part,
    table,
    cells: label === 0 ? table.first : table.last,
    column: table.columns[label],
  }));
  if (parts.some(({ column }) => column.textAt > 0)) return textLabels(parts, label, names);
  const min = Math.min(...parts.map(({ column }) => column.min));
  const count = Math.max(...parts.map(({ column }) => column.max)) + 1;
  const whole = parts.every(({ column }) => column.whole) && min >= 0;
  if (!whole || (count > MOST_CLASSES && !names)) return valueLabels(parts);
  const complete = parts.some(({ cells }) => cells.texts?.different.length === count - 1);
  if (min !== 1 || !complete) return numberLabels(parts, 0, names);
  const { name } = parts[0].table.file;
  problems.push({
    code: 'labels-from-one',
    where: name,
    message: `The labels of "${name}" go from 1 to ${count - 1}; they were read as classes 0 to ${count - 2}.`,
  });
  return numberLabels(parts, 1, names);
}

function valueLabels(parts: readonly Labelled[]): Labels {
  const rows = parts.map(
    ({ part, cells }) => [part, memoryRows(Float32Array.from(cells.values), [1])] as const,
  );
  return { classes: [], rows: new Map(rows) };
}

/** @param first the number that stands for class 0 */
function numberLabels(
  parts: readonly Labelled[],
  first: number,
  names: readonly string[] | undefined,
): Labels {
  const numbers = parts.map(({ cells }) => Int32Array.from(cells.values, (value) => value - first));
  const classes = classesOf(
    parts.map(({ table }, i) => [table.file.name, numbers[i]] as const),
    names,
  );
  return { classes, rows: new Map(parts.map(({ part }, i) => [part, memoryRows(numbers[i], [])])) };
}

function textLabels(parts: readonly Labelled[], label: number, names: readonly string[] | undefined): Labels {
  const read = parts.map(({ part, table, cells: { texts } }) => {
    const wrong = (what: string) =>
      refuse(table.file.name, what, 'Set which column is the label, first or last, or correct it.');
    if (!texts) throw wrong(`has more than 10,000 different labels in column ${label + 1}.`);
    if (texts.different.includes('')) throw wrong(`has rows without a label in column ${label + 1}.`);
    return { part, ...texts };
  });
  const all = [...new Set(read.flatMap(({ different }) => different))].sort();
  const classes = names && all.every((text) => names.includes(text)) ? names : all;
  const numberOf = new Map(classes.map((text, i) => [text, i]));
  const rows = read.map(({ part, different, numbers }) => {
    const classNumbers = different.map((text) => numberOf.get(text)!);
    return [
      part,
      memoryRows(
        numbers.map((i) => classNumbers[i]),
        [],
      ),
    ] as const;
  });
  return { classes, rows: new Map(rows) };
}
