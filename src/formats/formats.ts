// All formats, and opening a file of unknown kind.

import { ModelError } from '../lib/errors.ts';
import type { Companions, Format, Model } from './format.ts';
import { onnx } from './onnx/index.ts';
import { type Kind, recognise } from './recognise.ts';

export const formats: readonly Format[] = [onnx];

/** @throws ModelError that says what the file is when no format reads it */
export function openModel(bytes: Uint8Array, fileName: string, companions?: Companions): Model {
  const format = formats.find((candidate) => candidate.sniff(bytes, fileName));
  if (format) return format.read(bytes, fileName, companions);
  const kind: Kind | undefined =
    bytes.length === 0 ? { what: 'empty', hint: 'Download or copy it again.' } : recognise(bytes, fileName);
  throw new ModelError({
    code: 'unknown-format',
    where: fileName,
    message: kind
      ? `"${fileName}" is ${kind.what}${kind.isModel ? '' : ', no model'}.`
      : `"${fileName}" is no model file that this program knows.`,
    hint: kind?.hint ?? 'Open an ONNX file.',
  });
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
