// Tables of one example per line, the label in the first or last column, with or without a header, gzipped or not.
// Cells other than the label must be numbers: what is missing is refused, not filled in.

import type { Problem } from '../../lib/errors.ts';
import type { DataFile, Dataset, Split } from '../types.ts';
import { classesOf, isNamesFile, readClassNames } from './classes.ts';
import { peek, unzipped } from './files/inflate.ts';
import { AGAIN, counted, refuse } from './files/refuse.ts';
import { squareSide } from './layout.ts';
import { type Part, partOf, splitsOf } from './parts.ts';
import type { DataOptions, DataReader } from './reader.ts';
import { memoryRows, type Rows, readStretches, splitOf } from './rows.ts';
import { type Column, cellsOf, numberOf, scanTable, type Table, type Texts } from './table.ts';

export const csv: DataReader = {
  title: 'CSV',
  sniff: async (files) => (await Promise.all(files.map(isTable))).some(Boolean),
  open: openCsv,
};

const named = /\.(csv|tsv)(\.gz)?$/i;

async function isTable(file: DataFile): Promise<boolean> {
  if (named.test(file.name)) return true;
  if (isNamesFile(file) || !/\.(txt|data|dat)(\.gz)?$/i.test(file.name)) return false;
  const head = new TextDecoder().decode(await peek(file, 4096));
  return /^[-+\d.eE]+[,;\t][-+\d.eE,;\t "]+[^\n]*\n/.test(head);
}

async function openCsv(files: readonly DataFile[], options: DataOptions): Promise<Dataset> {
  const recognised = await Promise.all(files.map(isTable));
  const tables = new Map<Part, Table>();
  for (const [i, packed] of files.entries()) {
    if (!recognised[i]) continue;
    if (packed.size === 0) throw refuse(packed.name, 'is empty.', AGAIN);
    const part = partOf(packed.name) ?? 'train';
    if (tables.has(part))
      throw refuse(
        packed.name,
        `and "${tables.get(part)!.file.name}" hold the same part of a data set.`,
        'Open one data set at a time.',
      );
    tables.set(part, await scanTable(await unzipped(packed)));
  }
  return assemble(tables, options, options.classes ?? (await readClassNames(files)));
}

function assemble(
  tables: ReadonlyMap<Part, Table>,
  options: DataOptions,
  names: readonly string[] | undefined,
): Dataset {
  const [table] = tables.values();
  for (const other of tables.values())
    if (other.columns.length !== table.columns.length)
      throw refuse(
        other.file.name,
        `has ${counted(other.columns.length)} columns, "${table.file.name}" ${counted(table.columns.length)}.`,
        'Open tables of one data set.',
      );
  const problems: Problem[] = [];
  const label = labelColumn(table, options.label, problems);
  const kept = featureColumns(table, label);
  for (const other of tables.values()) checkNumbers(other, kept);
  const { dims, scale } = shapeOf([...tables.values()], kept, options.dims);
  const { classes, rows: targets } = targetsOf(tables, label, names, problems);
  const splits: Partial<Record<Part, Split>> = {};
  for (const [part, each] of tables)
    splits[part] = splitOf([featureRows(each, kept, dims, scale)], [targets.get(part)!]);
  const name = table.file.name.split('/').at(-1)!;
  return { name, dims: [dims], classes, ...splitsOf(splits, options), problems };
}

const labelName = /^(labels?|class|classes|target|y|species|category|digit)$/i;
const rowNumberName = /^(|id|index|unnamed: 0)$/i;

/** Which column is the label: what was asked for, what the header calls so, or the one that looks like class numbers. */
function labelColumn(table: Table, wanted: string | undefined, problems: Problem[]): number {
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
function isLabel(column: Column, texts: Texts | undefined): boolean {
  if (!texts || texts.texts.length < 2) return false;
  if (column.textAt > 0) return true;
  return (
    column.whole &&
    (column.min === 0 || column.min === 1) &&
    texts.texts.length === column.max - column.min + 1
  );
}

/** All but the label and a column that only counts the rows. */
function featureColumns({ columns }: Table, label: number): number[] {
  const counting =
    columns[0].name !== undefined &&
    label !== 0 &&
    rowNumberName.test(columns[0].name) &&
    columns.some(({ name }) => name !== '');
  return columns.map((_, i) => i).filter((i) => i !== label && !(i === 0 && counting));
}

function checkNumbers({ file, columns }: Table, kept: readonly number[]): void {
  for (const i of kept) {
    const { textAt, text, name } = columns[i];
    if (textAt > 0)
      throw refuse(
        file.name,
        text === ''
          ? `has an empty cell in line ${counted(textAt)}, column ${i + 1}.`
          : `has "${text.slice(0, 40)}" in line ${counted(textAt)}, column ${i + 1}${name ? ` (${name})` : ''}, where a number must be.`,
        'Fill in or remove such rows, and turn texts into numbers.',
      );
  }
}

/** Whole values that fill a square are a grey picture, read as 0 to 1; everything else stays a list as it is. */
function shapeOf(
  tables: readonly Table[],
  kept: readonly number[],
  wanted: readonly number[] | undefined,
): { dims: readonly number[]; scale: number } {
  const columns = tables.flatMap((table) => kept.map((i) => table.columns[i]));
  const max = Math.max(...columns.map((column) => column.max));
  const pixels = columns.every(({ whole, min }) => whole && min >= 0) && max > 1;
  const size = wanted?.reduce((a, b) => a * b, 1);
  if (wanted && size !== kept.length)
    throw refuse(
      tables[0].file.name,
      `holds examples of ${kept.length} values, which cannot be ${wanted.join('×')}.`,
    );
  const side = squareSide(kept.length);
  const dims = wanted ?? (side && pixels ? [1, side, side] : [kept.length]);
  const full = [16, 255, 65_535].find((candidate) => max <= candidate) ?? max;
  return { dims, scale: pixels && dims.length === 3 ? 1 / full : 1 };
}

function featureRows(table: Table, kept: readonly number[], dims: readonly number[], scale: number): Rows {
  const { file, delimiter, starts } = table;
  return {
    length: starts.length - 1,
    dims,
    async read(positions) {
      const lines = await readStretches(
        file,
        positions,
        (row) => starts[row],
        (row) => starts[row + 1],
      );
      const out = new Float32Array(positions.length * kept.length);
      let at = 0;
      for (const line of lines) {
        const cells = cellsOf(untilBreak(line), delimiter);
        for (const column of kept) out[at++] = numberOf(cells[column]) * scale;
      }
      return out;
    },
  };
}

/** A stretch goes up to the next row; blank lines may lie between. */
function untilBreak(line: Uint8Array): Uint8Array {
  const end = line.indexOf(10);
  return end < 0 ? line : line.subarray(0, end);
}

interface CsvTargets {
  readonly classes: readonly string[];
  readonly rows: ReadonlyMap<Part, Rows>;
}

/** Class numbers as they are, 1…k as 0…k-1, texts in alphabetical order; anything else is a value to be met. */
function targetsOf(
  tables: ReadonlyMap<Part, Table>,
  label: number,
  names: readonly string[] | undefined,
  problems: Problem[],
): CsvTargets {
  const parts = [...tables].map(([part, table]) => {
    const texts = label === 0 ? table.first : table.last;
    if (!texts)
      throw refuse(
        table.file.name,
        `has more than 10,000 different labels in column ${label + 1}.`,
        'Set which column is the label, first or last.',
      );
    return { part, table, texts, column: table.columns[label] };
  });
  const { file } = parts[0].table;
  const rows = new Map<Part, Rows>();
  if (parts.some(({ column }) => column.textAt > 0)) {
    const all = [...new Set(parts.flatMap(({ texts }) => texts.texts))].sort();
    const known = names && all.every((text) => names.includes(text)) ? names : all;
    for (const { part, texts } of parts) {
      const classes = texts.texts.map((text) => known.indexOf(text));
      rows.set(
        part,
        memoryRows(
          texts.numbers.map((i) => classes[i]),
          [],
        ),
      );
    }
    return { classes: known, rows };
  }
  const min = Math.min(...parts.map(({ column }) => column.min));
  const classed = parts.every(({ column }) => column.whole) && min >= 0;
  const count = Math.max(...parts.map(({ column }) => column.max)) - min + 1;
  const fromOne = min === 1 && parts.some(({ texts }) => texts.texts.length === count);
  if (fromOne)
    problems.push({
      code: 'labels-from-one',
      where: file.name,
      message: `The labels of "${file.name}" go from 1 to ${count}; they were read as classes 0 to ${count - 1}.`,
    });
  const labels = parts.map(({ table, texts }) => {
    const values = texts.texts.map((text) => Number(text) - (fromOne ? 1 : 0));
    return [table.file.name, Float64Array.from(texts.numbers, (i) => values[i])] as const;
  });
  for (const [i, { part }] of parts.entries())
    rows.set(
      part,
      classed
        ? memoryRows(Int32Array.from(labels[i][1]), [])
        : memoryRows(Float32Array.from(labels[i][1]), [1]),
    );
  return { classes: classed ? classesOf(labels, names) : [], rows };
}
