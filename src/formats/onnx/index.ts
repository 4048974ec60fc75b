// The ONNX format (https://onnx.ai/onnx/repo-docs/IR.html), opset 7 to current.

import { WireType } from '@bufbuild/protobuf/wire';
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

/** How many fields are looked at: writers put the version or the graph among the first. */
const FIRST = 8;

/** Whether the first fields are those of a ModelProto, the version or the graph among them. */
function looksLikeModel(bytes: Uint8Array): boolean {
  const known = new Set<number>(Object.values(MODEL));
  let seen = 0;
  try {
    for (const { no, type } of fieldsOf(bytes)) {
      const expected =
        no === MODEL.irVersion || no === MODEL.modelVersion ? WireType.Varint : WireType.LengthDelimited;
      if (!known.has(no) || type !== expected) return false;
      if (no === MODEL.irVersion || no === MODEL.graph) return true;
      if (++seen === FIRST) return false;
    }
  } catch {
    return false;
  }
  return false;
}
