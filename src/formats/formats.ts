// All formats, and opening a file of unknown kind.

import { ModelError } from '../lib/errors.ts';
import type { Companions, Format, Model } from './format.ts';
import { onnx } from './onnx/index.ts';
import { recognise } from './recognise.ts';

export const formats: readonly Format[] = [onnx];

/**
 * Reads a model whose format its first bytes tell. Weights stay views into `bytes`, which must not change afterwards.
 * @param fileName for sentences, and for formats that bytes alone do not tell
 * @param companions files that the model keeps its weights in
 * @throws ModelError `unknown-format`, which says what the file is, or what the reader of its format throws:
 * `damaged-file`, `not-onnx`, `external-data`, `cyclic-graph`, `illegal-graph`, `too-large`
 */
export function openModel(bytes: Uint8Array, fileName: string, companions?: Companions): Model {
  const format = formats.find((candidate) => candidate.sniff(bytes, fileName));
  if (format) return format.read(bytes, fileName, companions);
  throw unknownFormat(bytes, fileName);
}

function unknownFormat(bytes: Uint8Array, fileName: string): ModelError {
  const refused = (message: string, hint: string) =>
    new ModelError({ code: 'unknown-format', where: fileName, message, hint });
  if (bytes.length === 0) return refused(`"${fileName}" is empty.`, 'Download or copy it again.');
  const kind = recognise(bytes, fileName);
  return refused(
    kind
      ? `"${fileName}" is ${kind.what}${kind.isModel ? '' : ', no model'}.`
      : `"${fileName}" is no model file that this program knows.`,
    kind?.hint ?? 'Open an ONNX file.',
  );
}

/**
 * The model's file with what pruning or training changed in its graph; byte for byte as it came where nothing was.
 * Weights that came from companions are in it.
 * @throws ModelError `unknown-format`, `too-large`, `cannot-write`
 */
export function writeModel(model: Model): Uint8Array {
  const format = formats.find((candidate) => candidate.name === model.format);
  if (format) return format.write(model);
  throw new ModelError({
    code: 'unknown-format',
    where: model.fileName,
    message: `There is no writer for ${model.format}.`,
  });
}
