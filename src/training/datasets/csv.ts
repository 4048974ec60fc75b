// Tables of one example per line, the label in the first or last column, with or without a header, gzipped or not.
// Cells other than the label must be numbers: what is missing is refused, not filled in.

import type { Problem } from '../../lib/errors.ts';
import { baseName, counted } from '../../lib/text.ts';
import type { DataFile, Dataset, Split } from '../types.ts';
import { isNamesFile, readClassNames } from './classes.ts';
import { labelColumn, labelsOf } from './csv-labels.ts';
import { peek, unzipped } from './files/inflate.ts';
import { AGAIN, refuse } from './files/refuse.ts';
import { squareSide } from './layout.ts';
import { type Part, partOf, splitsOf } from './parts.ts';
import type { DataOptions, DataReader } from './reader.ts';
import { type Rows, readStretches, splitOf } from './rows.ts';
import { cellsOf, numberOf, scanTable, type Table } from './table.ts';

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
    const other = tables.get(part);
    if (other)
      throw refuse(
        packed.name,
        `and "${other.file.name}" hold the same part of a data set.`,
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
  const { classes, rows: targets } = labelsOf(tables, label, names, problems);
  const splits: Partial<Record<Part, Split>> = {};
  for (const [part, each] of tables)
    splits[part] = splitOf([featureRows(each, kept, dims, scale)], [targets.get(part)!]);
  const name = baseName(table.file.name);
  return { name, dims: [dims], classes, ...splitsOf(splits, options), problems };
}

const rowNumberName = /^(|id|index|unnamed: 0)$/i;

/** All but the label and a column that only counts the rows. */
function featureColumns({ columns, headed }: Table, label: number): number[] {
  const counting = label !== 0 && headed && rowNumberName.test(columns[0].name);
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
  const max = columns.reduce((most, column) => Math.max(most, column.max), 0);
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
