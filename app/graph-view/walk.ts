// Walking through the picture by keyboard: down and up along edges, sideways between what stands side by side.

import type { Drawing } from '../../src/workbench/engine.ts';
import type { Layout, Point } from './layout.ts';

export type Direction = 'up' | 'down' | 'left' | 'right';

/** The node one comes to from another, or the other itself where there is no way. */
export function step(drawing: Drawing, layout: Layout, from: string, direction: Direction): string {
  const here = centreOf(layout, from);
  if (!here) return from;
  const neighbours = candidates(drawing, layout, from, direction);
  let best = from;
  let least = Number.POSITIVE_INFINITY;
  for (const id of neighbours) {
    const there = centreOf(layout, id);
    const distance = there ? Math.abs(there.x - here.x) + Math.abs(there.y - here.y) : least;
    if (id !== from && distance < least) [best, least] = [id, distance];
  }
  return best;
}

function candidates({ nodes, edges }: Drawing, layout: Layout, from: string, direction: Direction): string[] {
  if (direction === 'down') return edges.filter(({ source }) => source === from).map(({ target }) => target);
  if (direction === 'up') return edges.filter(({ target }) => target === from).map(({ source }) => source);
  const here = layout.rects.get(from);
  if (!here) return [];
  const isBeside = (id: string) => {
    const rect = layout.rects.get(id);
    if (!rect) return false;
    const isOnThatSide = direction === 'left' ? rect.x < here.x : rect.x > here.x;
    return isOnThatSide && rect.y < here.y + here.height + 40 && rect.y + rect.height > here.y - 40;
  };
  return nodes.map(({ id }) => id).filter(isBeside);
}

function centreOf(layout: Layout, id: string): Point | undefined {
  const rect = layout.rects.get(id);
  return rect && { x: rect.x + rect.width / 2, y: rect.y + rect.height / 2 };
}
