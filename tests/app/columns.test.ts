// Cutting a ribbon of nodes into columns: what stands in one column stays together, and every edge still arrives.

import { describe, expect, it } from 'vitest';
import { boundsOf, wrap } from '../../app/graph-view/columns.ts';
import type { Layout, Point, Rect } from '../../app/graph-view/layout.ts';
import { routeData } from '../../app/graph-view/routes.ts';

const size = { width: 100, height: 30 };

/** `length` nodes below one another, each read by the next; every third is also read by the one three below. */
function ribbon(length: number): Layout {
  const rects = new Map<string, Rect>();
  const routes = new Map<string, readonly Point[]>();
  for (let i = 0; i < length; i++) rects.set(`n${i}`, { x: 0, y: i * 60, ...size });
  for (let i = 0; i + 1 < length; i++)
    routes.set(`n${i}>n${i + 1}`, [
      { x: 50, y: i * 60 + 30 },
      { x: 50, y: (i + 1) * 60 },
    ]);
  for (let i = 0; i + 3 < length; i += 3)
    routes.set(`n${i}>n${i + 3}`, [
      { x: 50, y: i * 60 + 30 },
      { x: 50, y: i * 60 + 40 },
      { x: 120, y: i * 60 + 40 },
      { x: 120, y: (i + 3) * 60 - 10 },
      { x: 50, y: (i + 3) * 60 - 10 },
      { x: 50, y: (i + 3) * 60 },
    ]);
  return { rects, routes, width: 120, height: (length - 1) * 60 + 30 };
}

const panel = { width: 800, height: 400 };
const columnsOf = ({ rects }: Layout) => new Set([...rects.values()].map(({ x }) => x)).size;

describe('columns', () => {
  it('leaves alone what fits as it is', () => {
    const small = ribbon(5);
    expect(wrap(small, panel)).toBe(small);
  });

  it('draws a long ribbon larger than as one', () => {
    const long = ribbon(60);
    const scale = ({ width, height }: Layout) => Math.min(panel.width / width, panel.height / height);
    const wrapped = wrap(long, panel);
    expect(columnsOf(wrapped)).toBeGreaterThan(3);
    expect(scale(wrapped)).toBeGreaterThan(2 * scale(long));
  });

  it('reads on in order: down a column, then in the next to its right', () => {
    const { rects } = wrap(ribbon(60), panel);
    const places = [...rects.values()];
    for (let i = 1; i < places.length; i++) {
      const [before, here] = [places[i - 1], places[i]];
      expect(here.x > before.x || (here.x === before.x && here.y > before.y)).toBe(true);
    }
  });

  it('lets every edge leave its source and arrive at its target, at right angles', () => {
    const { rects, routes } = wrap(ribbon(60), panel);
    for (const [id, points] of routes) {
      const [source, target] = id.split('>').map((node) => rects.get(node) as Rect);
      expect(points[0]).toEqual({ x: source.x + 50, y: source.y + 30 });
      expect(points[points.length - 1]).toEqual({ x: target.x + 50, y: target.y });
      for (let i = 1; i < points.length; i++)
        expect(points[i].x === points[i - 1].x || points[i].y === points[i - 1].y).toBe(true);
    }
  });

  it('never runs an edge through a node', () => {
    const { rects, routes } = wrap(ribbon(60), panel);
    const through = (a: Point, b: Point, { x, y, width, height }: Rect) =>
      Math.max(a.x, b.x) > x &&
      Math.min(a.x, b.x) < x + width &&
      Math.max(a.y, b.y) > y &&
      Math.min(a.y, b.y) < y + height;
    for (const [id, points] of routes)
      for (const [node, rect] of rects)
        for (let i = 1; i < points.length; i++)
          expect([id, node, through(points[i - 1], points[i], rect)]).toEqual([id, node, false]);
  });

  it('cuts where a residual block ends, not within', () => {
    const { rects } = wrap(ribbon(60), panel);
    const heads = [...rects].filter(([, { y }]) => y < 60).map(([id]) => Number(id.slice(1)));
    for (const head of heads.slice(1)) expect(head % 3).toBe(1);
  });
});

describe('bounds', () => {
  it('are those of the nodes where nothing runs beside them', () => {
    expect(boundsOf(ribbon(2))).toEqual({ x: 0, y: 0, width: 100, height: 90 });
  });

  it('hold the lanes that run around columns', () => {
    const wrapped = wrap(ribbon(60), panel);
    const { x, y, width, height } = boundsOf(wrapped);
    const ways = [...wrapped.routes.values()].flat();
    const lowest = Math.max(...[...wrapped.rects.values()].map((rect) => rect.y + rect.height));
    expect([x, y]).toEqual([
      Math.min(...ways.map((point) => point.x), 0),
      Math.min(...ways.map((way) => way.y)),
    ]);
    expect(y).toBeLessThan(0);
    expect(y + height).toBeGreaterThan(lowest);
    expect(x + width).toBeGreaterThanOrEqual(Math.max(...ways.map((point) => point.x)));
  });
});

describe('routes', () => {
  it('gives bend points as weights and distances from the straight line between the ends', () => {
    const rects = new Map([
      ['a', { x: 0, y: 0, ...size }],
      ['b', { x: 200, y: 130, ...size }],
    ]);
    const points = [
      { x: 50, y: 30 },
      { x: 50, y: 80 },
      { x: 250, y: 80 },
      { x: 250, y: 130 },
    ];
    const layout: Layout = { rects, routes: new Map([['e', points]]), width: 300, height: 160 };
    const { from, to, weights, distances, straight } = routeData(layout, 'e', 'a', 'b');
    expect([from, to, straight]).toEqual(['0.0px 15.0px', '0.0px -15.0px', false]);
    const [start, end] = [points[0], points[3]];
    const [dx, dy] = [end.x - start.x, end.y - start.y];
    const length = Math.hypot(dx, dy);
    const bends = weights.split(' ').map((weight, i) => {
      const distance = Number(distances.split(' ')[i]);
      return {
        x: Math.round(start.x + dx * Number(weight) - (dy / length) * distance),
        y: Math.round(start.y + dy * Number(weight) + (dx / length) * distance),
      };
    });
    expect(bends).toEqual(points.slice(1, 3));
  });
});
