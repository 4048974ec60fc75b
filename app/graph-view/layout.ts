// Where everything stands: ELK's layered layout, computed in a worker of its own. A layout is found once for each
// topology; the same nodes and edges give the same places again, whatever their widths have become.

import ELK, { type ElkExtendedEdge, type ElkNode } from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import type { Drawing, DrawnNode } from '../../src/workbench/engine.ts';
import { sizeOf } from './boxes.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** `x` and `y` are its top left corner. */
export interface Rect extends Point {
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  /** Nodes and frames, by id. */
  readonly rects: ReadonlyMap<string, Rect>;
  /** The way of each edge, from the border of its source to that of its target, downwards. */
  readonly routes: ReadonlyMap<string, readonly Point[]>;
  readonly width: number;
  readonly height: number;
}

const options: Record<string, string> = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
  'elk.layered.mergeEdges': 'true',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.spacing.nodeNode': '20',
  'elk.spacing.edgeNode': '14',
  'elk.spacing.edgeEdge': '10',
  'elk.layered.spacing.nodeNodeBetweenLayers': '26',
  'elk.layered.spacing.edgeNodeBetweenLayers': '12',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '9',
  'elk.padding': '[top=0,left=0,bottom=0,right=0]',
};
/** Keeps a network's main line straight. */
const straight = { 'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX' };
/** Keeps networks of many branches narrow. */
const compact = {
  'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
  'elk.layered.nodePlacement.bk.fixedAlignment': 'BALANCED',
};
/** From this width on, both are tried. */
const wide = 800;
const framePadding = '[top=34,left=14,bottom=14,right=14]';

let elk: InstanceType<typeof ELK> | undefined;
const remembered = new Map<string, Promise<Layout>>();
const KEPT = 16;

/** @throws Error when the worker cannot be started or gives up */
export function layOut(drawing: Drawing): Promise<Layout> {
  const key = topologyOf(drawing);
  const known = remembered.get(key);
  if (known) return known;
  const found = bestOf(drawing);
  remembered.set(key, found);
  found.catch(() => remembered.delete(key));
  const [oldest] = remembered.keys();
  if (remembered.size > KEPT && oldest !== undefined) remembered.delete(oldest);
  return found;
}

async function bestOf(drawing: Drawing): Promise<Layout> {
  const first = await arrange(drawing, straight);
  if (first.width < wide) return first;
  const second = await arrange(drawing, compact);
  return second.width < 0.8 * first.width ? second : first;
}

async function arrange(drawing: Drawing, placement: Record<string, string>): Promise<Layout> {
  elk ??= new ELK({ workerFactory: () => new Worker(workerUrl) });
  return fromElk(await elk.layout(toElk(drawing, { ...options, ...placement })));
}

/** Equal for drawings that differ in widths and groups only. */
export const topologyOf = ({ nodes, edges }: Drawing): string =>
  [
    ...nodes.map((node) => `${node.id} ${sizeOf(node).width} ${node.parent ?? ''}`),
    ...edges.map(({ id }) => id),
  ].join('\n');

function toElk({ nodes, edges, frames }: Drawing, layoutOptions: Record<string, string>): ElkNode {
  const box = (node: DrawnNode): ElkNode => ({ id: node.id, ...sizeOf(node) });
  const framed = new Set<string>();
  const children = nodes.flatMap((node): ElkNode[] => {
    const frame = frames.find(({ id }) => id === node.parent);
    if (!frame) return [box(node)];
    if (framed.has(frame.id)) return [];
    framed.add(frame.id);
    return [
      {
        id: frame.id,
        layoutOptions: { 'elk.padding': framePadding },
        children: nodes.filter(({ parent }) => parent === frame.id).map(box),
      },
    ];
  });
  return {
    id: 'root',
    layoutOptions,
    children,
    edges: edges.map(({ id, source, target }) => ({ id, sources: [source], targets: [target] })),
  };
}

function fromElk(root: ElkNode): Layout {
  const rects = new Map<string, Rect>();
  const routes = new Map<string, readonly Point[]>();
  const visit = (node: ElkNode) => {
    for (const child of node.children ?? []) {
      const { x = 0, y = 0, width = 0, height = 0 } = child;
      rects.set(child.id, { x, y, width, height });
      visit(child);
    }
    for (const edge of node.edges ?? []) routes.set(edge.id, routeOf(edge));
  };
  visit(root);
  return { rects, routes, width: root.width ?? 0, height: root.height ?? 0 };
}

const routeOf = ({ sections = [] }: ElkExtendedEdge): Point[] =>
  sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint]);
