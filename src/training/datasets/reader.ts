// What a data format is to the rest of the program. A format's file holds everything that knows its bytes.

import type { DataFile, Dataset } from '../types.ts';
import type { DecodeImage } from './pictures.ts';

export interface DataOptions {
  /** Of the random split and nothing else. Default 1. */
  readonly seed?: number;
  /** Share of the training examples held out where the files bring no validation part. Default 0.1. */
  readonly validation?: number;
  /** Share of all examples held out where the files bring no test part. Default 0.15. */
  readonly test?: number;
  /** The table column that holds the label: `first`, `last` or its name. Default: found out. */
  readonly label?: string;
  /** Shape of one example, where the files only tell its number of values. */
  readonly dims?: readonly number[];
  /** Class names by number; default: from the files, else the numbers themselves. */
  readonly classes?: readonly string[];
  /** Height and width that pictures are scaled to; default: those of the first one. */
  readonly imageSize?: readonly [height: number, width: number];
  /** Decodes pictures other than PNG. Default: what the browser reads; in Node nothing. */
  readonly decode?: DecodeImage;
}

export interface DataReader {
  /** For people: `IDX (MNIST)`. */
  readonly title: string;
  /** Whether these files, archives opened, are of this format; looks at names and first bytes only. */
  sniff(files: readonly DataFile[]): Promise<boolean>;
  /** @throws ModelError `wrong-data` with what is wrong and what to do */
  open(files: readonly DataFile[], options: DataOptions): Promise<Dataset>;
}
