// All formats, and opening a file of unknown kind.

import { ModelError } from '../lib/errors.ts';
import type { Companions, Format, Model } from './format.ts';
import { onnx } from './onnx/index.ts';
import { recognise } from './recognise.ts';

export const formats: readonly Format[] = [onnx];

/** @throws ModelError that says what the file is when no format reads it */
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

export function writeModel(model: Model): Uint8Array {
  const format = formats.find((candidate) => candidate.name === model.format);
  if (format) return format.write(model);
  throw new ModelError({
    code: 'unknown-format',
    where: model.fileName,
    message: `There is no writer for ${model.format}.`,
  });
}
