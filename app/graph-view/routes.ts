// Routes as Cytoscape takes them: bend points as weights and distances along the line between the two ends.

import type { Layout, Point, Rect } from './layout.ts';

export interface RouteData {
  readonly straight: boolean;
  /** Ends, relative to the centres of their nodes. */
  readonly from: string;
  readonly to: string;
  readonly weights: string;
  readonly distances: string;
}

export function routeData(layout: Layout, id: string, source: string, target: string): RouteData {
  const [start, end] = [layout.rects.get(source), layout.rects.get(target)];
  const points = layout.routes.get(id) ?? [];
  if (!start || !end || points.length < 2)
    return { straight: true, from: '0px 50%', to: '0px -50%', weights: '0.5', distances: '0' };
  const bends = withoutRepeats(points);
  const [first, last] = [bends[0], bends[bends.length - 1]];
  const dx = last.x - first.x;
  const dy = last.y - first.y;
  const square = dx * dx + dy * dy || 1;
  const length = Math.sqrt(square);
  const inner = bends.slice(1, -1).map(({ x, y }) => {
    const [px, py] = [x - first.x, y - first.y];
    return { weight: (px * dx + py * dy) / square, distance: (py * dx - px * dy) / length };
  });
  return {
    straight: inner.length === 0,
    from: relative(first, start),
    to: relative(last, end),
    weights: inner.map(({ weight }) => weight.toFixed(5)).join(' ') || '0.5',
    distances: inner.map(({ distance }) => distance.toFixed(2)).join(' ') || '0',
  };
}

const relative = ({ x, y }: Point, box: Rect): string =>
  `${(x - box.x - box.width / 2).toFixed(1)}px ${(y - box.y - box.height / 2).toFixed(1)}px`;

/** Without points that lie on the line between their neighbours. */
function withoutRepeats(points: readonly Point[]): Point[] {
  const isBend = (a: Point, b: Point, c: Point) =>
    !((near(a.x, b.x) && near(b.x, c.x)) || (near(a.y, b.y) && near(b.y, c.y)));
  return points.filter((point, i) => {
    const [before, after] = [points[i - 1], points[i + 1]];
    return !before || !after || isBend(before, point, after);
  });
}

const near = (a: number, b: number): boolean => Math.abs(a - b) < 0.01;
