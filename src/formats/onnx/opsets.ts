// Which versions of which operator sets a model or a function is written for.

import { OPSET } from './schema.ts';
import { fieldsOf, integer, type Message, MessageWriter, text } from './wire.ts';

export function readOpset(message: Message, opsets: Map<string, number>): void {
  let domain = '';
  let version = 1;
  for (const field of fieldsOf(message)) {
    if (field.no === OPSET.domain) domain = text(field);
    else if (field.no === OPSET.version) version = integer(field);
  }
  opsets.set(standardDomain(domain), version);
}

export const writeOpset = (domain: string, version: number): MessageWriter =>
  new MessageWriter().string(OPSET.domain, domain).integer(OPSET.version, version);

/** `ai.onnx` is another name of the standard domain. */
export const standardDomain = (domain: string): string => (domain === 'ai.onnx' ? '' : domain);
