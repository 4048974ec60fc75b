// How large each node is drawn. Sizes follow from what an operator is, never from how wide a layer is, so that pruning
// moves nothing.

import type { DrawnNode } from '../../src/workbench/engine.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Nodes with weights, and what stands out beside them, take two lines; the others one. */
export const isTall = ({ kind }: DrawnNode): boolean =>
  kind === 'kernel' || kind === 'attention' || kind === 'unknown';

const tall: Size = { width: 216, height: 46 };
const flatHeight = 28;
const letter = 6.6;
const padding = 32;

export function sizeOf(node: DrawnNode): Size {
  if (isTall(node)) return tall;
  const text = flatCaption(node);
  return {
    width: Math.round(Math.min(tall.width, Math.max(56, text.length * letter + padding))),
    height: flatHeight,
  };
}

/** What a node of one line says. */
export const flatCaption = ({ kind, name, label, shape }: DrawnNode): string =>
  kind === 'input' || kind === 'output' ? `${name}  ${shape}` : label;
