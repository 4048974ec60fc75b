// What a model format is to the rest of the program. A format's folder holds everything that knows its wire bytes.

import type { Graph } from '../graph/types.ts';
import type { Problem } from '../lib/errors.ts';

/** A model as opened: the graph we work on and the source document that export patches. */
export interface Model {
  /** `Format.name` of the reader. */
  readonly format: string;
  /** The file name it was opened under. */
  readonly fileName: string;
  readonly graph: Graph;
  /** The format's own parsed document; opaque outside the format's folder. */
  readonly source: unknown;
  readonly problems: readonly Problem[];
  /** Producer, version, author's key-value metadata: for display and for normalisation constants. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Files beside the model file (external weight data), by the name the model gives them. */
export type Companions = ReadonlyMap<string, Uint8Array>;

export interface Format {
  /** Short identifier: `onnx`. */
  readonly name: string;
  /** For people: `ONNX`. */
  readonly title: string;
  /** With the dot, lower case. */
  readonly extensions: readonly string[];
  /** Whether these bytes look like this format; reads the first bytes only. */
  sniff(bytes: Uint8Array, fileName: string): boolean;
  /** @throws ModelError with what the file is and what to do. */
  read(bytes: Uint8Array, fileName: string, companions?: Companions): Model;
  /** The source document with `model.graph`'s tensors, sizes and attributes patched in. */
  write(model: Model): Uint8Array;
}
