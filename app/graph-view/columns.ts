// A deep network is a long ribbon, and a panel is not. The ribbon is cut into columns that are read like a newspaper's,
// of about the same height and where few values cross from one to the next; each of these gets a lane around.

import type { Layout, Point, Rect } from './layout.ts';

export interface Panel {
  readonly width: number;
  readonly height: number;
}

const gutter = 40;
const lane = 7;
const clearance = 10;
const mostColumns = 16;
/** What a value that crosses costs, beside a column's squared height as a multiple of an even one's. */
const laneCost = 0.12;

/** The layout cut into as many columns as let it be drawn largest in a panel. */
export function wrap(layout: Layout, panel: Panel): Layout {
  const places = placesIn(layout);
  let best = layout;
  for (let count = 2; count <= Math.min(mostColumns, places.length + 1); count++) {
    const columns = arrange(layout, cutsFor(layout, places, count));
    if (scaleIn(columns, panel) > scaleIn(best, panel) * 1.04) best = columns;
    else if (columns.width / columns.height > (4 * panel.width) / panel.height) break;
  }
  return best;
}

const scaleIn = ({ width, height }: Layout, panel: Panel): number =>
  Math.min(1, panel.width / width, panel.height / height);

/** What a layout takes up: nodes, frames, and the ways of edges, whose lanes run around the columns. */
export function boundsOf({ rects, routes }: Layout): Rect {
  const boxes = [...rects.values()];
  const points = [...routes.values()].flat();
  const corners = boxes.map(({ x, y, width, height }) => ({ x: x + width, y: y + height }));
  const all: readonly Point[] = [...boxes, ...corners, ...points];
  const x = all.reduce((least, point) => Math.min(least, point.x), Number.POSITIVE_INFINITY);
  const y = all.reduce((least, point) => Math.min(least, point.y), Number.POSITIVE_INFINITY);
  const right = all.reduce((most, point) => Math.max(most, point.x), x);
  const bottom = all.reduce((most, point) => Math.max(most, point.y), y);
  return { x, y, width: right - x, height: bottom - y };
}

/** A height at which the ribbon can be cut. */
interface Place {
  readonly y: number;
  /** Edges that cross it, and how many places they come from: those of one place share a lane. */
  readonly crossing: readonly string[];
  readonly lanes: ReadonlyMap<string, number>;
}

/** Just below a row of nodes, outside of frames, where every route runs straight down. */
function placesIn({ rects, routes, height }: Layout): Place[] {
  const boxes = [...rects.values()];
  const bottoms = [...new Set(boxes.map((box) => box.y + box.height))].sort((a, b) => a - b);
  const isFree = (y: number) => y < height && boxes.every((box) => y < box.y || y > box.y + box.height);
  return bottoms
    .map((bottom) => bottom + 4)
    .filter(isFree)
    .map((y) => {
      const crossing = [...routes].filter(([, points]) => points[0].y < y && points[points.length - 1].y > y);
      const starts = [...new Set(crossing.map(([, points]) => keyOf(points)))];
      return {
        y,
        crossing: crossing.map(([id]) => id),
        lanes: new Map(starts.map((start, number) => [start, number])),
      };
    });
}

/** The same for edges that leave from one place. */
const keyOf = ([start]: readonly Point[]): string => `${start.x} ${start.y}`;

/** The cuts into `count` columns with the least sum of squared heights and lanes: shortest paths over the places. */
function cutsFor({ height }: Layout, places: readonly Place[], count: number): Place[] {
  const even = height / count;
  const ends = Float64Array.from([...places.map(({ y }) => y), height], (y) => y / even);
  const lanes = Float64Array.from(ends, (_, i) => laneCost * (places[i]?.lanes.size ?? 0));
  let costs = ends.map((end, i) => end * end + lanes[i]);
  const steps: Int32Array[] = [];
  for (let column = 2; column <= count; column++) {
    const step = addColumn(costs, ends, lanes);
    costs = step.costs;
    steps.push(step.cutAt);
  }
  const cuts: Place[] = [];
  let at = ends.length - 1;
  for (const cutAt of steps.reverse()) {
    at = cutAt[at];
    cuts.unshift(places[at]);
  }
  return cuts;
}

/** What it costs to reach each end with one column more, and where that column begins; -1 where it cannot be. */
function addColumn(before: Float64Array, ends: Float64Array, lanes: Float64Array) {
  const costs = new Float64Array(ends.length).fill(Number.POSITIVE_INFINITY);
  const cutAt = new Int32Array(ends.length).fill(-1);
  for (let i = 1; i < ends.length; i++)
    for (let cut = 0; cut < i; cut++) {
      const length = ends[i] - ends[cut];
      const cost = before[cut] + length * length + lanes[i];
      if (cost >= costs[i]) continue;
      costs[i] = cost;
      cutAt[i] = cut;
    }
  return { costs, cutAt };
}

interface Column {
  readonly top: number;
  readonly bottom: number;
  /** What to add to a point of the ribbon. */
  readonly dx: number;
  readonly right: number;
}

function arrange(layout: Layout, cuts: readonly Place[]): Layout {
  const columns = placeColumns(layout, cuts);
  const columnAt = (y: number) => columns.findIndex(({ bottom }) => y < bottom);
  const shift = (point: Point, column: number): Point => ({
    x: point.x + columns[column].dx,
    y: point.y - columns[column].top,
  });
  const rects = new Map<string, Rect>();
  for (const [id, rect] of layout.rects) rects.set(id, { ...rect, ...shift(rect, columnAt(rect.y)) });
  const routes = new Map<string, readonly Point[]>();
  for (const [id, points] of layout.routes) {
    const pieces = split(points, cuts);
    const first = columnAt(points[0].y);
    const way = pieces.flatMap((piece, i) => {
      const moved = piece.map((point) => shift(point, first + i));
      const next = pieces[i + 1]?.[0];
      if (!next) return moved;
      const number = cuts[first + i].lanes.get(keyOf(points)) ?? 0;
      return [
        ...moved,
        ...around(moved[moved.length - 1], shift(next, first + i + 1), columns[first + i], number),
      ];
    });
    routes.set(id, way);
  }
  const height = Math.max(...columns.map(({ top, bottom }) => bottom - top));
  return { rects, routes, width: columns[columns.length - 1].right, height };
}

/** From the foot of one column through the gutter to the head of the next. */
function around(from: Point, to: Point, { top, bottom, right }: Column, number: number): Point[] {
  const x = right + clearance + number * lane;
  const down = bottom - top + clearance + number * lane;
  const up = -clearance - number * lane;
  return [
    { x: from.x, y: down },
    { x, y: down },
    { x, y: up },
    { x: to.x, y: up },
  ];
}

/** Side by side, each as wide as what stands in it and runs through it. */
function placeColumns(layout: Layout, cuts: readonly Place[]): Column[] {
  const edges = [0, ...cuts.map(({ y }) => y), layout.height + 1];
  let x = 0;
  return edges.slice(1).map((bottom, i) => {
    const top = edges[i];
    const { left, right } = extent(layout, top, bottom);
    const column = { top, bottom, dx: x - left, right: x + right - left };
    x = column.right + Math.max(gutter, 2 * clearance + (cuts[i]?.lanes.size ?? 0) * lane);
    return column;
  });
}

function extent({ rects, routes }: Layout, top: number, bottom: number): { left: number; right: number } {
  let left = Number.POSITIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  const reach = (from: number, to = from) => {
    left = Math.min(left, from);
    right = Math.max(right, to);
  };
  for (const { x, y, width } of rects.values()) if (y >= top && y < bottom) reach(x, x + width);
  for (const points of routes.values())
    points.forEach(({ x, y }, i) => {
      const before = points[i - 1]?.y ?? y;
      if ((y >= top && y < bottom) || (before < top && y >= top)) reach(x);
    });
  return { left, right };
}

/** A route in pieces, one for each column it runs through; a cut ends one piece and begins the next. */
function split(points: readonly Point[], cuts: readonly Place[]): Point[][] {
  const pieces: Point[][] = [[points[0]]];
  let next = cuts.findIndex(({ y }) => y > points[0].y);
  for (const point of points.slice(1)) {
    for (; next >= 0 && next < cuts.length && cuts[next].y < point.y; next++) {
      const crossed = { x: point.x, y: cuts[next].y };
      pieces[pieces.length - 1].push(crossed);
      pieces.push([crossed]);
    }
    pieces[pieces.length - 1].push(point);
  }
  return pieces;
}
