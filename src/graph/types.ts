// The intermediate representation: plain, read-only data that speaks ONNX operator names.
// A graph is never changed in place; `edit.ts` returns new ones that share what did not change.

/** Element types, named as in ONNX's TensorProto.DataType, in lower case. */
export type DataType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int4'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint4'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'string'
  /** A type we carry through untouched and never compute with (complex, 8-bit floats). */
  | 'opaque';

/** A constant of the file: an initializer or the value of a Constant node. */
export interface Tensor {
  readonly name: string;
  readonly dtype: DataType;
  readonly dims: readonly number[];
  /**
   * Elements in row-major order, little endian, those of 4 bits in a byte each; a view into the file where its layout
   * allows.
   * Absent when the file describes the tensor but brings no data (a topology-only model).
   */
  readonly bytes?: Uint8Array;
}

/** A size, or the name of a symbol that stands for one (`N`, `batch_size`). */
export type Dim = number | string;

/** What is declared about a value: a graph input or output, or an intermediate one. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: DataType;
  /** Absent when even the rank is unknown. */
  readonly dims?: readonly Dim[];
}

/** A nested graph: the body of If, Loop or Scan. */
export interface Subgraph {
  readonly kind: 'subgraph';
  /** Names of outer values that the body reads. */
  readonly captures: readonly string[];
  /** Its constants and nodes, numbered by themselves; absent for a list of graphs. */
  readonly body?: Graph;
}

export type Attribute = number | string | readonly number[] | readonly string[] | Tensor | Subgraph;

export interface GraphNode {
  /** Position in the file's node list: unique, stable across edits, what the writer patches by. */
  readonly id: number;
  /** The file's own name, or `<op>_<id>` where it has none. */
  readonly name: string;
  readonly op: string;
  /** `''` is the ONNX standard domain. */
  readonly domain: string;
  /** Value names; `''` stands for an omitted optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface Graph {
  readonly name: string;
  /** Only real inputs: initializers that old files list here too are left out. */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** In topological order. Constant nodes are not here but in `tensors`. */
  readonly nodes: readonly GraphNode[];
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** What the file declares about intermediate values, by name. */
  readonly values: ReadonlyMap<string, ValueInfo>;
  /** Operator-set version by domain. */
  readonly opsets: ReadonlyMap<string, number>;
}
