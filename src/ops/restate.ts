// Sizes that moved from an attribute to an input when an operator got a newer version: written back where they are.

import type { ResizeView } from './op.ts';

/**
 * Rewrites integers in the attribute where the node has it, else in the input. Also to be called for numbers that stay:
 * the shrunk graph may compute others.
 */
export function restate(
  view: ResizeView<unknown>,
  attribute: string,
  input: number,
  values: readonly number[],
): void {
  const stated = view.node.attributes[attribute];
  if (stated === undefined) view.setNumbers(input, values);
  else if (!Array.isArray(stated) || values.some((value, i) => value !== stated[i]))
    view.set(attribute, values);
}
