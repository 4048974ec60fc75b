// The drawing on the screen: Cytoscape for boxes, lines, panning and zooming, captions above it. It is told what to
// show and says what a person does; it keeps no state of the page.

import cytoscape, {
  type CollectionReturnValue,
  type Core,
  type ElementDefinition,
  type NodeSingular,
} from 'cytoscape';
import type { Drawing, DrawnNode } from '../../src/workbench/engine.ts';
import { onThemeChange } from '../theme/colours.ts';
import { Captions } from './captions.ts';
import { boundsOf } from './columns.ts';
import type { Layout, Rect } from './layout.ts';
import { paletteOf, stylesheet } from './looks.ts';
import type { Planned } from './planned.ts';
import { routeData } from './routes.ts';

export interface CanvasEvents {
  /** `undefined`: the ground between the nodes. */
  onPick(node: DrawnNode | undefined): void;
  /** A folded node or a frame is to be opened or closed. */
  onOpen(id: string): void;
  onPoint(node: DrawnNode | undefined): void;
  /** The picture was moved, zoomed or redrawn. */
  onView(): void;
}

/** The lit part of the picture: a group, the layer it starts from, and the nodes whose own output it narrows. */
export interface Light {
  readonly group: string;
  readonly root: string | undefined;
}

const margin = 24;
/** Height that the tools take at the top. */
const tools = 46;
/** A small network is not blown up beyond this. */
const largest = 1.15;
const closest = 2.5;
const legible = 0.6;
/** Elements that are added at once. */
const portion = 60;
/** Milliseconds within which a second tap belongs to the first. */
const secondTap = 350;

export class GraphCanvas {
  private readonly cy: Core;
  private readonly host: HTMLElement;
  private readonly captions: Captions;
  private readonly refreshCaptions = () => this.captions.refresh();
  private readonly stop: () => void;
  /** The whole is in view because nobody has moved it since. */
  private fitted = true;
  /** Of the whole picture. */
  private bounds: Rect = { x: 0, y: 0, width: 0, height: 0 };
  /** The frame that adds the next elements. */
  private coming = 0;
  private lit: Light | undefined;
  private current: string | undefined;

  constructor(host: HTMLElement, overlay: HTMLCanvasElement, events: CanvasEvents) {
    this.host = host;
    const palette = paletteOf(host);
    this.cy = cytoscape({
      container: host,
      style: stylesheet(palette),
      layout: { name: 'preset' },
      autoungrabify: true,
      autounselectify: true,
      boxSelectionEnabled: false,
      maxZoom: closest,
      minZoom: 0.02,
    });
    this.captions = new Captions(this.cy, overlay, palette);
    this.cy.on('render', () => this.captions.paint());
    this.listen(events);
    // A typeface is fetched when the first text asks for it, which may be these captions.
    document.fonts.addEventListener('loadingdone', this.refreshCaptions);
    this.stop = onThemeChange(() => this.restyle());
  }

  destroy(): void {
    this.stop();
    document.fonts.removeEventListener('loadingdone', this.refreshCaptions);
    cancelAnimationFrame(this.coming);
    this.cy.destroy();
  }

  private listen({ onPick, onOpen, onPoint, onView }: CanvasEvents): void {
    const nodeOf = (element: NodeSingular) => element.data('node') as DrawnNode | undefined;
    let before = { target: undefined as unknown, at: 0 };
    this.cy.on('tap', ({ target, timeStamp: at }) => {
      const isSecond = target === before.target && at - before.at < secondTap;
      before = { target, at };
      if (target === this.cy) onPick(undefined);
      else if (!isSecond && target.isNode() && nodeOf(target)) onPick(nodeOf(target));
    });
    this.cy.on('dbltap', 'node', ({ target }) => {
      const node = nodeOf(target);
      const id = node ? openingOf(node) : (target.data('frame') as string);
      if (id !== undefined) onOpen(id);
    });
    this.cy.on('mouseover', 'node', ({ target }) => {
      this.point(target);
      onPoint(nodeOf(target));
    });
    this.cy.on('mouseout', 'node', () => {
      this.point(undefined);
      onPoint(undefined);
    });
    this.cy.on('dragpan scrollzoom pinchzoom', () => {
      this.fitted = false;
    });
    this.cy.on('viewport resize', onView);
  }

  private point(node: NodeSingular | undefined): void {
    const isNode = node && node.data('kind') !== 'frame';
    this.only('pointed', isNode ? node.union(node.connectedEdges()) : this.cy.collection());
  }

  /** Gives a class to these elements alone; whatever has it already, or never had it, is not styled anew. */
  private only(name: string, wanted: CollectionReturnValue): void {
    const before = this.cy.elements(`.${name}`);
    this.cy.batch(() => {
      before.not(wanted).removeClass(name);
      wanted.not(before).addClass(name);
    });
  }

  private restyle(): void {
    const palette = paletteOf(this.host);
    this.cy.style(stylesheet(palette));
    this.captions.setPalette(palette);
  }

  // -------------------------------------------------------------- what is shown

  /**
   * Shows a drawing in its layout. Elements that stay keep their place on the screen where they have not moved.
   * @param anchor the node or frame that was opened or closed, which stays under the person's eyes
   */
  show(drawing: Drawing, layout: Layout, anchor?: string): void {
    const before = anchor === undefined ? undefined : this.onScreen(anchor);
    const isOther = !this.showsMostOf(drawing);
    this.bounds = boundsOf(layout);
    const elements = elementsOf(drawing, layout);
    const ids = new Set(elements.map(({ data }) => data.id));
    cancelAnimationFrame(this.coming);
    this.cy.batch(() => {
      this.cy.elements().forEach((element) => {
        if (!ids.has(element.id())) element.remove();
      });
      for (const { data, position } of elements) {
        const known = this.cy.getElementById(data.id);
        if (known.empty()) continue;
        known.data(data);
        if (position) known.position(position);
      }
    });
    this.add(elements.filter(({ data }) => this.cy.getElementById(data.id).empty()));
    const after = anchor === undefined ? undefined : this.onScreen(anchor);
    if (before && after) this.cy.panBy({ x: before.x - after.x, y: before.y - after.y });
    else if (isOther || this.fitted) this.fit();
  }

  /** Adds a part of the elements with every frame: styling hundreds at once would hold up the page. */
  private add(elements: readonly Element[]): void {
    this.cy.batch(() => {
      this.cy.add(elements.slice(0, portion));
      this.light(this.lit);
      this.setCurrent(this.current);
    });
    const others = elements.slice(portion);
    if (others.length > 0) this.coming = requestAnimationFrame(() => this.add(others));
  }

  /** Whether it is the same network, perhaps with other nodes unfolded. */
  private showsMostOf({ nodes }: Drawing): boolean {
    const known = nodes.filter(({ id, name }) => this.cy.getElementById(id).data('node')?.name === name);
    return known.length > nodes.length / 2;
  }

  private onScreen(id: string) {
    const element = this.cy.getElementById(id).union(this.cy.getElementById(frameId(id)));
    if (element.empty()) return undefined;
    const box = element.renderedBoundingBox({ includeLabels: false });
    return { x: (box.x1 + box.x2) / 2, y: box.y1 };
  }

  /** Lights the group's nodes and edges and dims the rest; `undefined` lights everything alike. */
  light(light: Light | undefined): void {
    this.lit = light;
    const holds = (groups: readonly string[] = []) => light !== undefined && groups.includes(light.group);
    const edges = this.cy.edges().filter((edge) => holds(edge.data('groups')));
    const holders = this.cy.nodes().filter((node) => holds((node.data('node') as DrawnNode)?.groups));
    const lit = edges.union(edges.connectedNodes()).union(holders);
    const root = this.cy.getElementById(light?.root ?? '');
    const others = this.cy.elements().not(lit).not('[kind = "frame"]');
    this.cy.batch(() => {
      this.only('lit', lit);
      this.only('root', root);
      this.only('cut', edges.sources().union(root));
      this.only('faint', light ? others : this.cy.collection());
    });
  }

  /** Shows on each layer what the decisions so far would cut. */
  plan(planned: Planned): void {
    this.captions.setPlanned(planned);
  }

  mark(found: ReadonlySet<string>): void {
    this.only(
      'found',
      this.cy.nodes().filter((node) => found.has(node.id())),
    );
  }

  setCurrent(id: string | undefined): void {
    this.current = id;
    this.only('current', this.cy.getElementById(id ?? ''));
  }

  // -------------------------------------------------------------- where one looks

  fit(): void {
    this.cy.stop();
    const { x, y, width: w, height: h } = this.bounds;
    const { width, height } = this.size;
    const zoom = Math.min(largest, (width - 2 * margin) / w, (height - margin - tools) / h);
    if (zoom > 0 && Number.isFinite(zoom)) {
      const left = (width - w * zoom) / 2;
      const top = tools + Math.max(0, (height - margin - tools - h * zoom) / 2);
      this.cy.viewport({ zoom, pan: { x: left - x * zoom, y: top - y * zoom } });
    }
    this.fitted = true;
  }

  zoomBy(factor: number): void {
    this.fitted = false;
    const level = this.cy.zoom() * factor;
    const renderedPosition = { x: this.cy.width() / 2, y: this.cy.height() / 2 };
    this.cy.zoom({ level, renderedPosition });
  }

  resized(): void {
    this.cy.resize();
    if (this.fitted) this.fit();
  }

  get size(): { readonly width: number; readonly height: number } {
    return { width: this.cy.width(), height: this.cy.height() };
  }

  /** Where a node is drawn, in pixels from the top left of the panel. */
  screenRect(id: string): Rect | undefined {
    const element = this.cy.getElementById(id);
    if (element.empty()) return undefined;
    const { x1, y1, w, h } = element.renderedBoundingBox({ includeLabels: false, includeOverlays: false });
    return { x: x1, y: y1, width: w, height: h };
  }

  /** Brings a node into view, near enough to be read. */
  reveal(id: string): void {
    this.cy.stop();
    const element = this.cy.getElementById(id);
    if (element.empty()) return;
    const zoom = Math.max(this.cy.zoom(), legible);
    if (zoom === this.cy.zoom() && this.isInView(id)) return;
    this.move({ zoom, center: { eles: element } });
  }

  /** Brings the lit part into view: whole where it can be read whole, else the layer it starts from. */
  revealLit(root: string | undefined): void {
    this.cy.stop();
    const lit = this.cy.elements('.lit');
    if (lit.empty()) return;
    const { x1, x2, y1, y2 } = lit.boundingBox({});
    const view = this.cy.extent();
    if (x1 >= view.x1 && x2 <= view.x2 && y1 >= view.y1 && y2 <= view.y2) return;
    const whole = Math.min(
      (this.cy.width() - 2 * margin) / (x2 - x1),
      (this.cy.height() - 2 * margin) / (y2 - y1),
    );
    if (whole >= legible * 0.7) {
      const zoom = Math.min(whole, this.cy.zoom());
      this.move({ zoom, center: { eles: lit } });
    } else if (root !== undefined && !this.isInView(root))
      this.move({ zoom: this.cy.zoom(), center: { eles: this.cy.getElementById(root) } });
  }

  private isInView(id: string): boolean {
    const rect = this.screenRect(id);
    return (
      rect !== undefined &&
      rect.x >= 0 &&
      rect.y >= 0 &&
      rect.x + rect.width <= this.cy.width() &&
      rect.y + rect.height <= this.cy.height()
    );
  }

  private move(view: { zoom: number; center: { eles: cytoscape.CollectionArgument } }): void {
    this.fitted = false;
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (isCalm) {
      this.cy.zoom(view.zoom);
      this.cy.center(view.center.eles);
    } else this.cy.animate(view, { duration: 220, easing: 'ease-out-cubic' });
  }
}

/** What opening a node means: itself where it is folded, the frame around it where it was unfolded. */
export const openingOf = (node: DrawnNode): string | undefined => (node.expandable ? node.id : node.parent);

/** A frame stands where its node stood, and is another element. */
const frameId = (id: string): string => `frame ${id}`;

interface Element extends ElementDefinition {
  readonly data: ElementDefinition['data'] & { readonly id: string };
}

function elementsOf({ nodes, edges, frames }: Drawing, layout: Layout): Element[] {
  const placed = (place: string, data: Element['data']): Element[] => {
    const rect = layout.rects.get(place);
    if (!rect) return [];
    const { x, y, width, height } = rect;
    return [{ data: { ...data, width, height }, position: { x: x + width / 2, y: y + height / 2 } }];
  };
  return [
    ...frames.flatMap(({ id, name, label }) =>
      placed(id, { id: frameId(id), kind: 'frame', frame: id, name, label }),
    ),
    ...nodes.flatMap((node) => placed(node.id, { id: node.id, kind: node.kind, node })),
    ...edges.map(({ id, source, target, groups }) => ({
      data: { id, source, target, groups, ...routeData(layout, id, source, target) },
    })),
  ];
}
