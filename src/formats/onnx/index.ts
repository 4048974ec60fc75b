// The ONNX format (https://onnx.ai/onnx/repo-docs/IR.html), opset 7 to current.

import type { Format } from '../format.ts';
import { readOnnx } from './read.ts';
import { MODEL } from './schema.ts';
import { fieldsOf } from './wire.ts';
import { writeOnnx } from './write.ts';

export const onnx: Format = {
  name: 'onnx',
  title: 'ONNX',
  extensions: ['.onnx'],
  sniff: looksLikeModel,
  read: readOnnx,
  write: writeOnnx,
};

/** The first fields of a ModelProto: an IR version, names, a graph. */
function looksLikeModel(bytes: Uint8Array, fileName: string): boolean {
  if (bytes.length < 4) return false;
  try {
    for (const field of fieldsOf(bytes)) return field.no === MODEL.irVersion || field.no === MODEL.graph;
  } catch {
    return bytes[0] === 0x08 && fileName.toLowerCase().endsWith('.onnx');
  }
  return false;
}
