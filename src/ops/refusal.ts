// How an operator says no: one wording and one set of codes for everything it cannot do.

import { ModelError } from '../lib/errors.ts';
import type { NodeView } from './op.ts';

/** The node in front of its complaint. */
const told = (code: string, { node }: NodeView<unknown>, complaint: string, hint?: string): ModelError =>
  new ModelError({
    code,
    where: node.name,
    message: `"${node.name}" (${node.op}) ${complaint}.`,
    ...(hint === undefined ? {} : { hint }),
  });

/** The inputs cannot go together: "takes parts whose other axes differ". */
export const illShaped = (view: NodeView<unknown>, complaint: string) => told('shape-error', view, complaint);

/** Only the running network knows: "has as many rows as its input has non-zero elements". */
export const dataDependent = (view: NodeView<unknown>, complaint: string) =>
  told('data-dependent', view, complaint);

/** A corner of the operator that we do not compute: "asks for reduction 'mul'". */
export const unsupported = (view: NodeView<unknown>, complaint: string) =>
  told('unsupported', view, complaint, 'It can be pruned and exported, but not run here.');
