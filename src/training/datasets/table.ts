// Text tables of numbers: one pass over the file finds where each row begins, checks every cell and learns what each
// column holds. Rows are parsed again when they are asked for, so a table need not fit in memory. Quoted cells may hold
// the delimiter but no line break.

import { joinedBytes } from '../../lib/bytes.ts';
import { counted } from '../../lib/text.ts';
import type { DataFile } from '../types.ts';
import { refuse } from './files/refuse.ts';

const CHUNK = 2 ** 20;
const LINE_LIMIT = 2 ** 24;
/** A column with more different texts than this is no label. */
const MOST_TEXTS = 10_000;

export interface Column {
  readonly name: string;
  /** Over the cells that are numbers. */
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
  /** Line of the first cell that is no number; 0: all are. */
  readonly textAt: number;
  /** What that cell says. */
  readonly text: string;
}

export interface Table {
  readonly file: DataFile;
  readonly delimiter: string;
  readonly columns: readonly Column[];
  readonly headed: boolean;
  /** Byte offsets of the rows; one more, the end of the last. */
  readonly starts: Float64Array;
  /** What the columns hold in which a label may be. */
  readonly first: Cells;
  readonly last: Cells;
}

/** All cells of a column. */
export interface Cells {
  /** NaN where a cell is no number. */
  readonly values: Float64Array;
  /** The different texts, and the position among them of each row's; absent where there are too many. */
  readonly texts?: { readonly different: readonly string[]; readonly numbers: Int32Array };
}

const utf8 = new TextDecoder();

/** @throws ModelError `wrong-data` naming the line that is wrong */
export async function scanTable(file: DataFile): Promise<Table> {
  const scan = new Scan(file);
  let rest = new Uint8Array(0);
  for (let at = 0; at < file.size; at += CHUNK) {
    const read = await file.read(at, Math.min(file.size, at + CHUNK));
    const bytes = rest.length > 0 ? joinedBytes([rest, read]) : read;
    const base = at - rest.length;
    let from = 0;
    for (let to = bytes.indexOf(10); to >= 0; to = bytes.indexOf(10, from)) {
      scan.line(bytes.subarray(from, to), base + from);
      from = to + 1;
    }
    rest = bytes.slice(from);
    if (rest.length > LINE_LIMIT)
      throw refuse(
        file.name,
        `has a line of more than ${counted(LINE_LIMIT)} bytes; it is no table of examples.`,
      );
  }
  if (rest.length > 0) scan.line(rest, file.size - rest.length);
  return scan.finish();
}

class ColumnScan {
  name = '';
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  whole = true;
  textAt = 0;
  text = '';
}

class CellScan {
  private readonly values: number[] = [];
  private readonly known = new Map<string, number>();
  private numbers: number[] | undefined = [];

  add(cell: Uint8Array): void {
    this.values.push(numberOf(cell));
    if (!this.numbers) return;
    const text = textOf(cell);
    const number = this.known.get(text) ?? this.known.size;
    this.known.set(text, number);
    if (this.known.size > MOST_TEXTS) this.numbers = undefined;
    this.numbers?.push(number);
  }

  finish(): Cells {
    const values = Float64Array.from(this.values);
    if (!this.numbers) return { values };
    return { values, texts: { different: [...this.known.keys()], numbers: Int32Array.from(this.numbers) } };
  }
}

class Scan {
  private readonly file: DataFile;
  private readonly starts: number[] = [];
  private columns: ColumnScan[] = [];
  private delimiter = ',';
  private headed = false;
  private lines = 0;
  private end = 0;
  private readonly first = new CellScan();
  private readonly last = new CellScan();

  constructor(file: DataFile) {
    this.file = file;
  }

  line(bytes: Uint8Array, start: number): void {
    this.lines++;
    const line = withoutReturn(bytes);
    if (line.length === 0) return;
    if (this.columns.length === 0) {
      if (this.begin(line)) return;
    }
    const cells = cellsOf(line, this.delimiter);
    const { columns } = this;
    if (cells.length !== columns.length)
      throw refuse(
        this.file.name,
        `has ${counted(cells.length)} cells in line ${counted(this.lines)} and ${counted(columns.length)} in the lines before; it is truncated or no table.`,
        'Correct or remove that line.',
      );
    for (let c = 0; c < cells.length; c++) this.cell(columns[c], cells[c]);
    this.first.add(cells[0]);
    this.last.add(cells[cells.length - 1]);
    this.starts.push(start);
    this.end = start + bytes.length;
  }

  /** Takes the first line in; true if it is a header and no row. */
  private begin(line: Uint8Array): boolean {
    const text = utf8.decode(line);
    this.delimiter =
      [',', '\t', ';'].find((candidate) => text.includes(candidate)) ?? (text.includes(' ') ? ' ' : ',');
    const cells = cellsOf(line, this.delimiter);
    const texts = cells.map(textOf);
    // A header names its columns; a row may end or begin with a text that is its label.
    this.headed =
      texts.length > 1 &&
      texts
        .slice(1, -1)
        .concat(texts.length === 2 ? texts : [])
        .some(isName);
    if (texts.length > 2 && isName(texts[0]) && isName(texts[texts.length - 1])) this.headed = true;
    this.columns = texts.map((name) => Object.assign(new ColumnScan(), { name: this.headed ? name : '' }));
    return this.headed;
  }

  private cell(column: ColumnScan, cell: Uint8Array): void {
    const value = numberOf(cell);
    if (Number.isNaN(value)) {
      if (column.textAt > 0) return;
      column.textAt = this.lines;
      column.text = textOf(cell);
      return;
    }
    if (value < column.min) column.min = value;
    if (value > column.max) column.max = value;
    if (column.whole && !Number.isInteger(value)) column.whole = false;
  }

  finish(): Table {
    const { file, delimiter, columns, headed, starts, end } = this;
    if (starts.length === 0)
      throw refuse(
        file.name,
        headed ? 'holds a header and no rows.' : 'holds no rows.',
        'Open a table with one example per line.',
      );
    return {
      file,
      delimiter,
      columns,
      headed,
      starts: Float64Array.from([...starts, end]),
      first: this.first.finish(),
      last: this.last.finish(),
    };
  }
}

const isName = (text: string): boolean =>
  text !== '' && Number.isNaN(Number(text)) && !/^(nan|na|null|\?)$/i.test(text);

const withoutReturn = (line: Uint8Array): Uint8Array =>
  line[line.length - 1] === 13 ? line.subarray(0, line.length - 1) : line;

const QUOTE = 34;

/** The cells of one line, quotes included. */
export function cellsOf(line: Uint8Array, delimiter: string): Uint8Array[] {
  const separator = delimiter.charCodeAt(0);
  const end = line[line.length - 1] === 13 ? line.length - 1 : line.length;
  const cells: Uint8Array[] = [];
  let from = 0;
  let quoted = false;
  for (let i = 0; i < end; i++) {
    const byte = line[i];
    if (byte === QUOTE) quoted = !quoted;
    else if (byte === separator && !quoted) {
      cells.push(line.subarray(from, i));
      from = i + 1;
    }
  }
  cells.push(line.subarray(from, end));
  return cells;
}

const textOf = (cell: Uint8Array): string => {
  const text = utf8.decode(cell).trim();
  return text.startsWith('"') && text.endsWith('"') && text.length > 1
    ? text.slice(1, -1).replaceAll('""', '"')
    : text;
};

/** The cell's number, NaN where it is none. Plain whole numbers, the most common cells, are read without a string. */
export function numberOf(cell: Uint8Array): number {
  if (cell.length > 0 && cell.length < 10) {
    let value = 0;
    let i = 0;
    while (i < cell.length && cell[i] >= 48 && cell[i] <= 57) value = 10 * value + cell[i++] - 48;
    if (i === cell.length) return value;
  }
  const text = textOf(cell);
  return text === '' ? Number.NaN : Number(text);
}
