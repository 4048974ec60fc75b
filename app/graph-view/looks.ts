// How nodes and edges look: a colour and a shape for each kind, in the theme of the moment. What a kind is also stands
// in the node's text, so colour never carries it alone.

import type { StylesheetJson } from 'cytoscape';
import type { DrawnNode } from '../../src/workbench/engine.ts';
import { colours } from '../theme/colours.ts';

const tokens = [
  'surface',
  'sunken',
  'raised',
  'hover',
  'line',
  'line-strong',
  'control-line',
  'ink',
  'ink-soft',
  'ink-faint',
  'accent',
  'accent-strong',
  'accent-soft',
  'cut',
  'cut-soft',
  'cool',
  'violet',
  'wait',
  'stop',
] as const;

export type Palette = Record<(typeof tokens)[number], string>;

export const paletteOf = (element: Element): Palette => colours(element, tokens);

interface Look {
  readonly shape: 'round-rectangle' | 'cut-rectangle' | 'barrel';
  readonly colour: keyof Palette;
}

export const looks: Readonly<Record<DrawnNode['kind'], Look>> = {
  input: { shape: 'round-rectangle', colour: 'ink' },
  output: { shape: 'round-rectangle', colour: 'ink' },
  kernel: { shape: 'round-rectangle', colour: 'cool' },
  attention: { shape: 'round-rectangle', colour: 'violet' },
  norm: { shape: 'round-rectangle', colour: 'control-line' },
  activation: { shape: 'round-rectangle', colour: 'control-line' },
  pool: { shape: 'barrel', colour: 'control-line' },
  join: { shape: 'round-rectangle', colour: 'wait' },
  shape: { shape: 'cut-rectangle', colour: 'control-line' },
  other: { shape: 'round-rectangle', colour: 'control-line' },
  unknown: { shape: 'round-rectangle', colour: 'stop' },
};

export const DIMMED = 0.32;

/** Classes: `lit` carries the group, `root` it starts from, `faint` the rest; `current` has the keyboard. */
export function stylesheet(p: Palette): StylesheetJson {
  return [
    {
      selector: 'node',
      style: {
        width: 'data(width)',
        height: 'data(height)',
        shape: 'round-rectangle',
        'corner-radius': '6px',
        'background-color': p.surface,
        'border-width': 1,
        'border-color': p['line-strong'],
        'overlay-opacity': 0,
        'z-index': 2,
      },
    },
    ...Object.entries(looks).map(([kind, { shape, colour }]) => ({
      selector: `node[kind = "${kind}"]`,
      style: { shape, 'border-color': ownBorder.has(kind) ? p[colour] : p['line-strong'] },
    })),
    { selector: 'node[kind = "join"]', style: { 'corner-radius': '14px' } },
    {
      selector: 'node[kind = "input"], node[kind = "output"]',
      style: { 'corner-radius': '14px', 'background-color': p.hover },
    },
    { selector: 'node[kind = "attention"]', style: { 'border-style': 'double', 'border-width': 3 } },
    { selector: 'node[kind = "unknown"]', style: { 'border-style': 'dashed' } },
    { selector: 'node[kind = "shape"], node[kind = "pool"]', style: { 'background-color': p.sunken } },
    {
      selector: 'node[kind = "frame"]',
      style: {
        'corner-radius': '10px',
        'background-color': p.accent,
        'background-opacity': 0.05,
        'border-color': p['line-strong'],
        'border-style': 'dashed',
        'z-index': 0,
      },
    },
    {
      selector: 'edge',
      style: {
        width: 1.25,
        'line-color': p['control-line'],
        'target-arrow-color': p['control-line'],
        'target-arrow-shape': 'triangle',
        'arrow-scale': 0.75,
        'curve-style': 'round-segments',
        'edge-distances': 'endpoints',
        'radius-type': 'arc-radius',
        'segment-radii': 7,
        'segment-weights': 'data(weights)',
        'segment-distances': 'data(distances)',
        'source-endpoint': 'data(from)',
        'target-endpoint': 'data(to)',
        'overlay-opacity': 0,
        'z-index': 1,
      },
    },
    { selector: 'edge[?straight]', style: { 'curve-style': 'straight' } },
    { selector: 'node.faint, edge.faint', style: { opacity: DIMMED } },
    {
      selector: 'edge.lit',
      style: { width: 2.75, 'line-color': p.accent, 'target-arrow-color': p.accent, 'z-index': 3 },
    },
    { selector: 'node.lit', style: { 'border-color': p.accent, 'border-width': 1.75, 'z-index': 4 } },
    { selector: 'node.cut', style: { 'background-color': p['accent-soft'] } },
    { selector: 'node.root', style: { 'border-width': 3 } },
    { selector: 'node.found', style: { 'border-color': p.wait, 'border-width': 2.5, opacity: 1 } },
    { selector: 'node.pointed', style: { 'border-color': p.ink } },
    { selector: 'edge.pointed', style: { 'line-color': p.ink, 'target-arrow-color': p.ink, opacity: 1 } },
    {
      selector: 'node.current',
      style: { 'outline-width': 2, 'outline-color': p.ink, 'outline-offset': 3, opacity: 1 },
    },
  ] as unknown as StylesheetJson;
}

const ownBorder = new Set(['attention', 'unknown', 'input', 'output', 'join']);
