// ModelProto to Model. What is read: the graph's nodes, constants and declared values, and the functions they call. What is
// left to the kept bytes: training information, quantisation notes and every field we have no use for.

import { checkGraph } from '../../graph/spec.ts';
import type { Graph, GraphNode } from '../../graph/types.ts';
import { ModelError, type Problem } from '../../lib/errors.ts';
import type { Companions, Model } from '../format.ts';
import { recognise } from '../recognise.ts';
import { Functions } from './functions.ts';
import { GraphReader, missingData } from './graph-reader.ts';
import { readOpset } from './opsets.ts';
import { MODEL } from './schema.ts';
import { readEntry } from './tensor.ts';
import { Damage, type Field, fieldsOf, integer, text } from './wire.ts';

/** What the writer patches: the file's bytes, and what each part of it said when it was read. */
export interface OnnxSource {
  readonly bytes: Uint8Array;
  readonly irVersion: number;
  /** As read. */
  readonly graph: Graph;
  /** The same before functions took the place of their calls: what the bytes hold. */
  readonly stated: Graph;
  /** Those of `stated`. */
  readonly nodes: ReadonlyMap<number, GraphNode>;
  /** Where in the bytes the functions begin whose bodies are in place of calls. */
  readonly functions: ReadonlySet<number>;
  /** Whether some constants came from other files; the written file holds them all. */
  readonly external: boolean;
}

/** Older operator sets mean other things by the same names. */
const OLDEST_OPSET = 7;

/** @throws ModelError `damaged-file`, `not-onnx`, `external-data`, `cyclic-graph`, `illegal-graph`, `too-large` */
export function readOnnx(bytes: Uint8Array, fileName: string, companions: Companions = new Map()): Model {
  try {
    return readModel(bytes, fileName, companions);
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    throw new ModelError({
      code: 'damaged-file',
      where: fileName,
      message: `"${fileName}" looks like ONNX but ${error.message}; it is truncated or damaged.`,
      hint: 'Download or export it again.',
    });
  }
}

interface Header {
  readonly graph: Field;
  readonly functions: Functions;
  readonly opsets: ReadonlyMap<string, number>;
  readonly irVersion: number;
  readonly metadata: Readonly<Record<string, string>>;
}

function readModel(bytes: Uint8Array, fileName: string, companions: Companions): Model {
  const { graph: message, functions, opsets, irVersion, metadata } = readHeader(bytes, fileName);
  const reader = new GraphReader({ companions, functions, opsets, filled: 0 });
  const stated = reader.read(message);
  const graph = reader.unfolded(stated);
  const [illegal] = checkGraph(graph);
  if (illegal)
    throw new ModelError({ ...illegal, hint: 'The file breaks a rule of ONNX. Export the model again.' });
  const source: OnnxSource = {
    bytes,
    irVersion,
    graph,
    stated,
    nodes: new Map(stated.nodes.map((node) => [node.id, node])),
    functions: functions.called(),
    external: companions.size > 0,
  };
  const problems = [
    ...opsetProblems(opsets, fileName),
    ...functions.problems(opsets),
    ...missingData(graph.tensors),
  ];
  return { format: 'onnx', fileName, graph, source, problems, metadata };
}

function readHeader(bytes: Uint8Array, fileName: string): Header {
  const metadata: [string, string][] = [];
  const opsets = new Map<string, number>();
  const functions: Field[] = [];
  let graph: Field | undefined;
  let irVersion = 0;
  for (const field of fieldsOf(bytes)) {
    if (field.no === MODEL.graph) {
      if (graph) throw new Damage('holds two graphs');
      graph = field;
    } else if (field.no === MODEL.functions) functions.push(field);
    else if (field.no === MODEL.opsetImport) readOpset(field, opsets);
    else if (field.no === MODEL.metadataProps) metadata.push(readEntry(field));
    else if (field.no === MODEL.producerName) metadata.push(['producer', text(field)]);
    else if (field.no === MODEL.producerVersion) metadata.push(['producer_version', text(field)]);
    else if (field.no === MODEL.irVersion) irVersion = integer(field);
  }
  if (!graph) throw notOnnx(bytes, fileName);
  metadata.push(['ir_version', String(irVersion)]);
  return {
    graph,
    functions: new Functions(functions),
    opsets,
    irVersion,
    metadata: Object.fromEntries(metadata),
  };
}

/** Another protobuf file; formats of other frameworks begin like ONNX. */
function notOnnx(bytes: Uint8Array, fileName: string): ModelError {
  const kind = recognise(bytes, fileName);
  return new ModelError({
    code: 'not-onnx',
    where: fileName,
    message: `"${fileName}" is ${kind ? `${kind.what}, not ONNX` : 'protobuf but holds no ONNX graph'}.`,
    hint: kind?.hint ?? 'Export the model as ONNX again.',
  });
}

function opsetProblems(opsets: ReadonlyMap<string, number>, fileName: string): Problem[] {
  const version = opsets.get('') ?? (opsets.size === 0 ? 1 : OLDEST_OPSET);
  if (version >= OLDEST_OPSET) return [];
  return [
    {
      code: 'old-opset',
      where: fileName,
      message: `The model uses operator set ${version}; below ${OLDEST_OPSET}, operators may mean something else than they are read as.`,
      hint: 'Convert it with onnx.version_converter, or export it again.',
    },
  ];
}
