// The words in the nodes. Cytoscape draws boxes and lines; text in two styles, aligned left and right, shortened to fit
// and growing when the picture is far away is painted here, on a canvas above it.

import type { Core, NodeSingular } from 'cytoscape';
import type { DrawnNode } from '../../src/workbench/engine.ts';
import { flatCaption, isTall } from './boxes.ts';
import { DIMMED, looks, type Palette } from './looks.ts';
import { channelsToGo, type Planned } from './planned.ts';

/** Below these magnifications there is room for less: name and size only, then the size alone, then nothing. */
const NEAR = 0.74;
const MIDDLE = 0.44;
const FAR = 0.15;
const inset = 11;

export class Captions {
  private readonly cy: Core;
  private readonly canvas: HTMLCanvasElement;
  private readonly shortened = new Map<string, string>();
  private palette: Palette;
  private planned: Planned = new Map();

  constructor(cy: Core, canvas: HTMLCanvasElement, palette: Palette) {
    this.cy = cy;
    this.canvas = canvas;
    this.palette = palette;
  }

  setPalette(palette: Palette): void {
    this.palette = palette;
    this.paint();
  }

  setPlanned(planned: Planned): void {
    this.planned = planned;
    this.paint();
  }

  /** After the typefaces have come, everything is measured anew. */
  refresh(): void {
    this.shortened.clear();
    this.paint();
  }

  paint(): void {
    const context = this.canvas.getContext('2d');
    if (!context) return;
    const ratio = window.devicePixelRatio;
    const width = this.cy.width();
    const height = this.cy.height();
    if (
      this.canvas.width !== Math.round(width * ratio) ||
      this.canvas.height !== Math.round(height * ratio)
    ) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    const zoom = this.cy.zoom();
    const pan = this.cy.pan();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (zoom < FAR) return;
    context.setTransform(zoom * ratio, 0, 0, zoom * ratio, pan.x * ratio, pan.y * ratio);
    context.textBaseline = 'middle';
    const view = this.cy.extent();
    this.cy.nodes().forEach((element) => {
      const { x, y } = element.position();
      const [w, h] = [element.data('width'), element.data('height')];
      if (x + w / 2 < view.x1 || x - w / 2 > view.x2 || y + h / 2 < view.y1 || y - h / 2 > view.y2) return;
      this.caption(context, element, { x: x - w / 2, y: y - h / 2, w, h }, zoom);
    });
  }

  private caption(context: CanvasRenderingContext2D, element: NodeSingular, box: Box, zoom: number): void {
    const isFaint = element.hasClass('faint') && !element.hasClass('current') && !element.hasClass('found');
    context.globalAlpha = isFaint ? DIMMED + 0.1 : 1;
    const node = element.data('node') as DrawnNode | undefined;
    const going = node?.channels ? channelsToGo(node.channels, this.planned) : 0;
    if (!node) this.frameTitle(context, element, box, zoom);
    else if (!isTall(node)) this.flat(context, node, box, zoom);
    else if (zoom < MIDDLE) this.far(context, node, box, going);
    else if (zoom < NEAR) this.middle(context, node, box, going);
    else this.near(context, node, box, going);
  }

  /** `layer1.0.conv1` and `64 × 3×3` over `Conv · Norm · ReLU`. */
  private near(context: CanvasRenderingContext2D, node: DrawnNode, box: Box, going: number): void {
    const p = this.palette;
    const { x, y, w } = box;
    this.bar(context, node, box, going);
    context.font = fonts.code;
    context.textAlign = 'right';
    context.fillStyle = p['ink-soft'];
    context.fillText(node.detail, x + w - inset, y + 15);
    let taken = context.measureText(node.detail).width;
    if (going > 0) {
      context.fillStyle = p.cut;
      context.fillText(minus(going), x + w - inset - taken - 6, y + 15);
      taken += 6 + context.measureText(minus(going)).width;
    }
    context.textAlign = 'left';
    context.font = fonts.strong;
    context.fillStyle = p.ink;
    context.fillText(this.fit(context, node.name, w - 2 * inset - taken - 10, 'start'), x + inset, y + 15);
    context.font = fonts.text;
    context.fillStyle = p['ink-faint'];
    const more = node.expandable ? 12 : 0;
    context.fillText(this.fit(context, node.label, w - 2 * inset - more, 'end'), x + inset, y + 32);
    if (more) this.plus(context, x + w - inset - 6, y + 32);
  }

  /** Name over size. */
  private middle(context: CanvasRenderingContext2D, node: DrawnNode, box: Box, going: number): void {
    const { x, y, w } = box;
    this.bar(context, node, box, going);
    context.textAlign = 'left';
    context.font = fonts.middleStrong;
    context.fillStyle = this.palette.ink;
    context.fillText(this.fit(context, node.name, w - 2 * inset, 'start'), x + inset, y + 15);
    context.font = fonts.middle;
    const text = this.fit(context, node.kind === 'unknown' ? node.label : node.detail, w - 2 * inset, 'end');
    context.fillStyle = this.palette['ink-soft'];
    context.fillText(text, x + inset, y + 33);
    if (going === 0) return;
    context.textAlign = 'right';
    context.fillStyle = this.palette.cut;
    context.fillText(minus(going), x + w - inset, y + 33);
  }

  /** Only its size, or what it is, as large as the box allows. */
  private far(context: CanvasRenderingContext2D, node: DrawnNode, box: Box, going: number): void {
    this.bar(context, node, box, going);
    context.textAlign = 'center';
    context.fillStyle = going > 0 ? this.palette.cut : this.palette.ink;
    const text = node.kind === 'kernel' ? node.detail : node.label;
    const room = box.w - 14;
    context.font = fonts.far;
    if (context.measureText(text).width > room) context.font = fonts.farther;
    context.fillText(this.fit(context, text, room, 'end'), box.x + box.w / 2 + 2, box.y + box.h / 2 + 1);
  }

  private flat(context: CanvasRenderingContext2D, node: DrawnNode, { x, y, w, h }: Box, zoom: number): void {
    context.textAlign = 'center';
    const isFar = zoom < MIDDLE;
    context.font = isFar ? fonts.flatFar : zoom < NEAR ? fonts.flatMiddle : fonts.flat;
    const { colour } = looks[node.kind];
    context.fillStyle = colour === 'control-line' ? this.palette['ink-soft'] : this.palette[colour];
    const isEnd = node.kind === 'input' || node.kind === 'output';
    const short = isEnd ? node.name : node.label.split(' · ')[0];
    const text = this.fit(context, isFar ? short : flatCaption(node), w - (isFar ? 4 : 12), 'end');
    context.fillText(text, x + w / 2, y + h / 2 + 1);
  }

  private frameTitle(
    context: CanvasRenderingContext2D,
    element: NodeSingular,
    { x, y, w }: Box,
    zoom: number,
  ): void {
    context.textAlign = 'left';
    context.font = zoom < MIDDLE ? fonts.far : zoom < NEAR ? fonts.middleStrong : fonts.strong;
    context.fillStyle = this.palette['ink-soft'];
    const title = `${element.data('name')} · ${element.data('label')}`;
    context.fillText(this.fit(context, title, w - 28, 'start'), x + 14, y + 17);
  }

  /** At the left edge, the colour of the kind; at the bottom what is left of a width, and what of that is to go. */
  private bar(
    context: CanvasRenderingContext2D,
    { kind, channels }: DrawnNode,
    { x, y, w, h }: Box,
    going: number,
  ): void {
    const p = this.palette;
    context.fillStyle = p[looks[kind].colour];
    context.fillRect(x + 0.5, y + 7, 3, h - 14);
    if (!channels || (going === 0 && channels.now === channels.initially)) return;
    const [left, length] = [x + 6, w - 12];
    const upTo = (count: number) => (length * count) / channels.initially;
    const kept = upTo(channels.now - going);
    context.fillStyle = p['line-strong'];
    context.fillRect(left, y + h - 4, length, 2.5);
    context.fillStyle = p.cool;
    context.fillRect(left, y + h - 4, kept, 2.5);
    context.fillStyle = p.cut;
    context.fillRect(left + kept, y + h - 4, upTo(going), 2.5);
  }

  private plus(context: CanvasRenderingContext2D, x: number, y: number): void {
    context.fillRect(x, y - 0.6, 7, 1.2);
    context.fillRect(x + 2.9, y - 3.5, 1.2, 7);
  }

  /** Cut at the end that says least, to a width in the picture's own units. */
  private fit(
    context: CanvasRenderingContext2D,
    text: string,
    width: number,
    cutAt: 'start' | 'end',
  ): string {
    const key = `${context.font}|${Math.round(width)}|${text}`;
    const known = this.shortened.get(key);
    if (known !== undefined) return known;
    const shown = shorten(text, cutAt, (part) => context.measureText(part).width <= width);
    this.shortened.set(key, shown);
    return shown;
  }
}

/** A path loses its first segments before any of its letters. */
function shorten(text: string, cutAt: 'start' | 'end', fits: (text: string) => boolean): string {
  if (fits(text)) return text;
  if (cutAt === 'start')
    for (const { index } of text.matchAll(/[./]/g)) {
      const tail = `…${text.slice(index + 1)}`;
      if (tail.length < text.length * 0.35) break;
      if (fits(tail)) return tail;
    }
  for (let left = text.length - 1; left > 1; left--) {
    const part = cutAt === 'start' ? `…${text.slice(text.length - left)}` : `${text.slice(0, left)}…`;
    if (fits(part)) return part;
  }
  return '…';
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

const minus = (count: number): string => `−${count}`;

const fonts = {
  strong: '600 12px Inter, sans-serif',
  text: '400 11.5px Inter, sans-serif',
  code: '500 11px "JetBrains Mono", monospace',
  flat: '500 12px Inter, sans-serif',
  middleStrong: '600 16px Inter, sans-serif',
  middle: '500 15px "JetBrains Mono", monospace',
  flatMiddle: '500 14.5px Inter, sans-serif',
  far: '600 25px Inter, sans-serif',
  farther: '600 18px Inter, sans-serif',
  flatFar: '600 16px Inter, sans-serif',
};
