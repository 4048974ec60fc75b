// Every operator we know, by domain and name.

import type { Operator } from './op.ts';

const families: readonly (readonly Operator[])[] = [];

const key = (domain: string, name: string) => `${domain}:${name}`;
const table = new Map(families.flat().map((o) => [key(o.domain ?? '', o.name), o]));

/** The record of an operator, or `undefined` for one we do not know. `ai.onnx` is another name of the standard domain. */
export const operatorOf = (domain: string, name: string): Operator | undefined =>
  table.get(key(domain === 'ai.onnx' ? '' : domain, name));

/** All records, sorted by domain and name. */
export const allOperators = (): Operator[] =>
  [...table.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, o]) => o);
